"""Every error of the ledger.

Four questions tell the families apart: was the *input* wrong (``MalformedError``), did a *rule* say
no (``RefusedError``), was something *proved false* (``VerificationError``), or could it *not be
done now* (``UnavailableError``)? "Wrong" and "could not be checked" are never one class. The codes
are stable: callers, pages and reports key on them; messages may be reworded.
"""

from typing import ClassVar


class LedgerError(Exception):
    """Anything this ledger raises on purpose.

    Attributes:
        code: Stable, lower-case words joined by hyphens.
        message: What was found and what was expected. Never personal data, never a secret.
    """

    family: ClassVar[str] = "ledger-error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.family


class MalformedError(LedgerError):
    """The text or bytes are not in the one form that the format's writer would make."""

    family = "malformed"


class RefusedError(LedgerError):
    """A rule of the ledger or of its domain says no; nothing was recorded."""

    family = "refused"


class NotFoundError(LedgerError):
    """No such entry, subject, organisation or key."""

    family = "not-found"


class ConflictError(LedgerError):
    """The request contradicts one that was recorded before, such as a reused idempotency key."""

    family = "conflict"


class VerificationError(LedgerError):
    """A proof, signature or hash was checked and is wrong."""

    family = "verification-failed"


class DamagedError(LedgerError):
    """What is stored contradicts itself or its checkpoint. Writing stops; a person must look."""

    family = "damaged"


class CustodyError(LedgerError):
    """A key file is missing, unreadable or open to others. The ledger refuses to start."""

    family = "key-custody"


class UnavailableError(LedgerError):
    """It cannot be done now and may succeed later; nothing was recorded."""

    family = "unavailable"
