"""A small disk of a test's own: can be full, can be read-only."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support import programs


@dataclass
class Disk:
    """A mounted tmpfs."""

    folder: Path

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Nothing on the disk can be written while the block lasts."""
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)
        try:
            yield
        finally:
            subprocess.run(["mount", "-o", "remount,rw", self.folder], check=True)


@contextmanager
def small_disk(size: str = "64m") -> Iterator[Disk]:
    """A tmpfs of this size while the block lasts; skips where none can be mounted."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        programs.unavailable("mounting a small disk needs Linux and the superuser")
    with tempfile.TemporaryDirectory(prefix="refgenie-disk-") as name:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", name],
            check=False,
            capture_output=True,
            text=True,
        )
        if mounted.returncode:
            programs.unavailable(f"no disk can be mounted: {mounted.stderr.strip()}")
        try:
            yield Disk(Path(name))
        finally:
            subprocess.run(["umount", "-l", name], check=True)
