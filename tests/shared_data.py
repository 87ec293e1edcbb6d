"""Where tests find the data sets that lie beside the repository, or a reason to skip."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("JINLAN_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def shared(relative: str) -> Path:
    """Give the path of a shared data file; skip the calling test where it is absent."""
    path = SHARED / relative
    if not path.exists():
        pytest.skip(
            f"shared file {relative} is not here; JINLAN_SHARED names the folder that holds it"
        )
    return path
