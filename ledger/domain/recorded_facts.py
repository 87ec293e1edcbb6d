"""What an audit needs of a record's body, read quickly where its like was read before.

    {"corrects":null,"credit":{...},"facts":{"assessment":{...},"attendance":"0.86",
     "certificate":{...},"class":{...},...},"subject":"<64 hex>","v":1}

Everybody of a class has the same bytes before ``assessment`` and from ``class`` on but for the
subject. A body whose two parts were met together in one that was read with all care differs from
that one in assessment, attendance, certificate and subject alone; where these are of the plain form
in which nothing can be written in two ways, the body is canonical because the other was. Anything
else is read with all care. A property test holds the two readings together.
"""

import re
from typing import Any, Final, NamedTuple

from ledger.core.canonical import BYTES_MAX, decode
from ledger.domain.record_facts import facts_of_body
from ledger.errors import MalformedError

_TEXTS_MAX: Final = 16_384
_OWN_START: Final = b',"facts":{"assessment":'
_OWN_END: Final = b',"class":{'
_CONTENT: Final = len(b',"facts":')
# No escapes and, but in texts that are looked at by themselves, ASCII alone: one spelling.
_OWN: Final = re.compile(
    rb'\{"on":(?:null|"[0-9-]{10}"),"passed":(?:true|false),"scores":(\{[a-z_":0-9.,]*\})\},'
    rb'"attendance":(?:null|"[0-9./]{1,32}"),"certificate":(?:null|'
    rb'\{"assessor":(null|"[^"\\]*"),"issued":"[0-9-]{10}",'
    rb'"number":"([0-9A-Za-z -]{1,64})","type":(null|"[^"\\]*")\})'
)


class RecordedFacts(NamedTuple):
    """What a body says; the last five as ``RecordFacts`` gave them when it was posted.

    Attributes:
        corrects: Index of the entry that it supersedes, or None.
        subject: Its tag of the subject, as hex.
    """

    corrects: Any
    subject: Any
    kind: str
    content: bytes
    identity: bytes
    event_on: str
    certificate_number: str | None


class RecordedFactsReader:
    """Reads bodies; remembers the parts that the last one shares with its like."""

    def __init__(self) -> None:
        self._head = b""
        self._shared = b""
        self._known: RecordedFacts | None = None
        self._texts: set[bytes] = {b"null", b"{}"}

    def read(self, body: bytes, subject: str) -> tuple[RecordedFacts, bytes, str | None] | None:
        """Read the body of a completion or certificate; None if it has not this subject's tag.

        Gives the facts of it or of one like it, and what differs: content and certificate number.

        Raises:
            MalformedError: It is not canonical.
            AttributeError, LookupError, TypeError, ValueError: It is no record's body.
        """
        tail = f'}},"subject":"{subject}","v":1}}'.encode()
        start = body.find(_OWN_START)
        end = body.find(_OWN_END, start)
        last = len(body) - len(tail)
        own = None
        if start >= 0 and end >= 0 and len(body) <= BYTES_MAX and body.endswith(tail):
            own = _OWN.fullmatch(body, start + len(_OWN_START), end)
        if own is None:
            return _own(read_with_care(body), subject)
        scores, assessor, number, kind = own.groups()
        for text in (scores, assessor, kind):
            if text is not None and text not in self._texts and not self._is_canonical(text):
                return _own(read_with_care(body), subject)
        content = body[start + _CONTENT : last + 1]
        certificate = None if number is None else number.decode("ascii")
        head, shared, known = body[:start], body[end:last], self._known
        if known is not None and head == self._head and shared == self._shared:
            return known, content, certificate
        read = read_with_care(body)
        if (read.subject, read.content, read.certificate_number) == (subject, content, certificate):
            self._head, self._shared, self._known = head, shared, read
        return _own(read, subject)

    def _is_canonical(self, text: bytes) -> bool:
        try:
            decode(text)
        except MalformedError:
            return False
        if len(self._texts) >= _TEXTS_MAX:
            self._texts.clear()
        self._texts.add(text)
        return True


def _own(read: RecordedFacts, subject: str) -> tuple[RecordedFacts, bytes, str | None] | None:
    return (read, read.content, read.certificate_number) if read.subject == subject else None


def read_with_care(body: bytes) -> RecordedFacts:
    """Read any record's body.

    Raises:
        MalformedError: It is not canonical.
        AttributeError, LookupError, TypeError, ValueError: It is no record's body.
    """
    value: Any = decode(body)
    facts = facts_of_body(value)
    return RecordedFacts(
        value["corrects"], value["subject"], facts.kind, facts.content, facts.identity,
        facts.event_on, facts.certificate_number,
    )  # fmt: skip
