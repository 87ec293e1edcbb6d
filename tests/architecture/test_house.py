"""The top level, the names of modules, and what may stand in no file."""

import itertools
import re

from tests.architecture.tree import files, python_files, text

# The first line is fixed by the people who asked for the ledger; the rest is for tools and readers.
TOP_LEVEL = {
    *("ledger", "api", "migrations", "keys", "tests", "wsgi.py", "requirements.txt"),
    *(
        "README.md",
        "README.zh.md",
        "CHANGELOG.md",
        "Makefile",
        "pyproject.toml",
        "requirements-dev.txt",
    ),
    *("docs", "benchmarks", ".ci", ".gitignore", ".gitattributes"),
}
# A name that fits anything says nothing about what may be in the room.
EMPTY_NAMES = {
    *("util", "utils", "helper", "helpers", "common", "base", "misc", "manager", "managers", "lib"),
    *("stuff", "shared", "core_utils"),
}
# Written so that neither pattern finds itself.
LEFT_FOR_LATER = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b")
MACHINE_PATH = re.compile(
    r"(?<![\w.})])/(?:home|root|Users|work|tmp|opt|mnt)/[\w.]|[A-Z]:\\Users|(?<![\w-])--(?:extra-)?[i]ndex-url"
)


def test_the_top_level_holds_only_the_rooms_of_the_house() -> None:
    assert {name.split("/")[0] for name in files()} - TOP_LEVEL == set()


def test_no_module_or_folder_has_a_name_that_fits_anything() -> None:
    found = [
        name
        for name in python_files()
        if EMPTY_NAMES & {part.removesuffix(".py").strip("_") for part in name.split("/")}
    ]
    assert found == []


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Give the lines of all files in which a pattern is found, each with its place."""
    return [
        f"{name}:{number}: {line.strip()[:80]}"
        for name in files()
        for number, line in enumerate(text(name).splitlines(), start=1)
        if pattern.search(line)
    ]


def test_nothing_is_left_for_later_in_the_files() -> None:
    assert _lines_with(LEFT_FOR_LATER) == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    assert _lines_with(MACHINE_PATH) == []


def test_the_locks_name_no_index_and_hash_every_package() -> None:
    """`--require-hashes` refuses a line without one; an index host would tie everyone to ours."""
    for lock in ("requirements.txt", "requirements-dev.txt"):
        lines = text(lock).splitlines()
        assert [line for line in lines if "://" in line or line.startswith("-")] == []
        for line, following in itertools.pairwise(lines):
            if line[:1].isalnum():
                assert re.match(r"[a-z0-9.-]+==\S+ .*\\$", line), line
                assert following.strip().startswith("--hash=sha256:")
