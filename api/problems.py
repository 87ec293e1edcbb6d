"""Problems: every error answer, in one shape (RFC 9457), with one status for each family of errors.

    {"type":"urn:jinlan:problem:not-found","title":"没有找到 / Not found","status":404,
     "detail":"...","code":"not-found","errors":[],"request_id":"req-..."}

``errors`` names each field that is wrong: a JSON Pointer into the body (also for form fields) or a
parameter, a code, and what was expected in Chinese and English. Nothing that the caller sent is
repeated, but what a ledger error says on purpose; an answer of 500 or more says nothing of the
cause, which stands in the log without values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from api.request_log import request_id
from ledger.errors import (
    ConflictError,
    CustodyError,
    DamagedError,
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
    VerificationError,
)
from ledger.intake.messages import MESSAGES

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:jinlan:problem:"
RETRY_AFTER_S: Final = 5

STATUSES: Final[Mapping[type[LedgerError], int]] = MappingProxyType(
    {
        MalformedError: 400,
        NotFoundError: 404,
        ConflictError: 409,
        RefusedError: 422,
        UnavailableError: 503,
        # No route takes a proof but the verifier, which answers with a report: a wrong one is our
        # own.
        VerificationError: 500,
        DamagedError: 500,
        CustodyError: 500,
        LedgerError: 500,
    }
)
"""The status of each family. A narrower code has the status of its family."""

_HTTP_CODES: Final = MappingProxyType(
    {
        400: "bad-request",
        401: "unauthorized",
        404: "no-such-route",
        405: "method-not-allowed",
        413: "body-too-large",
        415: "media-type",
        500: "internal",
    }
)
_DETAILS: Final = MappingProxyType(
    {
        400: "The request cannot be read.",
        401: "This needs the header 'Authorization: Bearer' with the operator token.",
        404: "Nothing is served at this address.",
        405: "The method does not fit this address; the header Allow names those that do.",
        413: "The body is larger than this route takes.",
        415: "The body is of a media type that this route does not read.",
        503: "This cannot be done now. Nothing was recorded; try again later.",
    }
)
_OUR_FAULT: Final = "The ledger could not answer. The operator finds the cause by the request id."
_TITLES: Final = MappingProxyType(
    {
        400: "请求格式不正确 / Malformed request",
        401: "需要授权 / Authorization needed",
        404: "没有找到 / Not found",
        405: "不支持该方法 / Method not allowed",
        409: "与先前的请求冲突 / Conflict with an earlier request",
        413: "内容过大 / Body too large",
        415: "不支持该媒体类型 / Unsupported media type",
        422: "按规则不予记录 / Refused by a rule",
        500: "服务器错误 / Server error",
        503: "暂时不可用 / Unavailable for now",
    }
)


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that is wrong.

    Attributes:
        code: ``required``, ``unknown``, ``repeated`` or ``invalid``, or the code of a roster as a
            whole. zh: What was expected, in Chinese. en: The same in English. pointer: JSON Pointer
            into the body; None for a parameter, or where the field's name is not ours to repeat.
            parameter: Name of the query, path or header parameter.
    """

    code: str
    zh: str
    en: str
    pointer: str | None = None
    parameter: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the item of ``errors``."""
        return {
            "pointer": self.pointer,
            "parameter": self.parameter,
            "code": self.code,
            "text": {"zh-Hans": self.zh, "en": self.en},
        }


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that is an error.

    Attributes:
        status: HTTP status.
        code: Stable code.
        detail: What was found and what was expected. Never personal data.
        errors: The fields that are wrong.
        headers: Headers that go with it.
    """

    status: int
    code: str
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give the problem document."""
        return {
            "type": TYPE_PREFIX + self.code,
            "title": _title(self.status),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [error.to_json() for error in self.errors],
            "request_id": request_id(),
        }


class ProblemError(Exception):
    """Raised by a parser or a guard: the request ends with this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def status_of(error: LedgerError) -> int:
    """Give the HTTP status of an error: that of the nearest family."""
    return next(STATUSES[family] for family in type(error).__mro__ if family in STATUSES)


def malformed(detail: str, errors: Sequence[FieldError], code: str = "malformed") -> Problem:
    """Make the problem of a request with wrong fields."""
    return Problem(STATUSES[MalformedError], code, detail, errors)


def http_problem(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """Make the problem of a status that no ledger error stands behind."""
    code = _HTTP_CODES.get(status, f"http-{status}")
    return Problem(status, code, _DETAILS.get(status, _title(status)), headers=headers or {})


def roster_errors(code: str) -> Sequence[FieldError]:
    """Give what was expected of a file that is no roster; empty for other codes."""
    if code not in MESSAGES:
        return ()
    said = MESSAGES[code]
    return (
        FieldError(
            code,
            f"应为：{said.expected.zh_hans}。{said.fix.zh_hans}。",
            f"Expected {said.expected.en}. {said.fix.en}.",
            pointer="/file",
        ),
    )


def ledger_problem(error: LedgerError) -> Problem:
    """Make the problem of a ledger error; where the fault is ours it tells nothing of the cause."""
    status = status_of(error)
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Problem(status, error.code, error.message, roster_errors(error.code))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return Problem(status, error.code, _DETAILS[status], headers=headers)
    return Problem(status, error.code, _OUR_FAULT)


def unexpected_problem() -> Problem:
    """Make the problem of an unforeseen error: its text may hold anything, so none is told."""
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", _OUR_FAULT)


def _title(status: int) -> str:
    return _TITLES.get(status, HTTPStatus(status).phrase)
