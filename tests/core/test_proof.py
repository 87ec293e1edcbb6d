"""Proof files: one text, and only the true entry at its true index passes."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.checkpoint import Checkpoint
from ledger.core.note import sign_note
from ledger.core.proof import LogProof, parse_log_proof, verify_log_proof
from ledger.errors import MalformedError, VerificationError
from tests.core.flips import every_flip
from tests.core.rfc6962 import inclusion, leaf, tree_hash
from tests.core.signers import LOG, ORIGIN, STRANGER
from tests.shared_data import shared

SIZE = 11
LEAVES = tuple(leaf(i) for i in range(SIZE))
CHECKPOINT = Checkpoint(ORIGIN, SIZE, tree_hash(LEAVES))
NOTE = sign_note(CHECKPOINT.format(), [LOG])
KEYS = [LOG.verifier_key]
PROOF = LogProof(5, tuple(inclusion(5, LEAVES)), NOTE)
TEXT = PROOF.format()


def entry(index: int) -> bytes:
    return b"entry %d" % index


def is_proved(proof: LogProof, entry_bytes: bytes, origin: str = ORIGIN) -> bool:
    try:
        verify_log_proof(proof, entry_bytes, origin, KEYS)
    except (VerificationError, MalformedError):
        return False
    return True


def test_every_entry_is_proved_and_no_other_in_its_place() -> None:
    """c2sp.org/tlog-proof."""
    for index in range(SIZE):
        proof = LogProof(index, tuple(inclusion(index, LEAVES)), NOTE)
        assert verify_log_proof(proof, entry(index), ORIGIN, KEYS) == CHECKPOINT
        assert parse_log_proof(proof.format()) == proof
        for other in range(SIZE):
            assert is_proved(proof, entry(other)) is (other == index)
            assert is_proved(replace(proof, index=other), entry(index)) is (other == index)


def test_a_checkpoint_of_another_log_or_key_or_size_does_not_prove() -> None:
    assert not is_proved(PROOF, entry(5), "other.example")
    assert not is_proved(
        replace(PROOF, checkpoint=sign_note(CHECKPOINT.format(), [STRANGER])), entry(5)
    )
    smaller = Checkpoint(ORIGIN, 5, tree_hash(LEAVES[:5]))
    assert not is_proved(replace(PROOF, checkpoint=sign_note(smaller.format(), [LOG])), entry(5))


def test_every_flipped_bit_of_a_proof_file_is_found() -> None:
    for changed in every_flip(TEXT.encode()):
        try:
            proof = parse_log_proof(changed.decode())
        except (MalformedError, UnicodeDecodeError):
            continue
        assert not is_proved(proof, entry(5))


def test_the_text_is_as_specified() -> None:
    assert TEXT.startswith("c2sp.org/tlog-proof@v1\nindex 5\n")
    assert TEXT.endswith("=\n\n" + NOTE.decode())
    assert len(TEXT.split("\n\n")[0].split("\n")) == 2 + len(PROOF.path)


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
def test_a_proof_file_comes_back(index: int, path: list[bytes], note: str) -> None:
    proof = LogProof(index, tuple(path), (note + "\n").encode())
    assert parse_log_proof(proof.format()) == proof


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("index 5", "index 05"),
        ("index 5", "index +5"),
        ("index 5", "index -5"),
        ("index 5", "index  5"),
        ("index 5", "index 5 "),
        ("index 5", "index ٥"),
        ("index 5", "index 9223372036854775808"),
        ("index 5", "Index 5"),
        ("index 5\n", ""),
        ("index 5\n", "index 5\nindex 5\n"),
        ("index 5", "extra ZXh0cmE=\nindex 5"),
        ("@v1", "@v2"),
        ("@v1", "@v1 "),
        ("c2sp", "\ufeffc2sp"),
        ("\n", "\r\n"),
        ("=\n\n", "=\n"),
        ("=\n\n", "==\n\n"),
        ("=\n", "\n"),
        ("=\n", "=\nQUJD\n"),
        ("=\n", "= \n"),
    ],
)
def test_another_spelling_of_a_proof_file_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    count = -1 if old == "\n" else 1
    with pytest.raises(MalformedError):
        parse_log_proof(TEXT.replace(old, new, count))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint",
        "c2sp.org/tlog-proof@v1\nindex 0\n\n\ud800\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n"
        + "A" * 43
        + "=\n" * 1
        + ("A" * 43 + "=\n") * 63
        + "\nx\n",
    ],
)
def test_what_is_not_a_proof_file_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_log_proof(text)


def test_published_proof_files_are_read_as_published_but_for_the_extra_line() -> None:
    """C2SP tlog-proof. ``extra`` is unauthenticated and our writer makes none: refused."""
    for case in json.loads(shared("vectors/notes/tlog_proof.json").read_bytes()):
        if case["ok"] and case["name"] != "extra":
            assert parse_log_proof(case["text"]).format() == case["text"]
        else:
            with pytest.raises(MalformedError):
                parse_log_proof(case["text"])


@pytest.mark.parametrize(
    ("index", "path", "note"),
    [
        (-1, (), b"x\n"),
        (2**63, (), b"x\n"),
        (0, (bytes(31),), b"x\n"),
        (0, (bytes(32),) * 64, b"x\n"),
        (0, (), b""),
        (0, (), b"x"),
        (0, (), b"\xff\n"),
        (0, (), bytes(500_000) + b"\n"),
    ],
    ids=range(8),
)
def test_a_wrong_proof_cannot_be_made(index: int, path: tuple[bytes, ...], note: bytes) -> None:
    with pytest.raises(MalformedError):
        LogProof(index, path, note)
