"""Private folders in which imports are prepared; what a killed one leaves is found by its lock."""

from __future__ import annotations

import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from refgenie.sequences.durable import writing

PREFIX = "import-"


@contextmanager
def staging_folder(work: Path) -> Iterator[Path]:
    """A fresh folder below the work folder, removed at the end.

    Raises:
        DiskFullError, NotPermittedError: The disk is full or cannot be written, also inside the block.
    """
    folder = work / f"{PREFIX}{secrets.token_hex(8)}"
    with writing(str(folder)):
        folder.mkdir(parents=True)
        alive = (folder / "alive").open("wb")
    try:
        fcntl.flock(alive, fcntl.LOCK_EX)
        with writing(str(folder)):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        alive.close()


def abandoned(work: Path) -> list[Path]:
    """Folders of imports whose process is gone."""
    found = []
    for folder in sorted(work.glob(f"{PREFIX}*")):
        try:
            with (folder / "alive").open("rb") as alive:
                fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            pass
        except OSError:
            continue
        found.append(folder)
    return found
