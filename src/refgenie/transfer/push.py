"""Push: uploads what is staged to the remotes, and keeps an intent of each asset and remote."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.core.progress import NoProgress, Progress
from refgenie.db.database import Database
from refgenie.db.models import now
from refgenie.db.transfer_models import PushIntent, Remote, StagedAsset
from refgenie.errors import DigestMismatchError, InvalidInputError, NotFoundError, RefgenieError
from refgenie.transfer.object_stores import ObjectStore
from refgenie.transfer.push_command import render_push_command, run_push_command
from refgenie.transfer.remotes import NATIVE, RemoteRecord, RemoteService
from refgenie.transfer.sources import Wanted
from refgenie.transfer.staging import StagedAssetRecord, staged_records

_log = logging.getLogger("refgenie")

Strategy = Literal["per_asset", "folder_sync"]
PENDING, PUSHED, FAILED = "pending", "pushed", "failed"
_FILES_AT_ONCE = 4
_PATIENCE = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class PushResult:
    """What became of one staged asset on one remote.

    Attributes:
        status: ``pushed``, ``failed``, or, of a dry run, ``pending``.
        error: Why it failed.
    """

    remote: str
    staged: StagedAssetRecord
    status: str
    error: RefgenieError | None = None

    @property
    def message(self) -> str | None:
        """Why it failed, in words."""
        return self.error.message if self.error is not None else None


class Genomes(Protocol):
    """Resolves genomes' names."""

    def resolve(self, genome: str) -> str:
        """Digest of the genome; NotFoundError."""
        ...


