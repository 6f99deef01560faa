"""Holds the files of assets against the digests that were recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from refgenie.core.digests import FileRecord, files_below, sha256_of
from refgenie.core.progress import Advance, Progress
from refgenie.core.records import AssetRecord

THREADS = min(8, os.cpu_count() or 2)


@dataclass(frozen=True, slots=True)
class FileFault:
    """A file that is not as it was recorded.

    Attributes:
        registry_path: The first asset that has it.
        path: Relative to the asset's folder, '/' separated.
        kind: ``missing``, ``changed`` (other bytes) or ``extra`` (recorded nowhere).
    """

    registry_path: str
    path: str
    kind: Literal["missing", "changed", "extra"]


def verify(assets: Sequence[AssetRecord], genome_folder: Path, progress: Progress) -> list[FileFault]:
    """Re-hash the files of assets; content that has several names is read once."""
    folders = {asset.path: asset for asset in reversed(assets)}
    total = sum(asset.size for asset in folders.values())
    with progress.task("verifying", total) as advance, ThreadPoolExecutor(THREADS) as pool:
        return [
            fault
            for path, asset in sorted(folders.items())
            for fault in _faults(asset, genome_folder / path, advance, pool)
        ]


def _faults(
    asset: AssetRecord, folder: Path, advance: Advance, pool: ThreadPoolExecutor
) -> Iterator[FileFault]:
    def check(file: FileRecord) -> FileFault | None:
        kind = _state(folder / file.path, file, advance)
        return FileFault(asset.registry_path, file.path, kind) if kind else None

    yield from (fault for fault in pool.map(check, asset.files) if fault is not None)
    if not asset.external:  # beside a linked file may lie what its owner likes
        known = {file.path for file in asset.files}
        for path in files_below(folder):
            if path not in known:
                yield FileFault(asset.registry_path, path, "extra")


def _state(path: Path, file: FileRecord, advance: Advance) -> Literal["missing", "changed"] | None:
    try:
        if path.stat().st_size != file.size or sha256_of(path, advance=advance) != file.sha256:
            return "changed"
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "changed"  # bytes that cannot be read are not those that were recorded
    return None
