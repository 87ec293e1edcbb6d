"""A small ledger made in a test: its keys, its entries, and the bundles and credentials out of it.

Index 0 and 1 publish the keys, 2 the school, 3 the schedule, 4 and 5 are records of one person.
Everything is signed with the real code and keys that exist in the test only, so that a bad document
can be sealed again and fails in one place alone.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.core import canonical
from ledger.core.checkpoint import Checkpoint
from ledger.core.digest import EMPTY_ROOT, commitment, leaf_hash, node_hash, sha256, subject_tag
from ledger.core.entry import Entry
from ledger.core.instant import format_instant, parse_instant
from ledger.core.key_list import CREDENTIAL, LOG, KeyList, PublishedKey, published_key_id
from ledger.core.note import ED25519, VerifierKey, sign_note
from ledger.core.suite import SCL_1
from ledger.credentials.bundle import Bundle, BundledEntry, seal_bundle
from ledger.credentials.claims import RecordClaims, claims_of
from ledger.credentials.clr import Statement, StatementLine, build_clr
from ledger.credentials.contexts import pinned_contexts
from ledger.credentials.data_integrity import add_proof
from ledger.credentials.holder import Holder
from ledger.credentials.jsonld import Document
from ledger.credentials.open_badges import build_badge
from ledger.domain.bodies import RecordBodyWriter, schedule_body
from ledger.domain.credits import Award, CertificateInputs, award, completion_inputs
from ledger.domain.organisations import Organisation, Scope, organisation_body
from ledger.domain.record_facts import FactsWriter
from ledger.domain.records import (
    Assessment,
    Certificate,
    Occupation,
    Person,
    RecordCertificate,
    RecordCompletion,
    TrainingClass,
)
from ledger.domain.schedules import EXAMPLE_SCHEDULE
from ledger.verify import Report, verify

ORIGIN = "ledger.example/2026"
SCHOOL = "org-" + "a" * 26
START_MS = parse_instant("2023-08-01T00:00:00.000Z")
EXPORTED_MS = parse_instant("2026-11-22T08:00:00.000Z")
NOW_MS = EXPORTED_MS + 60_000
HOLDER = Holder("urn:uuid:00000000-0000-4000-8000-00000000ffff", "欧阳测试", "123X")
PERSON = Person("欧阳测试", "33019919900101123X")
ELECTRICIAN = Occupation("6-31-01-03", "电工")
MANAGER = Occupation("5-05-01-02", "农业经理人")


@dataclass(frozen=True)
class Key:
    """A signing key of one purpose, in the shape of both signer protocols."""

    seed: bytes
    purpose: str
    origin: str = ORIGIN

    @property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha256(self.seed))

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> str:
        return published_key_id(self.purpose, self.public, self.origin)

    @property
    def verification_method(self) -> str:
        return f"did:web:ledger.example#{self.id}"

    @property
    def verifier_key(self) -> VerifierKey:
        return VerifierKey(self.origin, ED25519, self.public)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)

    def published(self, **periods: int | None) -> PublishedKey:
        given: dict[str, Any] = {"valid_from": START_MS, **periods}
        return PublishedKey(self.id, self.purpose, SCL_1.id, self.public, **given)


LOG_KEY = Key(b"log", LOG)
CREDENTIAL_KEY = Key(b"credential", CREDENTIAL)
TRUST = KeyList(ORIGIN, (LOG_KEY.published(), CREDENTIAL_KEY.published()))


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Textbook root hash (RFC 6962, 2.1)."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else EMPTY_ROOT
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(root_of(leaves[:split]), root_of(leaves[split:]))


def path_of(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Textbook inclusion path (RFC 6962, 2.1.1)."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*path_of(index, leaves[:split]), root_of(leaves[split:])]
    return [*path_of(index - split, leaves[split:]), root_of(leaves[:split])]


def school(**changes: object) -> Organisation:
    """The school, filed for all occupations up to rank 3."""
    given: dict[str, Any] = {
        "id": SCHOOL,
        "name": "某某职业技能培训学校",
        "uscc": "5233010000000000A9",
        "type": "school",
        "scope": (Scope("*", frozenset({1, 2, 3}), date(2020, 1, 1), None),),
    }
    return Organisation(**{**given, **changes})


def completion(
    occupation: Occupation = MANAGER, *, level: int = 1, corrects: int | None = None
) -> Document:
    """A completion's body without subject."""
    command = RecordCompletion(
        PERSON,
        TrainingClass(
            "ZJ20230008",
            f"{occupation.name}第8期",
            "安全技能培训",
            date(2023, 5, 4),
            date(2023, 6, 24),
        ),
        occupation,
        level,
        {"online": Fraction(16), "practice": Fraction(72), "theory": Fraction(56)},
        Fraction(43, 50),
        Assessment(date(2023, 6, 25), True, {"practice": "83", "theory": "72.5"}),  # noqa: FBT003
        Certificate("职业技能等级证书", "S000033840776235000001", date(2023, 7, 22)),
    )
    inputs = completion_inputs(command.hours, level, command.assessment, command.attendance)
    return _body(command, award(EXAMPLE_SCHEDULE, inputs), corrects)


