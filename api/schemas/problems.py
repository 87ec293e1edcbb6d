"""The shape of every error answer, for the API document; ``api.problems`` writes it."""

from marshmallow import Schema, fields


class ProblemText(Schema):
    """One text in two languages."""

    zh_hans = fields.String(required=True, data_key="zh-Hans")
    en = fields.String(required=True)


class ProblemField(Schema):
    """One field that is wrong."""

    pointer = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "JSON Pointer into the body (RFC 6901)."},
    )
    parameter = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Name of a query, path or header parameter."},
    )
    code = fields.String(required=True)
    text = fields.Nested(ProblemText, required=True)


class ProblemDocument(Schema):
    """An error, as RFC 9457 has it."""

    type = fields.String(
        required=True, metadata={"description": "`urn:jinlan:problem:` and the code."}
    )
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; key on this."})
    errors = fields.List(fields.Nested(ProblemField), required=True)
    request_id = fields.String(required=True)
