"""Where what is staged lies: below the archive folder, and on the remotes that it was pushed to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core.layout import DATA, Folders
from refgenie.db.transfer_models import PushIntent, Remote, StagedAsset
from refgenie.server.failure import missing
from refgenie.server.files import FileAnswer

REDIRECTED = ("https", "http")
"""Classes of remotes that a client is sent to, in order of preference."""
PUSHED = "pushed"


@dataclass(frozen=True, slots=True)
class Place:
    """A remote that has a staged asset: its class (https, http, s3) and the staged asset's address."""

    remote_class: str
    url: str

    def below(self, path: str) -> str:
        """Address of a file of the asset."""
        return f"{self.url}/{_in_url(path, self.remote_class)}"


@dataclass(frozen=True, slots=True)
class Staged:
    """One asset staged in one mode.

    Attributes:
        path: Relative to the archive folder.
        digest: The archive's SHA-256; the asset digest in mode ``file``.
        contents: The asset's files, ``{path, size, sha256}``.
        places: Remotes that have it, in order of preference.
    """

    mode: str
    path: str
    digest: str
    size: int
    contents: list[dict[str, Any]]
    places: tuple[Place, ...]

    def redirect(self) -> Place | None:
        """The remote that clients are sent to."""
        return next((place for place in self.places if place.remote_class in REDIRECTED), None)

    def file(self, path: str) -> dict[str, Any]:
        """The record of one file; NotFoundError where the asset has none at this path."""
        for entry in self.contents:
            if entry["path"] == path:
                return entry
        raise missing("file", path)


def staged_modes(session: Session, asset_id: int) -> dict[str, Staged]:
    """How an asset is staged: mode to place."""
    rows = session.execute(select(StagedAsset).where(StagedAsset.asset_id == asset_id)).scalars().all()
    return {row.mode: _staged(session, row) for row in rows}


def staged_archive(session: Session, digest: str) -> tuple[Staged, int]:
    """The archive with this SHA-256 and the number of its asset; NotFoundError where there is none."""
    statement = (
        select(StagedAsset)
        .where(StagedAsset.mode == "archive", StagedAsset.digest == digest)
        .order_by(StagedAsset.id)
        .limit(1)
    )
    row = session.execute(statement).scalar_one_or_none()
    if row is None:
        raise missing("archive", digest)
    return _staged(session, row), row.asset_id


def _staged(session: Session, row: StagedAsset) -> Staged:
    return Staged(
        mode=row.mode,
        path=row.path,
        digest=row.digest,
        size=row.size,
        contents=row.directory_contents,
        places=tuple(_places(session, row)),
    )


def _places(session: Session, row: StagedAsset) -> Sequence[Place]:
    statement = (
        select(Remote.type, Remote.prefix)
        .join(PushIntent, PushIntent.remote_id == Remote.id)
        .where(
            PushIntent.staged_asset_id == row.id,
            PushIntent.status == PUSHED,
            # What was pushed before the asset was staged anew is another archive.
            PushIntent.digest == row.digest,
        )
        .order_by(Remote.id)
    )
    order = {name: number for number, name in enumerate((*REDIRECTED, "s3"))}
    places = [
        Place(kind, f"{prefix.rstrip('/')}/{_in_url(row.path, kind)}")
        for kind, prefix in session.execute(statement).tuples()
    ]
    return sorted(places, key=lambda place: order.get(place.remote_class, len(order)))


def _in_url(path: str, remote_class: str) -> str:
    return quote(path) if remote_class in REDIRECTED else path


class StagedFiles:
    """Gives staged files to clients, and nothing that lies elsewhere.

    Args:
        folders: The archive folder, and the genome folder that its links lead into.
        x_accel: Internal location of nginx that is the archive folder, or None.
    """

    def __init__(self, folders: Folders, x_accel: str | None) -> None:
        self._folders = folders
        self._x_accel = x_accel

    def archive(self, staged: Staged, filename: str) -> FileAnswer:
        """The archive's bytes."""
        root = os.path.realpath(self._folders.archive_folder)
        path = self._inside(root, Path(root, staged.path), filename)
        return FileAnswer(path, staged.size, staged.digest, filename, self._internal(staged.path))

    def file(self, staged: Staged, entry: dict[str, Any]) -> FileAnswer:
        """One file of an asset in mode ``file``."""
        name = Path(entry["path"]).name
        archives = os.path.realpath(self._folders.archive_folder)
        folder = os.path.realpath(Path(archives, staged.path))
        content = os.path.realpath(self._folders.genome_folder / DATA)
        if not (_below(content, folder) or _below(archives, folder)):
            raise missing("file", entry["path"])
        path = self._inside(folder, Path(folder, entry["path"]), entry["path"])
        internal = self._internal(f"{staged.path}/{entry['path']}")
        return FileAnswer(path, entry["size"], entry["sha256"], name, internal)

    def _internal(self, path: str) -> str | None:
        return None if self._x_accel is None else f"{self._x_accel}/{quote(path)}"

    @staticmethod
    def _inside(root: str, path: Path, name: str) -> Path:
        resolved = os.path.realpath(path)
        if not _below(root, resolved):
            raise missing("file", name)
        return Path(resolved)


def _below(folder: str, path: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")
