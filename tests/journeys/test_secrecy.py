"""A18, P1, P2: what is about a person stays in the vault, and is gone when the person is erased.

Canaries (names, ID numbers, phones) go through the command line in good rows and bad ones, while
errors are provoked. Then the raw bytes of everything that was left behind are searched for them, in
every writing that a slip could have given them.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ledger.core.entry import decode_entry
from ledger.core.key_list import decode_key_list
from ledger.core.proof import parse_log_proof, verify_log_proof
from ledger.services.proving import entry_bytes, prove
from ledger.services.settings import DATABASE
from tests.databases import (
    POSTGRESQL,
    RawDatabase,
    end_of_log,
    engine_in_play,
    logged_bytes,
    stored_bytes,
)
from tests.journeys.command_line import Answer, jinlan, sound
from tests.journeys.ledgers import opened, size_of
from tests.journeys.people import id_number
from tests.journeys.rosters import csv_bytes, row

GUESSES = 10_000


@dataclass(frozen=True)
class Canary:
    """A person whose traces are looked for. The names occur in no text of the ledger."""

    name: str
    id_number: str
    phone: str

    @property
    def words(self) -> tuple[str, str, str]:
        """All three."""
        return self.name, self.id_number, self.phone


CANARIES = [
    Canary("鷓鴣鳶", id_number(41_007), "19912340017"),
    Canary("鸕鶿鷺", id_number(41_118), "19912340128"),
    Canary("鷫鸘鶡", id_number(41_229), "19912340239"),
    Canary("鶺鴒鴞", id_number(41_330), "19912340340"),
]
ERASED, KEPT, REFUSED, MISPLACED = CANARIES


def writings(word: str) -> Iterator[bytes]:
    """Give the forms in which a word could stand in bytes."""
    escaped = json.dumps(word)[1:-1]
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
        plain = word.encode(encoding)
        yield from (plain, plain.hex().encode(), plain.hex().upper().encode())
        # Base64 of a longer text holds the word in one of three shifts; a character that is made of
        # a byte beside the word as well may be any.
        for shift in range(3):
            first, end = -(-8 * shift // 6), 8 * (shift + len(plain)) // 6
            yield base64.b64encode(bytes(shift) + plain)[first:end]
    yield from (escaped.encode(), escaped.upper().encode())


def traces(content: bytes, canaries: list[Canary]) -> list[str]:
    """Name the words of the canaries that stand in some bytes."""
    return [
        word
        for canary in canaries
        for word in canary.words
        if any(writing in content for writing in writings(word))
    ]


def kept_of(home: Path) -> dict[str, bytes]:
    """Read every file of a data folder, and those of a database that is elsewhere."""
    files = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file()
    }
    kept = files | {DATABASE: stored_bytes(home / DATABASE)}
    assert len(kept) >= 8, "keys, lists, database, checkpoint, token"
    assert len(kept[DATABASE]) > 50_000
    return kept


def files_with_traces(home: Path, canaries: list[Canary]) -> dict[str, list[str]]:
    """Search every file of a data folder."""
    found = {name: traces(content, canaries) for name, content in kept_of(home).items()}
    return {name: words for name, words in found.items() if words}


@dataclass
class Story:
    """A ledger into which the canaries were imported, and all that its commands printed."""

    home: Path
    folder: Path
    school: str
    log_start: tuple[str, int] | None
    answers: list[Answer] = field(default_factory=list)

    def run(self, *arguments: str, stdin: bytes = b"") -> Answer:
        """Run a command, and keep what it printed."""
        answer = jinlan(self.home, *arguments, stdin=stdin)
        self.answers.append(answer)
        return answer

    def subject(self, canary: Canary) -> str:
        """Find a canary by the ID number, given on standard input and never as an argument."""
        answer = self.run(
            "subjects", "--id-number", "--json", stdin=f"{canary.id_number}\n".encode()
        )
        assert answer.status == 0, answer
        (found,) = answer.json["subjects"]
        return str(found["id"])


def _roster(file: Path) -> Path:
    bad_number = REFUSED.id_number[:-1] + ("0" if REFUSED.id_number[-1] != "0" else "1")
    file.write_bytes(
        csv_bytes([
            row(*ERASED.words),
            row(*KEPT.words),
            row(*ERASED.words, 班级编号="JL2025002", 开班日期="2024-03-03"),
            row(REFUSED.name, bad_number, REFUSED.phone),
            row(REFUSED.name, REFUSED.id_number, REFUSED.phone, 结班日期="never"),
            row(KEPT.name, ERASED.id_number, KEPT.phone),
            row("", MISPLACED.name, MISPLACED.id_number, 培训等级=MISPLACED.name),
            row(MISPLACED.id_number, MISPLACED.phone, MISPLACED.name, 职业编码=MISPLACED.id_number),
            row(MISPLACED.name, "", 班级名称=MISPLACED.phone, 理论课时=MISPLACED.id_number),
        ])
    )  # fmt: skip
    return file


@pytest.fixture(scope="module")
def story(folder_of_a_file: Path) -> Story:
    """Import, import again otherwise, and go wrong in every way at hand."""
    folder, home = folder_of_a_file, folder_of_a_file / "home"
    sound(home, "init", "--example")
    school = str(sound(home, "organisation", "list")["organisations"][0]["id"])
    told = Story(home, folder, school, end_of_log() if engine_in_play() == POSTGRESQL else None)
    roster = str(_roster(folder / "roster.csv"))
    more = ("--issuer", school, "--report", str(folder / "report.json"))
    kept = ("--issuer", school, "--report", str(folder / "first-report.json"))
    first = told.run("import", roster, *kept, "--key", "canaries", "--json")
    assert first.json["outcomes"] == {"accepted": 3, "duplicate": 0, "rejected": 6}, first
    assert told.run("import", roster, *more, "--correct").status == 0
    assert told.run("import", roster, *more, "--all-or-nothing").status == 1
    other = folder / "other.csv"
    other.write_bytes(csv_bytes([row(*KEPT.words)]))
    assert told.run("import", str(other), *more, "--key", "canaries", "--json").status == 1
    assert told.run("import", roster, "--issuer", "org-none").status == 1
    (folder / "torn.csv").write_bytes(Path(roster).read_bytes() + b'"' + KEPT.name.encode())
    assert told.run("import", str(folder / "torn.csv"), *more).status == 1
    assert told.run("transcript", "--subject", told.subject(KEPT)).status == 0
    assert told.run("subjects").status == 0
    assert told.run("audit").status == 0
    assert told.run("verify", roster).status == 1
    return told


def test_the_search_finds_what_it_looks_for() -> None:
    """Guards the guard: each writing, inside other bytes."""
    for canary in CANARIES:
        for word in canary.words:
            text = json.dumps({"found": word})
            for content in (
                f"x{word}y".encode(),
                f"x{word}y".encode("utf-16"),
                f"x{word}y".encode("gb18030"),
                text.encode(),
                base64.b64encode(f"name: {word}, and so on".encode()),
                f"x{word}y".encode().hex().encode(),
            ):
                assert traces(content, CANARIES) == [word], (word, content)


def test_no_command_prints_a_name_a_number_or_a_phone(story: Story) -> None:
    """What the caller needs of them is in the report file, which the caller named."""
    for answer in story.answers:
        assert traces(answer.out + answer.err, CANARIES) == []
        assert b"Traceback" not in answer.err


def test_nothing_in_the_data_folder_shows_them(story: Story) -> None:
    """Log tables, write-ahead log, stored reports and answers, keys and lists."""
    assert files_with_traces(story.home, CANARIES) == {}
    # The report that the caller asked for lies outside, and is the control of this search.
    report = (story.folder / "first-report.json").read_bytes()
    assert set(traces(report, [KEPT])) >= {KEPT.name, KEPT.id_number}


def test_a_process_that_is_writing_shows_them_in_no_file_either(story: Story) -> None:
    """SQLite's write-ahead log is there only while a process has the database open."""
    with closing(RawDatabase(story.home)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entry").fetchone()
        file = story.folder / "one-more.csv"
        file.write_bytes(csv_bytes([row(*KEPT.words, 班级编号="JL2025003", 开班日期="2023-03-03")]))
        assert story.run("import", str(file), "--issuer", story.school).status == 0
        if story.log_start is None:
            assert (story.home / f"{DATABASE}-wal").stat().st_size > 0
        else:
            logged = logged_bytes(story.log_start)
            assert story.subject(KEPT).encode() in logged, "the control of this search"
            assert traces(logged, CANARIES) == []
        assert files_with_traces(story.home, CANARIES) == {}


def tags_and_blobs(home: Path) -> set[bytes]:
    """Give every stored value: of blobs, also each 16 and 32 bytes at their beginning."""
    with closing(RawDatabase(home)) as database:
        values = {
            value if isinstance(value, bytes) else str(value).encode()
            for name in database.tables()
            for line in database.execute(f"SELECT * FROM {name}")  # noqa: S608 - its own tables
            for value in line
        }
    return values | {value[:16] for value in values} | {value[:32] for value in values}


def guesses(number: str) -> Iterator[bytes]:
    """Give the hashes by which an ID number would be found if no secret went into them."""
    for text in (number, f"id number\0{number}", f"id number\0\0\0\0\x12{number}"):
        content = text.encode()
        for digest in (hashlib.sha256(content).digest(), hmac.digest(b"", content, "sha256")):
            yield from (digest, digest[:16], digest.hex().encode(), digest[:16].hex().encode())


def test_no_stored_tag_is_the_hash_of_a_guessed_id_number(story: Story) -> None:
    """P2: 10,000 candidates, those who are recorded among them, and the database without keys."""
    stored = tags_and_blobs(story.home)
    candidates = [id_number(36_500 + number) for number in range(GUESSES)]
    assert {canary.id_number for canary in CANARIES} <= set(candidates)
    assert not any(guess in stored for number in candidates for guess in guesses(number))


@dataclass(frozen=True)
class Erased:
    """What was there of the erased person, and what is there since.

    ``secrets`` open what is about the person, ``sealed`` is useless without them.
    """

    story: Story
    bundle: Path
    subject: str
    secrets: tuple[bytes, ...]
    sealed: tuple[bytes, ...]
    entries: list[int]


@pytest.fixture(scope="module")
def erased(story: Story) -> Erased:
    """Export both, erase one."""
    subject = story.subject(ERASED)
    own = story.home / "exports"
    own.mkdir(mode=0o700, exist_ok=True)
    bundle = story.folder / "kept.json"
    for person, out in ((KEPT, bundle), (ERASED, own / f"{subject}.json")):
        sound(story.home, "export", "--subject", story.subject(person), "--out", str(out))
    # Control: an export is the worker's own document and names them, as nothing else does.
    assert set(files_with_traces(story.home, [ERASED])) == {f"exports/{subject}.json"}
    with closing(RawDatabase(story.home)) as database:
        (vault,) = database.execute(
            "SELECT tag, wrapped_key, facts FROM subject WHERE id = ?", (subject,)
        ).fetchall()
        bodies = database.execute("SELECT content FROM body WHERE subject = ?", (subject,))
        sealed = (subject.encode(), *(content for (content,) in bodies))
        if database.engine == POSTGRESQL:
            database.execute("ANALYZE")
    assert len(sealed) == 1 + 2
    whole = kept_of(story.home)[DATABASE]
    assert all(secret in whole for secret in (*vault, *sealed))
    answer = sound(story.home, "erase", "--subject", subject, "--yes")
    return Erased(story, bundle, subject, vault, sealed, answer["entries"])


def test_after_an_erasure_nothing_of_the_person_is_left_in_the_data_folder(erased: Erased) -> None:
    """P1: not the sealed bytes either, in no free page, and no export.

    PostgreSQL leaves bodies that nobody can open any more in the free places of its pages.
    """
    home = erased.story.home
    assert files_with_traces(home, CANARIES) == {}
    gone = erased.secrets
    if engine_in_play() != POSTGRESQL:
        gone += erased.sealed
    # A page that was freed halfway would still hold a part of a value.
    parts = {value[n : n + 16] for value in gone for n in range(0, len(value) - 15, 16)}
    for name, content in kept_of(home).items():
        assert not any(value in content for value in gone), name
        assert not any(part in content for part in parts), name


def test_after_an_erasure_every_proof_still_verifies(erased: Erased) -> None:
    """Of each entry, the erased ones too; the other person's old bundle; the audit."""
    home = erased.story.home
    assert len(erased.entries) == 2
    audited = sound(home, "audit")
    assert (audited["sound"], audited["erased"]) == (True, 2)
    trust = decode_key_list((home / "keys.json").read_bytes())
    for index in range(size_of(home)):
        if index in erased.entries:
            proved: dict[str, Any] = sound(home, "prove", str(index))
            proof, entry = proved["proof"], proved["entry"].encode()
        else:
            proof, entry = prove_here(home, index)
        keys = trust.log_verifier_keys()
        verify_log_proof(parse_log_proof(proof), entry, trust.origin, keys)
        assert decode_entry(entry).index == index
    verdict = sound(home, "verify", str(erased.bundle))
    assert verdict["verdict"] == "valid"
    assert KEPT.name.encode() in erased.bundle.read_bytes()


def prove_here(home: Path, index: int) -> tuple[str, bytes]:
    """Prove an entry in this process: a command for each would take too long."""
    with opened(home) as ledger:
        return prove(ledger, index), entry_bytes(ledger, index)


def test_an_erased_person_is_not_found_and_may_come_anew(erased: Erased) -> None:
    story = erased.story
    number = f"{ERASED.id_number}\n".encode()
    assert story.run("subjects", "--id-number", "--json", stdin=number).code == "not-found"
    roster = str(story.folder / "roster.csv")
    answer = story.run("import", roster, "--issuer", story.school, "--json")
    assert answer.json["outcomes"]["accepted"] == 2, "no trace keeps the person out"
    subject = story.subject(ERASED)
    assert subject != erased.subject
    assert sound(story.home, "audit")["sound"] is True
