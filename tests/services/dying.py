"""Publish, and die at each step: ``python -m tests.services.dying HOME FOLDER``.

Each child dies at another of the calls that change a file system, until one lives to the end. After
each the folder must hold a whole log. Prints the size of that log each time, a line each.
"""

import os
import sys
from pathlib import Path

from ledger.services.context import Ledger, open_ledger
from ledger.services.mirroring import open_copy
from ledger.services.publishing import publish
from ledger.services.settings import Settings

CHANGES = frozenset({"os.rename", "os.mkdir", "os.chmod", "shutil.rmtree", "open"})


def publish_and_die(ledger: Ledger, folder: Path, step: int) -> None:
    """Publish in this process, which ends before its ``step``-th change, or after the last."""
    left = step

    def count(event: str, _arguments: object) -> None:
        nonlocal left
        left -= event in CHANGES
        if not left:
            os._exit(9)

    sys.addaudithook(count)
    publish(ledger, folder)
    os._exit(0)


def main(home: Path, folder: Path) -> None:
    """Die at each step."""
    ledger = open_ledger(Settings(home))
    step, ended = 0, False
    while not ended:
        step += 1
        ledger.engine.dispose()  # a child may not use its parent's connections
        child = os.fork()
        if not child:
            publish_and_die(ledger, folder, step)
        ended = os.waitpid(child, 0)[1] == 0
        log = open_copy(folder, ledger.keyring.published().log_verifier_keys(), ledger.origin)
        whole = sum(1 for _ in log.entries(0, log.checkpoint.size))
        sys.stdout.write(f"{whole}\n")
    ledger.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
