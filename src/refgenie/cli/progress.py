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
            ProgressColumn,
            Task,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.text import Text

        class AmountsOrTime(ProgressColumn):
            """Bytes and how long they will still take; of a task that counts nothing how long it lasts."""

            amounts = (DownloadColumn(binary_units=True), TransferSpeedColumn(), TimeRemainingColumn())
            time = TimeElapsedColumn()

            def render(self, task: Task) -> Text:
                if task.total is None and not task.completed:
                    return self.time.render(task)
                return Text(" ").join(column.render(task) for column in self.amounts)

        with self._lock:
            if self._bars is None:
                self._bars = Progress(
                    TextColumn("{task.description}", markup=False),
                    BarColumn(),
                    AmountsOrTime(),
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
