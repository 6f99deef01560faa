"""What is staged against what lies in the archive folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from refgenie.assets import left_over, lookup, manifest
from refgenie.core.layout import Folders
from refgenie.core.names import is_asset_digest, is_genome_digest
from refgenie.db.database import Database
from refgenie.errors import NotFoundError

LEFT = "archive of an asset that is gone"
_DIGEST_LENGTH = 64


class Staged(Protocol):
    """What the doctor needs to know of a staged asset."""

    @property
    def genome_digest(self) -> str: ...  # noqa: D102
    @property
    def asset_group_name(self) -> str: ...  # noqa: D102
    @property
    def asset_name(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102


class StagedAssets(Protocol):
    """The part of the stage service that the doctor needs."""

    def list(self) -> Sequence[Staged]:
        """What is staged."""
        ...

    def unrecorded(self) -> Sequence[Path]:
        """Files and links of the archive folder that no staged asset has."""
        ...

    def add(self, genome_name: str, asset_group_name: str, asset_name: str | None = None) -> object:
        """Stage an asset; what is staged and there already stays."""
        ...


@dataclass(frozen=True, slots=True)
class ArchiveFault:
    """Something of the archive folder that is not as it should be; without ``mend`` it is the user's."""

    kind: str
    path: Path
    remedy: str
    mend: Callable[[], object] | None


class Archives:
    """Compares the archive folder with what is recorded as staged."""

    def __init__(self, database: Database, folders: Folders, staged: StagedAssets) -> None:
        self._database = database
        self._folders = folders
        self._root = folders.archive_folder
        self._staged = staged

    def faults(self) -> Iterator[ArchiveFault]:
        """What is not as it should be; nothing is changed."""
        recorded = self._staged.list()
        if recorded and not self._root.is_dir():  # it may be a disk that is not mounted
            remedy = "mount it, or name the right one: refgenie init --genome-archive-folder FOLDER"
            yield ArchiveFault("archive folder is not there", self._root, remedy, None)
            return
        for record in recorded:
            path = self._root / record.path
            if not os.path.lexists(path):  # a link that leads nowhere is the content's fault
                key = (record.genome_digest, record.asset_group_name, record.asset_name)
                yield ArchiveFault("staged but not there", path, "stage it again", partial(self._stage, *key))
        yield from self.unrecorded()

    def unrecorded(self) -> Iterator[ArchiveFault]:
        """What is recorded nowhere: that of an asset which is here is staged, any other is left over.

        Where the registry was lost, what was staged is such. What is younger than an hour may be about to
        be recorded.
        """
        for path in self._staged.unrecorded():
            if not _is_ours(path) or not left_over.is_settled(path):
                continue
            asset = self._asset_of(path)
            if asset is None and self._can_come_back(path):
                continue
            if asset is None:
                yield ArchiveFault(LEFT, path, "remove it", partial(self._discard, path))
            else:
                yield ArchiveFault(
                    "there but not recorded as staged", path, "stage it", partial(self._stage, *asset)
                )

    def _asset_of(self, path: Path) -> tuple[str, str, str] | None:
        """Genome digest, group and name of the asset that an archive or a link is of, where it is here."""
        genome, group = path.parts[-3:-1]
        name = path.name[_DIGEST_LENGTH:].removeprefix("__").removesuffix(".tgz")
        with self._database.read() as session:
            names = [
                row.name
                for row in lookup.sharing(session, genome, group, path.name[:_DIGEST_LENGTH], external=False)
            ]
        chosen = next((known for known in names if name in {"", known}), None)
        return (genome, group, chosen) if chosen is not None else None

    def _can_come_back(self, path: Path) -> bool:
        """Whether the content is there whole, to be recorded again where the registry was lost."""
        genome, group = path.parts[-3:-1]
        return manifest.path_of(self._folders, (genome, group, path.name[:_DIGEST_LENGTH])).exists()

    def _stage(self, genome_digest: str, group: str, name: str) -> None:
        with suppress(NotFoundError):  # it was removed meanwhile
            self._staged.add(genome_digest, group, name)

    def _discard(self, path: Path) -> None:
        if path in self._staged.unrecorded():  # it was not staged meanwhile
            left_over.remove(path)


def _is_ours(path: Path) -> bool:
    """Whether a file is named as staged ones are: others may keep things in the archive folder, too."""
    if not is_genome_digest(path.parent.parent.name):
        return False
    digest, rest = path.name[:_DIGEST_LENGTH], path.name[_DIGEST_LENGTH:]
    is_staged = is_asset_digest(digest) and (not rest or (rest.startswith("__") and rest.endswith(".tgz")))
    return is_staged or path.name.endswith(".partial")
