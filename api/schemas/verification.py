"""The report of a verification as it is answered; ``ledger.verify.report`` says what it means."""

from marshmallow import Schema, fields


class CheckAnswer(Schema):
    """One named check."""

    name = fields.String(required=True)
    text = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    result = fields.String(required=True, metadata={"enum": ["pass", "fail", "unchecked"]})
    reason = fields.String(required=True, allow_none=True)
    reason_text = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, allow_none=True
    )
    entries = fields.List(fields.Integer(), required=True)


class VerifiedRecord(Schema):
    """One record of the document."""

    index = fields.Integer(required=True)
    verdict = fields.String(required=True)
    text = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    facts = fields.Dict(required=True)


class VerificationAnswer(Schema):
    """What was found: start with ``verdict``, which alone says whether to believe."""

    v = fields.Integer(required=True)
    verdict = fields.String(required=True)
    text = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    kind = fields.String(required=True)
    checked_at = fields.String(required=True)
    as_of = fields.String(required=True, allow_none=True)
    checks = fields.List(fields.Nested(CheckAnswer), required=True)
    document = fields.Dict(required=True, allow_none=True)
    records = fields.List(fields.Nested(VerifiedRecord), required=True)
