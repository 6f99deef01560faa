"""A running dashboard over an installation of a test's own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from refgenie.api import Refgenie
from refgenie.server.dash.app import create_dash
from refgenie.server.dash.jobs import Job, Jobs
from refgenie.server.dash.settings import DashSettings
from support.running_app import running

HEADER = {"X-Refgenie-Dashboard": "1"}
PATIENCE = 60.0


@dataclass
class RunningDashboard:
    """Its address, and what lies behind it."""

    url: str
    refgenie: Refgenie
    app: FastAPI

    @property
    def jobs(self) -> Jobs:
        jobs: Jobs = self.app.state.dashboard.jobs
        return jobs

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """What the page's script sends."""
        return httpx.post(f"{self.url}{path}", data=fields or {}, headers={**HEADER, **headers}, timeout=30)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=30)

    def job(self, path: str, fields: dict[str, str] | None = None) -> Job:
        """The job that a form submits."""
        answer = self.post(path, fields)
        assert answer.status_code == 200, answer.text
        return self.jobs.get(answer.json()["go"].removeprefix("/jobs/"))

    def ended(self, job: Job) -> Job:
        """The job, after it has ended."""
        return wait_for(
            lambda: found if (found := self.jobs.get(job.id)).is_ended else None, f"{job.title} to end"
        )

    def log(self, job: Job) -> str:
        path = self.jobs.file(job.id, "log")
        return path.read_text() if path.exists() else ""


def wait_for(look: Callable[[], Any], what: str) -> Any:
    """What ``look`` answers as soon as it is true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)
    return found


def opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> Refgenie:
    """An initialized installation below ``home``."""
    monkeypatch.setenv("REFGENIE_HOME_PATH", str(home))
    refgenie = Refgenie()
    refgenie.init()
    return refgenie


@contextlib.contextmanager
def dashboard(
    refgenie: Refgenie, settings: DashSettings | None = None, mcp: Any = None
) -> Iterator[RunningDashboard]:
    """The dashboard as long as the block lasts; its jobs are ended with it."""
    app = create_dash(refgenie, settings, mcp=mcp)
    with running(app) as url:
        found = RunningDashboard(url, refgenie, app)
        try:
            yield found
        finally:
            for job in found.jobs.list():
                if not job.is_ended:
                    found.jobs.cancel(job.id)
                    found.ended(job)
