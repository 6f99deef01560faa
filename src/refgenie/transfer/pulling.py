"""One asset's way here: fetched, verified, registered in one transaction (rest.md, What pull does)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from refgenie.assets import lookup
from refgenie.assets.adding import check_fasta
from refgenie.assets.new_asset import NewAsset
from refgenie.assets.publish import Publisher, is_whole
from refgenie.assets.workspace import working_folder
from refgenie.core.digests import FileRecord
from refgenie.core.layout import Folders
from refgenie.core.locks import STORE_LOCK, Locks, asset_lock
from refgenie.core.names import is_genome_digest
from refgenie.core.progress import NoProgress, Progress
from refgenie.core.records import AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.core.seek import GENOME
from refgenie.db.database import Database
from refgenie.errors import (
    ConflictError,
    DigestMismatchError,
    DiskFullError,
    InterruptedByUserError,
    NotFoundError,
    RefgenieError,
)
from refgenie.genomes.aliases import AliasService
from refgenie.sequences.model import StoreMode
from refgenie.transfer.clients import ServerClient
from refgenie.transfer.fetching import Fetching, PullFolder, Supplier
from refgenie.transfer.locating import Locator, digest_on
from refgenie.transfer.offers import Offer, OfferedAsset
from refgenie.transfer.pull_options import PATIENCE, Confirm, PullOptions, PullResult, Slots
from refgenie.transfer.registration import Registration, RegistrationReader

_log = logging.getLogger("refgenie")


class Initializer(Protocol):
    """The part of the genome service that ``--init`` needs."""

    def initialize_genome(self, fasta_file_path: Path | str) -> Any:
        """Import a FASTA file."""
        ...


@dataclass(frozen=True, slots=True)
class Description:
    """What a server says of an asset, beside its files' bytes."""

    registration: Registration
    files: tuple[FileRecord, ...]
    provenance: dict[str, Any] | None


