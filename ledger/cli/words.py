"""What commands say in words: rows of a roster, transcripts, reports of a verification.

Gives lines and prints nothing. A report shows what its document says only as far as the verifier
let it through: where a signature failed there is nothing to show.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from ledger.domain.levels import level_of
from ledger.services.rosters import ImportedRow
from ledger.verify import Report

_MARKS: Final = MappingProxyType({"pass": "+", "fail": "x", "unchecked": "?"})
_WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "zh-Hans": {
            "as_of": "已知的撤销截至",
            "holder": "持有人（以文件所载为准）",
            "id": "证件号码末四位",
            "total": "学分合计",
            "on": "截至日期",
            "partial": "文件只出示部分记录",
            "credits": "学分",
            "counted": "计入",
            "class": "班级",
            "certificate": "证书",
            "not_passed": "考核不合格",
        },
        "zh-Hant": {
            "as_of": "已知的撤銷截至",
            "holder": "持有人（以檔案所載為準）",
            "id": "證件號碼末四位",
            "total": "學分合計",
            "on": "截至日期",
            "partial": "檔案只出示部分記錄",
            "credits": "學分",
            "counted": "計入",
            "class": "班級",
            "certificate": "證書",
            "not_passed": "考核不合格",
        },
        "en": {
            "as_of": "withdrawals are known up to",
            "holder": "holder, as the document states",
            "id": "ID number ending in",
            "total": "total credits",
            "on": "on",
            "partial": "the document shows some of the records only",
            "credits": "credits",
            "counted": "counted",
            "class": "class",
            "certificate": "certificate",
            "not_passed": "examination not passed",
        },
    }
)


def row_lines(row: ImportedRow) -> list[str]:
    """Tell what became of a row, masked: why it was refused and what to do, or what it repeats."""
    place = f"row {row.source.row}"
    if row.outcome == "duplicate" and row.result is not None:
        return [f"{place}: repeated. {row.result.message}"]
    lines = []
    for each in row.problems:
        found = f" {each.masked_found}" if each.masked_found else ""
        lines += [
            f"{place}: rejected, {each.code}. {each.column}{found}",
            f"    应为{each.expected.zh_hans}。{each.fix.zh_hans}。",
            f"    Expected {each.expected.en}. {each.fix.en}.",
        ]
    return lines


def transcript_lines(document: Mapping[str, Any]) -> list[str]:
    """Write a transcript as ``read_transcript`` gives it: masked holder, records, total."""
    holder = document["holder"]
    lines = [f"{holder['name']}  {holder['id_number']}  on {document['on']}"]
    for line in document["records"]:
        facts = line["body"]["facts"]
        level = level_of(facts["level"]).label
        notes = f"  ({', '.join(line['notes'])})" if line["notes"] else ""
        lines.append(
            f"  #{line['index']}  {facts['occupation']['name']}  {level}  "
            f"{line['issuer_name']}  {line['status']}  {line['counted']}{notes}"
        )
    return [*lines, f"total credits: {document['total_credits']}"]


def report_lines(report: Report, lang: str) -> list[str]:
    """Write a verification: verdict, checks, and what the document says where it may be shown."""
    document = report.to_json()
    checked = f"({report.verdict}, {report.kind}, checked {document['checked_at']})"
    lines = [f"{document['text'][lang]}  {checked}"]
    for check in document["checks"]:
        reason = (
            "" if check["reason"] is None else f": {check['reason_text'][lang]} ({check['reason']})"
        )
        lines.append(f"  {_MARKS[check['result']]} {check['text'][lang]}{reason}")
    if document["as_of"] is not None:
        lines.append(f"{_WORDS[lang]['as_of']} {document['as_of']}")
    if document["document"] is not None:
        lines += _document_lines(document["document"], _WORDS[lang])
    for record in document["records"]:
        lines += _record_lines(record, lang)
    return lines


def _document_lines(document: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    holder = document["holder"]
    lines = [f"{words['holder']}: {holder['name']}, {words['id']} {holder['id_last4']}"]
    if "total" in document:
        lines.append(f"{words['total']}: {document['total']}, {words['on']} {document['on']}")
    if document.get("partial"):
        lines.append(words["partial"])
    return lines


def _record_lines(record: Mapping[str, Any], lang: str) -> list[str]:
    words, facts = _WORDS[lang], record["facts"]
    head = f"  #{record['index']}  {record['text'][lang]}"
    if "occupation" not in facts:
        # What was withdrawn or replaced is named and no longer told.
        return [head]
    code, name = facts["occupation"]
    level = level_of(facts["level"])
    label = {"zh-Hant": level.label_hant, "en": f"{level.label} {level.label_en}"}
    credit = f"{words['credits']} {facts['credit']['granted']}"
    if "counted" in facts:
        credit += f" ({words['counted']} {facts['counted']})"
    failed = f"  {words['not_passed']}" if facts["passed"] is False else ""
    return [
        f"{head}  {name} ({code})  {label.get(lang, level.label)}  {credit}{failed}",
        f"      {facts['issuer']['name']} ({facts['issuer']['uscc']})",
        *(f"      {each}" for each in _dates(facts, words)),
    ]


def _dates(facts: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    taught, certificate = facts["training_class"], facts["certificate"]
    lines = []
    if taught is not None:
        lines.append(f"{words['class']} {taught['number']}  {taught['start']} - {taught['end']}")
    if certificate is not None:
        stated = f"{certificate['type']} {certificate['number']}  {certificate['issued']}"
        lines.append(f"{words['certificate']} {stated}")
    return lines
