"""Long work: each job is a folder, so that jobs outlive a page, and the dashboard itself."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil

from refgenie.core.names import is_asset_digest
from refgenie.errors import ConflictError, NotFoundError, NotPermittedError
from refgenie.server.dash.runner import CANCEL

State = Literal["waiting", "running", "succeeded", "failed", "cancelled", "interrupted"]
ENDED: frozenset[State] = frozenset({"succeeded", "failed", "cancelled", "interrupted"})
_KEPT = 200
"""Ended jobs that are kept; the oldest go first."""
_STARTING = 15.0
"""Seconds after which a job that was taken up and did not begin counts as interrupted."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job.

    Attributes:
        id: Names its folder; sorts by the time when it was submitted.
        kind: ``pull``, ``build``, ``stage``, ``verify``, ``doctor`` …
        title: What is done, for people.
        target: What it writes; jobs with one target go one after another.
        command: Arguments of `refgenie`.
        state: Where it is.
        code: Exit code of an ended one.
        created_at: When it was submitted.
        ended_at: When it ended.
        child: Number of the process that does the work, while it runs.
    """

    id: str
    kind: str
    title: str
    target: str
    command: tuple[str, ...]
    state: State
    code: int | None
    created_at: datetime
    ended_at: datetime | None
    child: int | None

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


class Jobs:
    """The jobs of one user's dashboards.

    Args:
        folder: Where they are kept.
        environment: What their commands find in the environment besides this process's own.
    """

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = environment or {}
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._submitting = threading.Lock()
        self._children: list[subprocess.Popen[bytes]] = []

    def submit(self, kind: str, title: str, target: str, command: Sequence[str]) -> Job:
        """Take on a job; one that is the same and has not ended is answered instead.

        Raises:
            NotPermittedError: It cannot be kept.
        """
        with self._submitting:
            for job in self.list():
                if not job.is_ended and job.command == tuple(command):
                    return job
            moment = datetime.now(UTC)
            name = f"{moment:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
            document = {
                "kind": kind,
                "title": title,
                "target": target,
                "command": list(command),
                "at": moment.isoformat(),
            }
            try:
                hidden = self._folder / f".{name}"
                hidden.mkdir(parents=True)
                (hidden / "job.json").write_text(json.dumps(document), encoding="utf-8")
                hidden.rename(self._folder / name)
            except OSError as error:
                raise NotPermittedError(f"cannot keep jobs in {self._folder}: {error.strerror}") from error
            self._forget_old()
        self._wake.set()
        return self.get(name)

    def list(self) -> list[Job]:
        """All jobs, the newest first."""
        try:
            names = sorted((entry.name for entry in os.scandir(self._folder)), reverse=True)
        except FileNotFoundError:
            return []
        found = (self._read(name) for name in names if not name.startswith("."))
        return [job for job in found if job is not None]

    def get(self, number: str) -> Job:
        """One job.

        Raises:
            NotFoundError: There is none.
        """
        job = self._read(number) if _is_id(number) else None
        if job is None:
            raise NotFoundError(f"there is no job {number[:60]}", hint="see the list of jobs")
        return job

    def file(self, number: str, name: Literal["log", "output", "progress.json"]) -> Path:
        """A job's file; it need not be there yet."""
        return self._folder / self.get(number).id / name

    def cancel(self, number: str) -> Job:
        """End a job; the work in hand is cleaned up by the command itself."""
        job = self.get(number)
        folder = self._folder / job.id
        if job.state == "waiting" and self._claim(folder):
            _write(folder / "result.json", {"code": None, "cancelled": True, "at": _moment()})
        elif job.state == "running":
            # Where the runner has not begun yet, it finds this when it does.
            with contextlib.suppress(OSError):
                (folder / CANCEL).touch()
            process = _process(_load(folder / "started.json"))
            if process is not None:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGTERM)
        return self.get(number)

    def remove(self, number: str) -> None:
        """Forget an ended job and its log.

        Raises:
            ConflictError: It has not ended.
        """
        job = self.get(number)
        if not job.is_ended:
            raise ConflictError(f"the job {job.title} has not ended", hint="cancel it first")
        shutil.rmtree(self._folder / job.id, ignore_errors=True)

    # --- starting them ---------------------------------------------------------------

    def start(self) -> None:
        """Begin to take up jobs, in a thread of its own."""
        threading.Thread(target=self._take_up_always, name="jobs", daemon=True).start()

    def stop(self) -> None:
        """Take up no more; what runs goes on."""
        self._ending.set()
        self._wake.set()

    def _take_up_always(self) -> None:
        while not self._ending.is_set():
            waiting = self._take_up()
            self._wake.wait(0.3 if waiting else None)
            self._wake.clear()

    def _take_up(self) -> bool:
        """Start every job whose target is free; whether some wait."""
        self._children = [child for child in self._children if child.poll() is None]
        jobs = self.list()
        busy = {job.target for job in jobs if job.state == "running"}
        waiting = False
        for job in reversed(jobs):
            if job.state != "waiting":
                continue
            if job.target in busy:
                waiting = True
            elif self._claim(self._folder / job.id):
                busy.add(job.target)
                try:
                    self._begin(self._folder / job.id)
                except OSError as error:
                    _give_up(self._folder / job.id, f"the job cannot be started: {error}\n")
        return waiting or bool(self._children)

    def _begin(self, folder: Path) -> None:
        self._children.append(
            subprocess.Popen(
                [sys.executable, "-m", "refgenie.server.dash.runner", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
        )

    @staticmethod
    def _claim(folder: Path) -> bool:
        """Whether this dashboard is the one that takes up the job."""
        try:
            (folder / "claimed").open("x").close()
        except OSError:
            return False
        return True

    # --- reading them ----------------------------------------------------------------

    def _read(self, name: str) -> Job | None:
        folder = self._folder / name
        asked = _load(folder / "job.json")
        if asked is None:
            return None
        started, result = _load(folder / "started.json"), _load(folder / "result.json")
        state = _state(folder, started, result)
        return Job(
            id=name,
            kind=str(asked["kind"]),
            title=str(asked["title"]),
            target=str(asked["target"]),
            command=tuple(asked["command"]),
            state=state,
            code=result.get("code") if result else None,
            created_at=datetime.fromisoformat(asked["at"]),
            ended_at=datetime.fromisoformat(result["at"]) if result else None,
            child=started.get("child") if started and state == "running" else None,
        )

    def _forget_old(self) -> None:
        ended = [job for job in self.list() if job.is_ended]
        for job in ended[_KEPT:]:
            shutil.rmtree(self._folder / job.id, ignore_errors=True)


def _state(folder: Path, started: dict[str, Any] | None, result: dict[str, Any] | None) -> State:
    if result is not None:
        if result["code"] == 0:
            return "succeeded"
        return "cancelled" if result["cancelled"] else "failed"
    if started is not None:
        if _process(started) is not None:
            return "running"
        # It may have ended between the two looks.
        return "interrupted" if not (folder / "result.json").exists() else "running"
    try:
        claimed = datetime.now(UTC).timestamp() - (folder / "claimed").stat().st_mtime
    except OSError:
        return "waiting"
    return "running" if claimed < _STARTING else "interrupted"


def _process(started: dict[str, Any] | None) -> psutil.Process | None:
    """The job's runner, if it lives; its number may be another process's by now."""
    if started is None:
        return None
    try:
        process = psutil.Process(int(started["pid"]))
        begun = datetime.fromisoformat(started["at"]).timestamp()
        if process.create_time() > begun + 1 or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except (psutil.Error, ValueError):
        return None
    return process


def _is_id(text: str) -> bool:
    return len(text) == 28 and text.replace("-", "").isalnum() and not is_asset_digest(text)


def _load(path: Path) -> dict[str, Any] | None:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return loaded if isinstance(loaded, dict) else None


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")


def _give_up(folder: Path, why: str) -> None:
    # Where this cannot be written either, the job counts as interrupted after a while.
    with contextlib.suppress(OSError):
        (folder / "log").write_text(why, encoding="utf-8")
        _write(
            folder / "result.json", {"code": NotPermittedError.exit_code, "cancelled": False, "at": _moment()}
        )


def _moment() -> str:
    return datetime.now(UTC).isoformat()
