"""Strict reading of one JSON object: every field named, none left over, each in its one spelling.

Bodies and schedules are read back from bytes that were hashed. A reader that took one spelling more
than its writer makes would let two documents stand for one fact, so anything unexpected is refused,
and the message names the field, what was found and what was expected.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final, TypeVar

from ledger.domain.number_text import parse_number
from ledger.errors import MalformedError

TEXT_MAX: Final = 500
INTEGER_MAX: Final = 2**53 - 1
_SHOWN_MAX: Final = 40

Read = TypeVar("Read")


class Fields:
    """The fields of one object, each read once by name.

    Args:
        what: What the object is, for messages, such as ``schedule`` or ``completion.class``.
        value: The object itself, still untrusted.
        names: All its fields. None may be missing and none may be added.
        quoting: Whether messages may show text that was found. Only for public data.

    Raises:
        MalformedError: The value is no object, or its fields are not these.
    """

    def __init__(
        self, what: str, value: object, names: Collection[str], *, quoting: bool = False
    ) -> None:
        self.what = what
        self._quoting = quoting
        if not isinstance(value, Mapping):
            raise MalformedError(f"{what}: found {self._shown(value)}, expected an object")
        missing = [name for name in names if name not in value]
        if missing:
            raise MalformedError(f"{what}: found no field {missing[0]!r}, expected it to be there")
        if len(value) != len(names):
            # The name of a stray field is not shown: nobody knows what stands in it.
            raise MalformedError(
                f"{what}: found {len(value)} fields, expected {', '.join(sorted(names))} only"
            )
        self._value: Mapping[str, Any] = value

    def fail(self, name: str, expected: str) -> MalformedError:
        """Make the error that says what a field held and what it should hold."""
        found = self._shown(self._value[name])
        return MalformedError(f"{self.what}.{name}: found {found}, expected {expected}")

    def text(self, name: str) -> str:
        """Read text of 1 to 500 characters without blanks at either end."""
        value = self._value[name]
        if type(value) is not str or not 0 < len(value) <= TEXT_MAX or value != value.strip():
            raise self.fail(name, f"text of 1 to {TEXT_MAX} characters, no blanks around it")
        return value

    def integer(self, name: str, low: int = 0, high: int = INTEGER_MAX) -> int:
        """Read a whole number from ``low`` to ``high``."""
        value = self._value[name]
        if type(value) is not int or not low <= value <= high:
            raise self.fail(name, f"a whole number from {low} to {high}")
        return value

    def boolean(self, name: str) -> bool:
        """Read true or false."""
        value = self._value[name]
        if type(value) is not bool:
            raise self.fail(name, "true or false")
        return value

    def day(self, name: str) -> date:
        """Read a date in the form 2023-05-04."""
        value = self._value[name]
        if type(value) is str:
            try:
                found = date.fromisoformat(value)
            except ValueError:
                raise self.fail(name, "a date, as in 2023-05-04") from None
            # fromisoformat also takes 20230504 and 2023-W18-4.
            if found.isoformat() == value:
                return found
        raise self.fail(name, "a date, as in 2023-05-04")

    def number(
        self, name: str, parse: Callable[[str], Fraction] = parse_number, expected: str = "0.5"
    ) -> Fraction:
        """Read a number that travels as text, in the one spelling of ``parse``."""
        value = self._value[name]
        if type(value) is str:
            try:
                return parse(value)
            except MalformedError:
                pass
        raise self.fail(name, f"a number as text in its one spelling, as in {expected}")

    def choice(self, name: str, choices: Collection[str]) -> str:
        """Read one word of a closed list."""
        value = self._value[name]
        if type(value) is not str or value not in choices:
            raise self.fail(name, f"one of {', '.join(sorted(choices))}")
        return value

    def digest(self, name: str) -> str:
        """Read 32 bytes in lower-case hex."""
        value = self._value[name]
        if type(value) is not str or len(value) != 64 or value.strip("0123456789abcdef"):  # noqa: PLR2004 - 32 bytes
            raise self.fail(name, "64 lower-case hex digits")
        return value

    def optional(self, name: str, read: Callable[[str], Read]) -> Read | None:
        """Read a field that may be null."""
        return None if self._value[name] is None else read(name)

    def items(self, name: str) -> list[object]:
        """Read an array."""
        value = self._value[name]
        if not isinstance(value, list):
            raise self.fail(name, "an array")
        return value

    def numbers(self, name: str, names: Collection[str]) -> dict[str, Fraction]:
        """Read an object that gives some of ``names`` a number as text each."""
        value = self.mapping(name)
        # A stray name is not shown: nobody knows what stands in it.
        if not value.keys() <= set(names):
            raise self.fail(name, f"an object whose fields are among {', '.join(sorted(names))}")
        each = self.part(name, value.keys())
        return {key: each.number(key) for key in value}

    def mapping(self, name: str) -> Mapping[str, Any]:
        """Read an object as it is, when the caller checks its fields."""
        value = self._value[name]
        if not isinstance(value, Mapping):
            raise self.fail(name, "an object")
        return value

    def words(self, name: str, choices: Collection[str]) -> tuple[str, ...]:
        """Read an array of words of a closed list, none twice."""
        words = [word for word in self.items(name) if isinstance(word, str) and word in choices]
        if words != self._value[name] or len(set(words)) < len(words):
            raise self.fail(name, f"an array of words among {', '.join(choices)}, none twice")
        return tuple(words)

    def part(self, name: str, names: Collection[str]) -> "Fields":
        """Read an object inside this one."""
        return Fields(f"{self.what}.{name}", self._value[name], names, quoting=self._quoting)

    def _shown(self, value: object) -> str:
        if value is None:
            return "null"
        if isinstance(value, str | int | float):
            if not self._quoting:
                return f"text of {len(value)} characters" if isinstance(value, str) else "a number"
            shown = repr(value)
            return shown if len(shown) <= _SHOWN_MAX else shown[:_SHOWN_MAX] + "…"
        return "an array" if isinstance(value, list) else "an object"
