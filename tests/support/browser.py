"""Debian's Chromium, and what every page is looked at for."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from support import programs

AXE = Path(__file__).parent / "axe" / "axe.min.js"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
HEAVIEST = 200_000
"""Bytes that a page with all that belongs to it may have."""
PHONE = {"width": 390, "height": 800}
DESK = {"width": 1200, "height": 850}
RUN_AXE = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.filter(v => v.impact === "serious" || v.impact === "critical")
    .map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 200)).join(" | ")}`);
}"""


class Tab:
    """A tab over one site; everything that a reader does is a method of ``page``."""

    def __init__(self, page, url: str) -> None:  # type: ignore[no-untyped-def]
        self.page = page
        self.url = url
        self.faults: list[str] = []
        self.foreign: list[str] = []
        self.weight = 0
        self.expected_status = 200
        host = urlsplit(url).netloc
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", lambda asked: self._note(asked, host))
        page.on("response", self._weigh)
        page.on("dialog", lambda dialog: dialog.accept())

    def _hear(self, told) -> None:  # type: ignore[no-untyped-def]
        # A page of an error is announced by the browser itself.
        if told.type in {"error", "warning"} and not (
            self.expected_status >= 400 and "Failed to load resource" in told.text
        ):
            self.faults.append(f"console: {told.text}")

    def _note(self, asked, host: str) -> None:  # type: ignore[no-untyped-def]
        url = asked.url
        parts = urlsplit(url)
        if asked.is_navigation_request():
            self.weight = 0
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != host:
            self.foreign.append(url)

    def _weigh(self, response) -> None:  # type: ignore[no-untyped-def]
        with contextlib.suppress(Exception):  # a body that is gone with its page weighs nothing
            self.weight += int(response.headers.get("content-length", 0))

    def open(self, path: str, status: int = 200) -> None:
        """Go to a page and wait until it has all that belongs to it."""
        self.weight, self.expected_status = 0, status
        answer = self.page.goto(f"{self.url}{path}")
        assert answer.status == status, f"{path}: {answer.status}"
        self.page.wait_for_function("document.querySelector('.htmx-request') === null")

    def check(self, what: str) -> None:
        """Nothing is wrong with the page as it is now."""
        assert self.faults == [], what
        assert self.foreign == [], what
        assert self.weight < HEAVIEST, what
        assert self.page.title().endswith((" – refgenie server", " – refgenie dashboard")), what
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            f"{what}: too wide"
        )

    def check_accessibility(self, what: str) -> None:
        """Axe finds no serious fault."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        serious = self.page.evaluate(RUN_AXE)
        assert serious == [], f"{what}: {json.dumps(serious, indent=1)}"


@contextlib.contextmanager
def chromium() -> Iterator[object]:
    """A running browser; without windows even inside, where Debian has that one: a third of the work."""
    path = shutil.which("chromium-headless-shell") or programs.require_program("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(path), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def tab(browser, url: str, *, phone: bool = False, dark: bool = False) -> Iterator[Tab]:  # type: ignore[no-untyped-def]
    """A new tab of a new profile."""
    context = browser.new_context(
        viewport=PHONE if phone else DESK, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    try:
        yield Tab(context.new_page(), url)
    finally:
        context.close()
