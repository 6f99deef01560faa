"""Two installations and a real server between them, for tests of transfer."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import URL

from refgenie.api import Refgenie
from refgenie.core.records import AssetRecord
from refgenie.transfer.http import Patience
from refgenie.transfer.pull import PullService
from refgenie.transfer.pulling import Pulling
from refgenie.transfer.staging import StageService
from refgenie.transfer.subscriptions import Clients, SubscriptionService
from support.running_app import running

FAST = Patience(connect=5, read=2.5, retries=2, backoff=0.01, longest=2)
"""A busy machine may keep an honest server from answering for a second."""


@dataclass
class Installation:
    """A home, opened through the Python interface."""

    rg: Refgenie

    @property
    def stage(self) -> StageService:
        return self.rg.stage

    def add(
        self,
        genome: str,
        group: str,
        files: Mapping[str, bytes],
        *,
        modes: tuple[str, ...] = ("file", "archive"),
        name: str | None = None,
        seek_keys: Mapping[str, str] | None = None,
        folder: Path,
        force: bool = False,
    ) -> AssetRecord:
        """Register an asset of these files; its class is named like the group and has these modes."""
        definition = {
            "name": group,
            "version": "1.0",
            "description": "A test's",
            "serving_modes": list(modes),
            "seek_keys": {},
        }
        with contextlib.suppress(Exception):
            self.rg.asset_class.add(definition)
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return self.rg.asset.add(
            genome, group, name, path=folder, asset_class=group, seek_keys=dict(seek_keys or {}), force=force
        )

    def pulls(self, *urls: str, clients: Mapping[str, Any] | None = None) -> PullService:
        """Pulls from these servers, with little patience."""
        rg = self.rg
        subscriptions = SubscriptionService(rg.database, Clients(clients, patience=FAST))
        for url in urls:
            if url not in subscriptions.list():
                subscriptions.subscribe(url)
        pulling = Pulling(rg.database, rg.folders, rg.mode, rg.alias, rg.genome, rg.publisher, rg.locks)
        return PullService(pulling, subscriptions.clients)


def installation(root: Path, url: URL | None = None) -> Installation:
    """An initialized home below ``root``; on SQLite where no database is given."""
    from sqlalchemy import create_engine

    engine = None
    if url is not None and url.get_backend_name() != "sqlite":
        engine = create_engine(url)
    config = root / "database.yaml"
    root.mkdir(parents=True, exist_ok=True)
    config.write_text(f"type: sqlite\npath: {root / 'registry'}\n")
    rg = Refgenie(
        database_config_path=config,
        database_engine=engine,
        genome_folder=root / "genomes",
        genome_archive_folder=root / "archives",
    )
    rg.init()
    return Installation(rg)


def copy_of(template: Path, root: Path) -> Installation:
    """A home of a test's own that is a copy of an initialized one on SQLite; faster than making it."""
    shutil.copytree(template, root, symlinks=True)
    (root / "database.yaml").write_text(f"type: sqlite\npath: {root / 'registry'}\n")
    return opened(root)


def opened(root: Path) -> Installation:
    """A home on SQLite that is there already."""
    return Installation(
        Refgenie(
            database_config_path=root / "database.yaml",
            genome_folder=root / "genomes",
            genome_archive_folder=root / "archives",
        )
    )


@contextlib.contextmanager
def serving(site: Installation) -> Iterator[str]:
    """The application over an installation under uvicorn in a thread; its address."""
    from refgenie.server.app import create_app
    from refgenie.server.settings import ServerSettings

    with running(create_app(site.rg, ServerSettings(access_log="off"))) as address:
        # Made when it is first asked for, which takes longer than these tests' clients have patience.
        httpx.get(f"{address}/openapi.json", timeout=60)
        yield address


def subscriptions(home: Installation) -> SubscriptionService:
    """The servers that an installation asks, with little patience."""
    return SubscriptionService(home.rg.database, Clients(patience=FAST))


def digest_of(site: Installation, group: str) -> str:
    """Digest of the asset of phage lambda in this group."""
    return site.rg.asset.get("lambda", group).digest


__all__ = [
    "FAST",
    "Installation",
    "copy_of",
    "digest_of",
    "installation",
    "opened",
    "serving",
    "subscriptions",
]
