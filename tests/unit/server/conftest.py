"""The application over a registry with real files below it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.server.app import create_app
from refgenie.server.settings import ServerSettings
from support.served_home import Home


@pytest.fixture
def home(database: Database, folders: Folders) -> Home:
    """An installation with nothing in it; on SQLite and on PostgreSQL."""
    folders.genome_folder.mkdir(parents=True)
    folders.archive_folder.mkdir(parents=True)
    return Home(database, folders)


@pytest.fixture
def settings() -> ServerSettings:
    """How the server of a test behaves; a test module may have its own."""
    return ServerSettings(access_log="off")


@pytest.fixture
def client(home: Home, settings: ServerSettings) -> Iterator[TestClient]:
    """Talks to the application over ``home``."""
    with TestClient(create_app(home, settings), follow_redirects=False) as opened:
        yield opened
