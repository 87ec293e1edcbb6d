"""Write a log's files, and die at each step: ``python -m tests.services.dying WHAT FROM FOLDER``.

WHAT is ``publish`` (FROM: the data folder of a ledger) or ``mirror`` (FROM: a published folder).
Each child dies at another of the calls that change a file system, until one lives to the end. After
each the folder must hold a whole log, or none. Prints its size each time, a line each.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ledger.core.key_list import decode_key_list
from ledger.errors import NotFoundError
from ledger.services.context import open_ledger
from ledger.services.log_copy import open_log_copy
from ledger.services.log_sources import open_source
from ledger.services.mirroring import Mirror
from ledger.services.publishing import publish
from ledger.services.settings import Settings
from ledger.storage.log_files import KEY_LIST, LogFolder

CHANGES = frozenset({"os.rename", "os.mkdir", "os.chmod", "shutil.rmtree", "open"})


def publish_once(home: Path, folder: Path) -> None:
    """Publish a ledger."""
    publish(open_ledger(replace(Settings.from_environment(), home=home)), folder)


def mirror_once(source: Path, folder: Path) -> None:
    """Do one round of a mirror."""
    Mirror(open_source(str(source)), LogFolder(folder)).follow()


def work_and_die(work: Callable[[], None], step: int) -> None:
    """Work in this process, which ends before its ``step``-th change, or after the last."""
    left = step

    def count(event: str, _arguments: object) -> None:
        nonlocal left
        left -= event in CHANGES
        if not left:
            os._exit(9)

    sys.addaudithook(count)
    work()
    os._exit(0)


def whole_size(folder: Path) -> int:
    """Read the whole log in a folder, checked; give its size, 0 if there is no checkpoint."""
    try:
        keys = decode_key_list((folder / KEY_LIST).read_bytes())
        log = open_log_copy(folder, keys.origin, keys.log_verifier_keys()).log
    except (FileNotFoundError, NotFoundError):
        return 0
    return sum(1 for _ in log.entries(0, log.checkpoint.size))


def main(what: str, source: str, folder: str) -> None:
    """Die at each step."""
    once = {"publish": publish_once, "mirror": mirror_once}[what]
    step, ended = 0, False
    while not ended:
        step += 1
        child = os.fork()
        if not child:
            work_and_die(lambda: once(Path(source), Path(folder)), step)
        ended = os.waitpid(child, 0)[1] == 0
        sys.stdout.write(f"{whole_size(Path(folder))}\n")
        sys.stdout.flush()  # or each child would have it to say again


if __name__ == "__main__":
    main(*sys.argv[1:])
