"""Commands on this machine, with the programs that are on the PATH."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from refgenie.build.commands import Invocation
from refgenie.build.runners import BASH, Workplace

_LOCALE = "C.UTF-8"
"""Sorts by code point, as the C locale of containers: the same input gives the same bytes everywhere."""


def search_path() -> str:
    """Where programs are looked for: PATH, then the folder of refgenie's own console scripts."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])


class HostRunner:
    """Runs commands as they are."""

    name = "host"
    is_container = False

    def prepare(self, workplace: Workplace) -> None:
        """Nothing is needed; missing programs are found from the commands."""

    def invocation(self, command: str, workplace: Workplace) -> Invocation:
        """See Runner."""
        return Invocation(
            arguments=("bash", *BASH, command),
            folder=workplace.scratch,
            environment={**os.environ, "PATH": search_path(), "LC_ALL": _LOCALE},
        )

    def image_digest(self, workplace: Workplace) -> str | None:  # noqa: ARG002
        """There is no image."""
        return None
