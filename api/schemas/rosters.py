"""What is told of an import: the summary, and the report row by row, masked."""

from marshmallow import Schema, fields


class Outcomes(Schema):
    """Number of rows by outcome."""

    accepted = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    duplicate = fields.Integer(required=True)


class ImportSummaryAnswer(Schema):
    """What became of a file."""

    rows = fields.Integer(required=True)
    outcomes = fields.Nested(Outcomes, required=True)
    credits = fields.String(
        required=True, metadata={"description": "Sum of the granted credits, decimal text."}
    )
    dropped_rows = fields.Integer(
        required=True, metadata={"description": "Titles, totals and signatures."}
    )
    format = fields.String(required=True)
    encoding = fields.String(required=True)
    report_id = fields.String(required=True)
    replayed = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether an earlier request with the same key recorded all of it."
        },
    )


class RosterAnswer(ImportSummaryAnswer):
    """What became of a file that was just posted."""

    published = fields.Boolean(
        required=True, metadata={"description": "Whether a signed checkpoint covers its entries."}
    )


class ReportRow(Schema):
    """One row of the file and what became of it."""

    row = fields.Integer(required=True, metadata={"description": "Data row, from 1 on."})
    file_row = fields.Integer(
        required=True, metadata={"description": "Row in the file, from 1 on."}
    )
    outcome = fields.String(required=True, metadata={"enum": ["accepted", "rejected", "duplicate"]})
    codes = fields.List(fields.String(), required=True)
    entry_index = fields.Integer(required=True, allow_none=True)
    problems = fields.List(
        fields.Dict(), required=True, metadata={"description": "What stops the row, masked."}
    )
    warnings = fields.List(
        fields.Dict(), required=True, metadata={"description": "What is worth a look, masked."}
    )
    notices = fields.List(fields.String(), required=True)
    message = fields.String(required=True, allow_none=True)


class ReportAnswer(Schema):
    """A page of an import report."""

    id = fields.String(required=True)
    issuer = fields.String(required=True)
    summary = fields.Nested(ImportSummaryAnswer, required=True)
    rows = fields.List(fields.Nested(ReportRow), required=True)
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Cursor of the next page; null on the last."},
    )
