"""What waits for its round says what it cannot share it with, and can go to another process."""

import pickle

import pytest

from ledger.domain.records import RecordCertificate, RecordCompletion
from ledger.services.batch import Batch
from ledger.services.work import Write
from tests.ledgers import make_certificate, make_command


class _Work:
    def __init__(self, commands: int) -> None:
        self.commands = [make_command(n) for n in range(commands)]

    def decide(self, batch: Batch) -> None:
        del batch

    def answer(self, batch: Batch) -> None:
        del batch


@pytest.mark.parametrize("command", [make_command(1), make_certificate(2)])
def test_a_command_comes_out_of_another_process_as_it_went_in(
    command: RecordCompletion | RecordCertificate,
) -> None:
    assert pickle.loads(pickle.dumps(command)) == command  # noqa: S301 - our own


def test_a_write_is_as_long_as_its_work_and_shares_no_round_with_its_own_key() -> None:
    waiting = Write(_Work(3), ("org-a", "key"), b"tag")
    assert (waiting.commands, waiting.key, waiting.settled) == (3, ("org-a", "key"), False)
    assert Write(_Work(0), None, b"").key is None
