"""Brings the files of one asset into a folder, verified: from here where they are here, else from servers."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from refgenie.assets.lookup import content_folder
from refgenie.assets.sealing import take_file
from refgenie.core.digests import CHUNK, FileRecord, sha256_of
from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.core.progress import Progress
from refgenie.db.database import Database
from refgenie.db.models import Asset, AssetFile
from refgenie.errors import DigestMismatchError, DiskFullError
from refgenie.sequences.durable import writing
from refgenie.transfer.download import Arriving, Download, present_bytes
from refgenie.transfer.offers import Offer, OfferedArchive, OfferedAsset
from refgenie.transfer.pull_options import PATIENCE, Slots
from refgenie.transfer.sources import Source, Wanted, make_source
from refgenie.transfer.unpack import unpack

_SPARE = 16 << 20
"""Bytes that shall stay free on the disk."""


@dataclass(frozen=True, slots=True)
class Supplier:
    """A server that has the asset, and its archive there (other servers may compress it otherwise)."""

    offer: Offer
    asset: OfferedAsset
    archive: OfferedArchive | None


class PullFolder:
    """The temporary folder of an asset's pull; what came stays there for a later run.

    It is ``.work/pull-<asset digest>``. A lock file beside it, held as long as the process lives, tells
    `doctor` that it is in use.
    """

    def __init__(self, folders: Folders, digest: str) -> None:
        self.lock_name = f"pull:{digest}"
        self.root = folders.work / f"pull-{digest}"
        self.parts = self.root / "parts"
        self.content = self.root / "content"

    @contextmanager
    def claimed(self, locks: Locks) -> Iterator[PullFolder]:
        """Use the folder while the block lasts; another name of the same content waits for it."""
        with locks.hold(self.lock_name, PATIENCE), self._marked():
            self._forget_attempts()
            yield self

    @contextmanager
    def _marked(self) -> Iterator[None]:
        lock = self.root.with_name(f"{self.root.name}.lock")
        self.prepare()
        with writing(str(self.root)):
            descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            shutil.rmtree(self.content, ignore_errors=True)
            if not self._has_parts():
                self.remove()
            with suppress(OSError):
                lock.unlink()  # without it the folder's age decides when what came is forgotten
            os.close(descriptor)

    def prepare(self) -> None:
        """Make it where it is not there."""
        with writing(str(self.root)):
            self.parts.mkdir(parents=True, exist_ok=True)

    def empty_content(self) -> Path:
        """The folder for the asset's files, made anew."""
        with writing(str(self.content)):
            shutil.rmtree(self.content, ignore_errors=True)
            self.content.mkdir(parents=True)
        return self.content

    def remove(self) -> None:
        """Keep nothing."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _forget_attempts(self) -> None:
        """Remove what a killed pull left, but the parts, which this one goes on with."""
        with suppress(OSError):
            for entry in self.root.iterdir():
                if entry != self.parts:
                    shutil.rmtree(entry, ignore_errors=True)

    def _has_parts(self) -> bool:
        with suppress(OSError):
            return any(part.suffix == ".part" and part.stat().st_size for part in self.parts.iterdir())
        return False


class Fetching:
    """Fetches assets.

    Args:
        slots: Bounds how many downloads of the call run at once.
    """

    def __init__(
        self,
        database: Database,
        folders: Folders,
        progress: Progress,
        slots: Slots,
    ) -> None:
        self._database = database
        self._folders = folders
        self._progress = progress
        self._slots = slots

    def fetch(self, folder: PullFolder, files: Sequence[FileRecord], supplier: Supplier, jobs: int) -> Path:
        """Fill a folder with exactly these files, each verified by its SHA-256.

        Raises:
            DigestMismatchError: The wanted bytes are not sent; nothing is kept.
            NetworkError: Nobody can be reached; what came is kept for another server, or a later run.
            DiskFullError: There is not enough space; told before the first byte where possible.
        """
        cancelled = self._slots.new_event()
        folder.prepare()
        here = self._find_here(files)
        missing = [file for file in files if file.path not in here]
        archive = None if self._by_file(here, missing, supplier) else supplier.archive
        self._require_space(folder, missing if archive is None else files, archive)
        content = folder.empty_content()
        try:
            if archive is None:
                self._take(content, files, here)
                self._fetch_files(folder, missing, supplier, jobs, cancelled)
            else:
                self._fetch_archive(folder, files, archive, supplier, cancelled)
        except (DigestMismatchError, DiskFullError):
            folder.remove()
            raise
        return content

    # --- what is here already -------------------------------------------------------------

    def _find_here(self, files: Sequence[FileRecord]) -> dict[str, Path]:
        """Files that lie in the genome folder with the wanted bytes, by path."""
        found: dict[str, Path] = {}
        with self._database.read() as session:
            for file in files:
                rows = session.execute(
                    select(Asset, AssetFile.path)
                    .join(AssetFile, AssetFile.asset_id == Asset.id)
                    .where(AssetFile.sha256 == file.sha256, AssetFile.size == file.size)
                    .limit(5)
                )
                candidates = [
                    self._folders.genome_folder / content_folder(asset) / path
                    for asset, path in rows.tuples()
                ]
                match = next((path for path in candidates if _holds(path, file)), None)
                if match is not None:
                    found[file.path] = match
        return found

    def _take(self, content: Path, files: Sequence[FileRecord], here: dict[str, Path]) -> None:
        for file in files:
            if file.path in here:
                target = content / file.path
                with writing(str(target)):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    take_file(here[file.path], target)

    @staticmethod
    def _by_file(here: dict[str, Path], missing: Sequence[FileRecord], supplier: Supplier) -> bool:
        """Whether files are fetched one by one: where there is no archive, or some need no fetching."""
        if not missing:
            return True
        return supplier.archive is None or ("file" in supplier.asset.modes and bool(here))

    # --- archives ---------------------------------------------------------------------------

    def _fetch_archive(
        self,
        folder: PullFolder,
        files: Sequence[FileRecord],
        archive: OfferedArchive,
        supplier: Supplier,
        cancelled: threading.Event,
    ) -> None:
        name = supplier.asset.name
        sources = _sources(supplier, folder, "v4_archive_download", {"digest": archive.digest}, {})
        label = f"{supplier.asset.group}:{name}"
        download = Download(Wanted(archive.digest, archive.size, label), sources, folder.parts, cancelled)

        def consume(arriving: Arriving) -> None:
            content = folder.empty_content()
            digested = _Digested(arriving)
            unpack(digested, files, name, content)
            if digested.hexdigest() != archive.digest:
                raise DigestMismatchError(
                    f"the archive of {label} does not have the SHA-256 {archive.digest}"
                )

        with self._slots.semaphore, self._progress.task(f"pull {label}", archive.size) as advance:
            download.run(consume, advance)
        download.discard()

    # --- single files -----------------------------------------------------------------------

    def _fetch_files(
        self,
        folder: PullFolder,
        files: Sequence[FileRecord],
        supplier: Supplier,
        jobs: int,
        cancelled: threading.Event,
    ) -> None:
        by_digest: dict[str, list[FileRecord]] = {}
        for file in files:
            by_digest.setdefault(file.sha256, []).append(file)
        groups = list(by_digest.values())
        if len(groups) < 2 or jobs < 2:
            for group in groups:
                self._fetch_file(folder, group, supplier, cancelled)
            return
        pool = ThreadPoolExecutor(jobs, thread_name_prefix="pull")
        try:
            running = [pool.submit(self._fetch_file, folder, group, supplier, cancelled) for group in groups]
            for done in as_completed(running):
                done.result()
        except BaseException:
            cancelled.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _fetch_file(
        self,
        folder: PullFolder,
        group: Sequence[FileRecord],
        supplier: Supplier,
        cancelled: threading.Event,
    ) -> None:
        """Fetch one content, and put it where the asset has it, perhaps in several places."""
        first = group[0]
        target = folder.content / first.path
        with writing(str(target)):
            target.parent.mkdir(parents=True, exist_ok=True)
        asset = supplier.asset
        sources = _sources(
            supplier,
            folder,
            "v4_asset_file",
            {"digest": asset.digest, "path": first.path},
            {"genome_digest": asset.genome_digest, "asset_group_name": asset.group, "name": asset.name},
        )
        download = Download(Wanted(first.sha256, first.size, first.path), sources, folder.parts, cancelled)

        def consume(arriving: Arriving) -> None:
            digested = _Digested(arriving)
            buffer = memoryview(bytearray(CHUNK))
            while digested.readinto(buffer):
                pass
            if digested.hexdigest() != first.sha256:
                raise DigestMismatchError(f"{first.path} does not have the SHA-256 {first.sha256}")

        with self._slots.semaphore, self._progress.task(f"pull {first.path}", first.size) as advance:
            download.run(consume, advance)
        with writing(str(target)):
            download.partial.replace(target)
            download.discard()
            for other in group[1:]:
                copy = folder.content / other.path
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(target, copy)

    def _require_space(
        self, folder: PullFolder, files: Sequence[FileRecord], archive: OfferedArchive | None
    ) -> None:
        wanted = {archive.digest: archive.size} if archive else {file.sha256: file.size for file in files}
        needed = sum(file.size for file in files) + (archive.size if archive else 0)
        needed -= sum(present_bytes(folder.parts, sha256, size) for sha256, size in wanted.items())
        free = shutil.disk_usage(folder.root).free
        if needed + _SPARE > free:
            raise DiskFullError(
                f"not enough space in {self._folders.genome_folder}: {needed} bytes are needed, "
                f"{free} are free"
            )


class _Digested(io.RawIOBase):
    """What arrives, hashed on its way."""

    def __init__(self, arriving: Arriving) -> None:
        self._arriving = arriving
        self._state = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        count = self._arriving.readinto(buffer)
        self._state.update(memoryview(buffer)[:count])
        return count

    def abort(self) -> None:
        self._arriving.abort()

    def hexdigest(self) -> str:
        return self._state.hexdigest()


def _sources(
    supplier: Supplier,
    folder: PullFolder,
    operation: str,
    path: dict[str, str],
    params: dict[str, str],
) -> list[Source]:
    """The server, which may redirect to a remote; then the server itself, should the remote be dead."""
    client = supplier.offer.client
    return [
        make_source(client, operation, path, {**params, **more}, folder.parts)
        for more in ({}, {"direct": "true"})
    ]


def _holds(path: Path, file: FileRecord) -> bool:
    try:
        return path.stat().st_size == file.size and sha256_of(path) == file.sha256
    except OSError:
        return False
