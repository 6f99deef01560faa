"""Jobs: list, page, live events, cancel."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import FileResponse, PlainTextResponse, StreamingResponse
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from refgenie.core.registry_path import RegistryPath
from refgenie.db.models import Build
from refgenie.errors import DigestMismatchError, RefgenieError
from refgenie.server.dash.dashboard import Dashboard, dashboard_of, go, job_address
from refgenie.server.dash.jobs import Job
from refgenie.server.web.rendering import answer
from refgenie.server.web.routing import page_router

routes = page_router()
_SHOWN = 60_000
"""Bytes of a log that a page shows; the newest ones."""
_PIECE = 64_000


@routes.get("/jobs")
def list_jobs(request: Request) -> Response:
    """All jobs, the newest first."""
    found = dashboard_of(request).jobs.list()
    return answer(request, "dash/jobs.html", "Jobs", {"items": found[:100]})


@routes.get("/jobs/{number}")
def show_job(request: Request, number: str) -> Response:
    """One job."""
    dashboard = dashboard_of(request)
    job = dashboard.jobs.get(number)
    data = {"job": job}
    return answer(
        request,
        "dash/job.html",
        job.title,
        data,
        log=_tail(dashboard.jobs.file(number, "log")) if job.is_ended else "",
        output=_tail(dashboard.jobs.file(number, "output")) if job.is_ended else "",
        result=_result_address(job),
    )


@routes.get("/jobs/{number}/log")
def job_log(request: Request, number: str) -> Response:
    """The whole log."""
    path = dashboard_of(request).jobs.file(number, "log")
    headers = {"X-Content-Type-Options": "nosniff"}
    if not path.exists():
        return PlainTextResponse("", headers=headers)
    return FileResponse(path, media_type="text/plain; charset=utf-8", headers=headers)


@routes.post("/jobs/{number}/cancel")
def cancel_job(request: Request, number: str) -> Response:
    """End a job."""
    return go(job_address(dashboard_of(request).jobs.cancel(number)))


@routes.post("/jobs/{number}/remove")
def remove_job(request: Request, number: str) -> Response:
    """Forget an ended job."""
    dashboard_of(request).jobs.remove(number)
    return go("/jobs")


@routes.get("/jobs/{number}/events")
async def job_events(request: Request, number: str) -> Response:
    """Progress, log and state as server-sent events, until the job has ended."""
    dashboard = dashboard_of(request)
    await run_in_threadpool(dashboard.jobs.get, number)
    return StreamingResponse(
        _events(request, dashboard, number),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(request: Request, dashboard: Dashboard, number: str) -> AsyncIterator[str]:
    watch = _Watch(dashboard, number)
    while not await request.is_disconnected():
        events, ended = await run_in_threadpool(watch.look)
        for name, data in events:
            yield f"event: {name}\ndata: {json.dumps(data)}\n\n"
        if ended:
            yield "event: end\ndata: {}\n\n"
            return
        if not events:
            yield ": waiting\n\n"
        await asyncio.sleep(dashboard.settings.poll_seconds)


class _Watch:
    """What is new of a job since the last look."""

    def __init__(self, dashboard: Dashboard, number: str) -> None:
        self._dashboard = dashboard
        self._number = number
        self._places: dict[Path, int] = {}
        self._state = ""
        self._progress: object = None
        self._build_log: Path | None = None

    def look(self) -> tuple[list[tuple[str, Any]], bool]:
        """New events, and whether the job has ended."""
        jobs = self._dashboard.jobs
        try:
            job = jobs.get(self._number)
        except RefgenieError:
            return [], True
        events: list[tuple[str, Any]] = []
        running = self._running(jobs.file(self._number, "progress.json"))
        if running is not None and running != self._progress:
            self._progress = running
            events.append(("progress", running))
        if job.kind == "build" and self._build_log is None and job.child is not None:
            self._build_log = self._find_build_log(job.child)
        # A build's own log has all that its commands say; what refgenie itself says of it comes at the end.
        logs = [self._build_log] if self._build_log and not job.is_ended else []
        if not logs or job.is_ended:
            logs = [*([self._build_log] if self._build_log else []), jobs.file(self._number, "log")]
        events += [("log", text) for log in logs for text in self._new(log)]
        if job.state != self._state:
            self._state = job.state
            events.append(("state", {"state": job.state}))
        return events, job.is_ended

    @staticmethod
    def _running(path: Path) -> dict[str, Any] | None:
        try:
            tasks = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not tasks:
            return None
        known = [task["total"] for task in tasks]
        total = sum(known) if all(known) else None
        return {
            "text": ", ".join(dict.fromkeys(str(task["text"]) for task in tasks)),
            "done": sum(task["done"] for task in tasks),
            "total": total,
        }

    def _find_build_log(self, child: int) -> Path | None:
        refgenie = self._dashboard.refgenie
        with refgenie.database.read() as session:
            path = session.scalar(select(Build.path).where(Build.pid == child, Build.status == "running"))
        return refgenie.folders.genome_folder / path / "log" if path else None

    def _new(self, path: Path) -> list[str]:
        try:
            with path.open("rb") as handle:
                size = handle.seek(0, 2)
                place = self._places.get(path, max(0, size - _SHOWN))
                handle.seek(place)
                chunk = handle.read(_PIECE)
        except OSError:
            return []
        self._places[path] = place + len(chunk)
        return [chunk.decode("utf-8", "replace")] if chunk else []


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            handle.seek(max(0, handle.seek(0, 2) - _SHOWN))
            return handle.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _result_address(job: Job) -> str | None:
    """Where what the job made is shown."""
    if job.kind in {"verify", "doctor"} and job.code in {0, DigestMismatchError.exit_code}:
        return "/health"
    if job.state != "succeeded":
        return None
    if job.kind in {"pull", "build", "stage"} and "/" in job.command[-1]:
        path = RegistryPath.parse(job.command[-1])
        return f"/assets/{path.genome}/{path.group}" + (f"/{path.asset}" if path.asset else "")
    if job.kind == "genome":
        return "/genomes"
    return None
