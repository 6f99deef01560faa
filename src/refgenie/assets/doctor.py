"""Finds and mends what a crash or a hand left behind. Finding changes and locks nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from sqlalchemy import select

from refgenie.assets import archives, left_over, lookup, manifest
from refgenie.assets.alias_tree import AliasTree, all_aliases, linked_assets
from refgenie.assets.archives import ArchiveFault, Archives, StagedAssets
from refgenie.assets.changes import AssetChanges
from refgenie.assets.manifest import ContentKey
from refgenie.assets.publish import Publisher, is_whole
from refgenie.assets.rebuilding import RebuildReport, rebuild
from refgenie.assets.restoring import ManifestFaultError, restore
from refgenie.assets.seeking import GenomeNames
from refgenie.assets.workspace import stale_entries
from refgenie.core import layout
from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.core.records import AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.db.database import Database
from refgenie.db.models import Build, Genome
from refgenie.errors import NotFoundError, RefgenieError
from refgenie.genomes.initialization import own_store
from refgenie.sequences.model import StoreMode

Mend = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        kind: What it is, in a few words.
        where: Path below the genome folder, or registry path.
        remedy: What ``--fix`` does, or where that can do nothing, what the user can.
        fixable: Whether ``--fix`` mends it.
        mended: Whether it was mended.
    """

    kind: str
    where: str
    remedy: str
    fixable: bool = True
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Garbage:
    """What was removed: number of files and folders, and their bytes where they are known."""

    removed: int
    size: int


class AliasCopies(GenomeNames, Protocol):
    """The part of the alias service that the doctor needs."""

    def sync_copy(self) -> None:
        """Make the registry's copy of the store's aliases right."""
        ...


