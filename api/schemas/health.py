"""What the health checks answer."""

from marshmallow import Schema, fields


class Alive(Schema):
    """The process answers."""

    status = fields.String(required=True, metadata={"enum": ["alive"]})


class Ready(Schema):
    """The ledger can be read and is not behind its checkpoint."""

    status = fields.String(required=True, metadata={"enum": ["ready"]})
    tree_size = fields.Integer(
        required=True, metadata={"description": "Size that the newest checkpoint covers."}
    )
