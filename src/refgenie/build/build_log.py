"""What a build says: all of it in its log, a short part of it to the logger."""

from __future__ import annotations

import errno
import logging
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

from refgenie.errors import DiskFullError, NotPermittedError

logger = logging.getLogger("refgenie.build")

_TAIL = 10
_WIDTH = 160
_FIRST_LINES = 8
_PAUSE = 2.0


class BuildLog:
    """The log file of one build.

    A disk that is full does not stop the command whose output cannot be written; what the log
    lacks for it is told at the end.

    Attributes:
        path: The file.
        is_kept: Whether the file outlives the build; only such a one is worth naming to the user.
    """

    def __init__(self, path: Path, *, is_kept: bool = True) -> None:
        self.path = path
        self.is_kept = is_kept
        self._file = path.open("xb")
        self._lines: deque[str] = deque(maxlen=_TAIL)
        self._unfinished = b""
        self._fault: OSError | None = None
        self._shown = 0
        self._last_shown = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._finish_line()
        try:
            self._file.close()
        except OSError as error:
            self._fault = self._fault or error

    @property
    def tail(self) -> list[str]:
        """The last lines that the running or last command wrote."""
        return list(self._lines)

    @property
    def disk_full(self) -> bool:
        """Whether the log could not be written for want of space."""
        return self._fault is not None and self._fault.errno in (errno.ENOSPC, errno.EDQUOT)

    def heading(self, text: str) -> None:
        """Say what begins now; the tail begins anew."""
        self._finish_line()
        self._lines.clear()
        self._shown = 0
        moment = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        self._write(f"### {moment} {text}\n".encode("utf-8", "surrogateescape"))

    def hear(self, chunk: bytes) -> None:
        """Take what a command wrote."""
        self._write(chunk)
        *whole, self._unfinished = (self._unfinished + chunk).split(b"\n")
        for line in whole[-_TAIL:]:  # of a flood only its end can be shown
            self._take_line(line)
        if len(self._unfinished) > 1 << 16:
            self._finish_line()

    def check(self) -> None:
        """Raise where the log could not be written.

        Raises:
            DiskFullError, NotPermittedError: The log is not whole.
        """
        if self.disk_full:
            raise DiskFullError(f"no space left on the disk for the log {self.path}")
        if self._fault is not None:
            raise NotPermittedError(f"cannot write the log {self.path}: {self._fault.strerror}")

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            self._fault = self._fault or error

    def _finish_line(self) -> None:
        if self._unfinished:
            self._take_line(self._unfinished)
            self._unfinished = b""

    def _take_line(self, line: bytes) -> None:
        # A progress display overwrites its line again and again: its last state counts.
        text = line.rstrip(b"\r").rsplit(b"\r", 1)[-1].decode("utf-8", "replace").rstrip()
        if not text:
            return
        shown = text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
        self._lines.append(shown)
        moment = time.monotonic()
        if self._shown < _FIRST_LINES or moment - self._last_shown > _PAUSE:
            self._shown += 1
            self._last_shown = moment
            logger.info("  %s", "".join(c if c.isprintable() else " " for c in shown))
