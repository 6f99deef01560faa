"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path


def absolute(given: Path | str) -> Path:
    """The absolute path; ``~`` and ``~user`` are home folders, and what is no user's name is a file's."""
    return Path(os.path.expanduser(given)).absolute()  # noqa: PTH111 - pathlib's fails where it is none
