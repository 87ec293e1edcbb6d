"""A ledger with a school, behind the API, for the tests of this folder."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.request_log import LOGGER
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger
from ledger.services.example import install_example
from ledger.services.opening import initialise, operator_token
from ledger.services.settings import Settings
from ledger.services.transcripts import list_subjects

HEADER = (
    "姓名,身份证号,联系电话,职业(工种),职业编码,培训等级,班级编号,开班日期,结班日期,"
    "理论课时,实操课时,线上课时,出勤率,考核日期,评定结果,证书类型,证书编号,发证日期"
)
MULTIPART = "multipart/form-data; boundary=x"
SAMPLE_NAME = "胡芳雨"
SAMPLE_ID_NUMBER = "330199199505192154"


def row(
    name: str = SAMPLE_NAME,
    id_number: str = SAMPLE_ID_NUMBER,
    phone: str = "18035746282",
    number: str = "ZJ20230008",
    certificate: str = "S000033840776235000001",
) -> str:
    """One row that is accepted as it stands."""
    return (
        f"{name},{id_number},{phone},农业经理人,5-05-01-02,五级/初级工,{number},2023-05-04,"
        f"2023-06-24,48,72,16,86%,2023-06-25,合格,职业技能等级证书,{certificate},2023-07-22"
    )


def roster(*rows: str) -> bytes:
    """A CSV file of these rows; of one sample row without any."""
    return "\n".join([HEADER, *(rows or (row(),)), ""]).encode()


def multipart(fields: Mapping[str, str], data: bytes, filename: str = "roster.csv") -> bytes:
    """A form with these fields and a file; the test client would leave large ones in open files."""
    parts = [_part(f'name="{name}"', value.encode()) for name, value in fields.items()]
    return b"".join([*parts, _part(f'name="file"; filename="{filename}"', data), b"--x--\r\n"])


def _part(disposition: str, data: bytes) -> bytes:
    head = f"--x\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
    return head.encode() + data + b"\r\n"


@dataclass(frozen=True)
class World:
    """A served ledger and what a caller of it knows."""

    ledger: Ledger
    app: Flask
    school: str
    token: str

    @property
    def client(self) -> FlaskClient:
        """A caller without a token."""
        return self.app.test_client()

    @property
    def bearer(self) -> dict[str, str]:
        """The header of the operator."""
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, query_string: Mapping[str, str] | None = None) -> TestResponse:
        """GET as the operator."""
        return self.client.get(path, headers=self.bearer, query_string=query_string)

    def post_roster(
        self, data: bytes, *, key: str | None = None, filename: str = "roster.csv", **fields: str
    ) -> TestResponse:
        """Post a roster as the operator."""
        headers = self.bearer | ({} if key is None else {"Idempotency-Key": key})
        body = multipart({"issuer": self.school} | fields, data, filename)
        answer = self.client.post("/v1/rosters", headers=headers, data=body, content_type=MULTIPART)
        if answer.status_code == HTTPStatus.CREATED:
            sign_checkpoint(self.ledger)  # as the scheduler does within a second
        return answer

    def a_subject(self) -> str:
        """The id of somebody who has records."""
        return str(list_subjects(self.ledger)[0]["id"])


@contextmanager
def opened_world(home: Path) -> Iterator[World]:
    """Make a ledger with the example's school and schedule, and serve it."""
    ledger = initialise(Settings(home=home / "var"))
    try:
        school = install_example(ledger)
        yield World(ledger, create_app(ledger), school.id, operator_token(ledger.home))
    finally:
        ledger.close()


class Lines(logging.Handler):
    """Keeps every record that is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.records.append(record)


@contextmanager
def logged() -> Iterator[list[logging.LogRecord]]:
    """Gather what any logger says, ours included, at every level."""
    lines = Lines()
    loggers = [logging.getLogger(name) for name in (None, LOGGER)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(lines)
        logger.setLevel(logging.DEBUG)
    try:
        yield lines.records
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(lines)
            logger.setLevel(level)
