"""Checkpoints have one text, and only the log's own signature opens them."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from ledger.core.digest import EMPTY_ROOT
from ledger.core.note import ED25519, VerifierKey, parse_note, sign_note
from ledger.errors import MalformedError, VerificationError
from tests.core.flips import every_flip
from tests.core.signers import LOG, ORIGIN, STRANGER, WITNESS
from tests.shared_data import shared

CHECKPOINT = Checkpoint(ORIGIN, 42, b"\x07" * 32)
TEXT = CHECKPOINT.format()
NOTE = sign_note(TEXT, [LOG])
KEY = LOG.verifier_key
ROOT = TEXT.split("\n")[2]


def test_a_checkpoint_is_three_lines() -> None:
    """c2sp.org/tlog-checkpoint."""
    assert TEXT == "ledger.example/2026\n42\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"


@given(st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_comes_back(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert parse_checkpoint(checkpoint.format()) == checkpoint


SIZES = [
    "42",
    "042",
    "4_2",
    "+42",
    "-42",
    " 42",
    "42 ",
    "٤٢",
    "４２",
    "42.0",
    "0x2a",
    "",
    "0",
    str(2**63),
]
ORIGINS = [ORIGIN, "", "a b", "a+b", "a\u00a0b", "a\tb", "\ud800"]
ROOTS = [ROOT, "", ROOT[:-1], ROOT[:-2] + "d=", ROOT + "=", ROOT[:-4], "AAAA" + ROOT, " " + ROOT]
ENDS = ["\n", "", "\r\n", "\n\n", "\nextension\n", " \n", "\n\0"]


@pytest.mark.parametrize(
    "text",
    [f"{ORIGIN}\n{size}\n{ROOT}\n" for size in SIZES[1:]]
    + [f"{origin}\n42\n{ROOT}\n" for origin in ORIGINS[1:]]
    + [f"{ORIGIN}\n42\n{root}\n" for root in ROOTS[1:]]
    + [f"{ORIGIN}\n42\n{ROOT}{end}" for end in ENDS[1:]]
    + [TEXT.replace("\n", "\r\n"), "\n" + TEXT, TEXT + TEXT, ORIGIN, "", "\n\n\n"],
)
def test_another_spelling_of_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_checkpoint(text)


@given(
    st.sampled_from(ORIGINS), st.sampled_from(SIZES), st.sampled_from(ROOTS), st.sampled_from(ENDS)
)
def test_whatever_is_read_is_exactly_what_would_be_written(
    origin: str, size: str, root: str, end: str
) -> None:
    text = f"{origin}\n{size}\n{root}{end}"
    try:
        checkpoint = parse_checkpoint(text)
    except MalformedError:
        return
    assert checkpoint.format() == text


def test_published_checkpoints_are_read_only_in_our_narrower_form() -> None:
    """transparency-dev/formats. What it refuses we refuse.

    We also refuse what it accepts here: root hashes that are not 32 bytes, extension lines and
    trailing empty lines. The texts are repeated with a root of 32 bytes, so that the root is not
    what is refused.
    """
    cases = json.loads(shared("vectors/notes/checkpoint.json").read_bytes())["unmarshal"]
    ours = {"valid one", "valid different origin"}
    for case in cases:
        with pytest.raises(MalformedError):
            parse_checkpoint(case["text"])
        parts = case["text"].split("\n")
        if len(parts) > 3 and case["name"] != "roothash not base64":
            text = "\n".join([*parts[:2], ROOT, *parts[3:]])
            if case["name"] in ours:
                assert parse_checkpoint(text).format() == text
            else:
                with pytest.raises(MalformedError):
                    parse_checkpoint(text)


def test_a_published_signed_checkpoint_opens_and_its_published_tampers_do_not() -> None:
    """Sigsum."""
    case = json.loads(shared("vectors/notes/checkpoint.json").read_bytes())["sigsum_signed"]
    note = case["note"]
    origin = note.split("\n")[0]
    seed = bytes.fromhex(case["private_key_seed_hex"])
    key = VerifierKey(origin, ED25519, _public_key(seed))
    assert open_checkpoint(note.encode(), origin, [key]).size == 10
    for old, new in [
        (origin, origin + "x"),
        ("\n10\n", "\n11\n"),
        ("HA5H", "HB5H"),
        ("gJ2h", "gJ2g"),
        ("o0n8", "o0n9"),
    ]:
        assert old in note
        with pytest.raises((MalformedError, VerificationError)):
            open_checkpoint(note.replace(old, new).encode(), origin, [key])


def _public_key(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def test_a_checkpoint_opens_with_the_logs_key() -> None:
    assert open_checkpoint(NOTE, ORIGIN, [KEY]) == CHECKPOINT
    assert open_checkpoint(NOTE, ORIGIN, [WITNESS.verifier_key, KEY]) == CHECKPOINT


def test_a_witness_alone_cannot_speak_for_the_log() -> None:
    note = sign_note(TEXT, [WITNESS])
    with pytest.raises(VerificationError):
        open_checkpoint(note, ORIGIN, [KEY, WITNESS.verifier_key])


def test_another_key_under_the_logs_name_does_not_open_it() -> None:
    with pytest.raises(VerificationError):
        open_checkpoint(sign_note(TEXT, [STRANGER]), ORIGIN, [KEY])


def test_a_checkpoint_of_another_log_does_not_open_though_the_key_is_right() -> None:
    other = Checkpoint("other.example", 42, b"\x07" * 32)
    with pytest.raises(VerificationError):
        open_checkpoint(sign_note(other.format(), [LOG]), ORIGIN, [KEY])
    with pytest.raises(VerificationError):
        open_checkpoint(NOTE, "other.example", [KEY])


def test_a_wrong_cosignature_spoils_a_checkpoint() -> None:
    line = sign_note("x\n", [WITNESS]).split(b"\n\n")[1]
    assert open_checkpoint(NOTE + line, ORIGIN, [KEY]) == CHECKPOINT
    with pytest.raises(VerificationError):
        open_checkpoint(NOTE + line, ORIGIN, [KEY, WITNESS.verifier_key])


def test_a_signed_note_with_an_extension_line_is_not_our_checkpoint() -> None:
    with pytest.raises(MalformedError):
        open_checkpoint(sign_note(TEXT + "more\n", [LOG]), ORIGIN, [KEY])


def test_the_signature_is_checked_before_the_text_is_read() -> None:
    """signed-note: a text must not be used before verification."""
    with pytest.raises(VerificationError):
        open_checkpoint(sign_note("no checkpoint\n", [STRANGER]), ORIGIN, [KEY])


def test_every_flipped_bit_of_a_signed_checkpoint_is_found() -> None:
    for changed in every_flip(NOTE):
        with pytest.raises((MalformedError, VerificationError)):
            open_checkpoint(changed, ORIGIN, [KEY])


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, bytes(32)),
        ("a b", 1, bytes(32)),
        ("a+b", 1, bytes(32)),
        (ORIGIN, -1, bytes(32)),
        (ORIGIN, 2**63, bytes(32)),
        (ORIGIN, 1, bytes(31)),
        (ORIGIN, 0, bytes(32)),
        (ORIGIN, 1, EMPTY_ROOT),
    ],
)
def test_a_wrong_checkpoint_cannot_be_made(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(MalformedError):
        Checkpoint(origin, size, root)


def test_an_empty_log_has_the_empty_root() -> None:
    checkpoint = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert parse_checkpoint(checkpoint.format()) == checkpoint
    assert parse_note(sign_note(checkpoint.format(), [LOG])).text == checkpoint.format()
