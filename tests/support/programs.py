"""Outside programs: a test that needs one is skipped by name, and fails where CI installs them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


def on_ci() -> bool:
    """Whether the programs must be there."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def unavailable(reason: str) -> NoReturn:
    """Skip the test with this reason; on CI fail it."""
    if on_ci():
        pytest.fail(f"{reason}, and CI skips nothing for want of a program", pytrace=False)
    pytest.skip(reason)


def require_program(*names: str) -> Path:
    """Path of the first program, when all of them are there; else skip (on CI fail)."""
    search = f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}"
    missing = [name for name in names if shutil.which(name, path=search) is None]
    if missing:
        unavailable(f"program not found: {', '.join(missing)}")
    found = shutil.which(names[0], path=search)
    assert found is not None
    return Path(found)
