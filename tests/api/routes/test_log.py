"""The public log: what a stranger reads is enough to audit it."""

import pytest

from ledger.core.checkpoint import Checkpoint, open_checkpoint
from ledger.core.digest import commitment, leaf_hash
from ledger.core.entry import decode_entry
from ledger.core.key_history import decode_key_history
from ledger.core.key_list import decode_key_list
from ledger.core.proof import parse_log_proof, verify_log_proof
from ledger.core.tile import decode_bundle
from tests.api.worlds import World, roster, row


def _checkpoint(world: World) -> Checkpoint:
    keys = decode_key_list(world.client.get("/.well-known/jinlan-keys.json").data)
    note = world.client.get("/log/checkpoint").data
    return open_checkpoint(note, keys.origin, keys.log_verifier_keys())


def test_a_stranger_can_read_every_entry_and_prove_it(world: World) -> None:
    size = _checkpoint(world).size
    keys = decode_key_list(world.client.get("/.well-known/jinlan-keys.json").data)
    entries = decode_bundle(world.client.get(f"/log/tile/entries/000.p/{size}").data)
    hashes = world.client.get(f"/log/tile/0/000.p/{size}").data
    assert b"".join(map(leaf_hash, entries)) == hashes
    for index, entry in enumerate(entries):
        proof = parse_log_proof(world.client.get(f"/log/proof/{index}").get_data(as_text=True))
        shown = verify_log_proof(proof, entry, keys.origin, keys.log_verifier_keys())
        assert (proof.index, shown.size) == (index, size)


def test_only_what_is_published_is_served(world: World) -> None:
    size = _checkpoint(world).size
    for path in (f"tile/0/000.p/{size + 1}", "tile/0/000", "tile/1/000.p/1", "tile/0/x001/067"):
        answer = world.client.get(f"/log/{path}")
        assert (answer.status_code, answer.json["code"]) == (404, "not-found"), path
        assert answer.headers["Cache-Control"] == "no-store"
    assert world.client.get(f"/log/proof/{size}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "0/0",
        "0/00",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/257",
        "0/000.p/01",
        "64/000",
        "00/000",
        "-1/000",
        "0/x000/001",
        "entries",
        "entries/000.P/1",
        "0/000.p/1/",
        "..%2f..%2fledger.sqlite3",
        "0/../../keys.json",
        "0/٠٠٠",
    ],
)
def test_a_path_that_no_tile_has_is_malformed(world: World, path: str) -> None:
    """Security A10; and each tile has one address, so that caches hold it once."""
    answer = world.client.get(f"/log/tile/{path}")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")


@pytest.mark.parametrize("index", ["01", "-1", "+1", "1.0", "1e3", "٣", "1%0a", "9" * 11])
def test_an_index_has_one_spelling(world: World, index: str) -> None:
    assert world.client.get(f"/log/proof/{index}").status_code == 400


def test_a_line_feed_in_an_address_leads_nowhere(world: World) -> None:
    assert world.client.get("/log/tile/0/000.p/1%0a").status_code == 404


def test_what_never_changes_may_be_kept_for_ever_and_the_rest_hardly(world: World) -> None:
    def kept(path: str) -> str:
        return str(world.client.get(path).headers["Cache-Control"])

    assert kept("/log/tile/0/000.p/1") == "public, max-age=31536000, immutable"
    assert kept("/log/tile/entries/000.p/1") == "public, max-age=31536000, immutable"
    assert kept("/log/checkpoint") == "public, max-age=2"
    assert kept("/log/proof/0") == "no-store"
    assert kept("/.well-known/jinlan-key-history.json") == "public, max-age=2"


def test_each_answer_says_what_it_is(world: World) -> None:
    def told(path: str) -> str:
        return str(world.client.get(path).content_type)

    assert told("/log/checkpoint") == "text/plain; charset=utf-8"
    assert told("/log/proof/0") == "text/plain; charset=utf-8"
    assert told("/log/tile/0/000.p/1") == "application/octet-stream"
    assert told("/.well-known/jinlan-keys.json") == "application/json"
    assert told("/.well-known/jinlan-key-history.json") == "application/json"


def test_a_partial_tile_stays_what_it_was_when_the_log_grows(fresh_world: World) -> None:
    size = _checkpoint(fresh_world).size
    before = fresh_world.client.get(f"/log/tile/0/000.p/{size}").data
    fresh_world.post_roster(roster(row()))
    assert _checkpoint(fresh_world).size == size + 1
    assert fresh_world.client.get(f"/log/tile/0/000.p/{size}").data == before


def test_the_key_list_holds_no_secret(world: World) -> None:
    keys = world.client.get("/.well-known/jinlan-keys.json").json
    assert {key["purpose"] for key in keys["keys"]} == {"log", "credential"}


def test_head_answers_like_get_without_the_body(world: World) -> None:
    answer = world.client.head("/log/checkpoint")
    assert (answer.status_code, answer.data) == (200, b"")


def test_the_key_history_opens_the_key_entries(world: World) -> None:
    size = _checkpoint(world).size
    entries = decode_bundle(world.client.get(f"/log/tile/entries/000.p/{size}").data)
    opened = decode_key_history(world.client.get("/.well-known/jinlan-key-history.json").data)
    assert [one.index for one in opened] == [0, 1]
    for one in opened:
        assert decode_entry(entries[one.index]).body == commitment(one.salt, one.body)
