"""Health: is the process there, and can the ledger be read?"""

from typing import Any

from api.blueprints import blueprint
from api.readiness import published_size
from api.schemas.health import Alive, Ready
from api.served import served_ledger

health = blueprint("health", "For whoever keeps it running.")


@health.route("/livez", methods=["GET"])
@health.response(200, Alive)
def get_livez() -> dict[str, Any]:
    """Tell that the process answers."""
    return {"status": "alive"}


@health.route("/readyz", methods=["GET"])
@health.response(200, Ready)
def get_readyz() -> dict[str, Any]:
    """Tell that the database can be read and is not behind its checkpoint; 503 if not."""
    return {"status": "ready", "tree_size": published_size(served_ledger())}
