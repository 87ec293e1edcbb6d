"""The parts of an audit that need no entry: what is kept beside the log, and the database itself.

Each has a state of the database of its own.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from ledger.services.audit_report import AddFinding, AuditReport, Finding, reported
from ledger.services.context import Ledger
from ledger.services.span_audit import begin_state
from ledger.services.vault_audit import check_persons_without_record
from ledger.storage import answers, reports
from ledger.storage.engine import integrity_findings, reading

Check = Callable[[Ledger, Connection, AddFinding], None]


def _check_pages(_ledger: Ledger, connection: Connection, add: AddFinding) -> None:
    for message in integrity_findings(connection):
        add(None, "database", message[:200])


def _check_answers(ledger: Ledger, connection: Connection, add: AddFinding) -> None:
    if damaged := answers.count_damaged_answers(connection, ledger.sealer):
        add(None, "answer", f"{damaged} stored answers do not bear their seal")


def _check_reports(ledger: Ledger, connection: Connection, add: AddFinding) -> None:
    if damaged := reports.count_damaged_reports(connection, ledger.sealer):
        add(None, "report", f"{damaged} import reports do not open")


def _check_schema(_ledger: Ledger, connection: Connection, add: AddFinding) -> None:
    # Only here: the migrations' tool takes longer to load than a small ledger to audit.
    from ledger.storage import schema  # noqa: PLC0415

    for name in schema.unlike_made(connection):
        add(None, "schema", f"the {name} is not as the migrations make it")


BESIDE: Final[dict[str, Check]] = {
    # The longest first, so that it is not what others wait for at the end.
    "database": _check_pages,
    "vault": check_persons_without_record,
    "answer": _check_answers,
    "report": _check_reports,
    "schema": _check_schema,
}


def audit_beside(ledger: Ledger, name: str) -> list[Finding]:
    """Do one of ``BESIDE``; give what is wrong."""
    report = AuditReport()
    with reading(ledger.engine) as connection, reported(report.add, None, name):
        begin_state(ledger, connection)
        BESIDE[name](ledger, connection, report.add)
    return report.findings
