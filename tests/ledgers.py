"""Ledgers on real SQLite files, with a clock that a test moves, and synthetic postings for them."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random

from ledger.core.instant import parse_instant
from ledger.core.proof import parse_log_proof, verify_log_proof
from ledger.domain.identifiers import id_check_character
from ledger.domain.organisations import Organisation, Scope
from ledger.domain.records import (
    Assessment,
    Certificate,
    Occupation,
    Person,
    RecordCertificate,
    RecordCompletion,
    TrainingClass,
)
from ledger.example import SCHOOL_USCC
from ledger.services.auditing import AuditReport, audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.completions import Outcome, Recorded, record
from ledger.services.context import Ledger, open_ledger
from ledger.services.example import install_example
from ledger.services.opening import initialise
from ledger.services.organisations import add_organisation, read_registry
from ledger.services.proving import entry_bytes, prove
from ledger.services.transcripts import find_subject
from tests.databases import RawDatabase, copy_home, past_triggers, settings_for

START_MS = parse_instant("2026-01-15T02:00:00.000Z")
TODAY = date(2026, 1, 15)
DAY_MS = 24 * 3600 * 1000
SKILL = "职业技能等级证书"
CARER = Occupation("4-10-01-05", "养老护理员")
ELECTRICIAN = Occupation("6-31-01-03", "电工")
OTHER_USCC = "91330199MA2AXXXX0L"
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "子墨宇晓佳建秀思海英博轩远志华琴燕强国文"


class TestClock:
    """A clock that stands still until a test moves it. Milliseconds since 1970, UTC."""

    __test__ = False

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms

    def pass_ms(self, count: int) -> None:
        """Let time pass; a negative count turns the clock back."""
        self.now_ms += count


def make_ledger(
    tmp_path: Path, *, example: bool = True, clock: TestClock | None = None, seed: int = 1
) -> Ledger:
    """Make a ledger below ``tmp_path``; with the example there is a school and a schedule."""
    ledger = initialise(
        settings_for(tmp_path / "home"), clock=clock or TestClock(), random=Random(seed).randbytes
    )
    if example:
        install_example(ledger)
    return ledger


def reopen(ledger: Ledger) -> Ledger:
    """Open the same ledger once more, as another process would; its random bytes are its own."""
    return open_ledger(settings_for(ledger.home), clock=ledger.clock, random=Random(99).randbytes)


def copy_ledger(ledger: Ledger, folder: Path) -> Ledger:
    """Copy a ledger, to be edited, below another folder."""
    ledger.close()
    copy_home(ledger.home, folder / "home")
    return open_ledger(settings_for(folder / "home"), clock=ledger.clock)


def school_of(ledger: Ledger) -> str:
    """Give the id of the example school."""
    known = read_registry(ledger).organisations.values()
    return next(each.id for each in known if each.uscc == SCHOOL_USCC)


def add_other_school(ledger: Ledger, *scope: Scope) -> Organisation:
    """Register a second school, accredited for everything unless said."""
    everything = Scope("*", frozenset(range(8)), date(2021, 1, 1))
    return add_organisation(ledger, "某技工学校", OTHER_USCC, "school", scope or (everything,))


def make_person(n: int = 0) -> Person:
    """Make the n-th synthetic person: county 330199, which no place has."""
    born = f"{1965 + n % 38}{1 + n % 12:02}{1 + n // 12 % 28:02}"
    first17 = f"330199{born}{n // 12 % 998 + 1:03}"
    name = SURNAMES[n % 16] + GIVEN[n // 16 % 20] + GIVEN[n % 19]
    return Person(name, first17 + id_check_character(first17), f"190{n:08}", ("企业职工",))


def make_command(n: int = 0, *, number: str = "JL2025001", **changes: object) -> RecordCompletion:
    """Make the completion of one class by the n-th person: 40 + 80 hours, passed, certified."""
    command = RecordCompletion(
        make_person(n),
        TrainingClass(
            number, "养老护理员初级工班", "技能提升培训", date(2025, 3, 3), date(2025, 4, 11)
        ),
        CARER,
        1,
        {"theory": Fraction(40), "practice": Fraction(80)},
        Fraction(22, 25),
        Assessment(date(2025, 4, 14), passed=True, scores={"theory": "93", "practice": "83"}),
        make_number(n),
    )
    return replace(command, **changes)


def make_number(n: int, issued: date = date(2025, 5, 12)) -> Certificate:
    """Make the n-th certificate of level 5, 初級工."""
    return Certificate(SKILL, f"S000033990199{issued.year % 100}5{n:06}", issued)


def make_certificate(n: int = 0, **changes: object) -> RecordCertificate:
    """Make a certificate that the n-th person gained without a class on this ledger."""
    return replace(RecordCertificate(make_person(n), make_number(900_000 + n), CARER, 1), **changes)


def post(ledger: Ledger, *commands: RecordCompletion | RecordCertificate) -> Recorded:
    """Record commands as the example school."""
    return record(ledger, school_of(ledger), commands)


def post_one(
    ledger: Ledger, command: RecordCompletion | RecordCertificate, *, correcting: bool = False
) -> Outcome:
    """Record one command as the example school and give its outcome."""
    return record(ledger, school_of(ledger), [command], correcting=correcting).outcomes[0]


def subject_of(ledger: Ledger, n: int = 0) -> str:
    """Give the subject's id of the n-th person, who must be known to the ledger."""
    subject = find_subject(ledger, make_person(n).id_number)
    assert subject is not None
    return subject


def codes(outcomes: Iterable[Outcome]) -> list[tuple[str, str | None]]:
    """Give outcome and code of each."""
    return [(one.outcome, one.code) for one in outcomes]


def verify_whole(ledger: Ledger) -> AuditReport:
    """Sign a checkpoint, audit everything and verify the proof of every entry."""
    size = sign_checkpoint(ledger).checkpoint.size
    report = audit(ledger)
    assert report.findings == []
    assert report.entries == size
    keys = ledger.keyring.published().log_verifier_keys()
    for index in range(size):
        proof = parse_log_proof(prove(ledger, index))
        verify_log_proof(proof, entry_bytes(ledger, index), ledger.origin, keys)
        assert proof.index == index
    return report


def edit(ledger: Ledger, statement: str, *values: object) -> int:
    """Change the database as its administrator could: past the triggers, past the ledger.

    Give the number of rows that were touched.
    """
    with past_triggers(ledger.home) as database:
        return database.execute(statement, values).rowcount


def query(ledger: Ledger, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Read the database through a connection of its own."""
    with closing(RawDatabase(ledger.home)) as raw:
        return raw.execute(statement, values).fetchall()


ROSTER_HEADER = (
    "姓名,身份证号,联系电话,职业(工种),职业编码,培训等级,班级编号,开班日期,结班日期,"
    "理论课时,实操课时,评定结果"
)


def make_roster(*people: int, end: str = "2025-04-11") -> bytes:
    """Make a completion roster in CSV: one row for each of these people."""
    rows = [
        f"{p.name},{p.id_number},{p.phone},养老护理员,4-10-01-05,五级/初级工,JL1,2025-03-03,"
        f"{end},40,80,合格"
        for p in map(make_person, people)
    ]
    return "\n".join([ROSTER_HEADER, *rows, ""]).encode()
