"""A process that writes until it is told to stop: ``python -m tests.journeys.changing``.

    ISSUER

It posts, corrects, revokes, erases and signs checkpoints, over and over, and writes a byte on
standard output after each round. It ends when standard input does.
"""

import os
import select
import sys
from datetime import date

from ledger.domain.withdrawals import RevokeIssuer, RevokeRecord
from ledger.errors import LedgerError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.completions import record
from ledger.services.context import open_ledger
from ledger.services.erasure import erase
from ledger.services.settings import Settings
from ledger.services.transcripts import find_subject
from ledger.services.withdrawal import revoke_issuer, revoke_record
from tests.journeys.people import certificate, completion, id_number

PEOPLE = 20
FIRST = 100_000
ROUNDS_AN_ISSUER_REVOCATION = 5


def main(issuer: str) -> None:
    """Write until told to stop."""
    ledger = open_ledger(Settings.from_environment())
    number = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        first = FIRST + number * PEOPLE
        posted = [completion(first + place) for place in range(PEOPLE)]
        outcomes = record(ledger, issuer, [*posted, certificate(first)]).outcomes
        index = outcomes[1].entry_index
        if index is None:
            raise SystemExit("changing: a record was refused")
        record(ledger, issuer, [completion(first, level=2)], correcting=True)
        revoke_record(ledger, issuer, RevokeRecord(index, "scores-altered", None))
        # Of the records that were there before the audit began.
        record(ledger, issuer, [completion(2 * number, level=2)], correcting=True)
        for person in (first + 2, 2 * number + 1):
            subject = find_subject(ledger, id_number(person))
            if subject is not None:
                try:
                    erase(ledger, subject)
                except LedgerError as error:
                    if error.code != "erasure-unfinished":
                        raise
        if number % ROUNDS_AN_ISSUER_REVOCATION == 0:
            late = RevokeIssuer(issuer, date(2025, 5, 12), date(2025, 5, 12), "issuer-misconduct")
            revoke_issuer(ledger, late)
        sign_checkpoint(ledger)
        number += 1
        os.write(1, b"w")


if __name__ == "__main__":
    main(*sys.argv[1:])
