"""Names of genomes."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from sqlalchemy.orm import Session

from refgenie.core import layout
from refgenie.core.layout import Folders
from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.names import check_alias, is_genome_digest, nearest
from refgenie.core.records import AliasRecord
from refgenie.db.database import Database
from refgenie.db.models import Genome
from refgenie.errors import ConflictError, NotFoundError, NotPermittedError, UsageError
from refgenie.genomes.alias_backends import (
    AliasBackend,
    LocalAliases,
    ServerAliases,
    WritableAliases,
)
from refgenie.genomes.alias_table import AliasChange, AliasManager
from refgenie.sequences.model import StoreMode

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["AliasLinks", "AliasManager", "AliasService"]

T = TypeVar("T")


class AliasLinks(Protocol):
    """The tree of symbolic links below ``alias/`` that follows the aliases."""

    def refresh(self, alias: str, genome_digest: str) -> None:
        """Make the links of this alias right."""
        ...

    def drop(self, alias: str) -> None:
        """Remove the links of this alias."""
        ...


class AliasService:
    """Sets, removes, lists and resolves the names of genomes.

    Writing order: store, registry, links; all under the store's lock, so that concurrent writers
    lose nothing and what a crash leaves is mended by the same command run again.
    """

    def __init__(
        self, database: Database, mode: StoreMode, folders: Folders, locks: Locks, links: AliasLinks
    ) -> None:
        self._database = database
        self._mode = mode
        self._folders = folders
        self._locks = locks
        self._links = links
        self._backend: AliasBackend = (
            LocalAliases(database, cast("WritableAliases", mode.aliases), folders.alias_file)
            if mode.writable
            else ServerAliases(database, mode.aliases)
        )

    def resolve(self, genome: str) -> str:
        """The digest of a genome that is named by alias or digest.

        Raises:
            NotFoundError: No such genome; the hint has the nearest alias. Or no genome folder.
        """
        if is_genome_digest(genome):
            if self._is_registered(genome) or self._mode.has_collection(genome):
                return genome
        elif (digest := self._backend.resolve(genome)) is not None:
            return digest
        if not self._folders.genome_folder.is_dir():
            raise NotFoundError(
                f"there is no genome folder {self._folders.genome_folder}",
                hint="mount it, or where it was moved: refgenie init --genome-folder FOLDER",
            )
        near = nearest(genome, [record.name for record in self._backend.all()])
        hint = f"did you mean {near}? " if near else ""
        raise NotFoundError(f"there is no genome {genome}", hint=f"{hint}refgenie alias get")

    def of_genome(self, digest: str) -> builtins.list[str]:
        """All aliases of one genome, sorted."""
        return sorted({record.name for record in self._backend.all() if record.genome_digest == digest})

    def own_names(self, digest: str) -> builtins.list[str]:
        """The aliases of one genome that can be changed here, sorted."""
        return [record.name for record in self.own() if record.genome_digest == digest]

    def list(
        self, alias_names: Iterable[str] | str = (), genome_digests: Iterable[str] | str = ()
    ) -> builtins.list[AliasRecord]:
        """Aliases, sorted by name; those with one of the names or of one of the genomes where given.

        Raises:
            NotFoundError: Names are no aliases (all are named), or a genome is not known.
        """
        names = {alias_names} if isinstance(alias_names, str) else set(alias_names)
        wanted = [genome_digests] if isinstance(genome_digests, str) else genome_digests
        genomes = {self.resolve(genome) for genome in wanted}
        records = self._backend.all()
        if unknown := sorted(names - {record.name for record in records}):
            raise self._unknown(unknown)
        if not names and not genomes:
            return records
        return [record for record in records if record.name in names or record.genome_digest in genomes]

    def set(
        self,
        alias_names: Iterable[str] | str,
        genome_digest: str,
        *,
        reset: bool = False,
        force: bool = False,
    ) -> None:
        """Give a genome names: all of them, or none where one cannot be given.

        Args:
            alias_names: One name or several.
            genome_digest: The genome; an alias that it has already will do.
            reset: Remove the genome's other aliases.
            force: Take names away from other genomes.

        Raises:
            NotFoundError: The genome is not registered.
            ConflictError: A name is another genome's, without ``force``; nothing is changed.
            InvalidInputError: A name cannot be an alias.
        """
        names = check_names(alias_names)
        if not names:
            raise UsageError("no alias is given")
        digest = self._registered(genome_digest)
        with self._locks.hold(STORE_LOCK):
            self.place(names, digest, reset=reset, force=force)

    def place(
        self,
        names: Iterable[str],
        digest: str,
        *,
        reset: bool = False,
        force: bool = False,
        also: Callable[[Session], T] = lambda _session: None,  # type: ignore[assignment,return-value]
    ) -> T:
        """Give a genome names while the caller holds the store's lock.

        Args:
            names: Checked names, may be none.
            digest: The genome.
            reset: Remove the genome's other aliases.
            force: Take names away from other genomes.
            also: Run in the registry's transaction before the aliases are written to it.

        Returns:
            What ``also`` returned.
        """
        put = dict.fromkeys(names, digest)
        if not force:
            self.check_free(put, digest)
        return self._apply(put, self.own_names(digest) if reset else (), also)

    def place_many(self, aliases: Mapping[str, str], also: Callable[[Session], T]) -> T:
        """Give names to several genomes while the caller, who has checked them, holds the store's lock."""
        return self._apply(aliases, (), also)

    def own(self) -> builtins.list[AliasRecord]:
        """The aliases that can be changed here, sorted by name."""
        return self._backend.own()

    def check_free(self, names: Iterable[str], digest: str | None) -> None:
        """Refuse names that are another genome's (any genome's where ``digest`` is None).

        Raises:
            ConflictError: Names all of them.
        """
        taken = {
            name: found for name in names if (found := self._backend.resolve(name)) not in {None, digest}
        }
        if taken:
            listed = ", ".join(f"{name} ({found})" for name, found in sorted(taken.items()))
            hint = (
                f"refgenie alias set --force -a {min(taken)} -d {digest}"
                if digest is not None and self._is_registered(digest)
                else f"choose another name, or free this one: refgenie alias remove -a {min(taken)}"
            )
            raise ConflictError(f"another genome has the alias {listed}", hint=hint)

    def remove(self, alias_names: Iterable[str] | str) -> None:
        """Remove names, all or none.

        Raises:
            NotFoundError: Names are no aliases; all are named, nothing is removed.
            NotPermittedError: A name comes from the remote store, which is not ours to change.
        """
        names = [alias_names] if isinstance(alias_names, str) else builtins.list(alias_names)
        if not names:
            raise UsageError("no alias is given")
        with self._locks.hold(STORE_LOCK):
            own = {record.name for record in self._backend.own()}
            foreign = {record.name for record in self._backend.all()} - own
            if unknown := sorted(set(names) - own - foreign):
                raise self._unknown(unknown)
            if remote := sorted(set(names) & foreign):
                raise NotPermittedError(f"the alias {', '.join(remote)} is the remote store's")
            self.withdraw(names)

    def withdraw(self, names: Iterable[str], also: Callable[[Session], None] | None = None) -> None:
        """Remove names while the caller holds the store's lock; unknown ones are passed over."""
        self._apply({}, names, also or (lambda _session: None))

    def repair(self) -> int:
        """Make the copy and the tree of links anew from the aliases; the number of aliases."""
        with self._locks.hold(STORE_LOCK):
            self._apply({}, (), lambda _session: None)
            records = self._backend.own()
            for record in records:
                self._links.refresh(record.name, record.genome_digest)
            for name in self._linked() - {record.name for record in records}:
                self._links.drop(name)
        return len(records)

    def sync_copy(self) -> None:
        """Bring the registry's copy in line with the store; another program may have changed that."""
        with self._locks.hold(STORE_LOCK):
            self._apply({}, (), lambda _session: None)

    def table(self, alias_names: Iterable[str] = (), genome_digests: Iterable[str] = ()) -> Table:
        """The aliases as a rich table."""
        from refgenie.core import tables

        return tables.aliases(self.list(alias_names, genome_digests))

    def _apply(self, put: Mapping[str, str], drop: Iterable[str], also: Callable[[Session], T]) -> T:
        result, change = self._backend.apply(put, drop, also)
        self._follow(change)
        return result

    def _follow(self, change: AliasChange) -> None:
        for name, digest in change.placed.items():
            self._links.refresh(name, digest)
        for name in change.dropped:
            self._links.drop(name)

    def _linked(self) -> builtins.set[str]:
        folder = self._folders.genome_folder / layout.ALIAS
        return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()

    def _is_registered(self, digest: str) -> bool:
        with self._database.read() as session:
            return session.get(Genome, digest) is not None

    def _registered(self, genome: str) -> str:
        digest = self.resolve(genome)
        if not self._is_registered(digest):
            raise NotFoundError(f"the genome {genome} is not registered", hint="refgenie genome list")
        return digest

    def _unknown(self, names: builtins.list[str]) -> NotFoundError:
        near = nearest(names[0], [record.name for record in self._backend.all()])
        plural = "aliases" if len(names) > 1 else "alias"
        hint = f"did you mean {near}? " if near else ""
        return NotFoundError(f"there is no {plural} {', '.join(names)}", hint=f"{hint}refgenie alias get")


def check_names(alias_names: Iterable[str] | str) -> list[str]:
    """The names, each once, in their order.

    Raises:
        InvalidInputError: One cannot be an alias.
    """
    names = [alias_names] if isinstance(alias_names, str) else alias_names
    return list(dict.fromkeys(check_alias(name) for name in names))
