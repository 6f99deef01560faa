"""Ctrl-C and the batch system's SIGTERM as one error that lets a build clean up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from refgenie.errors import InterruptedByUserError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """While the block lasts, the first signal raises InterruptedByUserError; later ones are passed over.

    Signals are Python's main thread's business: in another thread this does nothing, and the
    embedding program decides.
    """

    def __init__(self) -> None:
        self._previous: dict[signal.Signals, Any] = {}
        self._came: int | None = None
        self._deferred = False

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # What was to be passed over (nohup, a shell's background job) still is.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_exception: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """A block that must not be cut short; a signal that came meanwhile is raised at its end."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        if self._came is not None:
            raise self._error()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._came is not None:
            return
        self._came = number
        if not self._deferred:
            raise self._error()

    def _error(self) -> InterruptedByUserError:
        assert self._came is not None
        return InterruptedByUserError(f"interrupted by {signal.Signals(self._came).name}")
