"""The server's aggregated data channels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient
from sqlalchemy import URL

from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.server.app import create_app
from refgenie.server.data_channels import AggregatedChannels, read_configuration
from refgenie.server.settings import ServerSettings
from support.console import Console
from support.running_app import running
from support.served_home import Home
from support.static_server import StaticServer

INDEX = {
    "asset_class": {"dir": "asset_classes", "files": ["fasta.yaml"]},
    "recipe": {"files": ["recipes/fasta.yaml", "recipes/deep/a b.yaml"]},
}


@pytest.fixture
def database_url(sqlite_url: URL) -> URL:
    return sqlite_url


@pytest.fixture
def channel(static_server: StaticServer) -> StaticServer:
    """A channel of three files in the folder ``one``."""
    folder = static_server.folder / "one"
    (folder / "asset_classes").mkdir(parents=True)
    (folder / "recipes" / "deep").mkdir(parents=True)
    (folder / "index.yaml").write_text(yaml.safe_dump(INDEX))
    (folder / "asset_classes" / "fasta.yaml").write_text("name: fasta\n")
    return static_server


@pytest.fixture
def configuration(channel: StaticServer, tmp_path: Path) -> Path:
    path = tmp_path / "channels.yaml"
    url = f"{channel.url}/one/index.yaml"
    path.write_text(yaml.safe_dump({"main": {"name": "site", "protocol": "http", "index_url": url}}))
    return path


@pytest.fixture
def client(home: Home, configuration: Path) -> Iterator[TestClient]:
    settings = ServerSettings(
        access_log="off", data_channels_config_path=configuration, data_channels_interval=0.1
    )
    with TestClient(create_app(home, settings), follow_redirects=False) as opened:
        yield opened


@pytest.mark.parametrize("prefix", ["/data_channels", "/data_channel"])
def test_channels_are_shown_as_one(client: TestClient, channel: StaticServer, prefix: str) -> None:
    shown = client.get(f"{prefix}/").json()
    assert shown["main"]["name"] == "site"
    assert shown["main"]["available"] is True
    index = yaml.safe_load(client.get(f"{prefix}/index.yaml").text)
    assert index == {
        "asset_class": {"files": ["site__asset_classes/fasta.yaml"]},
        "recipe": {"files": ["site__recipes/fasta.yaml", "site__recipes/deep/a b.yaml"]},
    }
    answer = client.get(f"{prefix}/site__asset_classes/fasta.yaml")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{channel.url}/one/asset_classes/fasta.yaml"
    odd = client.get(f"{prefix}/site__recipes/deep/a b.yaml")
    assert odd.headers["location"] == f"{channel.url}/one/recipes/deep/a%20b.yaml"


@pytest.mark.parametrize(
    "name",
    [
        "other__x.yaml",
        "site__..%2f..%2fsecret",
        "site__%2fetc%2fpasswd",
        "site__http:%2f%2fa.example%2fx",
        "site",
        "site__",
    ],
)
def test_nobody_is_sent_elsewhere(client: TestClient, name: str) -> None:
    assert client.get(f"/data_channels/{name}").status_code == 404


def test_indices_are_read_again_while_the_server_runs(client: TestClient, channel: StaticServer) -> None:
    before = client.get("/data_channels/index.yaml").text
    index = channel.folder / "one" / "index.yaml"
    index.write_text(yaml.safe_dump({"recipe": {"files": ["new.yaml"]}}))
    wait_for(lambda: client.get("/data_channels/index.yaml").text != before)
    after = yaml.safe_load(client.get("/data_channels/index.yaml").text)
    assert after["recipe"]["files"] == ["site__new.yaml"]
    index.write_text("<html>")
    wait_for(lambda: not client.get("/data_channels/").json()["main"]["available"])
    # What a channel had is shown until it has something else.
    assert yaml.safe_load(client.get("/data_channels/index.yaml").text) == after


def test_a_reading_that_breaks_off_is_not_the_last(configuration: Path) -> None:
    class Breaking(AggregatedChannels):
        readings = 0

        def refresh(self) -> None:
            self.readings += 1
            if self.readings == 1:
                raise OSError("no thread can be started")
            super().refresh()

    channels = Breaking(configuration)

    async def until_read() -> None:
        job = asyncio.create_task(channels.refresh_always(0))
        await asyncio.to_thread(channels.all)
        job.cancel()

    asyncio.run(until_read())
    assert channels.readings >= 2
    assert channels.all()


def test_a_configuration_that_becomes_bad_changes_nothing(client: TestClient, configuration: Path) -> None:
    assert "main" in client.get("/data_channels/").json()
    configuration.write_text("")
    time.sleep(0.3)
    assert "main" in client.get("/data_channels/").json()


def wait_for(condition: object) -> None:
    deadline = time.monotonic() + 20
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("{}", "lists no data channels"),
        ("- a\n", "no YAML mapping"),
        ("a: [", "no YAML"),
        ("a: 1\n", "a: "),
        ("a: {name: x, protocol: http}\n", "index_url"),
        ("a: {name: x, protocol: ftp, index_url: 'ftp://h/i'}\n", "protocol"),
        ("a: {name: x__y, protocol: http, index_url: 'http://h/i'}\n", "__"),
        ("a: {name: x, protocol: https, index_url: 'http://h/i'}\n", "no https address"),
        ("a: {name: x, protocol: http, index_url: 'http://h/i', colour: red}\n", "colour"),
        (
            "a: {name: x, protocol: http, index_url: 'http://h/i'}\n"
            "b: {name: x, protocol: http, index_url: 'http://h/j'}\n",
            "two data channels",
        ),
    ],
)
def test_a_bad_configuration_stops_the_start(home: Home, tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "channels.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=reason):
        create_app(home, ServerSettings(data_channels_config_path=path))


def test_a_missing_configuration_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_configuration(tmp_path / "none.yaml")


def test_a_server_without_channels(home: Home) -> None:
    with TestClient(create_app(home, ServerSettings(access_log="off"))) as client:
        assert client.get("/data_channels/").json() == {}
        assert client.get("/data_channels/site__x").status_code == 404
    assert AggregatedChannels(None).index() == {"asset_class": {"files": []}, "recipe": {"files": []}}


def test_the_client_takes_the_server_as_one_channel(
    home: Home, static_server: StaticServer, tmp_path: Path, run_cli: Console
) -> None:
    entries = {}
    for name in ("one", "two"):
        folder = static_server.folder / name / "asset_classes"
        folder.mkdir(parents=True)
        (folder / "base.yaml").write_text(asset_class(f"{name}_base"))
        (folder / "kind.yaml").write_text(asset_class(f"{name}_kind", f"parents: [{name}_base]"))
        (folder.parent / "index.yaml").write_text(
            yaml.safe_dump({"asset_class": {"dir": "asset_classes", "files": ["kind.yaml", "base.yaml"]}})
        )
        entries[name] = {
            "name": name,
            "protocol": "http",
            "index_url": f"{static_server.url}/{name}/index.yaml",
        }
    path = tmp_path / "channels.yaml"
    path.write_text(yaml.safe_dump(entries))
    settings = ServerSettings(access_log="off", data_channels_config_path=path)
    run_cli("init").succeeded()
    with running(create_app(home, settings)) as address:
        run_cli("data-channel", "add", "site", f"{address}/data_channels/index.yaml").succeeded()
        run_cli("data-channel", "sync", "site").succeeded()
    names = {entry["name"] for entry in run_cli("asset-class", "list", "--json").succeeded().json}
    assert {"one_kind", "one_base", "two_kind", "two_base"} <= names


def asset_class(name: str, more: str = "") -> str:
    return (
        f"name: {name}\nversion: 0.0.1\ndescription: d\n{more}\n"
        f"seek_keys: {{{name}: {{value: x, type: file, description: d}}}}\n"
    )
