"""A copy of the log is read strictly: nothing of it is believed because it lies there."""

from pathlib import Path

import pytest

from ledger.core.entry import decode_entry
from ledger.errors import DamagedError, MalformedError, NotFoundError, VerificationError
from ledger.services.context import Ledger
from ledger.services.log_copy import LogCopy, body_path, decode_body, encode_body, open_log_copy
from ledger.services.proving import entry_bytes
from ledger.storage.bodies import OpenBody
from tests.ledgers import make_command, make_ledger, post
from tests.log_copies import copy_log


@pytest.fixture(scope="module")
def ledger(folder_of_a_file: Path) -> Ledger:
    made = make_ledger(folder_of_a_file)
    post(made, *(make_command(n) for n in range(300)))
    return made


@pytest.fixture
def copy(ledger: Ledger, tmp_path: Path) -> LogCopy:
    return _open(ledger, copy_log(ledger, tmp_path / "copy"))


def _open(ledger: Ledger, folder: Path) -> LogCopy:
    keys = ledger.keyring.published().every_log_verifier_key()
    return open_log_copy(folder, ledger.origin, keys)


@pytest.mark.parametrize("start", [0, 1, 255, 256, 300, 303, 304])
def test_entries_come_from_any_index_on(ledger: Ledger, copy: LogCopy, start: int) -> None:
    found = [entry for bundle in copy.bundles(start) for entry in bundle]
    assert len(found) == 304 - start
    for index in (start, 303) if start < 304 else ():
        assert found[index - start] == entry_bytes(ledger, index)


def test_a_bundle_that_has_grown_or_is_full_serves_as_well(copy: LogCopy) -> None:
    partial = copy.folder / "tile/entries/001.p/48"
    whole = partial.read_bytes()
    partial.unlink()
    with pytest.raises(NotFoundError, match="001: no such file; the copy of the log is not whole"):
        list(copy.bundles(0))
    (copy.folder / "tile/entries/001").write_bytes(whole + whole[: 2 + int.from_bytes(whole[:2])])
    assert [len(bundle) for bundle in copy.bundles(0)] == [256, 48]


def test_a_changed_entry_or_tile_of_a_copy_is_named_before_it_is_given_out(
    ledger: Ledger, copy: LogCopy
) -> None:
    for name in ("tile/entries/000", "tile/0/000"):
        path = copy.folder / name
        whole = path.read_bytes()
        path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
        given = _open(ledger, copy.folder).bundles(0)
        with pytest.raises(VerificationError, match=name):
            next(given)
        path.write_bytes(whole)


def test_a_bundle_that_is_none_is_told(ledger: Ledger, copy: LogCopy) -> None:
    (copy.folder / "tile/entries/001.p/48").unlink()
    whole = (copy.folder / "tile/entries/000").read_bytes()
    (copy.folder / "tile/entries/001").write_bytes(whole[:-1])
    again = _open(ledger, copy.folder)
    with pytest.raises(MalformedError, match="cut short"):
        list(again.bundles(0))


def test_only_a_checkpoint_of_this_ledger_opens_a_copy(copy: LogCopy, tmp_path: Path) -> None:
    other = make_ledger(tmp_path / "other", seed=8)
    with pytest.raises(DamagedError, match="no signature by a known key"):
        _open(other, copy.folder)
    with pytest.raises(NotFoundError, match="expected a copy of the log"):
        _open(other, tmp_path)


def test_a_public_body_is_the_one_that_its_entry_commits_to(ledger: Ledger, copy: LogCopy) -> None:
    entry, record = (decode_entry(entry_bytes(ledger, index)) for index in (2, 9))
    body = copy.public_body(entry)
    assert body is not None
    assert body.content.startswith(b"{")
    assert copy.public_body(record) is None
    path, other = (copy.folder / body_path(index) for index in (2, 3))
    path.write_bytes(other.read_bytes())
    with pytest.raises(DamagedError, match="not the body that entry 2 commits to"):
        copy.public_body(entry)
    for data in (b"", b"{}", b"[]", b'{"body":7,"salt":"00"}', other.read_bytes() + b" "):
        path.write_bytes(data)
        with pytest.raises(DamagedError, match="expected exactly"):
            copy.public_body(entry)


def test_the_longest_body_has_a_file() -> None:
    body = OpenBody(bytes(32), b'"' * 65_535)
    assert decode_body(encode_body(body)) == body
    assert body_path(1_234_067) == "body/x001/x234/067"
