"""The dashboard in Chromium, as someone uses it who has read nothing: find, pull, build, cancel, check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from refgenie.api import Refgenie
from refgenie.server.app import create_app
from refgenie.server.dash.settings import DashSettings
from refgenie.server.settings import ServerSettings
from support.assemblies import chromosomes, write_fasta
from support.browser import chromium, tab
from support.dashboard import dashboard, opened, wait_for
from support.running_app import running

SLOW = {
    "name": "slow",
    "version": "1.0",
    "description": "Waits as long as it is told",
    "output_asset_class": "slow",
    "input_params": {"seconds": {"description": "How long", "default": "0"}},
    "command_templates": [
        "echo waiting; sleep {{ values.params['seconds'] }}; echo done > {{ values.output_folder }}/slow.txt"
    ],
}
SLOW_CLASS = {
    "name": "slow",
    "version": "1.0",
    "description": "x",
    "seek_keys": {"slow": {"value": "slow.txt"}},
}


@dataclass
class Place:
    """A server with one genome and its FASTA asset, and the home of someone who has neither."""

    server: str
    refgenie: Refgenie
    origin: Refgenie


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root: Path = tmp_path_factory.mktemp("dash")
    with pytest.MonkeyPatch.context() as patch:
        origin = opened(root / "server", patch)
        fasta = write_fasta(root / "g.fa", list(chromosomes().items())[:5])
        origin.genome.initialize_genome(fasta, ["hg38"], species="Homo sapiens")
        origin.build_asset(genome_name="hg38", asset_group_name="fasta", stage=True)
        with running(create_app(origin, ServerSettings(access_log="off"))) as server:
            mine = opened(root / "mine", patch)
            yield Place(server, mine, origin)
            mine.close()
        origin.close()


def test_an_asset_is_found_pulled_and_checked_by_clicking(browser: Any, place: Place) -> None:
    with dashboard(place.refgenie) as dash, tab(browser, dash.url) as desk:
        page = desk.page
        desk.open("/")
        page.get_by_role("link", name="Get assets from a server").click()
        page.fill("#url", place.server)
        page.get_by_role("button", name="Subscribe", exact=True).click()
        page.get_by_role("button", name="Unsubscribe").wait_for()
        page.get_by_role("link", name="Get assets").first.click()
        page.get_by_role("link", name="hg38").click()
        page.get_by_role("button", name="Pull").click()
        page.wait_for_url("**/jobs/*")
        page.get_by_role("link", name="Look at the result").click(timeout=60_000)
        assert "hg38/fasta" in page.locator("h1").inner_text()
        page.get_by_role("button", name="Verify").click()
        page.wait_for_url("**/jobs/*")
        page.get_by_role("link", name="Look at the result").click(timeout=60_000)
        page.get_by_text("Everything is as it was recorded").wait_for()
        assert desk.faults == []
        assert desk.foreign == []
        here = place.refgenie.asset.get("hg38", "fasta")
        assert here.digest == place.origin.asset.get("hg38", "fasta").digest
        page.get_by_role("link", name="Get assets").first.click()
        page.get_by_role("link", name="hg38").click()
        page.locator("a.tag.good", has_text="here").wait_for()


def test_a_genome_is_brought_in_and_built_then_cancelled(browser: Any, place: Place, tmp_path: Path) -> None:
    place.refgenie.asset_class.add(SLOW_CLASS, force=True)
    place.refgenie.recipe.add(SLOW, force=True)
    fasta = write_fasta(tmp_path / "mine.fa", [("chr1", "ACGT" * 500), ("chr2", "GGCA" * 100)])
    with dashboard(place.refgenie) as dash, tab(browser, dash.url) as desk:
        page = desk.page
        desk.open("/build")
        page.fill("#fasta", str(fasta))
        page.fill("#name", "mygenome")
        page.get_by_role("button", name="Bring it in").click()
        page.wait_for_url("**/jobs/*")
        page.get_by_role("link", name="Look at the result").wait_for(timeout=60_000)
        desk.open("/build")
        page.fill("#genome", "mygenome")
        page.select_option("#recipe", label="slow")
        page.get_by_role("button", name="Go on").click()
        page.fill("#param-seconds", "300")
        page.get_by_role("button", name="Build", exact=True).click()
        page.wait_for_url("**/jobs/*")
        page.locator("[data-log]", has_text="waiting").wait_for(timeout=60_000)
        page.reload()  # the job goes on, and its log is there again
        page.locator("[data-log]", has_text="waiting").wait_for(timeout=60_000)
        desk.check_accessibility("a running job")
        page.get_by_role("button", name="Cancel").click()
        page.locator(".tag", has_text="cancelled").wait_for(timeout=60_000)
        assert not place.refgenie.asset.group_exists("mygenome", "slow")
        desk.open("/build?genome=mygenome&recipe=slow")
        page.get_by_role("button", name="Build", exact=True).click()
        page.get_by_role("link", name="Look at the result").click(timeout=60_000)
        assert "mygenome/slow" in page.locator("h1").inner_text()
        page.get_by_text("Rename or remove").click()
        page.fill("#new-name", "better")
        page.get_by_role("button", name="Rename").click()
        page.locator("h1", has_text="mygenome/slow:better").wait_for()
        page.get_by_role("button", name="Stage", exact=True).click()
        page.get_by_role("link", name="Look at the result").click(timeout=60_000)
        page.get_by_role("button", name="Unstage").click()
        page.get_by_role("button", name="Stage", exact=True).wait_for()
        page.get_by_text("Rename or remove").click()
        page.get_by_role("button", name="Remove").click()
        page.wait_for_url("**/genomes/*")
        assert not place.refgenie.asset.group_exists("mygenome", "slow")
        page.get_by_text("Names and description").click()
        page.fill("#alias", "second")
        page.get_by_role("button", name="Add", exact=True).click()
        page.locator(".tag", has_text="second").wait_for()
        assert desk.faults == []
        desk.check_accessibility("a genome of one's own")


def test_what_goes_wrong_is_said_beside_the_form(browser: Any, place: Place) -> None:
    with dashboard(place.refgenie) as dash, tab(browser, dash.url) as desk:
        desk.expected_status = 422
        desk.page.goto(f"{dash.url}/settings")
        desk.page.fill("#url", "ftp://example.org")
        desk.page.get_by_role("button", name="Subscribe", exact=True).click()
        desk.page.locator(".notice.bad").wait_for()
        assert desk.page.get_by_role("button", name="Subscribe", exact=True).is_enabled()


@pytest.mark.parametrize("mode", ["read", "full"])
def test_a_servers_page_reaches_the_dashboard_by_the_bridge(browser: Any, place: Place, mode: str) -> None:
    settings = DashSettings.load({"REFGENIE_BRIDGE_MODE": mode, "REFGENIE_BRIDGE_ORIGINS": place.server})
    place.refgenie.transfers.subscriptions.subscribe([place.server])
    digest = place.origin.asset.get("hg38", "fasta").digest
    with dashboard(place.refgenie, settings) as dash, tab(browser, place.server) as desk:
        desk.open(f"/assets/{digest}")
        port = dash.url.rpartition(":")[2]
        desk.page.evaluate("port => localStorage.setItem('refgenie-dashboard-port', port)", port)
        desk.page.get_by_role("button", name="Send to my dashboard").click()
        told = "Your dashboard is pulling it" if mode == "full" else "this computer"
        desk.page.get_by_text(told).wait_for()
        jobs = [job for job in dash.jobs.list() if job.kind == "pull" and "--batch" in job.command]
        assert bool(jobs) is (mode == "full")
        for job in jobs:
            wait_for(lambda job=job: dash.jobs.get(job.id).is_ended, "the pull")


def test_a_page_of_another_origin_gets_nothing(browser: Any, place: Place) -> None:
    settings = DashSettings(bridge_mode="full", bridge_origins=frozenset({"https://other.example"}))
    with dashboard(place.refgenie, settings) as dash, tab(browser, place.server) as desk:
        desk.open("/")
        ask = """async ([url, method, headers]) => {
          try { return (await fetch(url, {method, headers})).status; } catch { return "refused"; }
        }"""
        header = {"X-Refgenie-Dashboard": "1"}
        for path, method, headers in (
            ("/ping", "GET", {}),
            ("/genomes?format=json", "GET", {}),
            ("/do/doctor", "POST", {}),
            ("/do/doctor", "POST", header),
            ("/bridge/pull", "POST", header),
        ):
            assert desk.page.evaluate(ask, [dash.url + path, method, headers]) == "refused", path
        assert [job for job in dash.jobs.list() if job.kind == "doctor"] == []
        desk.open(f"/assets/{place.origin.asset.get('hg38', 'fasta').digest}")
        port = dash.url.rpartition(":")[2]
        desk.page.evaluate("port => localStorage.setItem('refgenie-dashboard-port', port)", port)
        desk.page.get_by_role("button", name="Send to my dashboard").click()
        desk.page.get_by_text("subscribe it to this server or list this site").wait_for()
