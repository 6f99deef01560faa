"""The registry's address by the database configuration file."""

from __future__ import annotations

import os
from pathlib import Path

from refgenie.config.plain import read_flat


def load_url(path: Path) -> str:
    """SQLAlchemy URL of the registry; what `init` wrote is read without loading the validating reader.

    Raises:
        NotFoundError, InvalidInputError, NotPermittedError: See config.database.load.
    """
    try:
        flat = read_flat(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        flat = None
    if flat is not None and flat.get("type") == "sqlite" and set(flat) == {"type", "path"}:
        full = os.path.expanduser(os.path.expandvars(flat["path"]))  # noqa: PTH111 - variables come first
        return f"sqlite:///{os.path.normpath(path.absolute().parent / full)}"
    from refgenie.config.database import load

    return load(path).url()
