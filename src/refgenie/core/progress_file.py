"""Progress as a small file, for a program that watches another one."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from refgenie.core.progress import Advance

VARIABLE = "REFGENIE_PROGRESS_FILE"
"""Environment variable that names the file; set by the dashboard for its jobs."""
_INTERVAL = 0.2


class FileProgress:
    """Keeps the running tasks in a file, ``[{"text", "done", "total"}]``, at most five times a second.

    Safe to call from several threads. A file that cannot be written ends no work.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._tasks: dict[int, dict[str, object]] = {}
        self._next = 0
        self._written = 0.0

    @contextmanager
    def task(self, description: str, total: int | None = None) -> Iterator[Advance]:
        """Show one task while the block lasts."""
        with self._lock:
            number = self._next
            self._next += 1
            task: dict[str, object] = {"text": description, "done": 0, "total": total}
            self._tasks[number] = task
            self._write()
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            with self._lock:
                done += count
                task["done"] = done
                if time.monotonic() - self._written >= _INTERVAL:
                    self._write()

        try:
            yield advance
        finally:
            with self._lock:
                del self._tasks[number]
                self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        temporary = self._path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            temporary.write_text(json.dumps(list(self._tasks.values())), encoding="utf-8")
            temporary.replace(self._path)
