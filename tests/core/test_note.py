"""Signed notes, after c2sp.org/signed-note, with its own and Go's vectors."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.core.note import (
    ED25519,
    SIGNATURES_MAX,
    NoteSignature,
    SignedNote,
    VerifierKey,
    is_key_name,
    key_id,
    open_note,
    parse_note,
    parse_verifier_key,
    sign_note,
    verified_keys,
)
from ledger.errors import MalformedError, VerificationError
from tests.core.flips import every_flip
from tests.core.signers import LOG, ORIGIN, STRANGER, WITNESS, MemorySigner
from tests.shared_data import shared

TEXT = "ledger.example/2026\n7\nfree text — 金藍\n"
NOTE = sign_note(TEXT, [LOG])
KEY = LOG.verifier_key
# c2sp.org/signed-note, the example.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"


def vectors() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(shared("vectors/notes/signed_note.json").read_bytes())
    return data


def test_published_notes_open_or_fail_as_published() -> None:
    """golang.org/x/mod/sumdb/note and C2SP: the same outcome in all cases."""
    for case in vectors()["open_cases"]:
        data = base64.b64decode(case["note_b64"])
        keys = [parse_verifier_key(text) for text in case["vkeys"]]
        if case["ok"]:
            text = open_note(data, keys)
            assert data.decode().startswith(text), case["name"]
            verified = [key.name for key in verified_keys(parse_note(data), keys)]
            assert verified == case["verified"], case["name"]
        else:
            malformed = "malformed" in case["error"]
            with pytest.raises(MalformedError if malformed else VerificationError):
                open_note(data, keys)


def test_published_verifier_keys_are_read_and_written() -> None:
    for text in vectors()["vkeys"]["good"]:
        assert parse_verifier_key(text).format() == text


def test_published_bad_verifier_keys_are_refused() -> None:
    """Also every part of a good one, and every good one with one byte counted up."""
    keys = vectors()["vkeys"]
    good = keys["good"][0]
    parts = {good[i:j] for i in range(len(good)) for j in range(i, len(good) + 1)} - {good}
    counted = {
        text[:i] + chr(ord(text[i]) + 1) + text[i + 1 :]
        for text in keys["good"]
        for i in range(len(text))
    }
    for text in {*keys["bad"], *parts, *counted}:
        with pytest.raises(MalformedError):
            parse_verifier_key(text)


def test_the_note_of_the_go_checksum_database_opens() -> None:
    case = json.loads(shared("vectors/notes/tlog_paths_and_trees.json").read_bytes())
    signed = case["sum_golang_org"]
    key = parse_verifier_key(signed["vkey"])
    assert open_note(signed["note"].encode(), [key]).startswith("go.sum database tree\n35225469\n")


def test_a_published_verifier_key_is_read() -> None:
    key = parse_verifier_key(EXAMPLE_KEY)
    assert (key.name, key.key_id.hex()) == ("example.com/foo", "530d903a")
    assert key_id(key.name, ED25519, key.public_key) == key.key_id


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("530d903a", "530D903A"),
        ("530d903a", "530d903"),
        ("530d903a", "530d903b"),
        ("530d903a", ""),
        ("example.com/foo", ""),
        ("example.com/foo", "example.com foo"),
        ("example.com/foo", "example.com/foo+x"),
        ("U2k", "U2l"),
        ("U2k", "U2k="),
        ("U2k", "U2k\n"),
        ("U2k", ""),
        ("+Aeky", "+Beky"),
        ("+Aeky", " Aeky"),
    ],
)
def test_another_spelling_of_a_verifier_key_is_refused(old: str, new: str) -> None:
    with pytest.raises(MalformedError):
        parse_verifier_key(EXAMPLE_KEY.replace(old, new, 1))


@pytest.mark.parametrize("algorithm", [0, 2, 4, 5, 6, 255])
def test_an_algorithm_that_is_not_known_is_refused(algorithm: int) -> None:
    with pytest.raises(MalformedError):
        VerifierKey(ORIGIN, algorithm, KEY.public_key)


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a+b", "a\u00a0b", "a\u2003", "a\u3000b", "a\nb", "a\x00", "\ud800"]
)
def test_a_name_with_space_plus_or_control_character_names_no_key(name: str) -> None:
    assert not is_key_name(name)
    with pytest.raises(MalformedError):
        VerifierKey(name, ED25519, KEY.public_key)


@pytest.mark.parametrize("name", ["a", "ledger.example/2026", "金藍", "—"])
def test_any_other_name_does(name: str) -> None:
    signer = MemorySigner(name, 9)
    assert parse_verifier_key(signer.verifier_key.format()) == signer.verifier_key
    assert open_note(sign_note("x\n", [signer]), [signer.verifier_key]) == "x\n"


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=40),
    st.permutations([LOG, WITNESS, STRANGER]),
    st.integers(1, 3),
)
def test_a_note_comes_back_and_opens(text: str, signers: list[MemorySigner], count: int) -> None:
    data = sign_note(text + "\n", signers[:count])
    assert parse_note(data).encode() == data
    assert open_note(data, [signers[0].verifier_key]) == text + "\n"
    assert len(parse_note(data).signatures) == count


def test_empty_lines_and_signature_like_lines_in_the_text_belong_to_the_text() -> None:
    """signed-note: the last empty line separates."""
    text = f"a\n\n— {ORIGIN} QUJDREU=\n\nb\n\n"
    assert open_note(sign_note(text, [LOG]), [KEY]) == text


def test_every_flipped_bit_is_found() -> None:
    for changed in every_flip(NOTE):
        with pytest.raises((MalformedError, VerificationError)):
            open_note(changed, [KEY])


def test_every_shortened_note_is_refused() -> None:
    for end in range(len(NOTE)):
        with pytest.raises((MalformedError, VerificationError)):
            open_note(NOTE[:end], [KEY])


LINE = NOTE.decode().rpartition("\n\n")[2]
BLOB = LINE.split(" ")[2]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        TEXT.encode(),
        (TEXT + "\n").encode(),
        (TEXT + "\n" + LINE[:-1]).encode(),
        (TEXT + LINE).encode(),
        (TEXT + "\n" + LINE + "\n").encode(),
        (TEXT + "\n" + LINE + "x\n").encode(),
        (TEXT + "\n" + LINE.replace("\n", "\r\n")).encode(),
        (TEXT.replace("\n", "\r\n") + "\n" + LINE).encode(),
        (TEXT + " \n" + LINE).encode(),
        (TEXT + "\n" + LINE.replace("— ", "- ")).encode(),
        (TEXT + "\n" + LINE.replace("— ", "—")).encode(),
        (TEXT + "\n" + LINE.replace("— ", "—  ")).encode(),
        (TEXT + "\n" + LINE.replace("— ", " — ")).encode(),
        (TEXT + "\n" + LINE.replace("— ", "—\u00a0")).encode(),
        (TEXT + "\n" + LINE.replace(ORIGIN, "")).encode(),
        (TEXT + "\n" + LINE.replace(ORIGIN, "a+b")).encode(),
        (TEXT + "\n" + LINE.replace(ORIGIN, "a\u2003b")).encode(),
        (TEXT + "\n" + LINE.replace(" " + BLOB, "\n")).encode(),
        (TEXT + "\n" + LINE.replace(BLOB, "\n")).encode(),
        (TEXT + "\n" + LINE.replace(BLOB, "QUJDRA==\n")).encode(),
        (TEXT + "\n" + LINE.replace(BLOB, BLOB[:-1] + "=\n")).encode(),
        (TEXT + "\n" + LINE.replace(BLOB, BLOB[:-1] + " \n")).encode(),
        ("a\tb\n\n" + LINE).encode(),
        b"a\0b\n\n" + LINE.encode(),
        b"\xff\n\n" + LINE.encode(),
        b"\xed\xa0\x80\n\n" + LINE.encode(),
        TEXT.encode("utf-16"),
    ],
)
def test_what_is_not_a_note_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_note(data)


PIECES = ["a", "\n", "\n\n", "— ", "—", " ", ORIGIN, "QUJDREU=", "QUJDREV=", "+", "\r", LINE]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_whatever_is_read_is_exactly_what_would_be_written(text: str) -> None:
    try:
        note = parse_note(text.encode())
    except MalformedError:
        return
    assert note.encode() == text.encode()


def test_an_unknown_signature_is_passed_over_but_does_not_suffice() -> None:
    data = sign_note(TEXT, [STRANGER, LOG])
    assert open_note(data, [KEY]) == TEXT
    with pytest.raises(VerificationError) as caught:
        open_note(data, [WITNESS.verifier_key])
    assert caught.value.code == "no-known-signature"
    with pytest.raises(VerificationError):
        open_note(data, [])


def test_one_wrong_signature_by_a_known_key_spoils_the_note() -> None:
    note = parse_note(sign_note(TEXT, [LOG, WITNESS]))
    wrong = NoteSignature(WITNESS.verifier_key.name, WITNESS.verifier_key.key_id, bytes(64))
    spoilt = SignedNote(TEXT, (note.signatures[0], wrong)).encode()
    assert open_note(spoilt, [KEY]) == TEXT
    with pytest.raises(VerificationError):
        open_note(spoilt, [KEY, WITNESS.verifier_key])
    repeated = SignedNote(TEXT, (note.signatures[0], NoteSignature(ORIGIN, KEY.key_id, b"x")))
    with pytest.raises(VerificationError):
        open_note(repeated.encode(), [KEY])


def test_a_signature_does_not_move_to_another_text() -> None:
    (signature,) = parse_note(NOTE).signatures
    with pytest.raises(VerificationError):
        open_note(SignedNote(TEXT.replace("7", "8"), (signature,)).encode(), [KEY])


def test_the_number_of_signatures_is_limited_and_sixteen_are_accepted() -> None:
    (one,) = parse_note(NOTE).signatures
    for count in (16, SIGNATURES_MAX):
        assert open_note(SignedNote(TEXT, (one,) * count).encode(), [KEY]) == TEXT
    with pytest.raises(MalformedError):
        SignedNote(TEXT, (one,) * (SIGNATURES_MAX + 1))
    with pytest.raises(MalformedError):
        parse_note(NOTE + LINE.encode() * SIGNATURES_MAX)


def test_a_note_of_any_length_is_not_read() -> None:
    with pytest.raises(MalformedError):
        sign_note("x" * 500_000 + "\n", [LOG])
    with pytest.raises(MalformedError):
        parse_note(b"x" * 500_000 + b"\n\n" + LINE.encode())


@pytest.mark.parametrize("text", ["", "x", "x\r\n", "x\x00\n", "x\t\n", "\ud800\n"])
def test_a_text_that_cannot_stand_in_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(MalformedError):
        sign_note(text, [LOG])


def test_a_note_needs_a_signer_and_each_only_once() -> None:
    with pytest.raises(MalformedError):
        sign_note(TEXT, [])
    with pytest.raises(MalformedError):
        sign_note(TEXT, [LOG, LOG])


def test_a_signer_that_signs_wrongly_is_found_before_its_signature_goes_out() -> None:
    class FaultySigner:
        verifier_key = KEY

        def sign(self, message: bytes) -> bytes:
            return LOG.sign(message + b"x")

    with pytest.raises(VerificationError):
        sign_note(TEXT, [FaultySigner()])


@pytest.mark.parametrize(
    "signature",
    [
        NoteSignature("a b", bytes(4), b"x"),
        NoteSignature("a", bytes(3), b"x"),
        NoteSignature("a", bytes(4), b""),
    ],
)
def test_a_signature_line_that_could_not_be_read_is_not_made(signature: NoteSignature) -> None:
    with pytest.raises(MalformedError):
        SignedNote(TEXT, (signature,))
