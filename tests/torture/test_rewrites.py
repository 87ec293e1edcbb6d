"""100 complete rewrites with the real keys: each exposed by what a stranger kept, each alone.

An insider puts an old state back, writes history on from there in another way, through the ledger's
own services, and signs it with the log's own key. The ledger itself then audits sound.
"""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from ledger.core.proof import LogProof, parse_log_proof, verify_log_proof
from ledger.domain.records import RecordCompletion
from ledger.errors import VerificationError
from ledger.services.auditing import audit
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.completions import record
from ledger.services.context import Ledger
from ledger.services.exports import export_bundle
from ledger.services.proving import entry_bytes, newest_checkpoint, prove
from ledger.services.settings import DATABASE
from ledger.services.transcripts import find_subject
from tests.databases import past_triggers
from tests.journeys.forks import shown_by_bundle, shown_by_checkpoint, shown_by_mirror
from tests.journeys.ledgers import make_ledger, opened
from tests.journeys.people import completion, id_number
from tests.journeys.rewriting import earlier, rewrite_from
from tests.torture.campaigns import Tell, chance_of, share

BATCHES, KEPT_AFTER, PEOPLE = 8, 6, 4
FIRST_RECORD = 4


@dataclass
class History:
    """The ledger, its state before each batch, and what strangers kept after ``KEPT_AFTER``."""

    home: Path
    issuer: str
    before: list[Path] = field(default_factory=list)
    checkpoint: bytes = b""
    proof: LogProof | None = None
    bundle: bytes = b""
    entries: list[bytes] = field(default_factory=list)


def people(batch: int) -> list[RecordCompletion]:
    return [completion(batch * PEOPLE + place) for place in range(PEOPLE)]


def keep(history: History, ledger: Ledger) -> None:
    """Let strangers keep what the ledger gives them: each holds one thing."""
    last = KEPT_AFTER * PEOPLE - 1
    subject = find_subject(ledger, id_number(last))
    assert subject is not None
    history.bundle = export_bundle(ledger, subject, date(2026, 1, 1))
    history.checkpoint = newest_checkpoint(ledger)
    history.proof = parse_log_proof(prove(ledger, FIRST_RECORD + last))
    history.entries = [entry_bytes(ledger, n) for n in range(FIRST_RECORD + last + 1)]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("rewrites")
    ledger, issuer = make_ledger(folder / "home")
    made = History(ledger.home, issuer)
    for batch in range(BATCHES):
        if batch == KEPT_AFTER:
            keep(made, ledger)
        ledger.engine.dispose()
        made.before.append(Path(shutil.copy(made.home / DATABASE, folder / f"before-{batch}")))
        record(ledger, issuer, people(batch))
        sign_checkpoint(ledger)
    assert shown_by(made, ledger) == {"mirror": False, "checkpoint": False, "export": False}
    ledger.close()
    return made


def shown_by(history: History, ledger: Ledger) -> dict[str, bool]:
    """Tell for each thing that was kept whether it alone shows another history."""
    return {
        "mirror": shown_by_mirror(ledger, history.entries),
        "checkpoint": shown_by_checkpoint(ledger, history.checkpoint),
        "export": shown_by_bundle(ledger, history.bundle),
    }


def left_out(chance: random.Random, batch: list[RecordCompletion]) -> None:
    batch.pop(chance.randrange(PEOPLE))


def other_person(chance: random.Random, batch: list[RecordCompletion]) -> None:
    batch[chance.randrange(PEOPLE)] = completion(chance.randint(1_000, 2_000))


def other_level(chance: random.Random, batch: list[RecordCompletion]) -> None:
    place = chance.randrange(PEOPLE)
    number = int(batch[place].person.id_number[14:17])
    batch[place] = completion(number, level=2)


def other_order(_chance: random.Random, batch: list[RecordCompletion]) -> None:
    batch.reverse()


def slipped_in(chance: random.Random, batch: list[RecordCompletion]) -> None:
    batch.insert(chance.randint(0, PEOPLE), completion(chance.randint(1_000, 2_000)))


CHANGES: list[Callable[[random.Random, list[RecordCompletion]], None]] = [
    *(left_out, other_person, other_level, other_order, slipped_in)
]


def write_anew(history: History, home: Path, chance: random.Random) -> str:
    """Put an old state back and write on from it otherwise; say how."""
    start = chance.randrange(KEPT_AFTER)
    change = chance.choice(CHANGES)
    shutil.copy(history.before[start], home / DATABASE)
    (home / "checkpoint").unlink()
    with past_triggers(home) as database:
        database.execute("DELETE FROM checkpoint")
    with opened(home) as ledger:
        for number in range(start, BATCHES):
            batch = people(number)
            if number == start:
                change(chance, batch)
            record(ledger, history.issuer, batch)
        sign_checkpoint(ledger)
    return f"{change.__name__} in batch {start}"


def hash_anew(home: Path, chance: random.Random) -> str:
    """Edit one entry in place and hash all behind it anew; say which."""
    index = chance.randrange(FIRST_RECORD, FIRST_RECORD + KEPT_AFTER * PEOPLE, PEOPLE)
    with past_triggers(home) as database:
        rewrite_from(database, index, earlier)
        database.execute("DELETE FROM checkpoint")
    (home / "checkpoint").unlink()
    with opened(home) as ledger:
        sign_checkpoint(ledger)
    return f"time of entry {index}"


@pytest.mark.parametrize("number", range(share(6, 100)))
def test_a_complete_rewrite_is_exposed_by_each_thing_that_was_kept(
    number: int, history: History, tmp_path: Path, tell: Tell
) -> None:
    chance = chance_of("rewrite", number)
    home = Path(shutil.copytree(history.home, tmp_path / "home"))
    how = write_anew(history, home, chance) if number % 4 else hash_anew(home, chance)
    with opened(home) as ledger:
        assert audit(ledger).findings == [], how
        assert shown_by(history, ledger) == {"mirror": True, "checkpoint": True, "export": True}
        assert history.proof is not None
        keys = ledger.keyring.published().log_verifier_keys()
        now = entry_bytes(ledger, history.proof.index)
        with pytest.raises(VerificationError):
            verify_log_proof(history.proof, now, ledger.origin, keys)
    shutil.rmtree(home)
    tell(rewrites=1, exposed_each_by_four=1)
