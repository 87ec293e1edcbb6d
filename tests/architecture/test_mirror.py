"""Every module has its tests at the same path below tests/."""

import ast

from tests.architecture.tree import CODE_FOLDERS, ROOT, parsed, python_files

# Module -> why no file of its own tests it. Keep it short: each row is a hole in the fence.
EXCEPTIONS = {
    "ledger/errors.py": "classes without behaviour; test_documents.py holds them to docs/errors.md",
    "ledger/domain/records.py": "frozen shapes without rules; every test of the domain makes them",
}


def mirrored(module: str) -> str:
    """Give the test file of a module: of keys/x.py it is tests/keys/test_x.py, and so on."""
    folder, _, name = module.removeprefix("ledger/").rpartition("/")
    return "/".join(part for part in ("tests", folder, f"test_{name}") if part)


def _tests_in(name: str) -> int:
    return sum(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for node in ast.walk(parsed(name))
    )


def test_the_path_of_a_test_file_mirrors_its_module() -> None:
    assert mirrored("ledger/core/merkle.py") == "tests/core/test_merkle.py"
    assert mirrored("ledger/jobs.py") == "tests/test_jobs.py"
    assert mirrored("keys/custody.py") == "tests/keys/test_custody.py"
    assert mirrored("api/routes/health.py") == "tests/api/routes/test_health.py"


def test_every_module_has_a_test_file_at_the_mirrored_path() -> None:
    modules = [
        name
        for name in python_files(*CODE_FOLDERS)
        if not name.endswith(("/__init__.py", "/__main__.py")) and name not in EXCEPTIONS
    ]
    there = set(python_files("tests"))
    without = [
        f"{name}: no test in {mirrored(name)}"
        for name in modules
        if mirrored(name) not in there or not _tests_in(mirrored(name))
    ]
    assert without == []


def test_no_exception_outlives_its_module() -> None:
    assert [name for name in EXCEPTIONS if not (ROOT / name).is_file()] == []
    assert [name for name in EXCEPTIONS if mirrored(name) in python_files("tests")] == []
