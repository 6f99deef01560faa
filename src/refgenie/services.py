"""The services of one registry, each made when it is first used."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from refgenie.config.settings import Settings
from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.core.progress import NoProgress, Progress
from refgenie.core.records import AssetClassRecord, AssetRecord
from refgenie.errors import NotPermittedError

if TYPE_CHECKING:
    from rich.table import Table
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from refgenie.assets.alias_tree import AliasTree
    from refgenie.assets.doctor import Doctor
    from refgenie.assets.publish import Publisher
    from refgenie.assets.service import AssetService
    from refgenie.build.service import BuildService
    from refgenie.channels.service import ChannelService
    from refgenie.configuration import ConfigurationService
    from refgenie.core.registry_path import RegistryPath
    from refgenie.db.database import Database
    from refgenie.genomes.aliases import AliasService
    from refgenie.genomes.retrieval import SequenceRetrieval
    from refgenie.genomes.service import GenomeService
    from refgenie.recipes.asset_classes import AssetClassService
    from refgenie.recipes.recipes import RecipeService
    from refgenie.sequences import LocalMode, StoreMode
    from refgenie.transfer.managers import Transfers
    from refgenie.transfer.remotes import RemoteService
    from refgenie.transfer.staging import StageService


T = TypeVar("T")


def _fetch(url: str) -> bytes:
    """The channels' reader of addresses, loaded when an address is read."""
    from refgenie.channels.fetch import fetch

    return fetch(url)