class Pulling:
    """Pulls one asset at a time; safe to use from several threads.

    Args:
        replaced: Called with an asset that was here before, when its content is another one.
    """

    def __init__(
        self,
        database: Database,
        folders: Folders,
        mode: StoreMode,
        aliases: AliasService,
        genomes: Initializer,
        publisher: Publisher,
        locks: Locks,
        progress: Progress | None = None,
        replaced: Callable[[AssetRecord], object] = lambda _asset: None,
    ) -> None:
        self._database = database
        self._folders = folders
        self._mode = mode
        self._aliases = aliases
        self._genomes = genomes
        self._publisher = publisher
        self._locks = locks
        self._progress = progress or NoProgress()
        self._replaced = replaced
        self._locator = Locator(aliases)
        self._registrations = RegistrationReader(database, mode)

    def run(
        self,
        path: RegistryPath,
        clients: Sequence[ServerClient],
        options: PullOptions,
        confirm: Confirm | None,
        slots: Slots,
    ) -> PullResult:
        """Pull one asset; see PullService.pull."""
        first = self._locator.first(path, clients)
        asset = first.asset
        with self._locks.hold(asset_lock(asset.genome_digest, asset.group, asset.name), PATIENCE):
            here = self._here(first)
            if here is not None and here.digest == asset.digest and not options.force and self._whole(here):
                self._name_genome(path, asset.genome_digest)
                result = PullResult(path, "present", asset=here, reason="is here already")
            elif here is not None and here.digest != asset.digest and not (options.force or options.update):
                raise ConflictError(
                    f"{path.genome}/{asset.group}:{asset.name} is here with other content",
                    hint=f"refgenie pull --force {path}, or refgenie rename {path} -n NAME",
                )
            else:
                reason = self._left_out(path, first, options, confirm)
                if reason is not None:
                    return PullResult(path, "skipped", reason=reason)
                record = self._bring(path, first, clients, options, slots)
                if here is not None:
                    self._replaced(record)
                result = PullResult(path, "pulled", asset=record)
        if options.init and result.asset is not None:
            self._import_sequences(result.asset)
        return result

    def genome_on(self, offer: Offer, genome: str) -> str | None:
        """Digest of the genome that is meant on a server, or None where it does not have it."""
        return digest_on(offer, genome, self._locator.local_digest(genome))

    def _here(self, supplier: Supplier) -> AssetRecord | None:
        asset = supplier.asset
        with self._database.read() as session:
            row = lookup.find_asset(session, asset.genome_digest, asset.group, asset.name)
            return lookup.full(session, row) if row is not None else None

    def _whole(self, record: AssetRecord) -> bool:
        return is_whole(self._folders.genome_folder / record.path, record.files)

    @staticmethod
    def _left_out(
        path: RegistryPath, supplier: Supplier, options: PullOptions, confirm: Confirm | None
    ) -> str | None:
        """Why an asset is not taken, or None."""
        asset = supplier.asset
        if not asset.modes:
            raise NotFoundError(
                f"{path} is not served by {supplier.offer.url}, it is to be built",
                hint=f"refgenie build {path}",
            )
        size = supplier.archive.size if supplier.archive else asset.size
        if size <= options.size_cutoff or options.large == "take":
            return None
        told = f"{size} bytes, more than {options.size_cutoff}"
        if options.large == "skip":
            return told
        if options.batch or confirm is None:
            return f"{told}, and nobody can be asked"
        return None if confirm(f"{path} has {told}. Pull it?") else f"{told}, and not wanted"

    def _bring(
        self,
        path: RegistryPath,
        first: Supplier,
        clients: Sequence[ServerClient],
        options: PullOptions,
        slots: Slots,
    ) -> AssetRecord:
        first, description = self._describe(path, first, clients, options)
        fetching = Fetching(self._database, self._folders, self._progress, slots)
        with PullFolder(self._folders, first.asset.digest).claimed(self._locks) as folder:
            try:
                content = fetching.fetch(folder, description.files, first, options.jobs)
            except (DiskFullError, InterruptedByUserError):
                raise
            except RefgenieError as error:
                content = self._from_others(
                    path, first, clients, fetching, folder, description.files, options.jobs, error
                )
            try:
                record = self._publish(path, first.asset, description, content, options)
            except DigestMismatchError:
                folder.remove()
                raise
            folder.remove()  # what came from a server that compressed it otherwise is of no more use
            return record

    def _describe(
        self, path: RegistryPath, first: Supplier, clients: Sequence[ServerClient], options: PullOptions
    ) -> tuple[Supplier, Description]:
        """Ask for all that is to be known, before the files: who answers now may be gone after them.

        Raises:
            ConflictError: What the server's asset would bring along is here with other content.
            RefgenieError: Neither the first server nor one after it with the same content can.
        """
        try:
            return first, self._description(first, options)
        except (ConflictError, InterruptedByUserError):
            raise
        except RefgenieError as error:
            failure = error
        for supplier in self._locator.more(path, first, clients):
            _log.warning("%s: %s; trying %s", first.offer.url, failure.message, supplier.offer.url)
            try:
                return supplier, self._description(supplier, options)
            except (ConflictError, InterruptedByUserError):
                raise
            except RefgenieError as error:
                failure = error
        raise failure

    def _description(self, supplier: Supplier, options: PullOptions) -> Description:
        offer, asset = supplier.offer, supplier.asset
        registration = self._registrations.read(
            offer,
            asset,
            skip_asset_class=options.skip_asset_class,
            skip_recipe=options.skip_recipe,
        )
        registration.check(self._database)
        return Description(registration, offer.files(asset), offer.provenance(asset))

    def _from_others(
        self,
        path: RegistryPath,
        first: Supplier,
        clients: Sequence[ServerClient],
        fetching: Fetching,
        folder: PullFolder,
        files: Sequence[FileRecord],
        jobs: int,
        failure: RefgenieError,
    ) -> Path:
        """Go on with the next server that has the same content.

        Raises:
            RefgenieError: There is none; why the last one failed.
        """
        for supplier in self._locator.more(path, first, clients):
            _log.warning("%s: %s; trying %s", first.offer.url, failure.message, supplier.offer.url)
            try:
                return fetching.fetch(folder, files, supplier, jobs)
            except (DiskFullError, InterruptedByUserError):
                raise
            except RefgenieError as error:
                failure = error
        raise failure

    def _publish(
        self,
        path: RegistryPath,
        asset: OfferedAsset,
        description: Description,
        content: Path,
        options: PullOptions,
    ) -> AssetRecord:
        registration = description.registration
        check_fasta(asset.group, asset.seek_keys, content, asset.genome_digest, self._digest_fasta)
        new = NewAsset(
            genome_digest=asset.genome_digest,
            group=asset.group,
            name=asset.name,
            asset_class=registration.asset_class,
            files=description.files,
            digest=asset.digest,
            seek_keys=asset.seek_keys,
            description=asset.description,
            recipe_key=registration.recipe_key,
            custom_properties=asset.custom_properties,
            parents=asset.parents,
            provenance=description.provenance,
        )
        names = [] if is_genome_digest(path.genome) else [path.genome]

        def transaction(work: Callable[[Session], Any]) -> Any:
            return self._aliases.place(names, asset.genome_digest, also=work)

        # Gigabytes are flushed and read here, not while everybody else waits for the store.
        self._publisher.seal(content)
        damaged = self._publisher.is_damaged(new)
        with self._locks.hold(STORE_LOCK, PATIENCE):
            return self._publisher.publish(
                content,
                new,
                replace=options.force or options.update,
                damaged=damaged,
                also=registration.apply,
                transaction=transaction,
            )

    def _digest_fasta(self, fasta: Path) -> str:
        digest: str = self._mode.digest_fasta(fasta)  # type: ignore[attr-defined]
        return digest

    def _name_genome(self, path: RegistryPath, digest: str) -> None:
        """A pull that was killed may have left the alias out."""
        if not is_genome_digest(path.genome) and path.genome not in self._aliases.of_genome(digest):
            self._aliases.set([path.genome], digest)

    def _import_sequences(self, record: AssetRecord) -> None:
        """Bring the genome's sequences into the own store."""
        digest = record.genome_digest
        origin = getattr(self._mode, "origin", lambda _digest: None)
        if self._mode.has_collection(digest) and origin(digest) is None:
            return
        export: Any = getattr(self._mode, "export_fasta", None)
        with working_folder(self._folders, "pull-init") as folder:
            fasta = self._fasta_here(record) or next(
                path for path in export(digest, folder, progress=self._progress) if path.suffix == ".fa"
            )
            self._genomes.initialize_genome(fasta)

    def _fasta_here(self, record: AssetRecord) -> Path | None:
        """The genome's FASTA where this asset has it."""
        if record.asset_group_name != "fasta":
            return None
        for key in record.seek_keys:
            path = self._folders.genome_folder / record.path / key.value.replace(GENOME, record.genome_digest)
            if key.name == "fasta" and path.is_file():
                return path
        return None
