import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from keys.index import SIGNING
from keys.keyring import Keyring
from keys.rotation import revoke, rotate, rotate_secret
from ledger.core.key_list import decode_key_list
from ledger.core.note import open_note, sign_note
from ledger.core.suite import suite
from ledger.errors import (
    CustodyError,
    NotFoundError,
    RefusedError,
    UnavailableError,
    VerificationError,
)

ORIGIN = "ledger.example/2026"
NOW = 1_795_000_000_000
HOUR = 3_600_000
CHECKPOINT = f"{ORIGIN}\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    Keyring.create(tmp_path / "var", ORIGIN, NOW)
    return tmp_path / "var"


def fail(*_: object, **__: object) -> None:
    raise OSError(5, "Input/output error")


def signer_names(home: Path, now_ms: int) -> list[str]:
    return [one.verifier_key.key_id.hex() for one in Keyring.open(home).log_signers(now_ms)]


def test_every_old_signature_verifies_after_ten_rotations(home: Path) -> None:
    """K2: by the key that was valid when the signature was logged."""
    signed: list[tuple[str, str, int, bytes]] = []
    notes: list[bytes] = []
    for turn in range(11):
        at = NOW + turn * HOUR
        if turn:
            for purpose in SIGNING:
                rotate(home, purpose, at, HOUR // 2)
        keyring = Keyring.open(home)
        notes.append(sign_note(CHECKPOINT, keyring.log_signers(at)))
        for purpose in SIGNING:
            signer = keyring.signer(purpose)
            signed.append((purpose, signer.id, at, signer.sign(f"turn {turn}".encode())))
    published = Keyring.open(home).published()
    assert len({key_id for _, key_id, _, _ in signed}) == len(published.keys) == 22
    for turn, (purpose, key_id, at, signature) in enumerate(signed):
        key = published.find(key_id, purpose)
        assert key.valid_at(at)
        suite(key.suite).verify(key.public_key, f"turn {turn // 2}".encode(), signature)
    for note in notes:
        assert open_note(note, published.log_verifier_keys()) == CHECKPOINT


def test_the_new_key_is_current_and_the_old_one_ends_after_the_overlap(home: Path) -> None:
    old = Keyring.open(home).signer("credential")
    new = rotate(home, "credential", NOW + HOUR, 2 * HOUR)
    keyring = Keyring.open(home)
    assert keyring.signer("credential").id == new.id != old.id
    ended = keyring.published().find(old.id, "credential")
    assert (ended.valid_from, ended.valid_until) == (NOW, NOW + 3 * HOUR)
    assert (new.valid_from, new.valid_until) == (NOW + HOUR, None)
    assert keyring.published().find(new.id, "credential") == new


def test_an_old_key_is_believed_to_the_last_millisecond_and_no_longer(home: Path) -> None:
    """K3."""
    old = Keyring.open(home).signer("log")
    new = rotate(home, "log", NOW + HOUR, HOUR)
    key = Keyring.open(home).published().find(old.id, "log")
    assert [key.valid_at(NOW + t) for t in (-1, 0, 2 * HOUR - 1, 2 * HOUR)] == [
        *(False, True, True, False)
    ]
    assert [new.valid_at(NOW + HOUR + t) for t in (-1, 0)] == [False, True]


def test_during_the_overlap_a_checkpoint_bears_both_signatures(home: Path) -> None:
    before = Keyring.open(home).published()
    rotate(home, "log", NOW + HOUR, HOUR)
    keyring = Keyring.open(home)
    note = sign_note(CHECKPOINT, keyring.log_signers(NOW + HOUR))
    new_only = keyring.published().log_verifier_keys(at_ms=NOW + 2 * HOUR)
    assert len(new_only) == 1
    assert open_note(note, before.log_verifier_keys()) == CHECKPOINT
    assert open_note(note, new_only) == CHECKPOINT
    late = sign_note(CHECKPOINT, keyring.log_signers(NOW + 2 * HOUR))
    assert open_note(late, new_only) == CHECKPOINT
    with pytest.raises(VerificationError):
        open_note(late, before.log_verifier_keys())


def test_the_current_key_signs_first_and_an_ended_one_not_at_all(home: Path) -> None:
    first = Keyring.open(home).signer("log").id
    second = rotate(home, "log", NOW + HOUR, 10 * HOUR).id
    third = rotate(home, "log", NOW + 2 * HOUR, HOUR).id
    assert signer_names(home, NOW + 3 * HOUR - 1) == [third, second, first]
    assert signer_names(home, NOW + 3 * HOUR) == [third, first]
    assert signer_names(home, NOW + 11 * HOUR) == [third]


def test_without_an_overlap_the_old_key_ends_at_once(home: Path) -> None:
    new = rotate(home, "log", NOW + HOUR, 0)
    assert signer_names(home, NOW + HOUR) == [new.id]


def test_rotating_one_purpose_leaves_the_others_alone(home: Path) -> None:
    before = Keyring.open(home)
    rotate(home, "log", NOW + HOUR, HOUR)
    rotate_secret(home, "vault")
    after = Keyring.open(home)
    assert after.signer("credential").id == before.signer("credential").id
    assert after.secret("lookup") == before.secret("lookup")


def test_a_process_that_runs_on_goes_on_with_the_key_it_opened(home: Path) -> None:
    running = Keyring.open(home)
    rotate(home, "log", NOW + HOUR, HOUR)
    note = sign_note(CHECKPOINT, running.log_signers(NOW + HOUR))
    published = Keyring.open(home).published()
    assert open_note(note, published.log_verifier_keys(at_ms=NOW + HOUR)) == CHECKPOINT


def test_the_published_list_follows_each_change(home: Path) -> None:
    old = Keyring.open(home).signer("log").id
    rotate(home, "log", NOW + HOUR, HOUR)
    rotated = decode_key_list((home / "keys.json").read_bytes())
    assert rotated == Keyring.open(home).published()
    revoke(home, old, NOW + HOUR)
    revoked = decode_key_list((home / "keys.json").read_bytes())
    assert revoked == Keyring.open(home).published() != rotated


def test_an_old_key_may_be_taken_off_the_machine(home: Path) -> None:
    """It signs no more; what it signed stays good."""
    old = Keyring.open(home).signer("log")
    signature = old.sign(b"message")
    new = rotate(home, "log", NOW + HOUR, HOUR)
    (home / "keys" / f"log-{old.id}.key").unlink()
    assert signer_names(home, NOW + HOUR) == [new.id]
    key = Keyring.open(home).published().find(old.id, "log")
    suite(key.suite).verify(key.public_key, b"message", signature)


def test_an_old_key_that_is_there_must_be_closed_to_others_too(home: Path) -> None:
    """K5."""
    old = Keyring.open(home).signer("log").id
    rotate(home, "log", NOW + HOUR, HOUR)
    (home / "keys" / f"log-{old}.key").chmod(0o640)
    with pytest.raises(CustodyError, match="mode 0640"):
        Keyring.open(home)


@pytest.mark.parametrize("purpose", ["vault", "lookup", "status", ""])
def test_only_signing_keys_are_rotated_by_overlap(home: Path, purpose: str) -> None:
    with pytest.raises(NotFoundError, match="nothing is signed"):
        rotate(home, purpose, NOW + HOUR, HOUR)


@pytest.mark.parametrize("at", [NOW, NOW - 1, 0])
def test_a_clock_that_stands_before_the_current_key_is_refused(home: Path, at: int) -> None:
    with pytest.raises(RefusedError) as caught:
        rotate(home, "log", at, HOUR)
    assert caught.value.code == "clock-behind"
    assert len(list((home / "keys").glob("log-*.key"))) == 1


def test_a_negative_overlap_is_refused(home: Path) -> None:
    with pytest.raises(RefusedError, match="overlap"):
        rotate(home, "log", NOW + HOUR, -1)


def test_every_version_of_the_vault_secret_is_kept(home: Path) -> None:
    secrets = [Keyring.open(home).secret("vault")]
    for turn in range(2, 12):
        assert rotate_secret(home, "vault") == turn
        keyring = Keyring.open(home)
        assert keyring.secret_version("vault") == turn
        secrets.append(keyring.secret("vault"))
    keyring = Keyring.open(home)
    assert [keyring.secret("vault", version) for version in range(1, 12)] == secrets
    assert len(set(secrets)) == 11


def test_an_older_vault_secret_must_not_be_missing(home: Path) -> None:
    """Persons' keys may still be wrapped under it."""
    rotate_secret(home, "vault")
    (path,) = (home / "keys").glob("vault-1-*.key")
    path.unlink()
    with pytest.raises(CustodyError, match="missing"):
        Keyring.open(home)


def test_the_lookup_secret_is_not_rotated_and_the_message_says_why(home: Path) -> None:
    before = Keyring.open(home).secret("lookup")
    with pytest.raises(RefusedError, match="found by tags made with it") as caught:
        rotate_secret(home, "lookup")
    assert caught.value.code == "lookup-rotation"
    keyring = Keyring.open(home)
    assert (keyring.secret_version("lookup"), keyring.secret("lookup")) == (1, before)


def test_a_signing_key_is_no_secret_to_rotate(home: Path) -> None:
    with pytest.raises(NotFoundError, match="no secret"):
        rotate_secret(home, "log")


def test_a_compromised_key_is_believed_only_before_the_compromise(home: Path) -> None:
    """K1: by log time, whatever date the forged document bears."""
    old = Keyring.open(home).signer("credential").id
    rotate(home, "credential", NOW + 2 * HOUR, HOUR)
    key = revoke(home, old, NOW + 2 * HOUR, compromised_at_ms=NOW + HOUR)
    assert Keyring.open(home).published().find(old, "credential") == key
    assert (key.revoked_at, key.compromised_at) == (NOW + 2 * HOUR, NOW + HOUR)
    assert [key.valid_at(NOW + HOUR + t) for t in (-1, 0)] == [True, False]


def test_a_revoked_log_key_signs_no_more_although_its_overlap_runs(home: Path) -> None:
    old = Keyring.open(home).signer("log").id
    new = rotate(home, "log", NOW + HOUR, 10 * HOUR).id
    revoke(home, old, NOW + 2 * HOUR)
    assert signer_names(home, NOW + 2 * HOUR - 1) == [new, old]
    assert signer_names(home, NOW + 2 * HOUR) == [new]


def test_a_current_key_is_revoked_only_after_a_rotation_and_only_once(home: Path) -> None:
    old = Keyring.open(home).signer("log").id
    with pytest.raises(RefusedError, match="rotate first"):
        revoke(home, old, NOW + HOUR)
    rotate(home, "log", NOW + HOUR, HOUR)
    revoke(home, old, NOW + HOUR)
    with pytest.raises(RefusedError, match="revoked before"):
        revoke(home, old, NOW + HOUR)
    with pytest.raises(NotFoundError):
        revoke(home, "00000000", NOW + HOUR)


CHANGES: dict[str, Callable[[Path], object]] = {
    "log": lambda home: rotate(home, "log", NOW + HOUR, HOUR),
    "credential": lambda home: rotate(home, "credential", NOW + HOUR, HOUR),
    "vault": lambda home: rotate_secret(home, "vault"),
}


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_that_dies_before_the_index_leaves_the_old_keyring_in_force(
    home: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object], step: str
) -> None:
    before = Keyring.open(home)
    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(CustodyError, match="Input/output error"):
            change(home)
    after = Keyring.open(home)
    assert after.published() == before.published()
    assert after.secret_version("vault") == 1
    assert after.signer("log").sign(b"m") == before.signer("log").sign(b"m")
    change(home)
    assert Keyring.open(home) != after


