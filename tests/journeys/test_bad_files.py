"""A8: files that are no roster are refused in words, soon, in little memory, and record nothing."""

import io
import random
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
import xlsxwriter

from ledger.errors import LedgerError
from ledger.services.rosters import import_roster
from tests.databases import copy_home
from tests.journeys.command_line import jinlan, run_python, sound
from tests.journeys.ledgers import opened, size_of
from tests.journeys.people import id_number
from tests.journeys.rosters import HEADER, csv_bytes, row

SECONDS_MAX = 2.0
PEAK_BYTES_MAX = 300 << 20
ADDRESS_BYTES_MAX = 1_500 << 20
# A small process of its own: the peak that the kernel tells of a child is at least its parent's.
MEASURE = """
import os, resource, sys
limit = int(sys.argv[1])
child = os.fork()
if child == 0:
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
GOOD = csv_bytes([row("赵安安", id_number(1))])


@pytest.fixture(scope="module")
def home(folder_of_a_file: Path) -> Path:
    """A ledger with the example school."""
    made = folder_of_a_file / "home"
    sound(made, "init", "--example")
    return made


@pytest.fixture(scope="module")
def school(home: Path) -> str:
    """Id of the example school."""
    return str(sound(home, "organisation", "list")["organisations"][0]["id"])


@dataclass(frozen=True)
class Measured:
    """What an import answered, and what it cost."""

    status: int
    code: str
    err: bytes
    cpu_seconds: float
    peak_bytes: int


def measured(home: Path, *arguments: str) -> Measured:
    """Run an import that may not take over ADDRESS_BYTES_MAX; measure it."""
    command = [sys.executable, "-m", "ledger", "import", *arguments, "--json"]
    done = run_python(home, "-I", "-S", "-c", MEASURE, str(ADDRESS_BYTES_MAX), *command)
    *err, measures = done.err.splitlines()
    cpu, peak = map(float, measures.split())
    code = done.json.get("error", {}).get("code", "") if done.out else ""
    return Measured(done.status, code, b"\n".join(err), cpu, int(peak) * 1024)


def archive(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return file.getvalue()


def workbook(cells: dict[tuple[int, int], str]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for (line, column), value in cells.items():
            sheet.write_string(line, column, value)
    return file.getvalue()


def zip_bomb() -> bytes:
    """Give 200 KB that inflate to 200 MB."""
    book = workbook({(0, 0): "姓名"})
    with zipfile.ZipFile(io.BytesIO(book)) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    return archive({**parts, "xl/worksheets/sheet1.xml": b"<worksheet>" + bytes(200 << 20)})


def headed(extra: dict[tuple[int, int], str]) -> bytes:
    header = {(0, place): name for place, name in enumerate(HEADER)}
    right = {(1, place): value for place, value in enumerate(row("赵安安", id_number(1)))}
    return workbook({**header, **right, **extra})


FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("a.csv", lambda: b"", "roster-empty"),
    "empty, called a workbook": ("a.xlsx", lambda: b"", "roster-empty"),
    "50 MB of rows": ("a.csv", lambda: GOOD + GOOD * (50_000_000 // len(GOOD)), "roster-too-large"),
    "a zip bomb": ("a.xlsx", zip_bomb, "roster-zip-bomb"),
    "NUL in a name": (
        "a.csv", lambda: GOOD.replace("赵安安".encode(), b"\xe8\xb5\xb5\0"), "roster-nul",
    ),
    "NULs only": ("a.csv", lambda: bytes(100_000), "roster-nul"),
    "100,000 columns": (
        "a.csv", lambda: b",".join(b"c%d" % n for n in range(100_000)), "roster-too-many-columns",
    ),
    "100,000 columns below a header": (
        "a.csv", lambda: GOOD + b"," * 100_000 + b"\n", "roster-too-many-columns",
    ),
    "a huge sparse sheet": (
        "a.xlsx", lambda: headed({(1_048_575, 16_383): "x"}), "roster-sheet-too-wide",
    ),
    "a tall sparse sheet": (
        "a.xlsx", lambda: headed({(1_048_575, 0): "x"}), "roster-too-many-rows",
    ),
    "random bytes": ("a.csv", lambda: random.Random(1).randbytes(300_000), ""),
    "random bytes, called a workbook": (
        "a.xlsx", lambda: random.Random(2).randbytes(300_000), "roster-not-a-workbook",
    ),
    "a workbook cut short": ("a.xlsx", lambda: headed({})[:-700], "roster-not-a-workbook"),
    "no header": ("a.csv", lambda: b"a,b,c\n1,2,3\n", "roster-header-missing"),
}  # fmt: skip


@pytest.fixture(scope="module")
def start(home: Path, school: str) -> Measured:
    """What it costs to start the program and to look at a file of nothing."""
    file = home.parent / "a.csv"
    file.write_bytes(b"")
    measured(home, str(file), "--issuer", school)
    return measured(home, str(file), "--issuer", school)


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused_soon_and_records_nothing(
    name: str, home: Path, school: str, start: Measured, tmp_path: Path
) -> None:
    """Time is processor time beyond the program's own start: a busy machine changes nothing."""
    called, content, code = FILES[name]
    file = tmp_path / called
    file.write_bytes(content())
    size, report = size_of(home), tmp_path / "report.json"
    answer = measured(home, str(file), "--issuer", school, "--report", str(report), "--key", name)
    assert answer.status == 1, answer
    assert answer.code.startswith("roster-")
    assert answer.code == code or not code
    assert answer.err == b""
    assert answer.cpu_seconds - start.cpu_seconds < SECONDS_MAX
    assert answer.peak_bytes < PEAK_BYTES_MAX
    assert size_of(home) == size
    assert not report.exists() or report.read_bytes() == b"", "no half a report"


