"""`refgenie serve` as a process: workers, signals, faults of its environment, nginx in front."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.db.models import Configuration
from refgenie.db.transfer_models import DownloadCount
from support.console import Console
from support.postgres import free_port
from support.served_home import GENOME, Home

BIG = 40 << 20
NAME = f"{GENOME}.fa"


@pytest.fixture
def installation(tmp_path: Path, sqlite_url: URL) -> Iterator[tuple[Home, dict[str, str], str]]:
    """A registry with one big file; the environment that names it, and the asset's digest."""
    database = Database.from_url(sqlite_url)
    folders = Folders(tmp_path / "genomes", tmp_path / "archives")
    folders.genome_folder.mkdir()
    folders.archive_folder.mkdir()
    home = Home(database, folders)
    home.genome(GENOME, "hg38")
    home.asset_class("fasta", ["file"])
    digest = home.asset("fasta", {NAME: bytes(range(256)) * (BIG // 256)})
    home.stage(digest, "file")
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
    yield home, {"REFGENIE_DB_CONFIG_PATH": str(config)}, digest
    database.dispose()


@contextmanager
def serving(console: Console, log: Path, *arguments: str, env: dict[str, str]) -> Iterator[tuple[Any, str]]:
    """The server's process and its address."""
    port = free_port()
    with log.open("w") as handle:
        process = console.start("serve", "-p", str(port), *arguments, env=env, stdout=handle, stderr=handle)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 90
        while not answers(f"{address}/healthcheck"):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield process, address
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(60)


def answers(address: str) -> bool:
    try:
        return bool(get(address)[0] == 200)
    except OSError:
        return False


def get(address: str, **headers: str) -> tuple[int, Any, bytes]:
    request = urllib.request.Request(address, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_downloads_in_flight_end_before_the_server_does(
    run_cli: Console, installation: tuple[Home, dict[str, str], str], tmp_path: Path
) -> None:
    home, env, digest = installation
    with serving(run_cli, tmp_path / "log", env=env) as (process, address):
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        connection.request("GET", f"/v4/assets/{digest}/files/{NAME}")
        answer = connection.getresponse()
        first = answer.read(1 << 16)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None
        rest = answer.read()
        assert hashlib.sha256(first + rest).hexdigest() == answer.headers["ETag"].strip('"')
        connection.close()
        assert process.wait(60) == 0
    with home.database.read() as session:
        [count] = session.execute(select(DownloadCount)).scalars()
        assert (count.kind, count.digest, count.count) == ("asset", digest, 1)


def test_two_workers_count_and_measure_together(
    run_cli: Console, installation: tuple[Home, dict[str, str], str], tmp_path: Path
) -> None:
    home, env, digest = installation
    with serving(run_cli, tmp_path / "log", "--workers", "2", env=env) as (process, address):
        for _ in range(10):
            assert get(f"{address}/v4/assets/{digest}/files/{NAME}", Range="bytes=0-9")[0] == 206
        metrics = get(f"{address}/metrics")[2].decode()
        route = "/v4/assets/{digest}/files/{path:path}"
        found = re.search(
            rf'refgenie_http_requests_total{{method="GET",route="{re.escape(route)}",status="206"}} (\S+)',
            metrics,
        )
        assert found is not None
        assert float(found[1]) == 10
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    with home.database.read() as session:
        assert session.execute(select(DownloadCount.count)).scalar_one() == 10
    assert f"/files/{NAME}" in (tmp_path / "log").read_text()


def test_a_fault_of_the_environment_stops_the_start_with_the_reason(
    run_cli: Console, installation: tuple[Home, dict[str, str], str], tmp_path: Path
) -> None:
    _home, env, _digest = installation
    channels = tmp_path / "channels.yaml"
    channels.write_text("")
    refused = run_cli("serve", env={**env, "DATA_CHANNELS_CONFIG_PATH": str(channels)})
    assert refused.code == 5
    assert "channels.yaml is empty" in refused.stderr
    refused = run_cli("serve", env={**env, "REFGENIE_SENDFILE": "yes"})
    assert refused.code == 5
    assert "REFGENIE_SENDFILE" in refused.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = run_cli("serve", "-p", str(taken.getsockname()[1]), env=env)
    assert refused.code == 9
    refused = run_cli("serve")
    assert refused.code == 3
    assert "refgenie init" in refused.stderr


@pytest.mark.postgres
def test_the_variables_of_postgresql_are_enough(
    run_cli: Console, empty_postgres_url: URL, tmp_path: Path
) -> None:
    if empty_postgres_url.host is None:
        pytest.skip("this PostgreSQL listens on a Unix socket only")
    env = {
        "POSTGRES_HOST": empty_postgres_url.host,
        "POSTGRES_PORT": str(empty_postgres_url.port),
        "POSTGRES_DB": empty_postgres_url.database or "",
        "POSTGRES_USER": empty_postgres_url.username or "",
        "POSTGRES_PASSWORD": empty_postgres_url.password or "",
    }
    with serving(run_cli, tmp_path / "log", env=env) as (_process, address):
        assert json.loads(get(f"{address}/v4/summary")[2])["assets"] == 0
        assert json.loads(get(f"{address}/v4/asset_classes")[2])["pagination"]["total"] > 0
        assert json.loads(get(f"{address}/seqcol/list/collection")[2])["pagination"]["total"] == 0
    written = run_cli.database_config.read_text()
    assert "${POSTGRES_PASSWORD}" in written
    assert (empty_postgres_url.password or "?") not in written


NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
{locations}
    }}
}}
"""


def documented_locations() -> str:
    """The locations of nginx that the documentation shows: they are what is tested."""
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "deploy.md").read_text()
    block = re.search(r"```nginx\n(.*?)```", text, re.DOTALL)
    assert block is not None
    locations = re.search(r"( *location /internal/.*)\n}", block[1], re.DOTALL)
    assert locations is not None
    return locations[1]


def test_nginx_sends_the_bodies(
    run_cli: Console,
    installation: tuple[Home, dict[str, str], str],
    tmp_path: Path,
    require_program: Callable[..., Path],
) -> None:
    nginx = require_program("nginx")
    home, env, digest = installation
    env = {**env, "REFGENIE_SENDFILE": "x-accel:/internal"}
    with serving(run_cli, tmp_path / "log", env=env) as (_process, address):
        port = free_port()
        folder = tmp_path / "nginx"
        folder.mkdir()
        locations = documented_locations().replace(
            "/srv/refgenie/archives/", f"{home.folders.archive_folder}/"
        )
        locations = locations.replace("http://127.0.0.1:8000", address)
        (folder / "nginx.conf").write_text(
            NGINX.format(
                folder=folder, port=port, locations=locations, user="user root;" if is_root() else ""
            )
        )
        process = subprocess.Popen(
            [nginx, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL
        )
        try:
            front = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 20
            while not answers(f"{front}/healthcheck"):
                assert time.monotonic() < deadline, (folder / "error.log").read_text()
                time.sleep(0.05)
            path = f"/v4/assets/{digest}/files/{NAME}"
            assert get(address + path)[2] == b""  # the body is left to nginx
            status, headers, body = get(front + path)
            assert (status, len(body)) == (200, BIG)
            sha256 = hashlib.sha256(body).hexdigest()
            assert headers["ETag"] == f'"{sha256}"'
            assert headers["Repr-Digest"].startswith("sha-256=:")
            assert headers["Content-Disposition"] == f'attachment; filename="{NAME}"'
            part = get(front + path, Range="bytes=100-199", If_Range=f'"{sha256}"')
            assert (part[0], part[2]) == (206, body[100:200])
            assert part[1]["Content-Range"] == f"bytes 100-199/{BIG}"
            assert get(front + path, If_None_Match=f'"{sha256}"')[0] == 304
            inside = f"/internal/{GENOME}/fasta/{digest}__default/{NAME}"
            assert get(front + inside)[0] == 404
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(20)


def is_root() -> bool:
    import os

    return os.geteuid() == 0
