"""The asset manager: what ``rg.asset`` is."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, get_args

from refgenie.assets import adding, lookup, verification
from refgenie.assets.adding import AddMode
from refgenie.assets.alias_tree import AliasTree, all_aliases
from refgenie.assets.changes import AssetChanges
from refgenie.assets.missing import missing
from refgenie.assets.populate import populate
from refgenie.assets.publish import Publisher
from refgenie.assets.seeking import GenomeNames, Seeker
from refgenie.assets.verification import FileFault
from refgenie.assets.workspace import working_folder
from refgenie.core.digests import FileRecord, asset_digest
from refgenie.core.layout import Folders
from refgenie.core.locks import Locks, asset_lock
from refgenie.core.names import check_asset_name, check_group
from refgenie.core.paths import absolute
from refgenie.core.progress import NoProgress, Progress
from refgenie.core.records import AssetClassRecord, AssetGroupRecord, AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.db.database import Database
from refgenie.errors import ConflictError, NotFoundError, UsageError

if TYPE_CHECKING:
    from rich.table import Table

DEFAULT_NAME = "default"
"""Name of an asset that was given none."""


class AssetClasses(Protocol):
    """The part of the asset class service that assets need."""

    def get(self, name: str) -> AssetClassRecord:
        """The highest version of an asset class; NotFoundError."""
        ...


class AssetService:
    """Lists, finds, adds, changes and verifies assets."""

    def __init__(
        self,
        database: Database,
        folders: Folders,
        aliases: GenomeNames,
        locks: Locks,
        publisher: Publisher,
        links: AliasTree,
        classes: AssetClasses,
        *,
        digest_fasta: Callable[[Path], str] | None = None,
        progress: Progress | None = None,
        renamed: Callable[[AssetRecord], object] | None = None,
        remote_table: Callable[[Sequence[str]], Table] | None = None,
    ) -> None:
        self._renamed = renamed
        self._remote_table = remote_table
        self._database = database
        self._folders = folders
        self._aliases = aliases
        self._locks = locks
        self._publisher = publisher
        self._links = links
        self._classes = classes
        self._digest_fasta = digest_fasta
        self._progress = progress or NoProgress()
        self._seeker = Seeker(database, folders, aliases)
        self._changes = AssetChanges(database, folders, locks, publisher)

    # --- reading ---------------------------------------------------------------------

    def get(self, genome_name: str, asset_group_name: str, asset_name: str | None = None) -> AssetRecord:
        """One asset with files, seek keys, parents and children; the default one where none is named.

        Raises:
            NotFoundError: It is not here; the message has the nearest name, the hint the command.
        """
        path = RegistryPath(genome_name, asset_group_name, asset=asset_name)
        genome_digest = self._aliases.resolve(genome_name)
        with self._database.read() as session:
            row = lookup.find_asset(session, genome_digest, asset_group_name, asset_name)
            if row is None:
                raise missing(session, path, genome_digest)
            return lookup.full(session, row)

    def id(self, genome_name: str, asset_group_name: str, asset_name: str | None = None) -> str:
        """The asset's content digest.

        Raises:
            NotFoundError: It is not here.
        """
        return self.get(genome_name, asset_group_name, asset_name).digest

    def list(self, genomes: Iterable[str] | str | None = None) -> builtins.list[AssetRecord]:
        """All assets, or those of some genomes, with their seek keys but without files and parents.

        Raises:
            NotFoundError: A genome is unknown.
        """
        digests = self._digests(genomes)
        with self._database.read() as session:
            return lookup.summaries(session, digests)

    def groups(self, genomes: Iterable[str] | str | None = None) -> builtins.list[AssetGroupRecord]:
        """All asset groups, or those of some genomes.

        Raises:
            NotFoundError: A genome is unknown.
        """
        digests = self._digests(genomes)
        with self._database.read() as session:
            return lookup.group_records(session, digests)

    def group_exists(self, genome_name: str, asset_group_name: str) -> bool:
        """Whether the genome is known and has this asset group."""
        try:
            genome_digest = self._aliases.resolve(genome_name)
        except NotFoundError:
            return False
        with self._database.read() as session:
            return lookup.find_group(session, genome_digest, asset_group_name) is not None

    def table(self, genome_names: Sequence[str] | str | None = None, *, size: bool = False) -> Table:
        """The assets as a rich table."""
        from refgenie.core import tables

        records = self.list(genome_names)
        with self._database.read() as session:
            aliases = all_aliases(session)
        names: dict[str, str] = {}
        for alias, digest in sorted(aliases.items()):
            names[digest] = f"{names[digest]}, {alias}" if digest in names else alias
        return tables.assets(records, names, size=size)

    def remote_table(self, genome_names: Sequence[str] | None = None) -> Table:
        """What the subscribed servers offer, as a rich table.

        Raises:
            NotFoundError: No server is subscribed, or none has one of the genomes.
            NetworkError: Every server is dead.
        """
        if self._remote_table is None:
            raise NotFoundError("no server is subscribed", hint="refgenie subscribe URL")
        return self._remote_table(genome_names or ())

    def seek(
        self,
        genome_name: str,
        asset_group_name: str,
        asset_name: str | None = None,
        seek_key_name: str | None = None,
        absolute: bool = False,
    ) -> str:
        """Path of a seek key on disk.

        Args:
            genome_name: Alias (the path goes through its links) or digest.
            asset_group_name: Asset group.
            asset_name: By default the group's default asset.
            seek_key_name: By default the key named like the group, else like the asset class, else the
                only one; else the asset's folder is answered.
            absolute: The path through the content tree.

        Raises:
            NotFoundError: Something of it is unknown.
        """
        path = RegistryPath(genome_name, asset_group_name, seek_key_name, asset_name)
        return self._seeker.path(path, absolute=absolute)

    def seek_path(self, path: RegistryPath | str, *, absolute: bool = False, must_exist: bool = False) -> str:
        """The same for a registry path; with ``must_exist`` what is not on disk is not found either."""
        parsed = RegistryPath.parse(path) if isinstance(path, str) else path
        return self._seeker.path(parsed, absolute=absolute, must_exist=must_exist)

    def populate(self, text_or_mapping: Any) -> Any:
        """Replace every ``refgenie://genome/group[.key][:asset]`` by its local path.

        Raises:
            NotFoundError: Names all that are unknown; nothing is returned.
        """
        return populate(text_or_mapping, self._seeker.path)

    def verify(
        self, paths: Iterable[RegistryPath | str] | None = None, *, progress: Progress | None = None
    ) -> builtins.list[FileFault]:
        """Re-hash the files of all assets, or of some; names what is missing, changed or extra.

        Raises:
            NotFoundError: An asset is unknown.
        """
        if paths is None:
            with self._database.read() as session:
                found = [lookup.described(row) for row in lookup.rows(session)]
        else:
            parsed = [RegistryPath.parse(path) if isinstance(path, str) else path for path in paths]
            found = [self.get(path.genome, path.group, path.asset) for path in parsed]
        return verification.verify(found, self._folders.genome_folder, progress or self._progress)

    # --- changing --------------------------------------------------------------------

    def add(
        self,
        genome_name: str,
        asset_group_name: str,
        asset_name: str | None = None,
        *,
        path: Path | str,
        asset_class: str | None = None,
        mode: AddMode = "copy",
        seek_keys: Mapping[str, str] | None = None,
        description: str | None = None,
        force: bool = False,
    ) -> AssetRecord:
        """Register a hand-made asset.

        Args:
            genome_name: Alias or digest of the genome.
            asset_group_name: Asset group; made where there is none.
            asset_name: By default ``default``.
            path: A file or a folder.
            asset_class: Name of its class; by default the group's own, else the one named like the group.
            mode: ``copy`` it, ``move`` it (the source goes when all is done), or ``link`` it (it
                stays where it is, and cannot be staged).
            seek_keys: Name to path within the asset, where the class's templates do not fit.
            description: Free text.
            force: Replace an asset of this name that has other content.

        Returns:
            The recorded asset; the same content under the same name again is no error.

        Raises:
            NotFoundError: Genome, asset class or source is not there.
            ConflictError: The name is taken by other content.
            InvalidInputError: A name is not valid, or the class's seek keys are not there.
            DigestMismatchError: The group is ``fasta`` and it is not the genome's FASTA.
            DiskFullError, NotPermittedError: The disk does not take it; nothing is registered.
        """
        if mode not in get_args(AddMode):
            raise UsageError(f"mode {mode!r} is none of copy, move and link")
        check_group(asset_group_name)
        name = check_asset_name(asset_name or DEFAULT_NAME)
        genome_digest = self._aliases.resolve(genome_name)
        record = self._class_of(genome_digest, asset_group_name, asset_class)
        given = dict(seek_keys or {})
        source = adding.find_source(
            absolute(path),
            record,
            genome_name,
            genome_digest,
            keep_names=mode == "link" or bool(given),
        )
        with (
            self._locks.hold(asset_lock(genome_digest, asset_group_name, name)),
            working_folder(self._folders, "add") as work,
        ):
            view = work / "view"
            adding.make_view(source, view)
            keys = adding.resolve_keys(record, view, genome_digest, given)
            if not force:
                there = self._same_content(genome_digest, asset_group_name, name, source)
                if there is not None:
                    return there
            adding.check_fasta(asset_group_name, keys, view, genome_digest, self._digest_fasta)
            content = work / "content"
            content.mkdir()

            def publish(files: tuple[FileRecord, ...], folder: Path) -> AssetRecord:
                external = source.folder if mode == "link" else None
                asset = adding.new_asset(
                    genome_digest, asset_group_name, name, record, files, keys, description, external
                )
                return self._publisher.publish(folder, asset, replace=force)

            if mode == "link":
                return publish(adding.describe(source, self._progress), source.folder)
            if mode == "copy":
                return publish(adding.describe(source, self._progress, content), content)
            with adding.moved(source, content) as linked:
                files = adding.describe(source, self._progress, None if linked else content)
                added = publish(files, content)
            adding.remove_source(source)
            return added

    def remove(
        self, genome_name: str, asset_group_name: str, asset_name: str | None = None, *, force: bool = False
    ) -> AssetRecord:
        """Remove an asset (the default one where none is named): links, record, files; returns what it was.

        Raises:
            NotFoundError: It is not here.
            ConflictError: Others were built from it (they are named), and not ``force``.
        """
        path = RegistryPath(genome_name, asset_group_name, asset=asset_name)
        return self._changes.remove(path, self._aliases.resolve(genome_name), force=force)

    def remove_group(
        self, genome_name: str, asset_group_name: str, *, force: bool = False
    ) -> builtins.list[str]:
        """Remove an asset group with all its assets; returns their names.

        Raises:
            NotFoundError: It is not here.
            ConflictError: Assets of other groups were built from one of it, and not ``force``.
        """
        path = RegistryPath(genome_name, asset_group_name)
        return self._changes.remove_group(path, self._aliases.resolve(genome_name), force=force)

    def rename(
        self, genome_name: str, asset_group_name: str, asset_name: str | None, new_name: str
    ) -> AssetRecord:
        """Rename an asset within its group; one that is staged is staged again under its new name.

        Raises:
            NotFoundError: It is not here.
            ConflictError: The new name is taken.
        """
        path = RegistryPath(genome_name, asset_group_name, asset=asset_name)
        record = self._changes.rename(path, self._aliases.resolve(genome_name), new_name)
        if self._renamed is not None:
            self._renamed(record)
        return record

    def set_default(self, genome_name: str, asset_group_name: str, asset_name: str) -> AssetRecord:
        """Make an asset the default of its group.

        Raises:
            NotFoundError: It is not here.
        """
        path = RegistryPath(genome_name, asset_group_name, asset=asset_name)
        return self._changes.set_default(path, self._aliases.resolve(genome_name))

    def get_default(self, genome_name: str, asset_group_name: str) -> str:
        """Name of the group's default asset.

        Raises:
            NotFoundError: There is no such group, or it has no default.
        """
        return self.get(genome_name, asset_group_name).name

    # --- within ----------------------------------------------------------------------

    def _digests(self, genomes: Iterable[str] | str | None) -> builtins.list[str] | None:
        if genomes is None:
            return None
        names = [genomes] if isinstance(genomes, str) else genomes
        return [self._aliases.resolve(genome) for genome in names]

    def _class_of(self, genome_digest: str, group: str, asset_class: str | None) -> AssetClassRecord:
        if asset_class is not None:
            return self._classes.get(asset_class)
        with self._database.read() as session:
            row = lookup.find_group(session, genome_digest, group)
            name = row.asset_class.name if row is not None else group
        return self._classes.get(name)

    def _same_content(
        self, genome_digest: str, group: str, name: str, source: adding.Source
    ) -> AssetRecord | None:
        """The asset of this name where it is this very content, None where there is none of this name."""
        with self._database.read() as session:
            row = lookup.find_asset(session, genome_digest, group, name)
            if row is None:
                return None
            there = lookup.full(session, row)
        if asset_digest(adding.describe(source, self._progress)) != there.digest:
            raise ConflictError(
                f"{there.registry_path} exists already with other content",
                hint="choose another name, or replace it with --force",
            )
        self._publisher.refresh_links(genome_digest, group, name)
        return there