class _LateClasses:
    """Asset classes for the asset service, loaded when an asset is added."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def get(self, name: str) -> AssetClassRecord:
        """The highest version of an asset class."""
        return self._services.asset_class.get(name)


class _once(cached_property[T]):  # noqa: N801 - a decorator
    """Made by the first thread that asks; from Python 3.12 on a cached property may be made twice.

    Two locks of one name in one process would wait for each other.
    """

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        if instance is None:
            return self
        with instance._wiring:  # noqa: SLF001 - of the class below
            return super().__get__(instance, owner)


class Services:
    """Opens what a registry stands on, and makes its services; see Refgenie."""

    def __init__(
        self,
        *,
        database_config_path: Path | str | None = None,
        database_engine: Engine | None = None,
        server_clients_mapping: Mapping[str, Any] | None = None,
        refget_store_url: str | None = None,
        genome_folder: Path | str | None = None,
        genome_archive_folder: Path | str | None = None,
        suppress_migrations: bool = False,
        progress: Progress | None = None,
    ) -> None:
        """Take what is to be used; what is not given comes from the environment.

        Args:
            database_config_path: YAML file that says where the registry is.
            database_engine: Any SQLAlchemy engine; ``database_config_path`` is then ignored.
            server_clients_mapping: Clients to use for servers, by URL (see ServerClient).
            refget_store_url: Address of a remote RefgetStore: chooses ServerMode.
            genome_folder: Folder of assets and sequences.
            genome_archive_folder: Folder of staged assets.
            suppress_migrations: Never migrate an older SQLite registry, refuse it.
            progress: Shows long work; silent by default.

        Raises:
            ValueError: A client lacks a member of the ServerClient protocol.
        """
        self.settings = Settings.load(
            genome_folder=genome_folder,
            archive_folder=genome_archive_folder,
            database_config_path=database_config_path,
        )
        self.server_clients_mapping = dict(server_clients_mapping or {})
        if self.server_clients_mapping:
            from refgenie.transfer.clients import check_clients

            check_clients(self.server_clients_mapping)
        self._engine = database_engine
        self._refget_store_url = refget_store_url
        self._migrates = not suppress_migrations
        self.progress = progress or NoProgress()
        self._wiring = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections; those of an engine of the caller's own are the caller's."""
        if "transfers" in self.__dict__:
            self.transfers.close()
        if "mode" in self.__dict__:
            self.mode.close()
        if "_opened" in self.__dict__ and self._engine is None:
            self._opened.dispose()

    # --- what everything stands on -------------------------------------------------------

    @property
    def injected_engine(self) -> Engine | None:
        """The engine that the constructor was given."""
        return self._engine

    def open_any_version(self) -> Database:
        """The registry as it is, of whatever version; for `init` and `db upgrade`."""
        return self._opened

    @_once
    def _opened(self) -> Database:
        from refgenie.db.database import Database

        if self._engine is not None:
            return Database(self._engine)
        from refgenie.config.registry_url import load_url

        return Database.from_url(load_url(self.settings.database_config_path))

    @_once
    def database(self) -> Database:
        """The registry, at this program's version.

        Raises:
            NotFoundError: There is none yet.
            DatabaseVersionError: It is newer, or older and not to be migrated here.
        """
        from refgenie.db import migrate

        if self._migrates and self._opened.is_sqlite and migrate.is_older(self._opened):
            migrate.upgrade(self._opened, create=False)
        migrate.require_current(self._opened)
        return self._opened

    @property
    def database_engine(self) -> Engine:
        """The SQLAlchemy engine of the registry."""
        return self.database.engine

    @_once
    def folders(self) -> Folders:
        """Genome and archive folder."""
        if self.settings.genome_folder and self.settings.archive_folder:
            return self.settings.folders()
        from refgenie.configuration import stored_folders

        return self.settings.folders(*stored_folders(self.database))

    @_once
    def locks(self) -> Locks:
        """One writer at a time."""
        from refgenie.db.locks import open_locks

        return open_locks(self.database, self.folders.locks)

    @_once
    def mode(self) -> StoreMode:
        """The RefgetStore: LocalMode, or ServerMode where ``refget_store_url`` was given."""
        if self._refget_store_url:
            from refgenie.sequences import ServerMode

            return ServerMode(self._refget_store_url)
        from refgenie.sequences import LocalMode

        return LocalMode(self.folders, self.locks, self.progress)

    # --- the managers --------------------------------------------------------------------

    @_once
    def configuration(self) -> ConfigurationService:
        """Folders, version and subscribed servers."""
        from refgenie.configuration import ConfigurationService

        return ConfigurationService(
            self.database, self.folders, self.settings, lambda: self.transfers.subscriptions
        )

    @_once
    def alias(self) -> AliasService:
        """Names of genomes."""
        from refgenie.genomes.aliases import AliasService

        return AliasService(self.database, self.mode, self.folders, self.locks, self._links)

    @_once
    def genome(self) -> GenomeService:
        """Genomes and their sequences."""
        from refgenie.genomes.service import GenomeService

        def described(session: Session, digest: str) -> None:
            from refgenie.assets import manifest

            manifest.update_genome(session, self.folders, digest)

        return GenomeService(
            self.database,
            self.mode,
            self.folders,
            self.locks,
            self.alias,
            described=described,
        )

    @_once
    def asset_class(self) -> AssetClassService:
        """Asset classes."""
        from refgenie.recipes.asset_classes import AssetClassService

        return AssetClassService(self.database, _fetch)

    @_once
    def recipe(self) -> RecipeService:
        """Recipes."""
        from refgenie.recipes.recipes import RecipeService

        return RecipeService(self.database, _fetch)

    @_once
    def sources(self) -> ChannelService:
        """Data channels."""
        from refgenie.channels.service import ChannelService

        return ChannelService(self.database)

    @_once
    def asset(self) -> AssetService:
        """Assets."""
        from refgenie.assets.service import AssetService

        return AssetService(
            self.database,
            self.folders,
            self.alias,
            self.locks,
            self._staging_publisher,
            self._links,
            _LateClasses(self),
            digest_fasta=self._digest_fasta,
            progress=self.progress,
            renamed=self._stage_again,
            remote_table=self._remote_table,
        )

    # Methods, not the services' own: those need this one to be wired.
    def _pull_input(self, path: RegistryPath) -> AssetRecord:
        from refgenie.transfer.pull import PullOptions

        options = PullOptions(large="take")  # the build needs it: nothing is to be asked
        return self.transfers.pulls.pull(path.genome, path.group, path.asset, options=options)

    def _stage_again(self, record: AssetRecord) -> bool:
        return self.transfers.stage.refresh(record)

    def _remote_table(self, genomes: Sequence[str]) -> Table:
        return self.transfers.catalog.table(genomes)

    @_once
    def builds(self) -> BuildService:
        """Builds."""
        from refgenie.build.service import BuildService

        return BuildService(
            self.database,
            self.folders,
            self.alias,
            self.genome,
            self.mode,
            self.asset,
            self._staging_publisher,
            self.recipe,
            self.asset_class,
            self.locks,
            self.progress,
            pull=self._pull_input,
        )

    @_once
    def transfers(self) -> Transfers:
        """Everything between two machines: subscriptions, pull, push, mirror, what servers offer."""
        from refgenie.transfer.managers import Transfers

        return Transfers(self)

    @property
    def stage(self) -> StageService:
        """What is served and pushed."""
        return self.transfers.stage

    @property
    def remote(self) -> RemoteService:
        """Storage that staged assets are pushed to."""
        return self.transfers.remote

    @_once
    def sequences(self) -> SequenceRetrieval:
        """Residues of genomes."""
        from refgenie.genomes.retrieval import SequenceRetrieval

        return SequenceRetrieval(self.mode, self.alias)

    @_once
    def doctor(self) -> Doctor:
        """Finds and mends what a crash or a hand left behind."""
        from refgenie.assets.doctor import Doctor

        return Doctor(
            self.database,
            self.folders,
            self.alias,
            self.locks,
            self.publisher,
            self._links,
            self.mode,
            self.transfers.stage,
        )

    @_once
    def publisher(self) -> Publisher:
        """Puts finished folders into the content tree."""
        from refgenie.assets.publish import Publisher

        return Publisher(self.database, self.folders, self._links)

    @_once
    def _staging_publisher(self) -> Publisher:
        """The same for builds and `add`; a pull stages by itself, while it holds nobody up."""
        from refgenie.transfer.replacing import StagingPublisher

        return StagingPublisher(self.database, self.folders, self._links, self._stage_again)

    @_once
    def _links(self) -> AliasTree:
        from refgenie.assets.alias_tree import AliasTree

        return AliasTree(self.database, self.folders)

    def _digest_fasta(self, fasta: Path) -> str:
        return self._local_mode().digest_fasta(fasta)

    def _local_mode(self) -> LocalMode:
        from refgenie.sequences import LocalMode

        if not isinstance(self.mode, LocalMode):
            raise NotPermittedError("the sequences of a remote store are read only")
        return self.mode