class Doctor:
    """Compares registry, content, manifests, links, temporary folders, builds, locks, store and archives."""

    def __init__(
        self,
        database: Database,
        folders: Folders,
        aliases: AliasCopies,
        locks: Locks,
        publisher: Publisher,
        links: AliasTree,
        mode: StoreMode | None,
        staged: StagedAssets | None = None,
    ) -> None:
        self._archives = Archives(database, folders, staged) if staged is not None else None
        self._database = database
        self._folders = folders
        self._aliases = aliases
        self._publisher = publisher
        self._links = links
        self._mode = mode
        self._changes = AssetChanges(database, folders, locks, publisher)

    def find(self) -> list[Finding]:
        """What is not as it should be; nothing is changed, and a read-only folder will do."""
        return [finding for finding, _ in self._cases()]

    def fix(self) -> list[Finding]:
        """Mend what can be mended; returns what was found, ``mended`` says which is right now."""
        done: list[Finding] = []
        for finding, mend in self._cases():
            if mend is None:
                done.append(finding)
                continue
            try:
                mend()
            except (RefgenieError, OSError) as error:
                done.append(replace(finding, remedy=f"could not be mended: {error}"))
            else:
                done.append(replace(finding, mended=True))
        done += [finding for finding in self._without_sequences() if finding not in done]
        if done:
            self._links.rebuild()  # what was recorded again, or removed, has other links
        return done

    def rebuild(self) -> RebuildReport:
        """Record again what the store and the manifests know and the registry does not."""
        return rebuild(self._database, self._folders, self._aliases.sync_copy, self._links, self._mode)

    def garbage(self) -> Garbage:
        """Remove what nothing uses: temporary folders, content without a record, sequences, old locks."""
        removed = size = 0
        unrecorded = self._archives.unrecorded() if self._archives is not None else ()
        left = _findings(unrecorded)
        for finding, mend in (*self._temporary(), *self._unrecorded(), *self._stale_locks(), *left):
            if mend is not None and finding.kind in _GARBAGE:
                size += left_over.size_of(self._folders.genome_folder / finding.where)
                mend()
                removed += 1
        if self._mode is not None and self._mode.writable:
            report = own_store(self._mode).collect_garbage()
            removed += report.sequences + report.others
            size += report.bytes
        return Garbage(removed, size)

    # --- what is looked at -----------------------------------------------------------

    def _cases(self) -> list[tuple[Finding, Mend | None]]:
        with self._database.read() as session:
            assets = [lookup.described(row) for row in lookup.rows(session)]
        if not self._content_root.is_dir() and any(not asset.external for asset in assets):
            # A disk that is not mounted is no reason to forget what is on it.
            remedy = "mount it, or name the right one: refgenie init --genome-folder FOLDER"
            return [
                (
                    Finding("genome folder without content", str(self._content_root), remedy, fixable=False),
                    None,
                )
            ]
        return [
            *self._temporary(),
            *self._unrecorded(),
            *self._without_files(assets),
            *self._manifests(),
            *self._deviating_links(),
            *self._dead_builds(),
            *self._stale_locks(),
            *self._store(),
            *_findings(self._archives.faults() if self._archives is not None else ()),
        ]

    @property
    def _content_root(self) -> Path:
        return self._folders.genome_folder / layout.DATA

    def _shown(self, path: Path) -> str:
        with suppress(ValueError):
            return path.relative_to(self._folders.genome_folder).as_posix()
        return str(path)

    def _temporary(self) -> Iterator[tuple[Finding, Mend | None]]:
        for entry in stale_entries(self._folders):
            yield (
                Finding(TEMPORARY, self._shown(entry), "remove it"),
                partial(left_over.remove, entry),
            )

    def _unrecorded(self) -> Iterator[tuple[Finding, Mend | None]]:
        with self._database.read() as session:
            recorded = left_over.recorded_keys(session)
        on_disk = left_over.content_keys(self._folders)
        described = set(manifest.walk(self._folders))
        for key in sorted((on_disk | described) - recorded):
            if key in described and manifest.read(manifest.path_of(self._folders, key)) is not None:
                where = manifest.path_of(self._folders, key)
                yield (
                    Finding(
                        "published but not recorded",
                        self._shown(where),
                        "record it, or remove what is not whole",
                    ),
                    partial(self._record_again, key),
                )
            else:
                where = self._folders.genome_folder / layout.content_path(*key)
                kind = LEFT_OVER if key in on_disk else "manifest that cannot be read"
                yield (
                    Finding(kind, self._shown(where), "remove it"),
                    partial(self._publisher.release, *key),
                )
        for entry in left_over.foreign_entries(self._folders):
            # Somebody may need it, and put it there by hand: it is not ours to remove.
            remedy = "remove it; or take it in: refgenie add"
            yield Finding("among the content, but no asset", self._shown(entry), remedy, fixable=False), None

    def _record_again(self, key: ContentKey) -> None:
        try:
            self._database.write(lambda session: restore(session, self._folders, key, defaults=False))
        except ManifestFaultError:
            self._publisher.release(*key)

    def _without_files(self, assets: list[AssetRecord]) -> Iterator[tuple[Finding, Mend | None]]:
        for asset in assets:
            folder = self._folders.genome_folder / asset.path
            if is_whole(folder, asset.files):
                continue
            path = asset.registry_path
            again = f"refgenie build {path} --force, or refgenie pull {path} --force"
            if asset.external:
                remedy = f"bring {asset.path} back, or refgenie remove {path}"
                yield Finding("linked files are not there", path, remedy, fixable=False), None
            elif folder.exists():
                yield Finding("files are missing or have another size", path, again, fixable=False), None
            else:
                yield (
                    Finding("record without files", path, f"forget it; then {again}"),
                    partial(self._forget, asset),
                )

    def _forget(self, asset: AssetRecord) -> None:
        path = RegistryPath(asset.genome_digest, asset.asset_group_name, asset=asset.name)
        with self._database.read() as session:
            row = lookup.find_asset(session, asset.genome_digest, asset.asset_group_name, asset.name)
            if row is None or row.digest != asset.digest:
                return  # it was removed or replaced meanwhile
        with suppress(NotFoundError):
            self._changes.remove(path, asset.genome_digest, force=True)

    def _manifests(self) -> Iterator[tuple[Finding, Mend | None]]:
        with self._database.read() as session:
            wrong = manifest.outdated(session, self._folders)
        for key in wrong:
            where = self._shown(manifest.path_of(self._folders, key))
            yield (
                Finding("manifest is missing or out of date", where, "write it"),
                partial(self._write_manifest, key),
            )

    def _write_manifest(self, key: ContentKey) -> None:
        self._database.write(lambda session: manifest.update(session, self._folders, [key]))

    def _deviating_links(self) -> Iterator[tuple[Finding, Mend | None]]:
        with self._database.read() as session:
            aliases = all_aliases(session)
            genomes = {digest: list(linked_assets(session, digest)) for digest in set(aliases.values())}
        for alias, digest in sorted(aliases.items()):
            assets = genomes[digest]
            wrong = [path for asset in assets for path in self._links.deviations(alias, asset)]
            wrong += self._links.surplus_folders(alias, assets)
            if wrong:
                more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
                yield (
                    Finding("links are missing or wrong", f"{self._shown(wrong[0])}{more}", "make them anew"),
                    partial(self._links.refresh, alias, digest),
                )
        for folder in self._links.unknown_folders(aliases):
            yield (
                Finding("links of an alias that is none", self._shown(folder), "remove them"),
                partial(self._links.drop, folder.name),
            )

    def _dead_builds(self) -> Iterator[tuple[Finding, Mend | None]]:
        with self._database.read() as session:
            running = session.scalars(select(Build).where(Build.status == left_over.RUNNING)).all()
            dead = [(build.id, build.path) for build in running if left_over.is_dead(build)]
        for build_id, path in dead:
            yield (
                Finding("build whose process is gone", path, "record it as interrupted"),
                partial(self._end_build, build_id),
            )

    def _end_build(self, build_id: str) -> None:
        self._database.write(lambda session: left_over.end_build(session, build_id))

    def _stale_locks(self) -> Iterator[tuple[Finding, Mend | None]]:
        for lock in left_over.stale_locks(self._folders):
            yield (
                Finding(OLD_LOCK, self._shown(lock), "remove it"),
                partial(left_over.remove_lock, lock),
            )

    def _store(self) -> Iterator[tuple[Finding, Mend | None]]:
        """Genomes whose sequences are gone, and faults of the store's index."""
        if self._mode is None or not self._mode.writable:
            return
        store = own_store(self._mode)
        for fault in store.index_faults():
            yield Finding(f"sequence store: {fault.kind}", fault.subject, fault.detail), store.repair_index
        unused = left_over.unused_sequences(store.files)
        if unused:
            what = f"{unused[0].stem}{f' and {len(unused) - 1} more' if len(unused) > 1 else ''}"
            yield Finding("sequences that no collection uses", what, "remove them"), store.collect_garbage
        yield from ((finding, None) for finding in self._without_sequences())

    def _without_sequences(self) -> Iterator[Finding]:
        """Genomes whose sequences are gone, also by the mending of the store's index."""
        if self._mode is None or not self._mode.writable:
            return
        store = own_store(self._mode)
        with self._database.read() as session:
            local = session.scalars(select(Genome.digest).where(Genome.source == "local")).all()
        remedies = dict.fromkeys(local, "import it again: refgenie genome init --fasta FILE")
        remedies |= {fault.subject: fault.detail for fault in store.set_aside()}
        for digest, remedy in remedies.items():
            if not store.has_collection(digest):
                yield Finding("genome without sequences", digest, remedy, fixable=False)


def _findings(faults: Iterable[ArchiveFault]) -> Iterator[tuple[Finding, Mend | None]]:
    for fault in faults:
        finding = Finding(fault.kind, str(fault.path), fault.remedy, fixable=fault.mend is not None)
        yield finding, fault.mend


TEMPORARY = "temporary folder of a dead process"
LEFT_OVER = "content that is not recorded"
OLD_LOCK = "lock file that nobody holds"
_GARBAGE = frozenset({TEMPORARY, LEFT_OVER, OLD_LOCK, archives.LEFT})