@pytest.mark.parametrize(
    ("missing", "wrong"),
    [
        (False, ("FOLDER", "--issuer", "ORG")),
        (False, ("MISSING", "--issuer", "ORG")),
        (False, ("GOOD",)),
        (False, ("GOOD", "--issuer", "ORG", "--unknown")),
        (False, ("GOOD", "--issuer", "ORG", "--report", "FOLDER")),
        (True, ("GOOD", "--issuer", "ORG")),
    ],
)
def test_wrong_use_has_a_status_of_its_own(
    missing: bool,  # noqa: FBT001 - a parameter of the test
    wrong: tuple[str, ...],
    home: Path,
    school: str,
    tmp_path: Path,
) -> None:
    file = tmp_path / "good.csv"
    file.write_bytes(GOOD)
    words = {"FOLDER": tmp_path, "MISSING": tmp_path / "none.csv", "GOOD": file, "ORG": school}
    size = size_of(home)
    used = tmp_path / "no-ledger" if missing else home
    answer = jinlan(used, "import", *(str(words.get(word, word)) for word in wrong))
    assert answer.status == 2, answer
    assert answer.err
    assert b"Traceback" not in answer.err
    assert size_of(home) == size


@pytest.mark.parametrize("issuer", ["org-aaaaaaaaaaaaaaaaaaaaaaaaaa", "ledger", "", "x" * 5_000])
def test_an_issuer_that_is_not_registered_records_nothing(
    issuer: str, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "good.csv"
    file.write_bytes(GOOD)
    size = size_of(home)
    answer = jinlan(home, "import", str(file), "--issuer", issuer, "--json")
    assert (answer.status, answer.code) == (1, "issuer-unknown")
    assert size_of(home) == size


@pytest.fixture
def apart(home: Path, tmp_path: Path) -> Path:
    """A copy of the ledger, to record in."""
    return copy_home(home, tmp_path / "home")


FORMULAS = ('=HYPERLINK("http://192.0.2.1","赵")', "+1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1")


def test_a_formula_as_a_name_is_refused_row_by_row_and_its_neighbours_are_not(
    apart: Path, school: str, tmp_path: Path
) -> None:
    file, out = tmp_path / "a.csv", tmp_path / "report.json"
    rows = [row(formula, id_number(10 + n)) for n, formula in enumerate(FORMULAS)]
    file.write_bytes(csv_bytes([*rows, row("赵安安", id_number(1))]))
    size = size_of(apart)
    sound(apart, "import", str(file), "--issuer", school, "--report", str(out))
    report = orjson.loads(out.read_bytes())
    outcomes = [(each["outcome"], each["codes"]) for each in report["rows"]]
    assert outcomes == [("rejected", ["name-invalid"])] * len(FORMULAS) + [("accepted", [])]
    assert size_of(apart) == size + 1


def test_random_damage_to_a_roster_is_a_report_or_a_clear_refusal(apart: Path, school: str) -> None:
    """Many files through the service in one process: never anything but a coded error."""
    chance = random.Random(3)
    good = csv_bytes([row("赵安安", id_number(n)) for n in range(20, 24)])
    book = headed({})
    started = time.process_time()
    refused = added = 0
    codes: set[str] = set()
    with opened(apart) as ledger:
        for number in range(60):
            called, whole = ("a.csv", good) if number % 2 else ("a.xlsx", book)
            place = chance.randrange(len(whole))
            cut = place + chance.choice([0, 1, 400])
            data = whole[:place] + chance.randbytes(chance.choice([0, 1, 8])) + whole[cut:]
            before = size_of(apart)
            try:
                import_roster(ledger, school, data, called)
            except LedgerError as error:
                refused += 1
                codes.add(error.code.partition("-")[0])
                added += size_of(apart) - before
    assert refused > 10
    assert codes == {"roster"}
    assert added == 0, "a refused file records nothing"
    assert time.process_time() - started < 20
    assert sound(apart, "audit")["sound"] is True