def keys_held(home: Path) -> int:
    keyring = Keyring.open(home)
    return len(keyring.published().keys) + keyring.secret_version("vault")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_that_dies_at_any_flush_is_wholly_in_force_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    """L6: each flush in turn is the one that fails."""
    fsync = os.fsync
    outcomes = []
    for allowed in range(10):
        home = tmp_path / str(allowed)
        Keyring.create(home, ORIGIN, NOW)
        before = keys_held(home)
        left = iter([True] * allowed)

        def flush(descriptor: int, left: Iterator[bool] = left) -> None:
            fsync(descriptor) if next(left, False) else fail()

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", flush)
            try:
                change(home)
                died = False
            except (CustodyError, UnavailableError):
                died = True
        outcomes.append((died, keys_held(home) - before))
    assert set(outcomes) == {(True, 0), (True, 1), (False, 1)}
    assert [made for _, made in outcomes] == sorted(made for _, made in outcomes)


def test_a_rotation_that_dies_before_publishing_is_in_force(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Keyring.open(home).signer("log").id
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(UnavailableError, match=r"keys\.json"):
            rotate(home, "log", NOW + HOUR, HOUR)
    assert Keyring.open(home).signer("log").id != old


def test_two_rotations_at_once_do_not_lose_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is refused, not merged: it would replace the index that the first has written."""
    replace, refused = os.replace, []

    def meanwhile(old: str, new: str, **folders: int) -> None:
        with pytest.raises(UnavailableError) as caught:
            rotate(home, "credential", NOW + HOUR, HOUR)
        refused.append(caught.value.code)
        replace(
            old, new, src_dir_fd=folders.get("src_dir_fd"), dst_dir_fd=folders.get("dst_dir_fd")
        )

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", meanwhile)
        rotate(home, "log", NOW + HOUR, HOUR)
    assert set(refused) == {"rotation-under-way"}
    assert len(Keyring.open(home).published().keys) == 3


def test_no_rotation_ever_uses_a_key_again(home: Path) -> None:
    """K15."""
    for turn in range(1, 6):
        for purpose in SIGNING:
            rotate(home, purpose, NOW + turn * HOUR, HOUR)
        rotate_secret(home, "vault")
    lines = [path.read_text().split() for path in (home / "keys").glob("*.key")]
    assert len({digits for *_, digits in lines}) == len(lines) == 6 + 6 + 6 + 1
    froms = [key.valid_from for key in Keyring.open(home).published().keys if key.purpose == "log"]
    assert all(one < two for one, two in pairwise(froms))
