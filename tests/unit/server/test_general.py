"""What holds for the whole server: failures, HEAD, CORS, documentation, counts, metrics."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from refgenie.db.database import Database
from refgenie.db.transfer_models import DownloadCount
from refgenie.errors import InvalidInputError
from refgenie.server.app import create_app
from refgenie.server.downloads import Download
from refgenie.server.settings import ServerSettings
from support.served_home import Home


def assert_failure(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status
    document = answer.json()
    assert set(document) == {"error", "detail"}
    assert set(document["error"]) == {"code", "message", "hint"}
    assert document["error"]["code"] == code
    assert document["error"]["message"] == document["detail"]
    assert answer.headers["content-type"] == "application/json"


def test_failures_have_one_shape(client: TestClient) -> None:
    assert_failure(client.get("/nothing/here"), 404, "not_found")
    assert_failure(client.get("/v4/assets/abc"), 404, "not_found")
    assert_failure(client.delete("/v4/assets"), 405, "method_not_allowed")
    assert_failure(client.get("/v4/assets?limit=x"), 422, "invalid_input")
    assert_failure(client.get("/v4/asset_groups/x"), 422, "invalid_input")
    assert_failure(client.get("/v4/genomes/a%00b"), 404, "not_found")


def test_a_mistake_of_the_server_is_500_in_that_shape(home: Home) -> None:
    app = create_app(home, ServerSettings(access_log="off"))

    @app.get("/mistake")
    def mistake() -> None:
        raise ZeroDivisionError("a secret of the server")

    with TestClient(app) as client:
        answer = client.get("/mistake", headers={"Origin": "https://elsewhere.example"})
        assert_failure(answer, 500, "error")
        assert "secret" not in answer.text
        assert answer.headers["access-control-allow-origin"] == "*"


def test_a_database_that_does_not_answer_is_503(home: Home) -> None:
    app = create_app(home, ServerSettings(access_log="off"))
    with TestClient(app) as client:
        assert client.get("/healthcheck").json() == {"status": "ok"}
        if home.database.path is not None:
            home.database.path.rename(home.database.path.with_name("gone"))
        else:
            app.state.site.database = Database.from_url("postgresql+psycopg://nobody:x@127.0.0.1:1/none")
        assert_failure(client.get("/healthcheck"), 503, "unavailable")


def test_every_get_answers_head(client: TestClient, home: Home) -> None:
    home.genome("D" * 32, "named")
    document = client.get("/openapi.json").json()
    paths = [path for path, entry in document["paths"].items() if "get" in entry and "{" not in path]
    assert len(paths) > 10
    for path in [*paths, "/docs", "/redoc", "/openapi.json", "/v4/aliases/named", "/v4/genomes/none"]:
        got, headed = client.get(path), client.head(path)
        assert headed.status_code == got.status_code, path
        assert headed.content == b""
        if path != "/metrics":
            assert headed.headers.get("content-length") == got.headers.get("content-length"), path


def test_other_origins_may_read_and_send_no_credentials(client: TestClient) -> None:
    origin = {"Origin": "https://elsewhere.example"}
    answer = client.get("/v4/genomes", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert "Repr-Digest" in answer.headers["access-control-expose-headers"]
    asked = client.options("/v4/genomes", headers={**origin, "Access-Control-Request-Method": "GET"})
    assert asked.status_code == 200
    refused = client.options("/v4/genomes", headers={**origin, "Access-Control-Request-Method": "DELETE"})
    assert refused.status_code == 400


def test_operations_are_found_by_their_identifiers(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    identifiers = [
        operation["operationId"] for entry in document["paths"].values() for operation in entry.values()
    ]
    assert len(identifiers) == len(set(identifiers))
    assert {
        "v4_genomes", "v4_genome", "v4_aliases", "v4_alias", "v4_asset_groups", "v4_asset_group",
        "v4_assets", "v4_asset", "v4_asset_files", "v4_asset_file", "v4_asset_archive",
        "v4_asset_classes", "v4_asset_class", "v4_recipes", "v4_recipe", "v4_archives", "v4_archive",
        "v4_archive_download", "v4_summary", "v4_species_summary",
    } <= set(identifiers)  # fmt: skip


def test_documentation_needs_no_other_host(client: TestClient) -> None:
    for page, script in (("/docs", "swagger-ui-bundle.js"), ("/redoc", "redoc.standalone.js")):
        text = client.get(page).text
        assert f"docs/assets/{script}" in text
        assert "https://" not in text.replace("https://github.com", "")
        assert len(client.get(f"/docs/assets/{script}").content) > 100_000
    assert client.get("/docs/assets/..%2fsecret").status_code == 404


@pytest.fixture
def archive(home: Home) -> tuple[str, str]:
    home.genome()
    home.asset_class("fasta", ["archive"])
    digest = home.asset("fasta", {"x": b"12345"})
    return digest, home.stage(digest, "archive")


def counts(home: Home) -> dict[tuple[str, str], int]:
    with home.database.read() as session:
        return {(row.kind, row.digest): row.count for row in session.execute(select(DownloadCount)).scalars()}


def test_downloads_are_counted_once_and_written_at_the_end(home: Home, archive: tuple[str, str]) -> None:
    digest, archived = archive
    with TestClient(create_app(home, ServerSettings(access_log="off"))) as client:
        whole = client.get(f"/v4/assets/{digest}/archive")
        client.get(f"/v4/archives/{archived}/download", headers={"Range": "bytes=0-3"})
        client.get(f"/v4/archives/{archived}/download", headers={"Range": "bytes=4-"})
        client.head(f"/v4/assets/{digest}/archive")
        client.get(f"/v4/assets/{digest}/archive", headers={"If-None-Match": whole.headers["etag"]})
        client.get(f"/v4/assets/{digest}/archive", headers={"Range": "bytes=999999-"})
        assert counts(home) == {}
    assert counts(home) == {("asset", digest): 2, ("archive", archived): 2}
    with TestClient(create_app(home, ServerSettings(access_log="off"))) as client:
        client.get(f"/v4/assets/{digest}/archive")
        assert client.get(f"/v4/assets/{digest}").json()["download_count"] == 2
    assert counts(home)[("archive", archived)] == 3
    with TestClient(create_app(home, ServerSettings(access_log="off"))) as client:
        assert client.get(f"/v4/archives/{archived}").json()["download_count"] == 3


def test_downloads_are_written_at_intervals_too(home: Home, archive: tuple[str, str]) -> None:
    settings = ServerSettings(access_log="off", download_count_interval=0.05)
    with TestClient(create_app(home, settings)) as client:
        client.get(f"/v4/assets/{archive[0]}/archive")
        deadline = time.monotonic() + 10
        while not counts(home) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert counts(home)[("asset", archive[0])] == 1


def test_another_handler_hears_of_downloads(home: Home, archive: tuple[str, str]) -> None:
    app = create_app(home, ServerSettings(access_log="off"))
    heard: list[Download] = []

    def broken(_download: Download) -> None:
        raise ValueError("a handler's own mistake")

    app.state.site.downloads.handlers |= {"broken": broken, "mine": heard.append}
    with TestClient(app) as client:
        assert client.get(f"/v4/assets/{archive[0]}/archive").status_code == 200
    assert heard == [Download(archive[0], archive_digest=archive[1])]


def test_counts_that_cannot_be_written_are_kept(home: Home, archive: tuple[str, str]) -> None:
    app = create_app(home, ServerSettings(access_log="off"))
    downloads = app.state.site.downloads
    downloads.count(Download(archive[0]))
    real, downloads._database = downloads._database, Database.from_url("sqlite:////nowhere/at/all")
    downloads.dump()
    downloads._database = real
    downloads.dump()
    downloads.dump()
    assert counts(home) == {("asset", archive[0]): 1}


def test_metrics_name_routes_and_not_digests(client: TestClient, archive: tuple[str, str]) -> None:
    client.get(f"/v4/assets/{archive[0]}/archive")
    client.head("/v4/genomes/none")
    client.get("/nothing/of/this/name")
    text = client.get("/metrics").text
    route = "/v4/assets/{digest}/archive"
    assert f'refgenie_http_requests_total{{method="GET",route="{route}",status="200"}} 1.0' in text
    assert 'refgenie_http_requests_total{method="HEAD",route="/v4/genomes/{digest}",status="404"} 1.0' in text
    assert 'route="other",status="404"' in text
    assert 'refgenie_downloads_total{kind="archive"} 1.0' in text
    assert archive[0] not in text


def test_the_access_log_is_a_line_or_json(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    import json

    caplog.set_level(logging.INFO, logger="refgenie.access")
    with TestClient(create_app(home, ServerSettings(access_log="line"))) as client:
        client.get("/v4/genomes?q=%0d%0ainjected", headers={"User-Agent": 'a"b'})
    assert '"GET /v4/genomes?q=%0d%0ainjected" 200' in caplog.records[-1].message
    assert r'"a\"b"' in caplog.records[-1].message
    with TestClient(create_app(home, ServerSettings(access_log="json"))) as client:
        client.get("/nothing")
    fields = json.loads(caplog.records[-1].message)
    assert (fields["method"], fields["target"], fields["status"]) == ("GET", "/nothing", 404)


def test_an_answer_that_does_not_begin_in_time_is_504(home: Home) -> None:
    app = create_app(home, ServerSettings(access_log="off", request_timeout=0.1))

    @app.get("/slow")
    def slow() -> dict[str, str]:
        time.sleep(0.5)
        return {}

    with TestClient(app) as client:
        assert_failure(client.get("/slow"), 504, "timeout")
        assert client.get("/healthcheck").status_code == 200


def test_a_body_that_is_too_big_is_refused(home: Home) -> None:
    app = create_app(home, ServerSettings(access_log="off", max_body_size=1000))

    @app.post("/echo")
    def echo(body: dict[str, str]) -> dict[str, str]:
        return body

    with TestClient(app) as client:
        assert_failure(client.post("/echo", json={"a": "x" * 2000}), 413, "too_large")
        pieces = (b"x" * 600 for _ in range(3))  # of no announced length
        json = {"Content-Type": "application/json"}
        assert_failure(client.post("/echo", content=pieces, headers=json), 413, "too_large")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REFGENIE_SENDFILE", "sendfile"),
        ("REFGENIE_SENDFILE", "x-accel:internal"),
        ("REFGENIE_ACCESS_LOG", "xml"),
        ("REFGENIE_REQUEST_TIMEOUT_SECONDS", "soon"),
        ("REFGENIE_MAX_BODY_BYTES", "-1"),
    ],
)
def test_settings_that_cannot_be_read_are_named(name: str, value: str) -> None:
    from refgenie.config import Settings

    with pytest.raises(InvalidInputError, match=name):
        ServerSettings.load(Settings.load({}), {name: value})


def test_service_info(client: TestClient) -> None:
    info = client.get("/service-info").json()
    assert info["type"] == {"group": "org.refgenie", "artifact": "refgenie", "version": "4.0.0"}
    assert {"id", "name", "organization", "version"} <= set(info)
