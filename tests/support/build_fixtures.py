"""Fixtures over an installation that can build; made once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from support.build_site import TINY, BuildSite


@pytest.fixture(scope="session")
def build_template(tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path) -> Path:
    """A registry with the bundled recipes and the genome ``tiny``."""
    folder = tmp_path_factory.mktemp("build-template")
    shutil.copy(_sqlite_template, folder / "registry")
    (folder / "tiny.fa").write_text(TINY)
    database = Database.from_url(f"sqlite:///{folder / 'registry'}")
    BuildSite(database, Folders(folder / "genomes", folder / "archives")).fill(folder / "tiny.fa")
    database.dispose()
    return folder


@pytest.fixture
def site(build_template: Path, tmp_path: Path) -> Iterator[BuildSite]:
    """An installation on SQLite with the genome ``tiny``."""
    shutil.copytree(build_template / "genomes", tmp_path / "genomes", symlinks=True)
    shutil.copy(build_template / "registry", tmp_path / "registry")
    database = Database.from_url(f"sqlite:///{tmp_path / 'registry'}")
    yield BuildSite(database, Folders(tmp_path / "genomes", tmp_path / "archives"))
    database.dispose()


@pytest.fixture
def server_site(postgres_url: URL, tmp_path: Path) -> Iterator[BuildSite]:
    """The same on PostgreSQL."""
    database = Database.from_url(postgres_url)
    filled = BuildSite(database, Folders(tmp_path / "genomes", tmp_path / "archives"))
    (tmp_path / "tiny.fa").write_text(TINY)
    filled.fill(tmp_path / "tiny.fa")
    yield filled
    database.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def each_site(request: pytest.FixtureRequest) -> BuildSite:
    """The test runs on SQLite and on PostgreSQL."""
    name = "site" if request.param == "sqlite" else "server_site"
    found: BuildSite = request.getfixturevalue(name)
    return found
