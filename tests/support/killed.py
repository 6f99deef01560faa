"""Children that die by SIGKILL at a chosen step of their work with the disk or the registry."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing import forkserver
from typing import Any

from sqlalchemy.orm import Session

_STEPS = ("rename", "replace", "link", "symlink", "unlink", "mkdir", "rmdir", "fsync", "open", "chmod")
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["support.asset_work", "psycopg"])


def start(work: Callable[..., Any], *arguments: Any) -> multiprocessing.process.BaseProcess:
    """Start a process of its own that runs ``work(*arguments)``; both must be importable."""
    _run_server()
    process = _context.Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def _run_server() -> None:
    """Start the process that children are forked from; it has to find the tests' modules to load them once."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def barrier(parties: int) -> Any:
    """A barrier that processes of ``start`` can be given."""
    return _context.Barrier(parties)


def results() -> Any:
    """A queue that processes of ``start`` can be given."""
    return _context.SimpleQueue()


def count_steps(work: Callable[..., Any], *arguments: Any) -> int:
    """How many steps the work has; it is done."""
    queue = results()
    process = start(_counted, queue, work, arguments)
    process.join(120)
    assert process.exitcode == 0
    steps: int = queue.get()
    return steps


def kill_at(step: int, work: Callable[..., Any], *arguments: Any) -> bool:
    """Run the work in a child that is killed before its n-th step (from 1); False where it ended first."""
    process = start(_killed, step, work, arguments)
    process.join(120)
    assert process.exitcode in {0, -signal.SIGKILL}
    return process.exitcode != 0


def _counted(queue: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    steps = [0]

    def count() -> None:
        steps[0] += 1

    _watch(count)
    work(*arguments)
    queue.put(steps[0])


def _killed(step: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    left = [step]

    def count() -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    _watch(count)
    work(*arguments)


def _watch(step: Callable[[], None]) -> None:
    """Call ``step`` before everything that changes the disk, and around a commit."""

    def before(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def stepping(*args: Any, **kwargs: Any) -> Any:
            step()
            return function(*args, **kwargs)

        return stepping

    for name in _STEPS:
        setattr(os, name, before(getattr(os, name)))
    commit = Session.commit

    def committing(session: Session) -> None:
        step()
        commit(session)
        step()

    Session.commit = committing  # type: ignore[method-assign]
