"""Refgenie: wires the services; what Python users, command line, server and MCP share."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from refgenie.build.request import BuildParams, BuildRequest
from refgenie.config.settings import Settings
from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.core.progress import NoProgress, Progress
from refgenie.core.records import AssetClassRecord, AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import NotPermittedError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from refgenie.assets.alias_tree import AliasTree
    from refgenie.assets.doctor import Doctor
    from refgenie.assets.publish import Publisher
    from refgenie.assets.service import AssetService
    from refgenie.build.service import BuildService
    from refgenie.channels.service import ChannelService
    from refgenie.configuration import ConfigurationService
    from refgenie.db.database import Database
    from refgenie.genomes.aliases import AliasService
    from refgenie.genomes.retrieval import SequenceRetrieval
    from refgenie.genomes.service import GenomeService
    from refgenie.recipes.asset_classes import AssetClassService
    from refgenie.recipes.recipes import RecipeService
    from refgenie.sequences import Fault, LocalMode, StoreMode
    from refgenie.transfer.managers import Transfers
    from refgenie.transfer.remotes import RemoteService
    from refgenie.transfer.staging import StageService

__all__ = ["BuildParams", "Refgenie"]


def _fetch(url: str) -> bytes:
    """The channels' reader of addresses, loaded when an address is read."""
    from refgenie.channels.fetch import fetch

    return fetch(url)


class _LateClasses:
    """Asset classes for the asset service, loaded when an asset is added."""

    def __init__(self, rg: Refgenie) -> None:
        self._rg = rg

    def get(self, name: str) -> AssetClassRecord:
        """The highest version of an asset class."""
        return self._rg.asset_class.get(name)


