"""Where an asset comes from, as one JSON document (formats.md, Provenance).

The environment is not recorded, nor a user name and password in the source's address.
"""

from __future__ import annotations

import platform
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from refgenie import __version__
from refgenie.build.commands import CommandUse
from refgenie.build.inputs import ResolvedAsset
from refgenie.build.output import Output
from refgenie.build.request import ParameterValue
from refgenie.core.addresses import without_credentials
from refgenie.core.records import RecipeRecord


@dataclass(frozen=True, slots=True)
class CommandRun:
    """A rendered command and what it took."""

    command: str
    started_at: datetime
    use: CommandUse

    def document(self) -> dict[str, Any]:
        """As it stands in the provenance."""
        return {
            "command": self.command,
            "exit_code": self.use.exit_code,
            "started_at": self.started_at.isoformat(),
            "wall_seconds": round(self.use.wall_seconds, 3),
            "cpu_seconds": round(self.use.cpu_seconds, 3),
            "peak_memory_bytes": self.use.peak_memory_bytes,
        }


def provenance(
    *,
    build_id: str,
    genome: Mapping[str, Any],
    recipe: RecipeRecord,
    runs: Sequence[CommandRun],
    params: Mapping[str, ParameterValue],
    input_files: Mapping[str, Mapping[str, object]],
    input_assets: Mapping[str, ResolvedAsset],
    custom_properties: Mapping[str, str],
    container: Mapping[str, Any] | None,
    source: str | None,
    output: Output,
    started_at: datetime,
    ended_at: datetime,
) -> dict[str, Any]:
    """The document of one build; times are UTC, memory is in bytes."""
    document = {
        "refgenie_version": __version__,
        "build_id": build_id,
        "genome": dict(genome),
        "recipe": {"name": recipe.name, "version": recipe.version, "sha256": recipe.sha256},
        "commands": [run.document() for run in runs],
        "wall_seconds": round(sum(run.use.wall_seconds for run in runs), 3),
        "cpu_seconds": round(sum(run.use.cpu_seconds for run in runs), 3),
        "peak_memory_bytes": max((run.use.peak_memory_bytes for run in runs), default=0),
        "params": dict(params),
        "input_files": {key: dict(file) for key, file in input_files.items()},
        "input_assets": {
            key: {"registry_path": asset.record.registry_path, "digest": asset.record.digest}
            for key, asset in input_assets.items()
        },
        "custom_properties": dict(custom_properties),
        "container": dict(container) if container is not None else None,
        "host": socket.gethostname(),
        "os": platform.platform(),
        "source": without_credentials(source) if source else None,
        "files_with_build_path": list(output.own_paths),
        "started_at": started_at.isoformat(),
        "ended_at": ended_at.isoformat(),
    }
    stored: dict[str, Any] = storable(document)
    return stored


def storable(value: Any) -> Any:
    """The same with texts that every registry can keep: no NUL, no bytes that are no UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, Mapping):
        return {storable(key): storable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [storable(entry) for entry in value]
    return value