class PushService:
    """Uploads to remotes."""

    def __init__(
        self,
        database: Database,
        folders: Folders,
        aliases: Genomes,
        locks: Locks,
        progress: Progress | None = None,
    ) -> None:
        self._database = database
        self._folders = folders
        self._aliases = aliases
        self._locks = locks
        self._progress = progress or NoProgress()
        self._remotes = RemoteService(database)

    def push(
        self,
        remotes: Iterable[str] | None = None,
        genomes: Iterable[str] | None = None,
        *,
        dry_run: bool = False,
        strategy: Strategy = "per_asset",
    ) -> list[PushResult]:
        """Upload what is staged and not yet on the remotes.

        Args:
            remotes: Names; all that can be written by default.
            genomes: Only assets of these (aliases or digests).
            dry_run: Upload nothing, answer what would be uploaded.
            strategy: ``per_asset`` uploads one after the other; ``folder_sync`` runs the push command
                once over the whole archive folder and takes everything as pushed when it ended well.

        Returns:
            A result for each asset that was not on a remote; failures are among them, and are kept with
            the intents.

        Raises:
            NotFoundError: There is no such remote, or none at all.
            InvalidInputError: A named remote, or every one, cannot be written (no push command, no
                object store).
        """
        digests = [self._aliases.resolve(genome) for genome in genomes] if genomes else None
        results: list[PushResult] = []
        for remote in self._chosen(list(remotes or ())):
            if dry_run:
                results += [PushResult(remote.name, item, PENDING) for item in self._pending(remote, digests)]
                continue
            with self._locks.hold(f"push:{remote.name}", _PATIENCE):
                pending = self._pending(remote, digests)
                self._intend(remote, pending)
                if strategy == "folder_sync" and remote.push_command is not None:
                    results += self._sync_folder(remote, remote.push_command, pending)
                else:
                    results += [self._push_one(remote, item) for item in pending]
        return results

    def check(self, remotes: Iterable[str]) -> None:
        """Refuse remotes that ``push`` would refuse, before work is done for them.

        Raises:
            NotFoundError: There is no such remote.
            InvalidInputError: One cannot be written.
        """
        if names := list(remotes):
            self._chosen(names)

    def _chosen(self, names: Sequence[str]) -> list[RemoteRecord]:
        if names:
            chosen = [self._remotes.get(name) for name in dict.fromkeys(names)]
            readable = [remote for remote in chosen if not _is_writable(remote)]
            if readable:
                raise _unwritable(readable)
            return chosen
        found = self._remotes.list()
        if not found:
            raise NotFoundError("there is no remote", hint="refgenie remote add --type s3 --prefix s3://…")
        writable = [remote for remote in found if _is_writable(remote)]
        if not writable:
            raise _unwritable(found)
        for remote in found:
            if remote not in writable:
                _log.warning("the remote %s has no push command; it is left out", remote.name)
        return writable

    def _pending(self, remote: RemoteRecord, digests: Sequence[str] | None) -> list[StagedAssetRecord]:
        with self._database.read() as session:
            pushed = dict(
                session.execute(
                    select(PushIntent.staged_asset_id, PushIntent.digest).where(
                        PushIntent.remote_id == remote.id, PushIntent.status == PUSHED
                    )
                )
                .tuples()
                .all()
            )
            staged = staged_records(session, digests)
        return [item for item in staged if pushed.get(item.id) != item.digest]

    def _intend(self, remote: RemoteRecord, pending: Sequence[StagedAssetRecord]) -> None:
        def work(session: Session) -> None:
            for item in pending:
                _set(session, remote, item, PENDING, None)

        if pending:
            self._database.write(work)

    def _push_one(self, remote: RemoteRecord, item: StagedAssetRecord) -> PushResult:
        try:
            if remote.push_command is not None:
                run_push_command(render_push_command(remote.push_command, self._values(remote, item.path)))
            else:
                self._upload(remote, item)
        except RefgenieError as error:
            failure = error
            self._database.write(lambda session: _set(session, remote, item, FAILED, failure.message))
            return PushResult(remote.name, item, FAILED, failure)
        self._database.write(lambda session: _set(session, remote, item, PUSHED, None))
        return PushResult(remote.name, item, PUSHED)

    def _sync_folder(
        self, remote: RemoteRecord, command: str, pending: Sequence[StagedAssetRecord]
    ) -> list[PushResult]:
        if not pending:
            return []
        failure: RefgenieError | None = None
        try:
            run_push_command(render_push_command(command, self._values(remote, "")))
        except RefgenieError as error:
            failure = error
        status, message = (FAILED, failure.message) if failure else (PUSHED, None)

        def work(session: Session) -> None:
            for item in pending:
                _set(session, remote, item, status, message)

        self._database.write(work)
        return [PushResult(remote.name, item, status, failure) for item in pending]

    def _values(self, remote: RemoteRecord, path: str) -> dict[str, str]:
        folder = str(self._folders.archive_folder)
        return {
            "local_path": str(self._folders.archive_folder / path) if path else folder,
            "relative_path": path,
            "prefix": remote.prefix.rstrip("/"),
            "genome_archive_folder": folder,
            "genome_stage_folder": folder,
        }

    # --- object stores ------------------------------------------------------------------------

    def _upload(self, remote: RemoteRecord, item: StagedAssetRecord) -> None:
        store = ObjectStore(remote.prefix)
        local = self._folders.archive_folder / item.path
        objects = [
            (f"{item.path}/{path}" if path else item.path, local / path if path else local, wanted)
            for path, wanted in self._files(item)
        ]
        with self._task(f"push {item.asset_group_name}:{item.asset_name}", item.size) as advance:

            def upload(key: str, path: Path, wanted: Wanted) -> None:
                if not path.is_file() or path.stat().st_size != wanted.size:
                    raise DigestMismatchError(f"{path} is not what was staged", hint="stage it again")
                if store.has(key, wanted):
                    return
                store.put(key, path, wanted, advance)

            if len(objects) == 1:
                upload(*objects[0])
                return
            with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
                for done in [pool.submit(upload, *entry) for entry in objects]:
                    done.result()

    def _files(self, item: StagedAssetRecord) -> list[tuple[str, Wanted]]:
        if item.mode == "archive":
            return [("", Wanted(item.digest, item.size, item.path))]
        with self._database.read() as session:
            contents: list[dict[str, Any]] = (
                session.scalar(select(StagedAsset.directory_contents).where(StagedAsset.id == item.id)) or []
            )
        return [(entry["path"], Wanted(entry["sha256"], entry["size"], entry["path"])) for entry in contents]

    @contextmanager
    def _task(self, description: str, size: int) -> Iterator[Any]:
        """A progress bar where somebody looks; without one the store reads the file itself, faster."""
        if isinstance(self._progress, NoProgress):
            yield None
            return
        with self._progress.task(description, size) as advance:
            yield advance


def _is_writable(remote: RemoteRecord) -> bool:
    return remote.push_command is not None or urlsplit(remote.prefix).scheme in NATIVE


def _unwritable(remotes: Sequence[RemoteRecord]) -> InvalidInputError:
    names = ", ".join(remote.name for remote in remotes)
    return InvalidInputError(
        f"nothing can be pushed to {names}: no push command, and no object store",
        hint="refgenie remote add … --push-command COMMAND",
    )


def _set(
    session: Session, remote: RemoteRecord, item: StagedAssetRecord, status: str, message: str | None
) -> None:
    """Write an intent; nothing where the remote or the staged asset went meanwhile."""
    if session.get(Remote, remote.id) is None or session.get(StagedAsset, item.id) is None:
        return
    row = session.scalars(
        select(PushIntent).where(PushIntent.remote_id == remote.id, PushIntent.staged_asset_id == item.id)
    ).one_or_none()
    if row is None:
        row = PushIntent(remote_id=remote.id, staged_asset_id=item.id)
        session.add(row)
    row.status, row.digest, row.message, row.updated_at = status, item.digest, message, now()
    session.flush()
