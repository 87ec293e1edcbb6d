"""The tables of the ledger's database.

Log tables (``entry``, ``tile``, ``body``, ``checkpoint``) only grow: triggers refuse UPDATE and
DELETE, but for the right edge of the tiles and for the bodies of an erased person. The triggers
stop accidents; what stops a person with the database password is the audit against checkpoints that
others hold.

* ``entry``: the canonical bytes of each entry and their leaf hash.
* ``tile``: 256-wide hash tiles; the right-most of a level is widened in place.
* ``body``: public ones with their salt; personal ones sealed under the person's key, salt NULL.
* ``checkpoint``: every signed checkpoint, by tree size.
* ``head``: one row, the compare-and-swap point of every append.
* ``subject``: the vault: a person's random id, look-up tag, wrapped key and sealed facts.
* ``record``, ``public_entry``: projections, rebuilt from entries and bodies at any time.
* ``answer``: idempotency keys with the first answer.
* ``report``, ``report_part``, ``report_person``: import reports, sealed.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

METADATA: Final = MetaData()
# SQLite takes only INTEGER as the row's own number.
_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")

ENTRY: Final = Table(
    "entry",
    METADATA,
    Column("index", _NUMBER, primary_key=True, autoincrement=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
)

TILE: Final = Table(
    "tile",
    METADATA,
    Column("level", _NUMBER, primary_key=True, autoincrement=False),
    Column("n", _NUMBER, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

BODY: Final = Table(
    "body",
    METADATA,
    Column("index", _NUMBER, primary_key=True, autoincrement=False),
    Column("subject", String(32), nullable=True),
    Column("salt", LargeBinary, nullable=True),
    Column("content", LargeBinary, nullable=False),
)

CHECKPOINT: Final = Table(
    "checkpoint",
    METADATA,
    Column("size", _NUMBER, primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
)

HEAD: Final = Table(
    "head",
    METADATA,
    Column("id", _NUMBER, primary_key=True, autoincrement=False),
    Column("size", _NUMBER, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("time_ms", _NUMBER, nullable=False),
)

SUBJECT: Final = Table(
    "subject",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tag", LargeBinary, nullable=False, unique=True),
    Column("key_version", _NUMBER, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("facts", LargeBinary, nullable=False),
)

RECORD: Final = Table(
    "record",
    METADATA,
    Column("index", _NUMBER, primary_key=True, autoincrement=False),
    Column("subject", String(32), nullable=False),
    Column("issuer", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("event_on", String(10), nullable=False),
    Column("identity", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("certificate", LargeBinary, nullable=True),
    Column("status", String(12), nullable=False),
    Column("related", _NUMBER, nullable=True),
)
Index("record_subject", RECORD.c.subject)
Index("record_certificate", RECORD.c.certificate, sqlite_where=RECORD.c.certificate.is_not(None))

PUBLIC_ENTRY: Final = Table(
    "public_entry",
    METADATA,
    Column("index", _NUMBER, primary_key=True, autoincrement=False),
    Column("kind", String(20), nullable=False),
)

ANSWER: Final = Table(
    "answer",
    METADATA,
    Column("issuer", String(32), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_tag", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)

REPORT: Final = Table(
    "report",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("created_at_ms", _NUMBER, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

REPORT_PART: Final = Table(
    "report_part",
    METADATA,
    Column("report", String(32), primary_key=True),
    Column("part", _NUMBER, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

REPORT_PERSON: Final = Table(
    "report_person",
    METADATA,
    Column("report", String(32), primary_key=True),
    Column("tag", LargeBinary, primary_key=True),
)
Index("report_person_tag", REPORT_PERSON.c.tag)
