"""Children that die by SIGKILL at a chosen step of their work with the disk or the registry."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from support.children import results, start

_STEPS = ("rename", "replace", "link", "symlink", "unlink", "mkdir", "rmdir", "fsync", "open", "chmod")


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
