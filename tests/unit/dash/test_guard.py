"""Other web sites are kept out; listed ones reach the bridge alone."""

from __future__ import annotations

import httpx
import pytest

from refgenie.config.settings import VARIABLES
from refgenie.db.models import Server
from refgenie.errors import InvalidInputError
from refgenie.server.dash.bridge import Bridge
from refgenie.server.dash.guard import names_this_machine
from refgenie.server.dash.settings import DashSettings, read_origin
from support.dashboard import HEADER, RunningDashboard, dashboard

SITE = "https://refgenomes.example.org"
EVIL = "https://evil.example"


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("localhost", True),
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("LOCALHOST:1", True),
        ("evil.example", False),
        ("localhost.evil.example:8080", False),
        ("127.0.0.1.nip.io", False),
        ("localhost@evil.example", False),
        ("", False),
        ("127.0.0.2", False),
        ("[::1", False),
    ],
)
def test_only_hosts_of_this_machine_are_answered(host: str, good: bool) -> None:
    assert names_this_machine(host) is good


def test_a_rebound_name_is_refused(dash: RunningDashboard) -> None:
    for path in ("/", "/genomes", "/ping", "/static/app.css", "/mcp"):
        answer = dash.get(path, Host="evil.example:8080")
        assert answer.status_code == 421, path
        assert "lambda" not in answer.text


def test_what_changes_something_needs_the_header(dash: RunningDashboard) -> None:
    for path in ("/do/subscribe", "/do/doctor", "/do/pull", "/jobs/x/cancel"):
        answer = httpx.post(f"{dash.url}{path}", data={"url": "http://127.0.0.1:9"})
        assert answer.status_code == 403, path
        assert "x-refgenie-dashboard" in answer.json()["error"]["message"]
    assert dash.jobs.list() == []


def test_another_origin_is_refused_whatever_it_sends(dash: RunningDashboard) -> None:
    for path, method in (("/genomes", "GET"), ("/do/doctor", "POST"), ("/mcp", "POST"), ("/jobs", "GET")):
        answer = httpx.request(method, f"{dash.url}{path}", headers={**HEADER, "Origin": EVIL})
        assert answer.status_code == 403, path
        assert "access-control-allow-origin" not in answer.headers
    assert dash.post("/do/doctor", Origin="null").status_code == 403
    assert dash.jobs.list() == []


def test_fetches_of_another_site_are_refused_and_links_are_not(dash: RunningDashboard) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert dash.get("/genomes", **foreign, **{"Sec-Fetch-Mode": "no-cors"}).status_code == 403
    assert dash.get("/genomes", **foreign, **{"Sec-Fetch-Mode": "navigate"}).status_code == 200
    assert dash.post("/do/doctor", None, **foreign, **{"Sec-Fetch-Mode": "navigate"}).status_code == 403


