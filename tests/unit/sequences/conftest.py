"""Fixtures of the sequences room."""

from __future__ import annotations

from pathlib import Path

import pytest

from refgenie.sequences import LocalMode
from support.sequences import local_mode


@pytest.fixture
def mode(tmp_path: Path) -> LocalMode:
    """A local mode over an empty genome folder."""
    return local_mode(tmp_path / "genomes")
