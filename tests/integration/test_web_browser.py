"""The server's site in Chromium: every page, on an empty registry and on one with 100,000 assets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refgenie.api import Refgenie
from refgenie.server.app import create_app
from refgenie.server.settings import ServerSettings
from support import full_registry
from support.assemblies import chromosomes, relative, write_fasta
from support.browser import chromium, tab
from support.dashboard import dashboard, opened
from support.running_app import running

EVERYWHERE = [
    "/",
    "/search?q=genome",
    "/genomes",
    "/assets",
    "/compare",
    "/sequences",
    "/asset-classes",
    "/asset-classes/fasta",
    "/recipes",
    "/recipes/bwa_index",
    "/channels",
    "/api",
    "/status",
]
WHERE_THERE_IS_MUCH = [
    "/genomes?sort=assets&order=desc",
    "/genomes?q=mus&page=3",
    "/genomes/genome7",
    "/genomes/a",
    "/assets?q=genome77+bwa",
    "/assets?sort=size&order=desc&page=2",
    f"/assets/{0:064x}",
    "/compare?a=a&b=b",
    "/sequences?q=a+chr2:100-700",
]
OF_THE_DASHBOARD = ["/jobs", "/remote", "/build", "/build?genome=a&recipe=bwa_index", "/health", "/settings"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


def registry(root: Path, patch: pytest.MonkeyPatch, *, full: bool) -> Refgenie:
    refgenie = opened(root / "home", patch)
    if full:
        for name, records in (("a", chromosomes().items()), ("b", relative())):
            refgenie.genome.initialize_genome(write_fasta(root / f"{name}.fa", records), [name])
        full_registry.fill(refgenie.database)
    return refgenie


@pytest.fixture(scope="module", params=["empty", "full"])
def refgenie(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refgenie]:
    with pytest.MonkeyPatch.context() as patch:
        found = registry(tmp_path_factory.mktemp("web"), patch, full=request.param == "full")
        yield found
        found.close()


@pytest.fixture(scope="module")
def is_full(refgenie: Refgenie) -> bool:
    return bool(refgenie.genome.list())


@pytest.fixture(scope="module")
def site(refgenie: Refgenie) -> Iterator[str]:
    with running(create_app(refgenie, ServerSettings(access_log="off"))) as url:
        yield url


def test_every_page_of_the_site_is_sound(browser: Any, site: str, is_full: bool) -> None:
    with tab(browser, site) as desk:
        for path in EVERYWHERE + (WHERE_THERE_IS_MUCH if is_full else []):
            desk.open(path)
            desk.check(path)
            desk.check_accessibility(path)
        for path in ("/genomes/nothing", "/no/such/page", "/assets?sort=odd"):
            desk.open(path, status=422 if "sort" in path else 404)
            desk.check(path)
            desk.check_accessibility(path)


def test_every_page_fits_a_phone_in_the_dark(browser: Any, site: str, is_full: bool) -> None:
    with tab(browser, site, phone=True, dark=True) as phone:
        for path in EVERYWHERE + (WHERE_THERE_IS_MUCH if is_full else []):
            phone.open(path)
            phone.check(path)
        for path in ("/", "/genomes", *(["/compare?a=a&b=b", "/genomes/a"] if is_full else [])):
            phone.open(path)
            phone.check_accessibility(path)


def test_every_page_of_the_dashboard_is_sound(browser: Any, refgenie: Refgenie, is_full: bool) -> None:
    paths = [*EVERYWHERE, *OF_THE_DASHBOARD, *(WHERE_THERE_IS_MUCH if is_full else [])]
    if not is_full:
        paths.remove("/build?genome=a&recipe=bwa_index")
    with dashboard(refgenie) as dash, tab(browser, dash.url) as desk:
        for path in paths:
            desk.open(path)
            desk.check(path)
            if path in OF_THE_DASHBOARD or path == "/" or path.startswith(("/assets/", "/genomes/")):
                desk.check_accessibility(path)
    with dashboard(refgenie) as dash, tab(browser, dash.url, phone=True, dark=True) as phone:
        for path in OF_THE_DASHBOARD if is_full else ["/jobs", "/remote", "/build", "/settings"]:
            phone.open(path)
            phone.check(path)


@pytest.mark.parametrize("refgenie", ["full"], indirect=True)
class TestFullSite:
    """What a reader does where there is much to find."""

    def test_search_answers_as_one_types(self, browser: Any, site: str) -> None:
        with tab(browser, site) as desk:
            desk.open("/")
            desk.page.keyboard.press("/")
            desk.page.keyboard.type("genome4242")
            desk.page.locator("#found a", has_text="genome4242").first.wait_for()
            desk.page.keyboard.press("Tab")
            assert desk.page.url.rstrip("/") == site  # it was a part of the page
            desk.page.locator("#found a").first.click()
            desk.page.wait_for_url("**/genomes/*")
            assert desk.page.locator("h1").inner_text() == "genome4242"
            desk.check("found")

    def test_a_table_is_filtered_sorted_and_paged(self, browser: Any, site: str) -> None:
        with tab(browser, site) as desk:
            desk.open("/genomes")
            desk.page.fill("#filter", "genome49")
            desk.page.locator("#list", has_text="111 genomes").wait_for()
            assert "q=genome49" in desk.page.url
            desk.page.get_by_role("link", name="Length").click()
            desk.page.wait_for_url("**sort=total_length**")
            assert desk.page.locator("th[aria-sort=ascending]").inner_text().startswith("Length")
            desk.page.get_by_role("link", name="Next").click()
            desk.page.wait_for_url("**page=2**")
            assert "51–100 of 111" in desk.page.locator(".pager").inner_text()
            desk.page.go_back()
            desk.page.locator(".pager", has_text="1–50 of 111").wait_for()
            desk.check("paged")

    def test_two_genomes_are_compared_by_clicking(self, browser: Any, site: str) -> None:
        with tab(browser, site) as desk:
            desk.open("/genomes/a")
            desk.page.get_by_role("link", name="Compare it with another genome").click()
            desk.page.fill("#b", "b")
            desk.page.get_by_role("button", name="Compare").click()
            desk.page.locator(".reading", has_text="A and B share some sequences").wait_for()
            assert desk.page.locator("path.ribbon").count() == 23
            desk.page.get_by_role("link", name="Only in B").click()
            desk.page.wait_for_url("**state=only_b**")
            assert desk.page.locator("#table tbody tr").count() == 1
            assert "KI270442.1" in desk.page.locator("#table tbody").inner_text()
            desk.check("compared")

    def test_the_way_from_an_asset_to_its_relatives(self, browser: Any, site: str) -> None:
        with tab(browser, site) as desk:
            desk.open(f"/assets/{0:064x}")
            desk.page.locator("svg a").first.click()
            desk.page.wait_for_url(f"**/assets/{4:064x}**")
            assert "genome0/bwa_index" in desk.page.locator("h1").inner_text()
            desk.check("relative")

    def test_commands_are_copied(self, browser: Any, site: str) -> None:
        with tab(browser, site) as desk:
            desk.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site)
            desk.open("/")
            desk.page.get_by_role("button", name=f"Copy: refgenie subscribe {site}").click()
            desk.page.get_by_text("Copied").wait_for()
            assert desk.page.evaluate("navigator.clipboard.readText()") == f"refgenie subscribe {site}"

    def test_everything_is_reached_by_the_keyboard(self, browser: Any, site: str) -> None:
        with tab(browser, site) as desk:
            desk.open("/genomes")
            desk.page.keyboard.press("Tab")
            assert desk.page.evaluate("document.activeElement.textContent") == "Skip to content"
            desk.page.keyboard.press("Enter")
            desk.page.keyboard.press("Tab")
            assert desk.page.evaluate("document.activeElement.id") == "filter"
            for _ in range(40):
                desk.page.keyboard.press("Tab")
                if desk.page.evaluate("document.activeElement.closest('tbody') !== null"):
                    break
            desk.page.keyboard.press("Enter")
            desk.page.wait_for_url("**/genomes/*")
