"""The verifier can be handed out alone: fresh process, no network, nothing written, few imports."""

import subprocess
import sys
from pathlib import Path

from ledger.credentials.bundle import seal_bundle
from tests.verify.ledger_fixture import CREDENTIAL_KEY, NOW_MS, TRUST, small_bundle

PROGRAM = """
import sys

def forbid(event, arguments):
    if event.startswith("socket.") or event in {"subprocess.Popen", "os.system", "os.exec"}:
        raise RuntimeError(event)
    if event == "open" and (set("wxa+") & set(str(arguments[1] or "")) or arguments[2] & 3):
        raise RuntimeError("open for writing")

from ledger.core.key_list import decode_key_list
from ledger.verify import verify
sys.addaudithook(forbid)
data, trust = (open(name, "rb").read() for name in sys.argv[1:3])
print(verify(data, decode_key_list(trust), int(sys.argv[3])).verdict)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
print(*sorted(name for name in sys.modules if name.startswith(("ledger.", "keys", "api"))))
"""
FORBIDDEN = {
    "flask", "werkzeug", "sqlalchemy", "alembic", "apscheduler", "click", "rich", "marshmallow",
    "openbadgeslib", "requests", "aiohttp", "sqlite3",
}  # fmt: skip


def run(folder: Path, program: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    (folder / "bundle.json").write_bytes(seal_bundle(small_bundle(), CREDENTIAL_KEY))
    (folder / "keys.json").write_bytes(TRUST.encode())
    return subprocess.run(
        [sys.executable, "-B", "-W", "error::DeprecationWarning", "-c", program,
         str(folder / "bundle.json"), str(folder / "keys.json"), str(NOW_MS)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_bundle_verifies_in_a_process_that_can_neither_connect_nor_write(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    verdict, tops, ours = done.stdout.splitlines()
    assert verdict == "valid"
    assert not FORBIDDEN & set(tops.split())
    rooms = {name.split(".")[1] for name in ours.split() if name.startswith("ledger.")}
    assert rooms == {"core", "credentials", "domain", "errors", "verify"}
    assert not [name for name in ours.split() if name.startswith(("keys", "api"))]


def test_the_hook_of_this_test_does_stop_a_connection_and_a_write(tmp_path: Path) -> None:
    for attempt in (
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        f"open({str(tmp_path / 'x')!r}, 'w')",
    ):
        done = run(tmp_path, PROGRAM.replace("data, trust", f"{attempt}\ndata, trust"))
        assert done.returncode != 0
        assert "RuntimeError" in done.stderr
