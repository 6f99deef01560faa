from __future__ import annotations

from pathlib import Path

import pytest

import refgenie.config
from refgenie.config import Settings
from refgenie.errors import InvalidInputError


def test_defaults_lie_below_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = Settings.load({})
    assert found.home == tmp_path / ".refgenie"
    assert found.folders().genome_folder == tmp_path / ".refgenie" / "genomes"
    assert found.folders().archive_folder == tmp_path / ".refgenie" / "archives"
    assert found.database_config_path == tmp_path / ".refgenie" / "refgenie_db_config.yaml"


def test_argument_then_environment_then_registry_then_default() -> None:
    environment = {"REFGENIE_HOME_PATH": "/home", "REFGENIE_GENOME_FOLDER": "/from/environment"}
    by_argument = Settings.load(environment, genome_folder="/from/argument")
    assert by_argument.folders("/from/registry").genome_folder == Path("/from/argument")
    assert Settings.load(environment).folders("/from/registry").genome_folder == Path("/from/environment")
    assert Settings.load({}).folders("/from/registry").genome_folder == Path("/from/registry")
    assert Settings.load({"REFGENIE_HOME_PATH": "/home"}).folders().genome_folder == Path("/home/genomes")


def test_the_stage_folder_is_another_name_of_the_archive_folder() -> None:
    assert Settings.load({"REFGENIE_GENOME_STAGE_FOLDER": "/stage"}).archive_folder == Path("/stage")


def test_home_and_variables_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("SITE", "/site")
    found = Settings.load({"REFGENIE_HOME_PATH": "~/genomes", "REFGENIE_GENOME_FOLDER": "$SITE/g"})
    assert (found.home, found.genome_folder) == (Path("/home/ada/genomes"), Path("/site/g"))


@pytest.mark.parametrize(
    "environment", [{"REFGENIE_LOG_LEVEL": "LOUD"}, {"DOWNLOAD_COUNT_DUMP_JOB_INTERVAL_SECONDS": "soon"}]
)
def test_what_cannot_be_read_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        Settings.load(environment)


def test_imported_variables_are_what_the_program_uses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("REFGENIE_HOME_PATH")
    for home in (tmp_path / ".refgenie", tmp_path / "other"):
        found = Settings.load()
        assert refgenie.config.REFGENIE_HOME_PATH == str(found.home) == str(home)
        assert refgenie.config.REFGENIE_GENOME_FOLDER == str(found.folders().genome_folder)
        assert refgenie.config.REFGENIE_GENOME_ARCHIVE_FOLDER == str(found.folders().archive_folder)
        assert refgenie.config.REFGENIE_DB_CONFIG_PATH == str(found.database_config_path)
        monkeypatch.setenv("REFGENIE_HOME_PATH", "~/other")
    monkeypatch.setenv("REFGENIE_GENOME_STAGE_FOLDER", "$HOME/stage")
    assert refgenie.config.REFGENIE_GENOME_ARCHIVE_FOLDER == f"{tmp_path}/stage"
    assert refgenie.config.REFGENIE_LOG_LEVEL == "INFO"


def test_variables_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REFGENIE_REFGET_STORE_URL", raising=False)
    assert refgenie.config.REFGENIE_REFGET_STORE_URL is None
    monkeypatch.setenv("REFGENIE_REFGET_STORE_URL", "https://bucket/store")
    from refgenie.config import REFGENIE_REFGET_STORE_URL

    assert REFGENIE_REFGET_STORE_URL == "https://bucket/store"
    with pytest.raises(AttributeError):
        _ = refgenie.config.REFGENIE_NO_SUCH_THING
