"""Reading the claims out of an OpenBadgeCredential that ``open_badges`` built, and no other."""

from collections.abc import Mapping
from typing import Any

from ledger.credentials.claims import (
    CertificateClaims,
    ClassClaims,
    CreditClaims,
    Issuer,
    RecordClaims,
)
from ledger.credentials.holder import read_holder
from ledger.credentials.open_badges import ACHIEVEMENT_TYPES, ASSESSOR, Badge, build_badge
from ledger.credentials.shape import check_rebuilt, not_ours, text_of
from ledger.domain.china_time import MIDNIGHT


def read_badge(document: Mapping[str, Any]) -> Badge:
    """Take a badge apart.

    Raises:
        MalformedError: The document, its proof apart, is not exactly what ``build_badge`` makes.
    """
    try:
        badge = _read(document)
        built = build_badge(
            badge.claims, badge.holder, credential_id=badge.id, valid_until=badge.valid_until
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise not_ours() from None
    check_rebuilt(document, built)
    return badge


def _read(document: Mapping[str, Any]) -> Badge:
    subject = document["credentialSubject"]
    until = document.get("validUntil")
    return Badge(
        text_of(document["id"]),
        _read_claims(document, subject),
        read_holder(subject),
        None if until is None else text_of(until),
    )


def _read_claims(document: Mapping[str, Any], subject: Mapping[str, Any]) -> RecordClaims:
    achievement = subject["achievement"]
    entry = document["evidence"][0]
    occupation, level = achievement["alignment"]
    kinds = {value: key for key, value in ACHIEVEMENT_TYPES.items()}
    results = subject.get("result", [])
    statuses = [result["status"] for result in results if "status" in result]
    return RecordClaims(
        origin=text_of(entry["audience"]),
        index=int(entry["name"]),
        leaf_hash=text_of(entry["narrative"]),
        kind=kinds[achievement["achievementType"]],
        issuer=_read_issuer(document["issuer"]),
        on=text_of(document["validFrom"]).removesuffix(MIDNIGHT),
        occupation=(text_of(occupation["targetCode"]), text_of(occupation["targetName"])),
        level=int(level["targetCode"]),
        credit=_read_credit(subject["creditsEarned"], achievement["criteria"]["id"]),
        training_class=_read_class(subject, achievement),
        passed=statuses[0] == "Completed" if statuses else None,
        results=tuple(
            (result["id"].rpartition("#result-")[2], text_of(result["value"]))
            for result in results
            if "value" in result
        ),
        certificate=_read_certificate(document["evidence"], subject),
    )


def _read_issuer(issuer: Mapping[str, Any]) -> Issuer:
    return Issuer(
        text_of(issuer["id"]).rpartition(":")[2],
        text_of(issuer["name"]),
        text_of(issuer["otherIdentifier"][0]["identifier"]),
    )


def _read_credit(number: object, criteria_id: str) -> CreditClaims:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise not_ours()
    address, _, schedule_hash = criteria_id.partition("#sha256-")
    rest, _, version = address.rpartition("/")
    return CreditClaims(repr(number), rest.rpartition("/")[2], int(version), schedule_hash)


def _read_class(subject: Mapping[str, Any], achievement: Mapping[str, Any]) -> ClassClaims | None:
    if "humanCode" not in achievement:
        return None
    name, tags = achievement.get("specialization"), achievement.get("tag")
    return ClassClaims(
        text_of(achievement["humanCode"]),
        None if name is None else text_of(name),
        None if tags is None else text_of(tags[0]),
        text_of(subject["activityStartDate"]).removesuffix(MIDNIGHT),
        text_of(subject["activityEndDate"]).removesuffix(MIDNIGHT),
    )


def _read_certificate(
    evidence: list[Mapping[str, Any]], subject: Mapping[str, Any]
) -> CertificateClaims | None:
    if len(evidence) == 1:
        return None
    told, assessor = evidence[1], subject.get("narrative")
    return CertificateClaims(
        text_of(told["name"]),
        text_of(told["description"]),
        text_of(told["narrative"]),
        None if assessor is None else text_of(assessor).removeprefix(ASSESSOR),
    )
