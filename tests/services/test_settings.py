"""Settings are read once; one that cannot be used is refused with what was expected."""

from pathlib import Path

import pytest

from ledger.errors import RefusedError
from ledger.services.settings import Settings
from ledger.storage.engine import open_engine


def test_left_out_settings_have_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings(Path("var").absolute(), "jinlan.localhost", 8000)


def test_an_empty_setting_is_as_one_left_out() -> None:
    assert Settings.from_environment({"JINLAN_HOME": "", "JINLAN_ORIGIN": ""}) == (
        Settings.from_environment({})
    )


def test_each_setting_is_taken(tmp_path: Path) -> None:
    environment = {
        "JINLAN_HOME": str(tmp_path), "JINLAN_ORIGIN": "ledger.example", "JINLAN_PORT": "0",
    }  # fmt: skip
    assert Settings.from_environment(environment) == Settings(tmp_path, "ledger.example", 0)


def test_the_public_log_lies_in_the_data_folder_unless_a_folder_is_named(tmp_path: Path) -> None:
    named = {"JINLAN_HOME": str(tmp_path / "home"), "JINLAN_PUBLIC": str(tmp_path / "public")}
    assert Settings.from_environment(named).public_folder == tmp_path / "public"
    named["JINLAN_PUBLIC"] = ""
    assert Settings.from_environment(named).public_folder == tmp_path / "home/public"


def test_a_relative_home_is_made_absolute() -> None:
    home = Settings.from_environment({"JINLAN_HOME": "data"}).home
    assert home == Path.cwd() / "data"


@pytest.mark.parametrize("port", ["", "-1", "65536", "80a", "8000.0", "٨٠", " 80", "+80"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(RefusedError, match="JINLAN_PORT") as caught:
        Settings.from_environment({"JINLAN_PORT": port})
    assert caught.value.code == "setting-unusable"


def test_a_database_url_names_the_server_and_its_password_is_shown_to_nobody() -> None:
    url = "postgresql://ledger:secret@db/ledger"
    settings = Settings.from_environment({"DATABASE_URL": url})
    assert settings.database == url
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "sqlite:///x", "nonsense", "://"])
def test_a_database_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(RefusedError, match="DATABASE_URL") as caught:
        open_engine(str(Settings.from_environment({"DATABASE_URL": url}).database))
    assert caught.value.code == "setting-unusable"
    assert "root" not in caught.value.message
