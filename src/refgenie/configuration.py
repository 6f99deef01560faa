"""What the registry's configuration row and subscriptions say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from refgenie.config.settings import Settings
from refgenie.core.addresses import without_credentials
from refgenie.core.layout import Folders
from refgenie.core.tables import make_table
from refgenie.db import models
from refgenie.db.database import Database

if TYPE_CHECKING:
    from rich.table import Table

    from refgenie.transfer.subscriptions import SubscriptionService


def stored_folders(database: Database) -> tuple[str | None, str | None]:
    """Genome and archive folder as the configuration row has them."""
    with database.read() as session:
        row = session.get(models.Configuration, 1)
        return (row.genome_folder, row.genome_archive_folder) if row else (None, None)


@dataclass(frozen=True, slots=True)
class ConfigurationRecord:
    """The table of `config get`, and the values of the environment.

    Attributes:
        version: Version of the configuration's format.
        servers: Subscribed servers in the order in which they are asked.
        database: URL of the registry, its password masked.
        database_version: Revision of the registry's tables.
    """

    genome_folder: Path
    version: int
    genome_archive_folder: Path
    servers: tuple[str, ...]
    log_level: str
    database_config_path: Path
    database: str
    database_version: str


class ConfigurationService:
    """Reads the configuration, and subscribes to servers.

    Args:
        subscriptions: The service that does it; called when it is needed.
    """

    def __init__(
        self,
        database: Database,
        folders: Folders,
        settings: Settings,
        subscriptions: Callable[[], SubscriptionService],
    ) -> None:
        self._subscriptions = subscriptions
        self._database = database
        self._folders = folders
        self._settings = settings

    def servers(self) -> list[str]:
        """Subscribed servers in the order in which they are asked, without credentials."""
        with self._database.read() as session:
            found = session.scalars(select(models.Server.url).order_by(models.Server.id))
            return [without_credentials(url) for url in found]

    def subscribe(self, urls: Iterable[str] | str) -> list[str]:
        """Subscribe to servers; see SubscriptionService.subscribe."""
        return self._subscriptions().subscribe(urls)

    def unsubscribe(self, urls: Iterable[str] | str) -> list[str]:
        """Unsubscribe from servers; see SubscriptionService.unsubscribe."""
        return self._subscriptions().unsubscribe(urls)

    def get(self) -> ConfigurationRecord:
        """All of it."""
        from refgenie.db import migrate

        with self._database.read() as session:
            row = session.get(models.Configuration, 1)
        return ConfigurationRecord(
            genome_folder=self._folders.genome_folder,
            version=row.version if row else 1,
            genome_archive_folder=self._folders.archive_folder,
            servers=tuple(self.servers()),
            log_level=self._settings.log_level,
            database_config_path=self._settings.database_config_path,
            database=self._database.engine.url.render_as_string(hide_password=True),
            database_version=migrate.version(self._database).current or "none",
        )

    def table(self) -> Table:
        """The table of `config get`."""
        found = self.get()
        return make_table(
            "Refgenie configuration",
            ("genome_folder", "version", "genome_archive_folder", "servers"),
            [
                (
                    found.genome_folder,
                    found.version,
                    found.genome_archive_folder,
                    "\n".join(found.servers),
                )
            ],
        )