def certificate(occupation: Occupation = ELECTRICIAN) -> Document:
    """A certificate's body without subject. The example schedule gives it no credit."""
    command = RecordCertificate(
        PERSON,
        Certificate("职业资格证书", "2133010000000001", date(2022, 3, 1), "某某评价机构"),
        occupation,
        2,
    )
    inputs = CertificateInputs(command.certificate.type, command.level)
    return _body(command, award(EXAMPLE_SCHEDULE, inputs), None)


def _body(
    command: RecordCompletion | RecordCertificate, earned: Award, corrects: int | None
) -> Document:
    content = FactsWriter().facts_of(command).content
    before, behind = RecordBodyWriter().around_subject(content, earned, EXAMPLE_SCHEDULE, corrects)
    body: Any = canonical.decode(before + behind)
    return {name: value for name, value in body.items() if name != "subject"}


@dataclass
class SmallLedger:
    """Entries with their bodies and salts."""

    entries: list[Entry] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def append(self, kind: str, issuer: str, body: Mapping[str, Any]) -> int:
        """Append an entry an hour after the one before and give its index."""
        index = len(self.entries)
        salt = self.salt(index)
        if kind in {"completion", "certificate"}:
            body = {**body, "subject": subject_tag(salt, b"person").hex()}
        encoded = canonical.encode(dict(body))
        prev = leaf_hash(self.entries[-1].encode()) if index else EMPTY_ROOT
        made = Entry(
            index, START_MS + index * 3_600_000, kind, issuer, commitment(salt, encoded), prev
        )
        self.entries.append(made)
        self.bodies.append(encoded)
        return index

    def salt(self, index: int) -> bytes:
        """The salt of an entry's body."""
        return sha256(b"salt %d" % index)

    def body(self, index: int) -> Document:
        """The body of an entry."""
        value = canonical.decode(self.bodies[index])
        assert isinstance(value, dict)
        return value

    @property
    def leaves(self) -> list[bytes]:
        """The leaf hashes."""
        return [leaf_hash(one.encode()) for one in self.entries]

    def checkpoint(self, key: Key = LOG_KEY, origin: str = ORIGIN) -> bytes:
        """A checkpoint over all entries."""
        text = Checkpoint(origin, len(self.entries), root_of(self.leaves)).format()
        return sign_note(text, [key])

    def bundled(self, index: int) -> BundledEntry:
        """An entry as it stands in a bundle."""
        path = tuple(path_of(index, self.leaves))
        return BundledEntry(self.entries[index], self.bodies[index], self.salt(index), path)

    def claims(
        self, index: int, *, issuer: Organisation | None = None, body: Document | None = None
    ) -> RecordClaims:
        """What a badge of a record says."""
        return claims_of(
            self.entries[index],
            body or self.body(index),
            origin=ORIGIN,
            issuer=issuer or school(),
        )

    def badge(
        self,
        index: int,
        *,
        key: Key = CREDENTIAL_KEY,
        issuer: Organisation | None = None,
        body: Document | None = None,
        valid_until: str | None = None,
        change: Callable[[Document], None] | None = None,
    ) -> Document:
        """A signed badge of a record; ``change`` edits it before it is signed."""
        document = build_badge(
            self.claims(index, issuer=issuer, body=body),
            HOLDER,
            credential_id=f"urn:uuid:00000000-0000-4000-8000-{index:012d}",
            valid_until=valid_until,
        )
        return signed(document, key=key, change=change)

    def statement(self, *lines: StatementLine, total: str | None = None) -> Statement:
        """A statement of some lines."""
        counted = sum((Fraction(line.counted) for line in lines), Fraction())
        return Statement(
            id="urn:uuid:00000000-0000-4000-8000-00000000eeee",
            origin=ORIGIN,
            issuer_name="某某账本",
            holder=HOLDER,
            issued_at=format_instant(EXPORTED_MS),
            on="2026-11-22",
            total=total or f"{float(counted):.1f}",
            lines=lines,
        )

    def bundle(self, credential: Document, *indexes: int) -> Bundle:
        """A bundle with some entries, not sealed; with all if none is named."""
        chosen = indexes or tuple(range(len(self.entries)))
        return Bundle(
            exported_at_ms=EXPORTED_MS,
            on="2026-11-22",
            credential=credential,
            checkpoint=self.checkpoint(),
            entries=tuple(self.bundled(index) for index in chosen),
        )


