"""What the commands of one run share: the options before the command, and the opened Refgenie."""

from __future__ import annotations

import logging
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from refgenie.api import Refgenie


class _StderrHandler(logging.Handler):
    """Logs to whatever standard error is now, so that a live progress display is not torn."""

    def emit(self, record: logging.LogRecord) -> None:
        stream: IO[str] = sys.stderr
        prefix = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        stream.write(f"{prefix}{self.format(record)}\n")


class State:
    """One run of the command line."""

    def __init__(self) -> None:
        self.log_level: str | None = None
        self._reader: Refgenie | None = None
        self._writer: Refgenie | None = None

    @property
    def debug(self) -> bool:
        """Whether tracebacks are shown."""
        from refgenie.config import Settings
        from refgenie.errors import RefgenieError

        try:
            return Settings.load(log_level=self.log_level).log_level == "DEBUG"
        except RefgenieError:
            return False

    def start_logging(self) -> None:
        """Log to standard error at the level that the option or the environment says."""
        from refgenie.config import Settings

        level = Settings.load(log_level=self.log_level).log_level
        root = logging.getLogger("refgenie")
        root.handlers = [_StderrHandler()]
        root.setLevel(level)
        root.propagate = False

    @property
    def reader(self) -> Refgenie:
        """The registry for a command that only reads: it never migrates."""
        if self._reader is None:
            self._reader = self._open(suppress_migrations=True)
        return self._reader

    @property
    def writer(self) -> Refgenie:
        """The registry for a command that writes: an older SQLite registry is migrated first."""
        if self._writer is None:
            self._writer = self._open(suppress_migrations=False)
        return self._writer

    @staticmethod
    def _open(*, suppress_migrations: bool) -> Refgenie:
        from refgenie.api import Refgenie
        from refgenie.cli.progress import open_progress

        return Refgenie(suppress_migrations=suppress_migrations, progress=open_progress())

    def close(self) -> None:
        """Close what was opened."""
        for opened in (self._reader, self._writer):
            if opened is not None:
                opened.close()
        self._reader = self._writer = None


STATE = State()
