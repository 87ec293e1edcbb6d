from dataclasses import replace

import pytest

from keys.index import Index, SecretVersion, decode_index, secret_check
from ledger.core.canonical import decode, encode
from ledger.core.key_list import CREDENTIAL, LOG, KeyList, PublishedKey, published_key_id
from ledger.errors import LedgerError, MalformedError, NotFoundError

ORIGIN = "ledger.example/2026"


def key(purpose: str, number: int, **fields: int) -> PublishedKey:
    public_key = bytes([number]) * 32
    return PublishedKey(
        published_key_id(purpose, public_key, ORIGIN), purpose, "SCL-1", public_key, 10, **fields
    )


OLD = key(LOG, 1, valid_until=20)
KEYS = (OLD, key(LOG, 2), key(CREDENTIAL, 3))
INDEX = Index(
    KeyList(ORIGIN, KEYS),
    {one.id: f"file:{one.id}.key" for one in KEYS},
    tuple(
        SecretVersion(purpose, version, f"file:{purpose}-{version}.key", "00" * 8)
        for purpose, version in (("vault", 1), ("vault", 2), ("lookup", 1))
    ),
)


def test_an_index_reads_back_as_it_was_written() -> None:
    assert decode_index(INDEX.encode()) == INDEX


def test_the_current_key_is_the_one_without_an_end() -> None:
    assert INDEX.current(LOG) == KEYS[1]
    assert INDEX.current(CREDENTIAL) == KEYS[2]
    with pytest.raises(NotFoundError):
        INDEX.current("vault")


def test_a_new_key_takes_over_and_the_old_one_stays_in_its_place() -> None:
    new = key(LOG, 9)
    changed = INDEX.with_key(replace(KEYS[1], valid_until=30), new, "file:new.key")
    assert changed.current(LOG) == new
    assert [one.valid_until for one in changed.key_list.keys] == [20, 30, None, None]
    assert changed.files[new.id] == "file:new.key"


def test_two_current_keys_of_one_purpose_are_refused() -> None:
    """K15."""
    extra = key(LOG, 9)
    with pytest.raises(MalformedError, match="one current log key"):
        Index(
            KeyList(ORIGIN, (*KEYS, extra)),
            {**INDEX.files, extra.id: "file:extra.key"},
            INDEX.secrets,
        )


@pytest.mark.parametrize("purpose", [LOG, CREDENTIAL])
def test_a_purpose_without_a_current_key_is_refused(purpose: str) -> None:
    ended = tuple(replace(one, valid_until=20) if one.purpose == purpose else one for one in KEYS)
    with pytest.raises(MalformedError, match=f"one current {purpose} key"):
        replace(INDEX, key_list=KeyList(ORIGIN, ended))


def test_a_revoked_key_is_not_current() -> None:
    revoked = tuple(replace(one, revoked_at=15) if one == KEYS[1] else one for one in KEYS)
    with pytest.raises(MalformedError, match="one current log key"):
        replace(INDEX, key_list=KeyList(ORIGIN, revoked))


def test_a_key_without_a_file_or_a_file_without_a_key_is_refused() -> None:
    files = dict(INDEX.files)
    del files[OLD.id]
    with pytest.raises(MalformedError, match="one file for each key"):
        replace(INDEX, files=files)
    with pytest.raises(MalformedError, match="one file for each key"):
        replace(INDEX, files={**INDEX.files, "00000000": "file:extra.key"})


def test_two_keys_in_one_file_are_refused() -> None:
    """K15: a file that serves two purposes is one key reused."""
    shared = INDEX.files[OLD.id]
    with pytest.raises(MalformedError, match="each file to hold one key"):
        replace(INDEX, secrets=(replace(INDEX.secrets[0], uri=shared), *INDEX.secrets[1:]))


@pytest.mark.parametrize(
    "versions",
    [
        [("vault", 1)],
        [("vault", 2), ("lookup", 1)],
        [("vault", 1), ("vault", 3), ("lookup", 1)],
        [("vault", 1), ("vault", 1), ("lookup", 1)],
        [("vault", 0), ("vault", 1), ("lookup", 1)],
        [("vault", 1), ("lookup", 1), ("log", 1)],
    ],
)
def test_secrets_that_are_not_numbered_from_1_are_refused(versions: list[tuple[str, int]]) -> None:
    secrets = tuple(
        SecretVersion(purpose, version, f"file:s-{place}.key", "00" * 8)
        for place, (purpose, version) in enumerate(versions)
    )
    with pytest.raises(MalformedError, match="secret"):
        replace(INDEX, secrets=secrets)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("v", 2), ("v", None), ("v", True), ("files", []), ("files", {"a": 1})),
        *(("secrets", {}), ("secrets", [1]), ("secrets", [{}])),
        *(("key_list", None), ("extra", 1)),
    ],
)
def test_an_index_of_another_form_is_refused(field: str, value: object) -> None:
    fields = decode(INDEX.encode())
    assert isinstance(fields, dict)
    with pytest.raises(LedgerError) as caught:
        decode_index(encode({**fields, field: value}))  # type: ignore[dict-item]
    assert caught.value.family == "malformed"


@pytest.mark.parametrize(("field", "value"), [("version", "1"), ("version", True), ("uri", 1)])
def test_a_secret_of_another_form_is_refused(field: str, value: object) -> None:
    fields = decode(INDEX.encode())
    assert isinstance(fields, dict)
    secrets = fields["secrets"]
    assert isinstance(secrets, list)
    assert isinstance(secrets[0], dict)
    secrets[0][field] = value
    with pytest.raises(MalformedError, match="key index: expected"):
        decode_index(encode(fields))


def test_the_check_of_a_secret_depends_on_the_secret_and_its_purpose() -> None:
    checks = {
        secret_check(purpose, bytes([number]) * 32)
        for purpose in ("vault", "lookup")
        for number in (0, 1)
    }
    assert len(checks) == 4
    assert all(len(check) == 16 for check in checks)


def test_an_index_holds_150_keys() -> None:
    """The bound that ``Index.encode`` states: a key every month for twelve years."""
    keys = [replace(key(LOG, 0), public_key=n.to_bytes(32, "big")) for n in range(150)]
    ids = [published_key_id(LOG, one.public_key, ORIGIN) for one in keys]
    ended = [replace(one, id=name, valid_until=20) for one, name in zip(keys, ids, strict=True)]
    many = (*ended, *KEYS[1:])
    files = {one.id: f"file:{one.purpose}-{one.id}.key" for one in many}
    assert len(Index(KeyList(ORIGIN, many), files, INDEX.secrets).encode()) < 65_536
