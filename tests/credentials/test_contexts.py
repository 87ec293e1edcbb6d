import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.core.digest import sha256
from ledger.credentials import contexts
from ledger.credentials.contexts import (
    CLR,
    CREDENTIALS_V2,
    OPEN_BADGES,
    PINS,
    load_contexts,
    pinned_contexts,
)
from ledger.credentials.jsonld import canonical_form
from ledger.errors import MalformedError, UnavailableError, VerificationError
from tests.shared_data import shared

PUBLISHED = {
    CREDENTIALS_V2: "w3c/v2.jsonld",
    OPEN_BADGES: "ob-v3p0-3.0.3.json",
    CLR: "clr-v2p0-2.0.1.json",
}


@pytest.mark.parametrize("url", PINS)
def test_each_pinned_hash_is_that_of_the_publishers_own_copy(url: str) -> None:
    """VCDM 2.0, B.1: the base context is fixed by hash."""
    data = shared(f"vectors/contexts/{PUBLISHED[url]}").read_bytes()
    assert sha256(data).hex() == PINS[url].sha256


def test_the_carrier_holds_every_pinned_context() -> None:
    assert pinned_contexts().urls == PINS.keys()


def test_no_pinned_context_gives_every_term_a_meaning() -> None:
    """A context with @vocab would defeat the check for undefined terms."""
    for url in PINS:
        assert "'@vocab':" not in str(pinned_contexts().load(url)["document"])


def test_a_context_file_with_another_hash_is_refused() -> None:
    with pytest.raises(VerificationError) as caught:
        load_contexts(PINS, lambda _name: b'{"@context":{}}')
    assert caught.value.code == "context-altered"


def test_a_context_that_is_not_pinned_is_never_loaded() -> None:
    for url in ("https://www.w3.org/ns/credentials/v1", "file:///etc/hosts", "", OPEN_BADGES + "#"):
        with pytest.raises(MalformedError) as caught:
            pinned_contexts().load(url)
        assert caught.value.code == "context-unknown"


def test_a_missing_carrier_is_unavailable_and_not_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "CARRIER", "no-such-distribution")
    with pytest.raises(UnavailableError):
        contexts._read_from_carrier("credentials-v2.json")
    monkeypatch.undo()
    with pytest.raises(UnavailableError):
        contexts._read_from_carrier("no-such-file.json")


def test_loading_the_contexts_runs_no_code_of_the_carrier_and_no_network_client() -> None:
    program = (
        "import sys; from ledger.credentials.contexts import pinned_contexts; pinned_contexts();"
        "sys.exit(any(m.split('.')[0] in {'openbadgeslib', 'requests', 'aiohttp', 'urllib3'}"
        " for m in sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-W", "error", "-c", program], check=False).returncode == 0
    )


def test_threads_can_share_the_cache_of_processed_contexts() -> None:
    documents = [
        {
            "@context": [CREDENTIALS_V2, OPEN_BADGES],
            "id": f"urn:example:{number}",
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "credentialSubject": {"id": "urn:example:s", "type": ["AchievementSubject"]},
        }
        for number in range(40)
    ]
    alone = [canonical_form(one, pinned_contexts()) for one in documents]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda one: canonical_form(one, pinned_contexts()), documents))
    assert together == alone


def test_the_cache_of_processed_contexts_is_bounded() -> None:
    kept = contexts._ProcessedContexts()
    for number in range(1_000):
        kept[str(number)] = number
    assert len(kept._kept) <= contexts._PROCESSED_MAX
    assert kept.get("999") == 999