def signed(
    document: Document,
    *,
    key: Key = CREDENTIAL_KEY,
    created_ms: int = EXPORTED_MS,
    change: Callable[[Document], None] | None = None,
) -> Document:
    """Sign a document anew, after an edit if one is given."""
    unsigned = deepcopy({name: value for name, value in document.items() if name != "proof"})
    if change is not None:
        change(unsigned)
    created = format_instant(created_ms)
    return add_proof(unsigned, key, created=created, contexts=pinned_contexts())


def transcript(
    statement: Statement,
    members: Sequence[Document],
    *,
    key: Key = CREDENTIAL_KEY,
    change: Callable[[Document], None] | None = None,
) -> Document:
    """A signed transcript."""
    return signed(build_clr(statement, members), key=key, change=change)


def line(index: int, counted: str = "7.5", status: str = "active", **more: object) -> StatementLine:
    """A line of a statement."""
    return StatementLine(index, status, counted, **more)


def small_ledger(*records: Document, organisation: Organisation | None = None) -> SmallLedger:
    """Keys, school, schedule, and the records that are given, or one completion."""
    ledger = SmallLedger()
    for key in TRUST.keys:
        ledger.append("key", "ledger", {"v": 1, **key.to_json()})
    ledger.append("organisation", "ledger", organisation_body(organisation or school()))
    ledger.append("schedule", "ledger", schedule_body(EXAMPLE_SCHEDULE))
    for body in records or (completion(),):
        ledger.append("completion" if "class" in body["facts"] else "certificate", SCHOOL, body)
    return ledger


def small_bundle(ledger: SmallLedger | None = None) -> Bundle:
    """The bundle of a ledger with one record at index 4, not sealed."""
    ledger = ledger or small_ledger()
    return ledger.bundle(transcript(ledger.statement(line(4)), [ledger.badge(4)]))


def check(bundle: Bundle, *, trust: KeyList = TRUST, key: Key = CREDENTIAL_KEY) -> Report:
    """Seal a bundle and verify it."""
    return verify(seal_bundle(bundle, key), trust, NOW_MS)


def with_credential(bundle: Bundle, credential: Document) -> Bundle:
    """The bundle with another credential."""
    return replace(bundle, credential=credential)


def only_failure(report: Report) -> tuple[str, str | None, str]:
    """The one check that failed, its reason and the verdict; fails if there is not exactly one."""
    (found,) = [one for one in report.checks if one.result == "fail"]
    return found.name, found.reason, report.verdict


def shows_nothing(report: Report) -> bool:
    """Whether a report tells nothing of what the file says."""
    told = str(report.to_json())
    secrets = (HOLDER.name, "农业经理人", SCHOOL, "某某职业技能培训学校")
    return report.document is None and not report.records and not any(s in told for s in secrets)
