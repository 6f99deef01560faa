"""The one error handler of the command line: known error, interrupt and bug are three ways out."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from refgenie.errors import RefgenieError
from refgenie.sequences.durable import disk_error

BUG = 70
INTERRUPTED = 130


def report(error: BaseException, *, debug: bool) -> int:
    """Tell the user what went wrong and return the exit code."""
    _end_output()
    if isinstance(error, BrokenPipeError):
        # The reader of our output has gone (`refgenie list | head`): nothing is wrong.
        return 0
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, OSError):  # such as a full disk that standard output goes to
        error = disk_error(error, str(error.filename or "what is written")) or error
    if isinstance(error, RefgenieError):
        sys.stderr.write(f"error: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"hint: {error.hint}\n")
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        sys.stderr.write("error: interrupted\n")
        return INTERRUPTED
    sys.stderr.write(f"error: refgenie has a bug: {type(error).__name__}: {error}\n")
    path = _write_report(error)
    if path is not None:
        sys.stderr.write(f"hint: please send the report {path} to the developers\n")
    return BUG


def _end_output() -> None:
    """Write what is left of the answer; where that cannot be, nobody is to try again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_report(error: BaseException) -> Path | None:
    from refgenie import __version__

    text = "".join(
        (
            f"refgenie {__version__}, Python {sys.version}\n",
            f"{datetime.now(UTC).isoformat()}\n",
            f"command: {sys.argv[1] if len(sys.argv) > 1 else ''}\n\n",
            *traceback.format_exception(error),
        )
    )
    try:
        descriptor, name = tempfile.mkstemp(prefix="refgenie-bug-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(text)
    except OSError:
        return None
    return Path(name)
