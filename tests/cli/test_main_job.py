"""The main job on the example: rows in, credits out, a bundle, and a verdict by a fresh process."""

from pathlib import Path

import orjson
import pytest

from ledger.cli.main_job import run_main_job
from ledger.services.context import open_ledger
from ledger.services.settings import Settings
from tests.ledgers import verify_whole


def test_the_main_job_may_be_done_again_and_records_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(tmp_path / "home")
    assert run_main_job(settings, as_json=False)
    words = capsys.readouterr().out
    for part in ("2  school", "3  roster     39 rows", "4  credits", "6  export", "8  verdict"):
        assert part in words
    assert "(valid, bundle" in words
    assert "row 34: rejected, id-checksum" in words
    for part in (
        "对照证件重新填写",
        "Type it again from the card",
        "row 39: repeated",
        "五级/初级工",
    ):
        assert part in words
    ledger = open_ledger(settings)
    size = verify_whole(ledger).entries
    assert run_main_job(settings, as_json=True)
    document = orjson.loads(capsys.readouterr().out)
    assert (document["valid"], document["entries"]) == (True, size)
    assert document["summary"]["replayed"]
    assert Path(document["export"]).stat().st_mode & 0o777 == 0o600
    assert verify_whole(ledger).entries == size
    ledger.close()