def test_the_own_page_may(dash: RunningDashboard) -> None:
    answer = dash.post(
        "/do/alias", {"genome": "none", "alias": "x"}, Origin=dash.url, **{"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 404  # the guard let it through: there is no such genome


@pytest.mark.parametrize("mode", ["off", "read", "full"])
def test_the_bridge_gives_a_listed_site_what_its_mode_says(dash: RunningDashboard, mode: str) -> None:
    settings = DashSettings.load(
        {"REFGENIE_BRIDGE_MODE": mode, "REFGENIE_BRIDGE_ORIGINS": f"{SITE}, http://localhost:3000"}
    )
    with dashboard(dash.refgenie, settings) as bridged:
        ping = bridged.get("/ping", Origin=SITE)
        assert ping.status_code == (403 if mode == "off" else 200)
        if mode != "off":
            assert ping.json()["capabilities"] == ["ping", "assets"] + ["pull"] * (mode == "full")
            assert ping.headers["access-control-allow-origin"] == SITE
            assert bridged.get(f"/bridge/assets/{'0' * 64}", Origin=SITE).status_code == 404
        for path in ("/genomes", "/jobs", "/settings", "/do/doctor"):
            assert bridged.get(path, Origin=SITE).status_code == 403, path
        assert bridged.get("/ping", Origin=EVIL).status_code == 403
        assert bridged.post("/do/remove", {"path": "a/b"}, Origin=SITE).status_code == 403
        pull = httpx.post(
            f"{bridged.url}/bridge/pull",
            json={"registry_path": "hg38/fasta"},
            headers={**HEADER, "Origin": SITE},
        )
        assert pull.status_code == (202 if mode == "full" else 403)
        if mode == "full":
            job = bridged.jobs.get(pull.json()["job"])
            assert (job.kind, job.command) == ("pull", ("pull", "--batch", "--", "hg38/fasta"))
            assert bridged.ended(job).state == "failed"  # there is no server
            bridged.jobs.remove(job.id)


def test_the_bridge_takes_registry_paths_and_nothing_else(dash: RunningDashboard) -> None:
    settings = DashSettings(bridge_mode="full", bridge_origins=frozenset({SITE}))
    headers = {**HEADER, "Origin": SITE}
    with dashboard(dash.refgenie, settings) as bridged:
        for body in (
            {},
            {"registry_path": "--help"},
            {"registry_path": 1},
            [],
            {"registry_path": "a/b\n--force"},
        ):
            answer = httpx.post(f"{bridged.url}/bridge/pull", json=body, headers=headers)
            assert answer.status_code == 422, body
        large = httpx.post(f"{bridged.url}/bridge/pull", content=b" " * 5000, headers=headers)
        assert large.status_code == 422
        without = httpx.post(
            f"{bridged.url}/bridge/pull", json={"registry_path": "a/b"}, headers={"Origin": SITE}
        )
        assert without.status_code == 403
        assert bridged.jobs.list() == []


def test_local_network_access_is_granted_to_listed_sites_alone(dash: RunningDashboard) -> None:
    settings = DashSettings(bridge_mode="full", bridge_origins=frozenset({SITE}))
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-refgenie-dashboard",
        "Access-Control-Request-Private-Network": "true",
        "Access-Control-Request-Local-Network": "true",
    }
    with dashboard(dash.refgenie, settings) as bridged:
        good = httpx.options(f"{bridged.url}/bridge/pull", headers={**asked, "Origin": SITE})
        assert good.status_code == 204
        assert good.headers["access-control-allow-origin"] == SITE
        assert good.headers["access-control-allow-private-network"] == "true"
        assert good.headers["access-control-allow-local-network"] == "true"
        assert "x-refgenie-dashboard" in good.headers["access-control-allow-headers"]
        for path, origin in (("/bridge/pull", EVIL), ("/do/remove", SITE), ("/jobs", SITE)):
            bad = httpx.options(f"{bridged.url}{path}", headers={**asked, "Origin": origin})
            assert bad.status_code == 403, path
            assert "access-control-allow-origin" not in bad.headers


def test_without_a_list_subscribed_servers_are_trusted_where_nobody_can_pose_as_them() -> None:
    urls = [
        "https://a.example/refgenie",
        "http://b.example",
        "http://localhost:9000",
        "https://c.example:8443",
        "nonsense",
    ]
    bridge = Bridge(DashSettings(), lambda: urls)
    assert bridge.origins() == {"https://a.example", "http://localhost:9000", "https://c.example:8443"}
    assert Bridge(DashSettings(bridge_origins=frozenset()), lambda: urls).origins() == frozenset()


def test_subscribed_servers_come_from_the_registry(dash: RunningDashboard) -> None:
    dash.refgenie.database.write(lambda session: session.add(Server(url=SITE)))
    assert dash.get("/ping", Origin=SITE).status_code == 200
    assert dash.post("/do/unsubscribe", {"url": SITE}).status_code == 200
    assert dash.get("/ping", Origin=SITE).status_code == 403


@pytest.mark.parametrize("text", ["example.org", "ftp://x", "https://x/path", "https://", "https://x:port"])
def test_an_origin_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read_origin(text)


def test_settings_are_read_from_documented_variables() -> None:
    assert {"REFGENIE_BRIDGE_MODE", "REFGENIE_BRIDGE_ORIGINS"} <= set(VARIABLES)
    assert DashSettings.load({"REFGENIE_BRIDGE_MODE": "off"}, bridge="full").bridge_mode == "full"
    assert DashSettings.load({}).bridge_origins is None
    with pytest.raises(InvalidInputError):
        DashSettings.load({"REFGENIE_BRIDGE_MODE": "all"})
