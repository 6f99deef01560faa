"""The services that the tests rest on are real."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from refgenie.config import database as database_config_file
from refgenie.db.database import Database
from support.static_server import StaticServer


def test_each_test_has_a_migrated_registry_of_its_own(database: Database) -> None:
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM genome")).scalar() == 0


def test_the_configuration_file_names_the_registry(database_url: URL, database_config: Path) -> None:
    assert database_config_file.load(database_config).url() == database_url.render_as_string(
        hide_password=False
    )


def test_the_users_settings_are_out_of_reach() -> None:
    assert "refgenie-tests-" in os.environ["REFGENIE_HOME_PATH"]
    assert not [name for name in os.environ if name.startswith(("AWS_", "POSTGRES_", "PGHOST"))]


def fetch(url: str, wanted: str | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Range": wanted} if wanted else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.read()


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        (None, 200, b"0123456789"),
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=8-100", 206, b"89"),
    ],
)
def test_the_static_server_knows_ranges(
    static_server: StaticServer, wanted: str | None, status: int, body: bytes
) -> None:
    (static_server.folder / "digits").write_bytes(b"0123456789")
    assert fetch(f"{static_server.url}/digits", wanted) == (status, body)
    assert static_server.requests == [("GET", "/digits", wanted)]


def test_the_static_server_refuses_a_range_beyond_the_end(static_server: StaticServer) -> None:
    (static_server.folder / "digits").write_bytes(b"0123456789")
    with pytest.raises(urllib.error.HTTPError, match="416"):
        fetch(f"{static_server.url}/digits", "bytes=10-")
