"""What requests may say: query parameters and forms. A name that is not here is refused."""

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

ISSUER_PATTERN: Final = "org-[a-z2-7]{26}"
REPORT_PATTERN: Final = "rep-[a-z2-7]{26}"
SUBJECT_PATTERN: Final = "[0-9a-f]{32}"
# No index is as long as a phone number: that one is refused before a message can repeat it.
INDEX_PATTERN: Final = "0|[1-9][0-9]{0,9}"
WAIT_PATTERN: Final = "recorded|published"
KEY_PATTERN: Final = "[!-~]{1,200}"
CURSOR_PATTERN: Final = "[A-Za-z0-9_-]{1,40}"
DAY_PATTERN: Final = "(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"

LIMIT_MAX: Final = 200
LIMIT_DEFAULT: Final = 100

EXPECTED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "all_or_nothing": ("true 或 false", "true or false"),
        "correcting": ("true 或 false", "true or false"),
        "cursor": ("上一页给出的 next 值", "the value next of the page before"),
        "file": ("一个文件", "one file"),
        "Idempotency-Key": ("1 至 200 个可见 ASCII 字符", "1 to 200 visible ASCII characters"),
        "index": ("从 0 起的整数，不带前导零", "a whole number from 0 on, without leading zeros"),
        "issuer": (
            "机构编号：org- 加 26 位",
            "an organisation id: org- and 26 characters of a-z2-7",
        ),
        "limit": ("1 至 200 的整数", "a whole number from 1 to 200"),
        "on": (
            "1900 至 2199 年的日期，如 2026-11-22",
            "a date of 1900 to 2199, such as 2026-11-22",
        ),
        "report": ("报告编号：rep- 加 26 位", "a report id: rep- and 26 characters of a-z2-7"),
        "wait": ("recorded 或 published", "recorded or published"),
        "subject": ("32 位个人编号", "a subject id: 32 hex digits"),
    }
)
"""What each field should hold, in Chinese and English."""

_DAY: Final = re.compile(DAY_PATTERN)
_WHOLE: Final = re.compile("[0-9]{1,4}")


class Day(fields.Date):
    """A date in the one form ``2026-11-22``; ISO 8601 has others."""

    def _deserialize(  # type: ignore[explicit-override]  # typing has it from 3.12 on
        self,
        value: Any,  # noqa: ANN401 - marshmallow hands over whatever came
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,  # noqa: ANN401
    ) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        return super()._deserialize(value, attr, data, **kwargs)


class Whole(fields.Integer):
    """A whole number in plain digits; ``int`` takes signs, spaces and the digits of all scripts."""

    def _deserialize(  # type: ignore[explicit-override]  # typing has it from 3.12 on
        self,
        value: Any,  # noqa: ANN401 - marshmallow hands over whatever came
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: Any,  # noqa: ANN401
    ) -> int:
        if not isinstance(value, str) or not _WHOLE.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Flag(fields.Boolean):
    """``true`` or ``false``, in these letters only; false if absent."""

    def __init__(self, description: str) -> None:
        super().__init__(
            truthy={"true"},
            falsy={"false"},
            load_default=False,
            metadata={"description": description},
        )


class Shaped(fields.String):
    """A text that has a pattern from its first character to its last."""

    def __init__(self, pattern: str, description: str, *, required: bool = False) -> None:
        metadata = {"description": description, "pattern": f"^{pattern}$"}
        super().__init__(required=required, metadata=metadata)
        self._pattern = re.compile(pattern)

    def _deserialize(  # type: ignore[explicit-override]  # typing has it from 3.12 on
        self,
        value: Any,  # noqa: ANN401 - marshmallow hands over whatever came
        attr: str | None,  # noqa: ARG002 - marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> str:
        # Not marshmallow's Regexp: with ``$`` it lets a last line feed pass.
        if not isinstance(value, str) or not self._pattern.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return value


class OnDate(Schema):
    """At which day a transcript is computed."""

    on = Day(
        metadata={
            "description": "The day; today in China if absent.",
            "pattern": f"^{DAY_PATTERN}$",
        }
    )


class Page(Schema):
    """Which part of a long list."""

    limit = Whole(
        load_default=LIMIT_DEFAULT,
        validate=validate.Range(1, LIMIT_MAX),
        metadata={"description": "Rows on a page."},
    )
    cursor = Shaped(CURSOR_PATTERN, "Where the page begins: `next` of the page before.")


class Wait(Schema):
    """How far a write is to be when it is answered."""

    wait = Shaped(
        WAIT_PATTERN,
        "`recorded`, which is the default: it is on the disk. `published`: a signed checkpoint "
        "covers it too, which takes about a second.",
    )


class RosterForm(Schema):
    """A roster, posted as multipart/form-data."""

    file = Upload(required=True, metadata={"description": "CSV or XLSX, at most 32 MiB."})
    issuer = Shaped(ISSUER_PATTERN, "Id of the organisation that posts it.", required=True)
    correcting = Flag("Whether a row corrects an earlier record that it differs from.")
    all_or_nothing = Flag("Whether one row that is refused refuses the file.")


class DocumentForm(Schema):
    """A document to verify, posted as multipart/form-data."""

    file = Upload(
        required=True, metadata={"description": "A bundle or a lone credential, at most 8 MiB."}
    )
