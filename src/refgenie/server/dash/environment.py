"""The environment of a job's command: the registry that the dashboard shows, whatever it was opened with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refgenie.api import Refgenie


def folder_of_jobs(refgenie: Refgenie) -> Path:
    """Where the jobs of this registry are kept: another one's commands need another environment."""
    registry = f"{refgenie.database_engine.url}\n{refgenie.folders.genome_folder}"
    return refgenie.settings.home / "jobs" / hashlib.sha256(registry.encode()).hexdigest()[:16]


def environment_of_jobs(refgenie: Refgenie) -> dict[str, str]:
    """Variables by which a command of `refgenie` works on the same registry and folders."""
    settings, folders = refgenie.settings, refgenie.folders
    return {
        "REFGENIE_HOME_PATH": str(settings.home),
        "REFGENIE_DB_CONFIG_PATH": str(settings.database_config_path),
        "REFGENIE_GENOME_FOLDER": str(folders.genome_folder),
        "REFGENIE_GENOME_ARCHIVE_FOLDER": str(folders.archive_folder),
        "REFGENIE_LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
    }
