"""Whether everything is as it was recorded: the last results of verify and doctor."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request, Response

from refgenie.server.dash.dashboard import REGISTRY, Dashboard, dashboard_of, go, job_address
from refgenie.server.dash.jobs import Job
from refgenie.server.web.rendering import answer
from refgenie.server.web.routing import page_router

routes = page_router()
_SHOWN = 200


@routes.get("/health")
def health(request: Request) -> Response:
    """The last results, and the buttons that make new ones."""
    dashboard = dashboard_of(request)
    jobs = dashboard.jobs.list()
    data = {
        kind: _last(dashboard, [job for job in jobs if job.kind == kind], key)
        for kind, key in (("verify", "faults"), ("doctor", "findings"))
    }
    return answer(request, "dash/health.html", "Health", data)


@routes.post("/do/doctor")
def doctor(request: Request) -> Response:
    """Look for what a crash or a hand left behind."""
    jobs = dashboard_of(request).jobs
    return go(job_address(jobs.submit("doctor", "look for faults", REGISTRY, ["doctor", "--json"])))


@routes.post("/do/fix")
def fix(request: Request) -> Response:
    """Mend it."""
    jobs = dashboard_of(request).jobs
    return go(job_address(jobs.submit("doctor", "mend faults", REGISTRY, ["doctor", "--fix", "--json"])))


@routes.post("/do/gc")
def collect_garbage(request: Request) -> Response:
    """Remove what nothing uses."""
    jobs = dashboard_of(request).jobs
    return go(job_address(jobs.submit("gc", "remove what nothing uses", REGISTRY, ["gc", "--json"])))


def _last(dashboard: Dashboard, jobs: list[Job], key: str) -> dict[str, Any] | None:
    """The newest result of these jobs; one that was cancelled has none."""
    for job in jobs:
        if not job.is_ended:
            return {"job": job, "found": None, "total": 0}
        items = _items(dashboard, job, key)
        if items is not None:
            return {"job": job, "found": items[:_SHOWN], "total": len(items)}
    return None


def _items(dashboard: Dashboard, job: Job, key: str) -> list[dict[str, Any]] | None:
    try:
        document = json.loads(dashboard.jobs.file(job.id, "output").read_text(encoding="utf-8"))
        items = document[key]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else None
