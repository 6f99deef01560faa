"""Processes of their own that run a function; what refgenie imports they share, as forks of one process."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier, Event
from typing import Any

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["support.asset_work", "support.genome_work", "support.transfer_site", "support.loaded"]
)


def child(work: Callable[..., Any], *arguments: Any) -> BaseProcess:
    """A process that will run ``work(*arguments)``, both importable; it is not started yet."""
    _run_server()
    return _context.Process(target=work, args=arguments, daemon=True)


def start(work: Callable[..., Any], *arguments: Any) -> BaseProcess:
    """Start a process that runs ``work(*arguments)``."""
    process = child(work, *arguments)
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


def barrier(parties: int) -> Barrier:
    """A barrier that children can be given."""
    return _context.Barrier(parties)


def event() -> Event:
    """An event that children can be given."""
    return _context.Event()


def results() -> Any:
    """A queue that children can be given."""
    return _context.SimpleQueue()
