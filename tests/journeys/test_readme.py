"""What the README promises: its commands, word by word, on the example roster."""

import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from ledger.example import ROSTER, SCHOOL_NAME, SCHOOL_USCC
from tests.journeys.command_line import ROOT, SECONDS_MAX, environment

READMES = ("README.md", "README.zh.md")
TITLES = {"README.md": "Use it for real", "README.zh.md": "正式使用"}
PYTHON = ".venv/bin/python"
CREDITS = re.compile(r"^total credits: [1-9]", re.MULTILINE)


def _block(readme: str) -> list[str]:
    """Give the commands of the README's section on real use."""
    section = (ROOT / readme).read_text(encoding="utf-8").split(f"## {TITLES[readme]}\n")[1]
    return re.findall(r"```\n(.*?)```", section, re.DOTALL)[0].splitlines()


def _run(folder: Path, script: str) -> str:
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", script],
        cwd=folder,
        env={
            name: value
            for name, value in environment(folder).items()
            if name not in {"JINLAN_HOME", "JINLAN_PORT"}
        }
        | {"HOME": str(folder)},
        capture_output=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, (script, done.stdout, done.stderr)
    return done.stdout.decode()


def _earner(folder: Path, settings: str, listed: str) -> str:
    """Give the first of the persons listed, who come in no order, with credits."""
    for line in listed.splitlines():
        subject = line.split()[0]
        shown = _run(folder, f"{settings}\n{PYTHON} -m ledger transcript --subject {subject}")
        if CREDITS.search(shown):
            return subject
    pytest.fail("nobody earned anything")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the README takes it: a Python in .venv, and a roster."""
    python = tmp_path / PYTHON
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "roster.csv").write_bytes(ROSTER.read_bytes())
    return tmp_path


def test_the_commands_of_the_readme_lead_from_nothing_to_credits(folder: Path) -> None:
    settings, *commands = _block("README.md")
    words = {"NAME": SCHOOL_NAME, "CODE": SCHOOL_USCC}
    told: dict[str, str] = {}
    for command in commands:
        filled = re.sub(r"\b(NAME|CODE|ORG|ID)\b", lambda found: words[found[0]], command)
        name = filled.split("-m ledger ")[1].split(" --")[0].split()[0]
        out = told[name] = _run(folder, f"{settings}\n{filled}")
        if name == "organisation":
            words["ORG"] = out.split()[0]
        if name == "subjects":
            words["ID"] = _earner(folder, settings, out)
    summary = orjson.loads((folder / "report.json").read_bytes())["summary"]
    assert summary["outcomes"]["accepted"] > 0
    assert float(summary["credits"]) > 0
    assert CREDITS.search(told["transcript"])
    assert told["audit"].endswith("sound\n")
    for file in ("worker.json", "report.json"):
        assert (folder / file).stat().st_mode & 0o077 == 0
    (verify,) = re.findall(
        r"^\.venv.* verify .*$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    given = verify.replace("EXPORT.json", "worker.json").replace("keys.json", "jinlan/keys.json")
    assert "(valid, bundle" in _run(folder, given)


def test_both_readmes_give_the_same_commands_under_the_same_sections() -> None:
    commands, sections = [], []
    for readme in READMES:
        text = (ROOT / readme).read_text(encoding="utf-8")
        sections.append(text.count("\n## "))
        commands.append([line.split("#")[0].strip() for line in _block(readme)])
        for line in re.findall(r"^.*-m ledger.*$", text, re.MULTILINE):
            assert line.startswith(PYTHON), line
    assert commands[0] == commands[1]
    assert sections[0] == sections[1]


def test_it_is_said_who_could_rewrite_history_and_what_exposes_it() -> None:
    page = ROOT / "api/pages/home.html"
    for readme, words in zip(READMES, ("the log key could rewrite", "改写历史"), strict=True):
        assert words in (ROOT / readme).read_text(encoding="utf-8").replace("\n", " ")
        assert words in page.read_text(encoding="utf-8").replace("\n", " ")
