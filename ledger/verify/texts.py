"""What a report says to people: each verdict, check and reason in zh-Hans, zh-Hant and en.

The codes are stable and closed; pages and programs key on them. The texts may be reworded.
"""

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("zh-Hans", "zh-Hant", "en")

Texts = Mapping[str, tuple[str, str, str]]

VERDICTS: Final[Texts] = {
    "valid": ("有效", "有效", "Valid"),
    "revoked": ("已撤销", "已撤銷", "Withdrawn"),
    "replaced": ("已更正", "已更正", "Replaced"),
    "expired": ("已过期", "已過期", "Expired"),
    "suspended": ("暂停", "暫停", "On hold"),
    "issuer-unknown": ("签发机构未登记", "簽發機構未登記", "Issuer not recognised"),
    "altered": ("内容被改动", "內容被改動", "Altered"),
    "cannot-check": ("暂时无法核验", "暫時無法核驗", "Cannot check now"),
    "not-found": ("未查到", "未查到", "Not found"),
    "share-ended": ("分享已到期或已收回", "分享已到期或已收回", "Share ended"),
    "wrong-format": ("无法读取", "無法讀取", "Cannot be read"),
}

CHECKS: Final[Texts] = {
    "parsed-form": ("文件可读", "檔案可讀", "The file can be read"),
    "checkpoint": ("账本检查点签名", "帳本檢查點簽章", "The ledger signed its checkpoint"),
    "issuer-known": ("签名密钥可信", "簽章金鑰可信", "The signing keys are known"),
    "key-periods": ("密钥在有效期内", "金鑰在有效期內", "The keys were valid at the time"),
    "seal": ("文件封印完好", "檔案封印完好", "The seal of the file is intact"),
    "contexts-pinned": ("词汇表固定", "詞彙表固定", "The vocabularies are the pinned ones"),
    "terms-defined": ("无多余内容", "無多餘內容", "Nothing was added, doubled or left out"),
    "envelope-proof": ("成绩单签名", "成績單簽章", "The signature of the document"),
    "member-proofs": ("各项凭证签名", "各項憑證簽章", "The signature of each record"),
    "validity": ("在有效期内", "在有效期內", "Within its dates"),
    "inclusion": ("已载入账本", "已載入帳本", "Each entry is in the ledger"),
    "body-commitment": (
        "记录内容与账本一致",
        "記錄內容與帳本一致",
        "Each body is the one committed to",
    ),
    "matches-entry": (
        "凭证与记录一致",
        "憑證與記錄一致",
        "The credential says what the ledger says",
    ),
    "organisation": (
        "机构登记且在范围内",
        "機構登記且在範圍內",
        "The issuer was registered for it",
    ),
    "credit": ("学分复算一致", "學分複算一致", "The credits were reckoned again"),
    "status": ("未撤销未更正", "未撤銷未更正", "Not withdrawn or replaced"),
    "totals": ("合计正确", "合計正確", "The total is the sum of its lines"),
}

AT_THE_LEDGER: Final[Texts] = {
    "log-history": (
        "与账本现有历史一致",
        "與帳本現有歷史一致",
        "The ledger's log still holds what this file proves",
    ),
}
"""Checks that only the ledger itself can make; in a report only where they failed."""

REASONS: Final[Texts] = {
    "history-lost": (
        "该文件属于账本已丢失的一段历史",
        "該檔案屬於帳本已遺失的一段歷史",
        "Genuine, but of a part of the log that was lost; a recovery entry tells of it",
    ),
    "not-reached": ("未进行到此步", "未進行到此步", "An earlier check failed"),
    "not-applicable": ("不适用", "不適用", "Does not apply to this file"),
    "not-in-file": ("文件中无此证明", "檔案中無此證明", "The file holds no proof of this"),
    "malformed": ("格式不符", "格式不符", "Not in the expected form"),
    "too-large": ("文件过大或过于复杂", "檔案過大或過於複雜", "Too large or too complex"),
    "unknown-type": ("不是本账本的文件", "不是本帳本的檔案", "Not a document of this ledger"),
    "signature-wrong": ("签名不符", "簽章不符", "The signature does not belong to the content"),
    "no-known-signature": ("无可信账本签名", "無可信帳本簽章", "No signature by a known log key"),
    "other-ledger": ("属于另一账本", "屬於另一帳本", "Of another ledger"),
    "key-unknown": ("密钥不在信任列表", "金鑰不在信任清單", "The key is not in the trusted list"),
    "key-compromised": ("密钥已泄露", "金鑰已洩露", "Others may hold the key"),
    "key-period": ("签名时密钥无效", "簽章時金鑰無效", "The key was not valid when it signed"),
    "proof-form": ("签名格式不符", "簽章格式不符", "Not exactly one proof of the expected form"),
    "proof-controller": (
        "签名者不是签发者",
        "簽章者不是簽發者",
        "The key is not one of the issuer",
    ),
    "context-unknown": ("词汇表不符", "詞彙表不符", "Other vocabularies, or in another order"),
    "not-in-writers-form": (
        "有多余或缺少的内容",
        "有多餘或缺少的內容",
        "Fields differ from our form",
    ),
    "term-undefined": ("含未定义的词", "含未定義的詞", "A term has no defined meaning"),
    "not-yet-valid": ("尚未生效", "尚未生效", "Not valid yet"),
    "dates-differ": ("日期互相矛盾", "日期互相矛盾", "The dates contradict each other"),
    "not-included": ("账本中无此条目", "帳本中無此條目", "The entry is not in the ledger's tree"),
    "body-differs": ("内容与账本不符", "內容與帳本不符", "The body is not the committed one"),
    "differs-from-entry": (
        "凭证与记录不符",
        "憑證與記錄不符",
        "The credential differs from the entry",
    ),
    "entry-missing": ("缺少账本条目", "缺少帳本條目", "An entry is missing from the file"),
    "organisation-missing": ("缺少机构登记", "缺少機構登記", "The registration is not in the file"),
    "not-entitled": ("机构无权签发", "機構無權簽發", "The issuer was not registered for it"),
    "schedule-missing": ("缺少学分标准", "缺少學分標準", "The credit schedule is not in the file"),
    "credit-differs": ("学分与标准不符", "學分與標準不符", "The schedule gives other credits"),
    "revoked": ("已撤销", "已撤銷", "Withdrawn"),
    "replaced": ("已更正", "已更正", "Replaced by a newer record"),
    "expired": ("已过期", "已過期", "Its validity has ended"),
    "total-differs": ("合计不符", "合計不符", "The total is not the sum of the lines"),
}


def text_in_all(table: Texts, code: str) -> dict[str, str]:
    """Give the text of a code by language."""
    return dict(zip(LANGUAGES, table[code], strict=True))
