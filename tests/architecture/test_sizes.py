"""A module holds one thing, and a function fits on a screen."""

import ast

from tests.architecture.tree import parsed, python_files, text

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60


def test_the_tree_is_seen_at_all() -> None:
    """Guards the guards: an empty listing would pass every test of this folder."""
    assert "ledger/errors.py" in python_files()
    assert "tests/architecture/test_sizes.py" in python_files("tests")


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {name: len(text(name).splitlines()) for name in python_files()}
    assert {name: n for name, n in lengths.items() if n > MODULE_LINES_MAX} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name in python_files()
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []
