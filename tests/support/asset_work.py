"""What child processes do to assets; a process of ``support.killed`` imports it by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from support.asset_site import AssetSite


def opened(url: str, folders: Folders) -> AssetSite:
    """The installation, opened anew: what a process of its own does."""
    return AssetSite(Database.from_url(url), folders)


def add(url: str, folders: Folders, path: Path, mode: str = "copy", force: bool = False) -> None:
    opened(url, folders).assets.add(
        "hg38",
        "things",
        "one",
        path=path,
        asset_class="things",
        mode=mode,
        force=force,  # type: ignore[arg-type]
    )


def remove(url: str, folders: Folders) -> None:
    opened(url, folders).assets.remove("hg38", "things", "one")


def rename(url: str, folders: Folders) -> None:
    opened(url, folders).assets.rename("hg38", "things", "one", "two")


def work_at_once(number: int, barrier: Any, errors: Any, url: str, folders: Folders, root: Path) -> None:
    try:
        site = opened(url, folders)
        own = root / f"own{number}"
        shared = root / f"shared{number % 3}"
        barrier.wait()
        site.assets.add("hg38", "things", f"own{number}", path=own, asset_class="things")
        # Equal content under changing names: its folder must neither vanish nor stay.
        for _ in range(2):
            site.assets.add("hg38", "shared", f"shared{number}", path=shared, asset_class="things")
            if number % 2:
                site.assets.remove("hg38", "shared", f"shared{number}")
        site.assets.seek("hg38", "things", f"own{number}")
    except BaseException as error:
        errors.put(f"{number}: {type(error).__name__}: {error}")
        raise
    errors.put("")
