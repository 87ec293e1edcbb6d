"""P1: an erasure and an export at one moment, or a kill -9 of either, leave no file with a name.

The export is a process of its own that stops at each of its steps; see ``pausing.py``.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from ledger.services.completions import record
from ledger.services.erasure import EXPORTS, erase
from ledger.services.transcripts import list_subjects
from tests.journeys.command_line import ROOT, SECONDS_MAX, Answer, environment, jinlan, sound
from tests.journeys.ledgers import make_ledger, opened
from tests.journeys.people import completion

PEOPLE = 16
POINTS = ("read", "opening", "naming", "named")
# Time to do harm for a command that ought to wait.
HARM_SECONDS = 1


@pytest.fixture(scope="module")
def home(folder_of_a_file: Path) -> Path:
    """A ledger with more people than there are tests."""
    made = folder_of_a_file / "home"
    ledger, school = make_ledger(made)
    record(ledger, school, [completion(number) for number in range(PEOPLE)])
    ledger.close()
    (made / EXPORTS).mkdir(mode=0o700)
    return made


@pytest.fixture
def subject(home: Path) -> str:
    """Somebody who is still there, and no export of anybody."""
    for path in (home / EXPORTS).iterdir():
        path.unlink()
    with opened(home) as ledger:
        return str(list_subjects(ledger)[0]["id"])


def kept(home: Path) -> list[str]:
    """Name the files among the kept exports, half-written ones too."""
    return sorted(path.name for path in (home / EXPORTS).iterdir())


def export_of(home: Path, subject: str) -> tuple[str, ...]:
    """Give the command that exports a person to where exports are kept."""
    return "export", "--subject", subject, "--out", str(home / EXPORTS / f"{subject}.json")


def erase_here(home: Path, subject: str) -> None:
    """Erase in this process, which the export's process does not know."""
    with opened(home) as ledger:
        erase(ledger, subject)


@contextmanager
def paused(home: Path, point: str, *command: str) -> Iterator[Popen[bytes]]:
    """Give a command that has stopped at a point; kill it at the end if nobody let it go on."""
    arguments = [sys.executable, "-m", "tests.journeys.pausing", point, *command, "--json"]
    with Popen(
        arguments, env=environment(home), cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"paused\n"
            yield process
        finally:
            process.kill()


def end(process: Popen[bytes]) -> Answer:
    """Let a paused command go on, to its end."""
    out, err = process.communicate(b"\n", timeout=SECONDS_MAX)
    return Answer(process.returncode, out, err)


@pytest.mark.parametrize("point", POINTS)
def test_an_erasure_in_the_midst_of_an_export_leaves_no_file(
    home: Path, subject: str, point: str
) -> None:
    with ThreadPoolExecutor() as pool, paused(home, point, *export_of(home, subject)) as export:
        erasure = pool.submit(erase_here, home, subject)
        wait_for([erasure], SECONDS_MAX if point == "read" else HARM_SECONDS)
        exported = end(export)
        erasure.result(SECONDS_MAX)
    assert kept(home) == []
    if point == "read":
        assert (exported.status, exported.code) == (1, "not-found")
    else:
        assert exported.status == 0, exported


def test_an_export_in_the_midst_of_an_erasure_leaves_no_file(home: Path, subject: str) -> None:
    """The erasure has deleted what was kept and has not committed: the person is still there."""
    sound(home, *export_of(home, subject))
    with (
        ThreadPoolExecutor() as pool,
        paused(home, "read", *export_of(home, subject)) as export,
        paused(home, "committing", "erase", "--subject", subject, "--yes") as erasure,
    ):
        assert kept(home) == []
        exporting = pool.submit(end, export)
        wait_for([exporting], HARM_SECONDS)
        assert end(erasure).status == 0
        exported = exporting.result(SECONDS_MAX)
    assert kept(home) == []
    assert (exported.status, exported.code) == (1, "not-found")


@pytest.mark.parametrize("point", POINTS)
def test_what_a_killed_export_left_goes_with_the_person(
    home: Path, subject: str, point: str
) -> None:
    with paused(home, point, *export_of(home, subject)) as export:
        export.kill()
    assert len(kept(home)) == (point in {"naming", "named"})
    erase_here(home, subject)
    assert kept(home) == []


def test_after_a_killed_erasure_the_person_is_exported_and_erased_as_before(
    home: Path, subject: str
) -> None:
    sound(home, *export_of(home, subject))
    with paused(home, "committing", "erase", "--subject", subject, "--yes") as erasure:
        erasure.kill()
    assert kept(home) == []
    sound(home, *export_of(home, subject))
    assert kept(home) == [f"{subject}.json"]
    sound(home, "erase", "--subject", subject, "--yes")
    assert kept(home) == []


def test_the_main_job_keeps_no_export_of_a_person_who_was_erased_meanwhile(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with paused(home, "read", "run", "--once") as job:
        with opened(home) as ledger:
            for each in list_subjects(ledger):
                erase(ledger, each["id"])
        done = end(job)
    assert kept(home) == []
    assert (done.status, done.code) == (1, "not-found")
    assert jinlan(home, "audit").status == 0
