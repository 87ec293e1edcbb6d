"""L6: every write, fsync and rename of an append and a checkpoint fails once in each way.

So do pairs of them. Never is the log inconsistent afterwards, and never was anything acknowledged
that is not there. The process posts, signs, posts, signs and closes; closing moves what was written
into the database file.
"""

import random
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.services.auditing import audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.storage import log
from ledger.storage.engine import reading
from tests.journeys.ledgers import make_ledger, opened
from tests.torture import appending
from tests.torture.calls import KINDS, Fault, Traced, strace_missing, trace
from tests.torture.campaigns import SEED, Tell, chance_of, share
from tests.torture.preloaded import KILLED, Preloaded

PARTS = 10
# A refused post may be there yet: where COMMIT itself failed nobody can tell.
REFUSALS = {"unavailable", "outcome-unknown"}


@dataclass
class Tried:
    """A ledger to copy for each case, and the calls that the process makes where none fails."""

    home: Path
    issuer: str
    size: int
    calls: list[tuple[str, int]]


@pytest.fixture(scope="module")
def tried(preloaded: Preloaded, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    folder = tmp_path_factory.mktemp("calls")
    missing = strace_missing(preloaded, folder)
    if missing is not None:
        pytest.skip(missing)
    ledger, issuer = make_ledger(folder / "home")
    appending.post(ledger, issuer, 1, 0)
    size = sign_checkpoint(ledger).checkpoint.size
    ledger.close()
    dry = Path(shutil.copytree(ledger.home, folder / "dry" / "home"))
    traced = trace(preloaded, dry, issuer)
    assert [list(said) for said in traced.said] == [["answer"]] * 5
    names = {name for name, _ in traced.calls}
    assert {"write", "pwrite64", "fsync", "fdatasync", "rename"} <= names
    return Tried(ledger.home, issuer, size, traced.calls)


def check_after(home: Path, tried: Tried, traced: Traced) -> None:
    """Open the ledger again: what was acknowledged is there once, and all of it is sound."""
    for said in traced.said:
        assert said.keys() in ({"answer"}, {"refused"}), said
        assert said.get("refused", "unavailable") in REFUSALS, said
    with opened(home) as ledger:
        assert audit(ledger).findings == []
        with reading(ledger.engine) as connection:
            present = log.read_head(connection).size - tried.size
        posts = [said.get("answer") for said in traced.said[0:3:2]]
        acknowledged = sum(answer is not None for answer in posts)
        assert acknowledged * appending.ENTRIES <= present <= 2 * appending.ENTRIES
        for number in range(2):
            first = appending.post(ledger, tried.issuer, 0, number)
            told = posts[number] if number < len(posts) else None
            assert told is None or (first.replayed and appending.answer_of(first) == told)
            again = appending.post(ledger, tried.issuer, 0, number)
            assert (again.outcomes, again.replayed) == (first.outcomes, True)
        size = sign_checkpoint(ledger).checkpoint.size
        assert size == tried.size + 2 * appending.ENTRIES
        report = audit(ledger)
        assert (report.findings, report.entries) == ([], size)


def run_case(preloaded: Preloaded, tried: Tried, folder: Path, faults: list[Fault]) -> Traced:
    """Run one case on a copy and check it."""
    home = Path(shutil.copytree(tried.home, folder / "home"))
    traced = trace(preloaded, home, tried.issuer, faults)
    try:
        check_after(home, tried, traced)
    except Exception as error:
        error.add_note(f"{faults}, which said {traced.said} and ended with {traced.status}")
        raise
    shutil.rmtree(folder)
    return traced


def counted(tell: Tell, cases: int, ends: Counter[bool]) -> None:
    tell(cases=cases, killed=ends[True], went_on=ends[False])


@pytest.mark.parametrize("part", range(PARTS))
def test_a_call_that_fails_once_leaves_a_sound_log_and_no_false_acknowledgement(
    part: int, preloaded: Preloaded, tried: Tried, tmp_path: Path, tell: Tell
) -> None:
    singles = [Fault(*call, kind) for call in tried.calls for kind in KINDS]
    random.Random(SEED).shuffle(singles)
    chosen = singles[part : share(12, len(singles)) : PARTS]
    ends: Counter[bool] = Counter()
    for number, fault in enumerate(chosen):
        traced = run_case(preloaded, tried, tmp_path / str(number), [fault])
        ends[traced.status == KILLED] += 1
        assert (traced.status == KILLED) == (fault.kind == "KILL")
    counted(tell, len(chosen), ends)


@pytest.mark.parametrize("part", range(PARTS))
def test_two_calls_that_fail_leave_a_sound_log_and_no_false_acknowledgement(
    part: int, preloaded: Preloaded, tried: Tried, tmp_path: Path, tell: Tell
) -> None:
    """The second may be one that only the first made the process do, or never come."""
    chance, ends = chance_of("pairs", part), Counter[bool]()
    cases = share(part % 2, 20)
    for number in range(cases):
        names = sorted({name for name, _ in tried.calls})
        one, other = chance.sample(names, 2)  # strace knows one fault for a name
        kinds = chance.choice(["EIO", "ENOSPC"]), chance.choice(list(KINDS))
        pair = [
            Fault(name, chance.choice([n for called, n in tried.calls if called == name]), kind)
            for name, kind in zip((one, other), kinds, strict=True)
        ]
        ends[run_case(preloaded, tried, tmp_path / str(number), pair).status == KILLED] += 1
    counted(tell, cases, ends)
