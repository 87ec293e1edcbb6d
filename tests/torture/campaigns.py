"""How much of a campaign is run, and which one.

``make test`` runs a short share of each. With JINLAN_TORTURE=1, as ``make torture`` has it, all is
run. A campaign draws everything from JINLAN_SEED, which is 1 where it is not set: one seed, one
run, as far as the kernel lets two processes meet in the same way twice.
"""

import os
import random
from collections.abc import Callable
from typing import Final

WHOLE: Final = os.environ.get("JINLAN_TORTURE") == "1"
SEED: Final = int(os.environ.get("JINLAN_SEED", "1"))
COUNTS: Final = "campaign"

Tell = Callable[..., None]


def share(short: int, whole: int) -> int:
    """Give how many cases to run."""
    return whole if WHOLE else short


def chance_of(*part: object) -> random.Random:
    """Give the chance that one part of a campaign draws from."""
    return random.Random("/".join(map(str, (SEED, *part))))
