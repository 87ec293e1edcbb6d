"""The files of the repository as these tests see them: tracked, or new and not ignored."""

import ast
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("ledger", "api", "keys")


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    answer = subprocess.run([git, "-C", str(ROOT), *arguments], capture_output=True, check=False)
    return answer.stdout.decode() if answer.returncode == 0 else None


def _walk() -> Iterator[str]:
    """List an unpacked archive, which has no git folder, leaving out what .gitignore names."""
    ignored = {line.strip("/\n ") for line in (ROOT / ".gitignore").read_text().splitlines()}
    ignored.add(".git")
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ignored]
        for name in names:
            if name not in ignored:
                yield (Path(folder) / name).relative_to(ROOT).as_posix()


@functools.cache
def files() -> tuple[str, ...]:
    """Give every file of the repository as a path relative to its top, sorted."""
    top = _git("rev-parse", "--show-toplevel")
    if top is not None and Path(top.strip()).resolve() == ROOT:
        listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        names = (listed or "").split("\0")
    else:
        names = list(_walk())
    return tuple(sorted({name for name in names if name and (ROOT / name).is_file()}))


def python_files(*folders: str) -> list[str]:
    """Give the Python files, all of them or those below the named top folders."""
    return [
        name
        for name in files()
        if name.endswith(".py") and (not folders or name.split("/")[0] in folders)
    ]


def text(name: str) -> str:
    """Read one file as text; a binary file reads as nothing."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@functools.cache
def parsed(name: str) -> ast.Module:
    """Parse one Python file."""
    return ast.parse(text(name), filename=name)
