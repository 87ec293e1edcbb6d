"""What callers and operators lean on is written down: errors and settings."""

import ast
import re

from ledger.domain import decisions, withdrawal_decisions
from ledger.intake.messages import MESSAGES
from ledger.verify.texts import REASONS
from tests.architecture.tree import files, parsed, python_files, text

SETTING = re.compile(r"\b(?:JINLAN_[A-Z][A-Z0-9_]*|DATABASE_URL)\b")
READERS = (".py", "Makefile", ".ci/run")


def _error_families() -> dict[str, str]:
    families = {}
    for node in parsed("ledger/errors.py").body:
        if not isinstance(node, ast.ClassDef):
            continue
        for line in node.body:
            named = (
                line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
            )
            if isinstance(named, ast.Name) and named.id == "family":
                value = getattr(line, "value", None)
                assert isinstance(value, ast.Constant)
                families[node.name] = str(value.value)
    return families


def test_every_class_of_error_is_documented_with_its_family() -> None:
    page = text("docs/errors.md")
    classes = [
        node.name for node in parsed("ledger/errors.py").body if isinstance(node, ast.ClassDef)
    ]
    families = _error_families()
    assert set(classes) == set(families), "each class names its own family"
    missing = [name for name in classes if f"| `{name}` | `{families[name]}` |" not in page]
    assert missing == []


def test_the_error_page_names_no_class_that_is_gone() -> None:
    named = set(re.findall(r"^\| `(\w+Error)` \|", text("docs/errors.md"), flags=re.MULTILINE))
    assert named - set(_error_families()) == set()


def test_every_setting_that_the_code_mentions_is_documented() -> None:
    documented = set(
        re.findall(r"^\| `([A-Z_0-9]+)` \|", text("docs/settings.md"), flags=re.MULTILINE)
    )
    mentioned: dict[str, str] = {}
    for name in files():
        if name.endswith(READERS):
            mentioned.update(dict.fromkeys(SETTING.findall(text(name)), name))
    assert {setting: name for setting, name in mentioned.items() if setting not in documented} == {}


def test_settings_are_looked_for_in_every_room() -> None:
    """Guards the test above: the one setting that is certain must be found by it."""
    assert any("JINLAN_SHARED" in SETTING.findall(text(name)) for name in python_files("tests"))


CODE = re.compile(r'code="([a-z0-9-]+)"')


def test_every_error_code_is_in_the_page_of_errors() -> None:
    documented = set(re.findall(r"^\| `([a-z0-9-]+)`", text("docs/errors.md"), re.MULTILINE))
    raised = {
        code: name
        for name in python_files("ledger", "keys", "api")
        for code in CODE.findall(text(name))
    }
    catalogues = (
        {key.partition(":")[0] for key in MESSAGES}
        | REASONS.keys()
        | set(decisions.CODES)
        | set(withdrawal_decisions.CODES)
    )
    assert {code: name for code, name in raised.items() if code not in documented} == {}
    assert catalogues - documented == set()