class Refgenie:
    """A registry of reference genome assets, and everything that can be done with it.

    Nothing is opened before it is used, and all managers are safe to call from several threads.
    The managers are ``genome``, ``alias``, ``asset_class``, ``recipe``, ``asset``, ``sources``,
    ``stage``, ``remote`` and ``configuration``.

    Example:
        >>> from refgenie import Refgenie
        >>> with Refgenie() as rg:                                    # doctest: +SKIP
        ...     rg.asset.seek("hg38", "bwa_index")
    """

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
        """Close database connections."""
        if "transfers" in self.__dict__:
            self.transfers.close()
        if "_opened" in self.__dict__:
            self._opened.dispose()

    # --- what everything stands on -------------------------------------------------------

    @property
    def injected_engine(self) -> Engine | None:
        """The engine that the constructor was given."""
        return self._engine

    def open_any_version(self) -> Database:
        """The registry as it is, of whatever version; for `init` and `db upgrade`."""
        return self._opened

    @cached_property
    def _opened(self) -> Database:
        from refgenie.db.database import Database

        if self._engine is not None:
            return Database(self._engine)
        from refgenie.config.registry_url import load_url

        return Database.from_url(load_url(self.settings.database_config_path))

    @cached_property
    def database(self) -> Database:
        """The registry, at this program's version.

        Raises:
            NotFoundError: There is none yet.
            DatabaseVersionError: It is newer, or older and not to be migrated here.
        """
        from refgenie.db import migrate

        with self._wiring:
            if self._migrates and self._opened.is_sqlite and migrate.is_older(self._opened):
                migrate.upgrade(self._opened, create=False)
            migrate.require_current(self._opened)
            return self._opened

    @property
    def database_engine(self) -> Engine:
        """The SQLAlchemy engine of the registry."""
        return self.database.engine

    @cached_property
    def folders(self) -> Folders:
        """Genome and archive folder."""
        if self.settings.genome_folder and self.settings.archive_folder:
            return self.settings.folders()
        from refgenie.configuration import stored_folders

        return self.settings.folders(*stored_folders(self.database))

    @cached_property
    def locks(self) -> Locks:
        """One writer at a time."""
        from refgenie.db.locks import open_locks

        return open_locks(self.database, self.folders.locks)

    @cached_property
    def mode(self) -> StoreMode:
        """The RefgetStore: LocalMode, or ServerMode where ``refget_store_url`` was given."""
        if self._refget_store_url:
            from refgenie.sequences import ServerMode

            return ServerMode(self._refget_store_url)
        from refgenie.sequences import LocalMode

        return LocalMode(self.folders, self.locks, self.progress)

    # --- the managers --------------------------------------------------------------------

    @cached_property
    def configuration(self) -> ConfigurationService:
        """Folders, version and subscribed servers."""
        from refgenie.configuration import ConfigurationService

        return ConfigurationService(self.database, self.folders, self.settings)

    @cached_property
    def alias(self) -> AliasService:
        """Names of genomes."""
        from refgenie.genomes.aliases import AliasService

        return AliasService(self.database, self.mode, self.folders, self.locks, self._links)

    @cached_property
    def genome(self) -> GenomeService:
        """Genomes and their sequences."""
        from refgenie.genomes.service import GenomeService

        return GenomeService(self.database, self.mode, self.folders, self.locks, self.alias, self._links)

    @cached_property
    def asset_class(self) -> AssetClassService:
        """Asset classes."""
        from refgenie.recipes.asset_classes import AssetClassService

        return AssetClassService(self.database, _fetch)

    @cached_property
    def recipe(self) -> RecipeService:
        """Recipes."""
        from refgenie.recipes.recipes import RecipeService

        return RecipeService(self.database, _fetch)

    @cached_property
    def sources(self) -> ChannelService:
        """Data channels."""
        from refgenie.channels.service import ChannelService

        return ChannelService(self.database, self.asset_class, self.recipe)

    @cached_property
    def asset(self) -> AssetService:
        """Assets."""
        from refgenie.assets.service import AssetService

        return AssetService(
            self.database,
            self.folders,
            self.alias,
            self.locks,
            self.publisher,
            self._links,
            _LateClasses(self),
            digest_fasta=self._digest_fasta,
            progress=self.progress,
        )

    @cached_property
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
            self.publisher,
            self.recipe,
            self.asset_class,
            self.locks,
            self.progress,
            pull=lambda path: self.pull(path.genome, path.group, path.asset),
        )

    @cached_property
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

    @cached_property
    def sequences(self) -> SequenceRetrieval:
        """Residues of genomes."""
        from refgenie.genomes.retrieval import SequenceRetrieval

        return SequenceRetrieval(self.mode, self.alias)

    @cached_property
    def doctor(self) -> Doctor:
        """Finds and mends what a crash or a hand left behind."""
        from refgenie.assets.doctor import Doctor

        return Doctor(
            self.database, self.folders, self.alias, self.locks, self.publisher, self._links, self.mode
        )

    @cached_property
    def publisher(self) -> Publisher:
        """Puts finished folders into the content tree."""
        from refgenie.assets.publish import Publisher

        return Publisher(self.database, self.folders, self._links)

    @cached_property
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

    # --- what needs several of them ------------------------------------------------------

    def init(self) -> list[str]:
        """Create what is missing: configuration file, folders, registry, store, bundled recipes.

        Returns:
            A line for each thing that was made; empty where all was there.
        """
        from refgenie.setup import initialize

        with self._wiring:
            return initialize(self)

    def purge(self, *, files: bool = False) -> None:
        """Remove all records of the registry, and with ``files`` all files of assets and sequences."""
        from refgenie.setup import purge

        purge(self, files=files)

    def build_asset(
        self,
        recipe_name: str | None = None,
        *,
        genome_name: str,
        asset_group_name: str,
        asset_name: str | None = None,
        recipe_version: str | None = None,
        params: BuildParams | None = None,
        stage: bool = False,
        **options: Any,
    ) -> AssetRecord:
        """Build one asset.

        Args:
            recipe_name: Recipe; by default the one named like the group.
            genome_name: Alias or digest of the genome.
            asset_group_name: Group that the asset goes into.
            asset_name: Its name; by default the recipe's, else ``default``.
            recipe_version: By default the highest one.
            params: Input assets, files and parameters.
            stage: Stage the asset for the server afterwards.
            **options: Further fields of BuildRequest (``force``, ``deps``, ``container`` …).

        Raises:
            BuildFailedError: A command failed or its output does not fit the asset class.
            NotFoundError: Genome, recipe, input or program is not there.
        """
        record = self.builds.build(
            BuildRequest(
                genome=genome_name,
                group=asset_group_name,
                asset=asset_name,
                recipe=recipe_name,
                recipe_version=recipe_version,
                params=params or BuildParams(),
                **options,
            )
        )
        if stage:
            self.stage.add(genome_name, asset_group_name, record.name)
        return record

    def getseq(self, genome: str, region: str, **options: Any) -> str:
        """Residues of a region, ``chr1:0-1000`` (0-based, half-open); see SequenceRetrieval."""
        return self.sequences.fetch(genome, region, **options)

    def verify_sequences(
        self, genomes: Iterable[str] | None = None, *, repair_from: Path | str | None = None
    ) -> list[Fault]:
        """Compute the digests of stored sequences again, of all genomes or of some.

        Args:
            genomes: Aliases or digests.
            repair_from: A FASTA file or remote store that damaged sequences are restored from.

        Raises:
            NotFoundError: A genome is unknown.
            NotPermittedError: This is a server's registry, which owns no store.
        """
        mode = self._local_mode()
        digests = [self.alias.resolve(genome) for genome in genomes] if genomes is not None else [None]
        return [
            fault
            for digest in digests
            for fault in mode.verify(digest, repair_from=repair_from, progress=self.progress)
        ]

    def pull(
        self, alias_name: str, asset_group_name: str, asset_name: str | None = None, **options: Any
    ) -> AssetRecord:
        """Pull one asset from the subscribed servers; nothing is fetched where it is here already.

        Args:
            alias_name: Alias or digest of the genome.
            asset_group_name: Asset group.
            asset_name: Asset; the server's default one where it is None.
            **options: Fields of PullOptions (``force``, ``init``, ``large`` …).

        Raises:
            NotFoundError, ConflictError, DigestMismatchError, NetworkError: See PullService.
        """
        from refgenie.transfer.pull import PullOptions

        return self.transfers.pulls.pull(
            alias_name, asset_group_name, asset_name, options=PullOptions(**options)
        )

    def push(self, **options: Any) -> Any:
        """Upload what is staged and not yet on the remotes; see PushService.push."""
        return self.transfers.pushes.push(**options)

    def seekr(
        self,
        genome_name: str,
        asset_group_name: str,
        asset_name: str | None = None,
        seek_key_name: str | None = None,
        remote_class: str | None = None,
    ) -> str:
        """Remote URI of a seek key; see RemoteCatalog.seek."""
        path = RegistryPath(genome_name, asset_group_name, seek_key_name, asset_name)
        return self.transfers.catalog.seek(path, remote_class=remote_class)

    def populater(self, text_or_mapping: Any, remote_class: str | None = None) -> Any:
        """Replace every ``refgenie://genome/group[.key][:asset]`` by its remote URI."""
        return self.transfers.catalog.populate(text_or_mapping, remote_class=remote_class)

    def populate(self, text_or_mapping: Any) -> Any:
        """Replace every ``refgenie://genome/group[.key][:asset]`` by its local path."""
        return self.asset.populate(text_or_mapping)

    def set_genome_alias(
        self, alias_name: str, genome_digest: str, genome_description: str | None = None
    ) -> None:
        """Give a genome a name, and a description where one is given."""
        self.alias.set([alias_name], genome_digest)
        if genome_description is not None:
            self.genome.set_metadata(genome_digest, description=genome_description)
