"""A transcript as it is answered: the records of one person at a date, their identity masked."""

from marshmallow import Schema, fields


class MaskedHolder(Schema):
    """Whose transcript it is, masked."""

    name = fields.String(required=True)
    id_number = fields.String(required=True)


class TranscriptRecord(Schema):
    """One record."""

    index = fields.Integer(
        required=True, metadata={"description": "Index of its entry in the log."}
    )
    kind = fields.String(required=True, metadata={"enum": ["completion", "certificate"]})
    issuer = fields.String(required=True)
    issuer_name = fields.String(required=True)
    recorded_at_ms = fields.Integer(
        required=True, metadata={"description": "Milliseconds since 1970, UTC."}
    )
    body = fields.Dict(
        required=True, metadata={"description": "The body as recorded, without the subject's tag."}
    )
    status = fields.String(
        required=True, metadata={"enum": ["active", "superseded", "revoked", "expired"]}
    )
    counted = fields.String(
        required=True, metadata={"description": "Credits that count, decimal text."}
    )
    notes = fields.List(fields.String(), required=True)
    related = fields.Integer(required=True, allow_none=True)


class TranscriptAnswer(Schema):
    """A transcript at a date."""

    subject = fields.String(required=True)
    holder = fields.Nested(MaskedHolder, required=True)
    on = fields.String(required=True, metadata={"format": "date"})
    tree_size = fields.Integer(
        required=True, metadata={"description": "Size of the log that was read."}
    )
    total_credits = fields.String(required=True)
    records = fields.List(fields.Nested(TranscriptRecord), required=True)
