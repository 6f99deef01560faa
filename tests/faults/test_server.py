"""Faults around a running server: killed, without its database, without its store."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL, select, text

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.db.models import Configuration
from refgenie.db.transfer_models import DownloadCount
from refgenie.server.app import create_app
from refgenie.server.settings import ServerSettings
from support.console import Console
from support.postgres import free_port
from support.served_home import GENOME, Home

QUIET = ServerSettings(access_log="off")


def fill(home: Home) -> str:
    home.folders.genome_folder.mkdir(parents=True)
    home.folders.archive_folder.mkdir(parents=True)
    home.genome(GENOME, "hg38")
    home.asset_class("fasta", ["file"])
    digest = home.asset("fasta", {"x": b"12345"})
    home.stage(digest, "file")
    return digest


def test_a_killed_server_loses_one_interval_of_counts_at_most(
    run_cli: Console, sqlite_url: URL, tmp_path: Path
) -> None:
    import urllib.request

    database = Database.from_url(sqlite_url)
    home = Home(database, Folders(tmp_path / "genomes", tmp_path / "archives"))
    digest = fill(home)
    folders = home.folders
    database.write(
        lambda session: session.add(
            Configuration(
                id=1,
                genome_folder=str(folders.genome_folder),
                genome_archive_folder=str(folders.archive_folder),
            )
        )
    )
    config = tmp_path / "database.yaml"
    config.write_text(json.dumps({"type": "sqlite", "path": sqlite_url.database}))
    port = free_port()
    env = {"REFGENIE_DB_CONFIG_PATH": str(config), "DOWNLOAD_COUNT_DUMP_JOB_INTERVAL_SECONDS": "0.1"}
    with (tmp_path / "log").open("w") as log:
        process = run_cli.start("serve", "-p", str(port), env=env, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}/v4/assets/{digest}/files/x"
        deadline = time.monotonic() + 90
        while True:
            try:
                with urllib.request.urlopen(address) as answer:
                    assert answer.read() == b"12345"
                break
            except OSError:
                assert process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        while counted(database) == 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert counted(database) == 1
    database.dispose()


def counted(database: Database) -> int:
    with database.read() as session:
        return sum(session.execute(select(DownloadCount.count)).scalars())


@pytest.mark.postgres
def test_a_database_that_went_away_is_used_again_when_it_is_back(
    postgres_server: Any, postgres_url: URL, tmp_path: Path
) -> None:
    database = Database.from_url(postgres_url)
    home = Home(database, Folders(tmp_path / "genomes", tmp_path / "archives"))
    digest = fill(home)
    with TestClient(create_app(home, QUIET)) as client:
        assert client.get(f"/v4/assets/{digest}").status_code == 200
        other = Database.from_url(postgres_server.admin)
        with other.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            name = postgres_url.database
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
            end = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            connection.execute(end, {"name": name})
            down = client.get("/healthcheck")
            assert (down.status_code, down.json()["error"]["code"]) == (503, "unavailable")
            for path in (f"/v4/assets/{digest}", "/seqcol/list/collection", f"/seqcol/collection/{'A' * 32}"):
                refused = client.get(path)
                assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable"), path
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
        other.dispose()
        assert client.get("/healthcheck").status_code == 200
        assert client.get(f"/v4/assets/{digest}/files/x").content == b"12345"
    database.dispose()


def test_a_store_that_does_not_answer_stops_the_start(run_cli: Console) -> None:
    run_cli("init").succeeded()
    begun = time.monotonic()
    refused = run_cli(
        "serve", env={"REFGENIE_REFGET_STORE_URL": f"http://127.0.0.1:{free_port()}/store"}, timeout=100
    )
    assert refused.code == 7, refused.stderr
    assert time.monotonic() - begun < 60
    assert "http://127.0.0.1" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_of_another_version_stops_the_start(run_cli: Console, tmp_path: Path) -> None:
    run_cli("init").succeeded()
    database = Database.from_url(f"sqlite:///{run_cli.home / 'refgenie'}")
    database.write(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    refused = run_cli("serve")
    assert refused.code == 5
    assert "newer" in refused.stderr
    database.dispose()
