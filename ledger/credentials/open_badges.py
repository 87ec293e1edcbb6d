"""One record as an OpenBadgeCredential (Open Badges 3.0, context 3.0.3, on VCDM 2.0).

Where the record lies in the ledger is told by the first evidence item: its id is the entry's
address, ``audience`` the log's origin, ``name`` the index and ``narrative`` the leaf hash.
"""

import re
from dataclasses import dataclass
from typing import Final

from ledger.credentials.claims import (
    CERTIFICATE,
    COMPLETION,
    RecordClaims,
    did_of_organisation,
)
from ledger.credentials.contexts import CREDENTIALS_V2, OPEN_BADGES
from ledger.credentials.holder import Holder
from ledger.credentials.jsonld import Document
from ledger.credentials.shape import check_uuid_urn
from ledger.domain.china_time import MIDNIGHT
from ledger.domain.levels import LEVELS
from ledger.domain.number_text import parse_decimal
from ledger.errors import MalformedError

CONTEXTS: Final = [CREDENTIALS_V2, OPEN_BADGES]
TYPES: Final = ["VerifiableCredential", "OpenBadgeCredential"]

ACHIEVEMENT_TYPES: Final = {COMPLETION: "Course", CERTIFICATE: "Certification"}
_RESULT_NAMES: Final = {
    "attendance": "出勤率",
    "hours-theory": "理论课时",
    "hours-practice": "实操课时",
    "hours-online": "线上课时",
    "score-theory": "理论成绩",
    "score-practice": "实操成绩",
    "score-overall": "综合成绩",
    "passed": "考核结果",
}
_RESULT_TYPES: Final = {
    "attendance": "ext:AttendanceRatio",
    "hours": "ext:ClassHours",
    "score": "RawScore",
    "passed": "Status",
}
_USCC: Final = "ext:UnifiedSocialCreditCode"
ASSESSOR: Final = "评价机构："
_CODE: Final = re.compile(r"[a-z]+(-[a-z_]+)?")
_PATH: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge taken apart. Nothing is verified.

    Attributes:
        id: ``urn:uuid:`` id of the credential.
        claims: What it says about the record.
        holder: About whom.
        valid_until: End of its validity with zone, if it has one.
    """

    id: str
    claims: RecordClaims
    holder: Holder
    valid_until: str | None


def build_badge(
    claims: RecordClaims, holder: Holder, *, credential_id: str, valid_until: str | None = None
) -> Document:
    """Build the credential of one record, without proof.

    Args:
        claims: From ``claims_of``.
        holder: About whom.
        credential_id: A random ``urn:uuid:`` id.
        valid_until: Last instant, with zone, where the credit expires.

    Raises:
        MalformedError: A value cannot stand in the document.
    """
    check_uuid_urn(credential_id)
    document: Document = {
        "@context": list(CONTEXTS),
        "id": credential_id,
        "type": list(TYPES),
        "name": _title(claims),
        "issuer": _issuer(claims),
        "validFrom": claims.on + MIDNIGHT,
        "credentialSubject": _subject(claims, holder),
        "evidence": _evidence(claims),
    }
    if valid_until is not None:
        document["validUntil"] = valid_until
    return document


def achievement_id(claims: RecordClaims) -> str:
    """Give the id of the achievement that a record tells of. It is that of no other record."""
    return _entry_url(claims) + "#achievement"


def credits_number(text: str) -> int | float:
    """Give credits as the JSON number that Open Badges wants.

    Raises:
        MalformedError: No number of JSON gives this decimal back.
    """
    value = parse_decimal(text)
    number = value.numerator if value.denominator == 1 else float(value)
    if isinstance(number, float) and repr(number) != text:
        raise MalformedError("credits: expected a decimal that a JSON number can hold")
    return number


def _issuer(claims: RecordClaims) -> Document:
    return {
        "id": did_of_organisation(claims.origin, claims.issuer.id),
        "type": ["Profile"],
        "name": claims.issuer.name,
        "otherIdentifier": [
            {
                "type": "IdentifierEntry",
                "identifier": claims.issuer.uscc,
                "identifierType": _USCC,
            }
        ],
    }


def _subject(claims: RecordClaims, holder: Holder) -> Document:
    subject: Document = {
        "id": holder.subject,
        "type": ["AchievementSubject"],
        "identifier": holder.to_json(),
        "creditsEarned": credits_number(claims.credit.granted),
        "achievement": _achievement(claims),
    }
    if claims.training_class is not None:
        # The schema wants a date-time where the context says date; the schema is what readers
        # check.
        subject["activityStartDate"] = claims.training_class.start + MIDNIGHT
        subject["activityEndDate"] = claims.training_class.end + MIDNIGHT
    if claims.certificate is not None:
        subject["licenseNumber"] = claims.certificate.number
        if claims.certificate.assessor is not None:
            subject["narrative"] = ASSESSOR + claims.certificate.assessor
    results = _results(claims)
    if results:
        subject["result"] = results
    return subject


def _achievement(claims: RecordClaims) -> Document:
    achievement: Document = {
        "id": achievement_id(claims),
        "type": ["Achievement"],
        "achievementType": ACHIEVEMENT_TYPES[claims.kind],
        "name": _title(claims),
        "description": f"{claims.occupation[1]}（{claims.occupation[0]}），{_level_name(claims)}",
        "creator": {
            "id": did_of_organisation(claims.origin, claims.issuer.id),
            "type": ["Profile"],
        },
        "creditsAvailable": credits_number(claims.credit.granted),
        "criteria": _criteria(claims),
        "alignment": _alignments(claims),
    }
    training = claims.training_class
    if training is not None:
        achievement["humanCode"] = training.number
        if training.name is not None:
            achievement["specialization"] = training.name
        if training.training_type is not None:
            achievement["tag"] = [training.training_type]
    descriptions = [_result_description(claims, code) for code in _result_codes(claims)]
    if descriptions:
        achievement["resultDescription"] = descriptions
    return achievement


def _criteria(claims: RecordClaims) -> Document:
    credit = claims.credit
    if not _PATH.fullmatch(credit.schedule):
        raise MalformedError("schedule: expected an id of letters, digits, dots and hyphens")
    where = f"{credit.schedule}/{credit.version}"
    return {
        "id": f"https://{claims.origin}/schedules/{where}#sha256-{credit.schedule_hash}",
        "narrative": f"学分依据学分标准 {credit.schedule} 第 {credit.version} 版计算。",
    }


def _alignments(claims: RecordClaims) -> list[Document]:
    code, name = claims.occupation
    return [
        {
            "id": _entry_url(claims) + "#occupation",
            "type": ["Alignment"],
            "targetName": name,
            "targetCode": code,
            "targetFramework": "中华人民共和国职业分类大典",
            "targetType": "ext:Occupation",
            "targetUrl": f"https://{claims.origin}/occupations/{code}",
        },
        {
            "id": _entry_url(claims) + "#level",
            "type": ["Alignment"],
            "targetName": _level_name(claims),
            "targetCode": str(claims.level),
            "targetFramework": "职业技能等级（新八级工）",
            "targetType": "ext:SkillLevel",
            "targetUrl": f"https://{claims.origin}/levels/{claims.level}",
        },
    ]


def _result_codes(claims: RecordClaims) -> list[str]:
    codes = [code for code, _ in claims.results]
    return codes if claims.passed is None else [*codes, "passed"]


def _result_description(claims: RecordClaims, code: str) -> Document:
    if not _CODE.fullmatch(code):
        raise MalformedError("result: expected a code of lower-case words")
    description: Document = {
        "id": f"{_entry_url(claims)}#description-{code}",
        "type": ["ResultDescription"],
        "name": _RESULT_NAMES.get(code, code),
        "resultType": _RESULT_TYPES[code.partition("-")[0]],
    }
    if code == "attendance":
        description |= {"valueMin": "0", "valueMax": "1"}
    return description


def _results(claims: RecordClaims) -> list[Document]:
    results = [_result(claims, code) | {"value": value} for code, value in claims.results]
    if claims.passed is not None:
        status = "Completed" if claims.passed else "Failed"
        results.append(_result(claims, "passed") | {"status": status})
    return results


def _result(claims: RecordClaims, code: str) -> Document:
    url = _entry_url(claims)
    return {
        "id": f"{url}#result-{code}",
        "type": ["Result"],
        "resultDescription": f"{url}#description-{code}",
    }


def _evidence(claims: RecordClaims) -> list[Document]:
    evidence: list[Document] = [
        {
            "id": _entry_url(claims),
            "type": ["Evidence"],
            "genre": "ledger-entry",
            "audience": claims.origin,
            "name": str(claims.index),
            "narrative": claims.leaf_hash,
        }
    ]
    if claims.certificate is not None:
        evidence.append(
            {
                "id": _entry_url(claims) + "#certificate",
                "type": ["Evidence"],
                "genre": "certificate",
                "name": claims.certificate.type,
                "description": claims.certificate.number,
                "narrative": claims.certificate.issued,
            }
        )
    return evidence


def _level_name(claims: RecordClaims) -> str:
    # A negative rank would index the table from its end.
    if type(claims.level) is not int or not 0 <= claims.level < len(LEVELS):
        raise MalformedError("level: expected a rank from 0 to 7")
    return LEVELS[claims.level].label


def _title(claims: RecordClaims) -> str:
    return f"{claims.occupation[1]} {_level_name(claims)}"


def _entry_url(claims: RecordClaims) -> str:
    return f"https://{claims.origin}/entries/{claims.index}"
