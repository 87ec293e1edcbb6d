"""The command line, for operators and for offline verifiers: ``python -m ledger COMMAND``.

Exit status: 0 when sound, 1 when not (a document that is not valid, a log that is damaged,
something refused), 2 for wrong use. Each command takes ``--json`` and then prints one JSON document
on standard output and nothing else there.
"""

import click

from ledger.cli import (
    backups,
    keys,
    log_copies,
    organisations,
    projections,
    proofs,
    records,
    recovery,
    schedules,
    setup,
)
from ledger.cli.output import Commands
from ledger.services.context import spare_collector

__all__ = ["main"]


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def main() -> None:
    """Jinlan (金藍): a ledger of skill credits that nobody can quietly rewrite."""
    spare_collector()


for _module in (
    setup,
    organisations,
    schedules,
    records,
    proofs,
    log_copies,
    keys,
    projections,
    backups,
    recovery,
):
    for _command in _module.COMMANDS:
        main.add_command(_command)
