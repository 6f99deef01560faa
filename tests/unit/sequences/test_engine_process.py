"""The engine's process lives as long as the one that started it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
if sys.argv[2] == "1":
    os.getppid = lambda: 1
from refgenie.sequences.engine_process import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("parent", "status"),
    [
        pytest.param(os.getpid, 0, id="the parent lives"),
        pytest.param(lambda: 1, 0, id="the parent is a container's first process"),
        pytest.param(os.getppid, 1, id="the parent was killed, and another took its place"),
    ],
)
def test_it_ends_where_its_parent_is_gone(parent: object, status: int) -> None:
    assert callable(parent)
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, '{"do": "digest"}', str(parent())],
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert ended.returncode == status
