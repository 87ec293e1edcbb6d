"""The ledger that this application serves, as routes and guards reach it."""

from dataclasses import dataclass, field
from typing import Final

from flask import Flask, current_app

from ledger.services.context import Ledger

_EXTENSION: Final = "jinlan"


@dataclass(frozen=True, slots=True)
class Served:
    """What one application serves: a ledger, guarded by its operator token."""

    ledger: Ledger
    operator_token: str = field(repr=False)


def serve_with(app: Flask, served: Served) -> None:
    """Tie an application to its ledger; once for each application."""
    app.extensions[_EXTENSION] = served


def served() -> Served:
    """Give what the current application serves."""
    found: Served = current_app.extensions[_EXTENSION]
    return found


def served_ledger() -> Ledger:
    """Give the ledger of the current application."""
    return served().ledger
