"""The engine's own writer lock, so that refgenie and other tools never commit at the same time.

The engine creates ``.rgstore.lock`` exclusively while it commits, and writes into it who it is.
A lock whose process is gone on this host, or that was not touched for two minutes, is stale.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from refgenie.errors import LockedError
from refgenie.sequences.durable import writing

NAME = ".rgstore.lock"
TIMEOUT = 60.0
"""Seconds to wait for another tool's commit, which takes moments."""
_STALE = 120.0


@contextmanager
def engine_lock(root: Path) -> Iterator[None]:
    """Hold the engine's lock on a store while the block lasts.

    Raises:
        LockedError: Another tool held it all the time; the message names it.
    """
    path = root / NAME
    deadline = time.monotonic() + TIMEOUT
    while not _create(path):
        if _is_stale(path):
            _take_away(path)
        elif time.monotonic() > deadline:
            raise LockedError(f"the sequence store {root} is being written by {_holder(path)}")
        else:
            time.sleep(0.05)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _create(path: Path) -> bool:
    try:
        with writing(str(path)):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    now = datetime.now(UTC).isoformat()
    content = {
        "pid": os.getpid(),
        "hostname": socket.gethostname(),
        "started_at": now,
        "heartbeat_at": now,
        "heartbeat_epoch": int(time.time()),
        "operation": "refgenie",
        "gtars_version": "refgenie",
    }
    try:
        with writing(str(path)), os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            json.dump(content, handle)
    except BaseException:  # a full disk: an empty lock would keep everybody out for two minutes
        path.unlink(missing_ok=True)
        raise
    return True


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _holder(path: Path) -> str:
    content = _read(path)
    return f"process {content.get('pid', '?')} on {content.get('hostname', '?')}"


def _is_stale(path: Path) -> bool:
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return False
    content = _read(path)
    pid = content.get("pid")
    if content.get("hostname") == socket.gethostname() and isinstance(pid, int):
        return not _runs(pid)
    return age > _STALE


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _take_away(path: Path) -> None:
    """By a rename, which succeeds for one of those who try."""
    gone = path.with_name(f"{NAME}.stale.{os.getpid()}.{secrets.token_hex(4)}")
    with suppress(FileNotFoundError):
        path.rename(gone)
        gone.unlink()
