"""The public log: what a stranger reads is enough to audit it."""

import pytest

from ledger.core.checkpoint import open_checkpoint
from ledger.core.digest import leaf_hash
from ledger.core.key_list import parse_key_list
from ledger.core.proof import parse_proof, verify_proof
from ledger.core.tile import decode_bundle
from tests.api.worlds import World
