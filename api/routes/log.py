"""The public log (c2sp.org/tlog-tiles): checkpoint, tiles, entry bundles, and proofs of one entry.

No entry holds personal data, so anyone may read all of them and audit the whole log.
"""

from typing import Final

import flask

from api.arguments import read_path
from api.blueprints import blueprint, path_id, text_answer
from api.headers import cached
from api.schemas.requests import INDEX_PATTERN
from api.served import served_ledger
from ledger.services.key_entries import key_history
from ledger.services.opening import key_list
from ledger.services.proving import newest_checkpoint, prove, published_size, tile

log = blueprint("log", "The log, for everyone.")

CHECKPOINT_SECONDS: Final = 2
KEYS_SECONDS: Final = 60
FOREVER_SECONDS: Final = 31_536_000

_TEXT: Final = {"type": "string"}
_BYTES: Final = {"type": "string", "contentMediaType": "application/octet-stream"}


@log.route("/log/checkpoint", methods=["GET"])
@log.response(
    200, _TEXT, content_type="text/plain", description="A signed note (c2sp.org/tlog-checkpoint)."
)
def get_checkpoint() -> flask.Response:
    """Read the newest signed checkpoint."""
    return cached(text_answer(newest_checkpoint(served_ledger()), "text/plain"), CHECKPOINT_SECONDS)


@log.route("/log/tile/<path:rest>", methods=["GET"])
@log.doc(
    parameters=[
        {
            "in": "path",
            "name": "rest",
            "required": True,
            "description": "Such as `0/x001/067`, `1/000.p/44` or `entries/000.p/7`.",
            "schema": _TEXT,
        }
    ]
)
@log.response(
    200, _BYTES, content_type="application/octet-stream", description="Hashes, or entries."
)
def get_tile(rest: str) -> flask.Response:
    """Read a tile or an entry bundle that a signed checkpoint covers. It never changes.

    A partial one is there at every width that the newest checkpoint covers, not only at those of
    published sizes, and stays when the full one is there.
    """
    answer = flask.Response(
        tile(served_ledger(), f"tile/{rest}"), content_type="application/octet-stream"
    )
    return cached(answer, FOREVER_SECONDS, immutable=True)


@log.route("/log/proof/<index>", methods=["GET"])
@log.doc(parameters=[path_id("index", f"({INDEX_PATTERN})", "Index of the entry, from 0 on.")])
@log.response(
    200, _TEXT, content_type="text/plain", description="A proof file (c2sp.org/tlog-proof)."
)
def get_proof(index: str) -> flask.Response:
    """Prove that an entry is in the log."""
    number = int(read_path("index", index, INDEX_PATTERN))
    return text_answer(prove(served_ledger(), number), "text/plain")


@log.route("/.well-known/jinlan-keys.json", methods=["GET"])
@log.response(
    200, {"type": "object"}, description="The key list: what a verifier pins as its trust."
)
def get_keys() -> flask.Response:
    """Read the published keys and the time in which each may be believed."""
    answer = flask.Response(key_list(served_ledger()).encode(), content_type="application/json")
    return cached(answer, KEYS_SECONDS)


@log.route("/.well-known/jinlan-key-history.json", methods=["GET"])
@log.response(
    200, {"type": "object"}, description="What opens each `key` entry under the newest checkpoint."
)
def get_key_history() -> flask.Response:
    """Read the bodies of the log's `key` entries, by which a mirror follows a rotation."""
    ledger = served_ledger()
    answer = flask.Response(
        key_history(ledger, published_size(ledger)), content_type="application/json"
    )
    return cached(answer, CHECKPOINT_SECONDS)
