"""Progress bars on standard error, only where it is a terminal."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from refgenie.core.progress import Advance, NoProgress, Progress
from refgenie.core.progress_file import VARIABLE, FileProgress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars


def open_progress() -> Progress:
    """Bars on a terminal, a file for the program that asked for one, silence elsewhere."""
    watched = os.environ.get(VARIABLE)
    if watched:
        return FileProgress(Path(watched))
    return TerminalProgress() if sys.stderr.isatty() else NoProgress()


class TerminalProgress:
    """One live display that all running tasks share; safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bars: Bars | None = None
        self._running = 0

    @contextmanager
    def task(self, description: str, total: int | None = None) -> Iterator[Advance]:
        """Show a bar while the block lasts."""
        bars = self._enter()
        task = bars.add_task(description, total=total)
        try:
            yield lambda count: bars.advance(task, count)
        finally:
            bars.remove_task(task)
            self._leave()

    def _enter(self) -> Bars:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        with self._lock:
            if self._bars is None:
                self._bars = Progress(
                    TextColumn("{task.description}", markup=False),
                    BarColumn(),
                    DownloadColumn(binary_units=True),
                    TransferSpeedColumn(),
                    TimeRemainingColumn(),
                    console=Console(stderr=True),
                    transient=True,
                )
                self._bars.start()
            self._running += 1
            return self._bars

    def _leave(self) -> None:
        with self._lock:
            self._running -= 1
            if self._running == 0 and self._bars is not None:
                self._bars.stop()
                self._bars = None
