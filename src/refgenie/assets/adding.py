"""Takes in a hand-made asset: a file or a folder that somebody has somewhere."""

from __future__ import annotations

import errno
import glob
import hashlib
import logging
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from refgenie.assets.new_asset import NewAsset
from refgenie.core.digests import CHUNK, FileRecord, asset_digest, files_below, sha256_of, unreadable
from refgenie.core.names import check_seek_key, is_genome_digest
from refgenie.core.progress import Advance, Progress
from refgenie.core.records import AssetClassRecord, SeekKeyRecord
from refgenie.core.seek import GENOME, PATH_TYPES
from refgenie.errors import (
    BuildFailedError,
    DigestMismatchError,
    DiskFullError,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
)
from refgenie.sequences.durable import disk_error, writing

_log = logging.getLogger("refgenie")

AddMode = Literal["copy", "move", "link"]
FASTA_GROUP = "fasta"
"""The asset group whose content must have the genome's own sequences."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is taken in: the path that was given, and which file becomes which of the asset."""

    path: Path
    files: dict[str, Path]

    @property
    def folder(self) -> Path:
        """The folder of a linked asset."""
        return self.path if self.path.is_dir() else self.path.parent

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.stat().st_size for file in self.files.values())


def find_source(
    path: Path, asset_class: AssetClassRecord, genome: str, genome_digest: str, *, keep_names: bool
) -> Source:
    """List the files of a source, and name them as an asset's files are named.

    Files are named with the genome digest: where the class's templates say ``{genome}``, names that begin
    with the alias that was asked with get the digest for it, and a single file with the extensions of
    the only file that the class requires gets that name.

    Args:
        path: File or folder.
        asset_class: Its seek keys are the templates.
        genome: Alias or digest, as asked.
        genome_digest: Its digest.
        keep_names: Rename nothing (linked files, or the seek keys are given).

    Raises:
        NotFoundError: There is nothing at this path.
        InvalidInputError: There is no file in it.
        NotPermittedError: It, or a folder in it, cannot be read.
    """
    with _reading(path):
        kind = path.stat().st_mode if path.exists() else 0
    if stat.S_ISREG(kind):
        files = {path.name: path}
    elif stat.S_ISDIR(kind):
        files = {name: path / name for name in files_below(path, whole=True)}
    else:
        raise NotFoundError(f"there is no file or folder {path}")
    if not files:
        raise InvalidInputError(f"there is no file in {path}")
    if not keep_names:
        files = {_named(name, asset_class, genome, genome_digest, path): file for name, file in files.items()}
    return Source(path, files)


def _named(name: str, asset_class: AssetClassRecord, genome: str, genome_digest: str, path: Path) -> str:
    templates = [
        str(key["value"])
        for key in asset_class.seek_keys.values()
        if key.get("type", "file") in PATH_TYPES and GENOME in str(key["value"])
    ]
    if not templates:
        return name
    if not is_genome_digest(genome):
        name = re.sub(rf"(?<![^/]){re.escape(genome)}(?![A-Za-z0-9])", genome_digest, name)
    required = [key for key in asset_class.seek_keys.values() if not key.get("optional")]
    if path.is_file() and len(required) == 1 and required[0].get("type", "file") == "file":
        start, _, ending = str(required[0]["value"]).partition(GENOME)
        extension = ending[ending.find(".") :] if "." in ending else ""
        if not start and re.fullmatch(r"[\w.-]+", ending) and extension and name.endswith(extension):
            return genome_digest + ending
    return name


def make_view(source: Source, folder: Path) -> None:
    """Links to the source's files under their new names, to be looked at before anything is copied."""
    for name, file in source.files.items():
        link = folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file.resolve())


def resolve_keys(
    asset_class: AssetClassRecord, folder: Path, genome_digest: str, given: Mapping[str, str]
) -> tuple[SeekKeyRecord, ...]:
    """The asset's seek keys: the class's, or where they were given, these.

    Raises:
        InvalidInputError: Names every key that is not there.
    """
    from refgenie.recipes.seek_keys import resolve_seek_keys

    keys: dict[str, dict[str, Any]] = {name: dict(key) for name, key in asset_class.seek_keys.items()}
    for name, value in given.items():
        check_seek_key(name)
        known = keys.get(name, {})
        kind = known.get("type") or _kind_of(folder, value.replace(GENOME, genome_digest))
        # What was given is a name, not a pattern.
        shown = glob.escape(value) if kind in PATH_TYPES else value
        keys[name] = known | {"value": shown, "type": kind, "optional": False}
    try:
        return tuple(resolve_seek_keys(replace(asset_class, seek_keys=keys), folder, genome_digest, {}, {}))
    except BuildFailedError as error:
        raise InvalidInputError(
            error.message.replace("the output does", "what is added does"), hint="--seek-key NAME=PATH"
        ) from error


def _kind_of(folder: Path, value: str) -> str:
    path = folder / value
    if path.is_dir():
        return "directory"
    return "file" if path.exists() or not any(folder.glob(f"{glob.escape(value)}*")) else "prefix"


def check_fasta(
    group: str,
    keys: tuple[SeekKeyRecord, ...],
    view: Path,
    genome_digest: str,
    digest_fasta: Callable[[Path], str] | None,
) -> None:
    """An asset of the group ``fasta`` has the genome's own sequences; other groups are free.

    Raises:
        DigestMismatchError: It has others.
    """
    if group != FASTA_GROUP:
        return
    if digest_fasta is None:
        raise NotPermittedError("a FASTA cannot be checked here, so none is added to the group 'fasta'")
    file = _fasta_of(keys, view, genome_digest)
    found = digest_fasta(file.resolve())
    if found != genome_digest:
        raise DigestMismatchError(
            f"{file.resolve()} has the sequence collection digest {found}, not the genome's {genome_digest}",
            hint="add it to another asset group, or initialize its own genome: refgenie genome init",
        )


def _fasta_of(keys: tuple[SeekKeyRecord, ...], view: Path, genome_digest: str) -> Path:
    paths = {key.name: view / key.value.replace(GENOME, genome_digest) for key in keys if key.type == "file"}
    if FASTA_GROUP in paths:
        return paths[FASTA_GROUP]
    files = [view / name for name in files_below(view)]
    if len(files) == 1:
        return files[0]
    raise InvalidInputError("it is not said which file is the FASTA", hint=f"--seek-key {FASTA_GROUP}=PATH")


def describe(source: Source, progress: Progress, target: Path | None = None) -> tuple[FileRecord, ...]:
    """Sizes and SHA-256 of a source's files; with ``target`` they are copied there in the same pass."""

    def one(name: str) -> FileRecord:
        file = source.files[name]
        if target is not None:
            return _copy(file, target / name, name, advance)
        with _reading(file):
            return FileRecord(name, file.stat().st_size, sha256_of(file, advance=advance))

    names = sorted(source.files, key=os.fsencode)
    if target is not None:
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
    verb = "hashing" if target is None else "copying"
    with (
        progress.task(f"{verb} {source.path.name}", source.size) as advance,
        ThreadPoolExecutor(2) as pool,
        writing(str(target or source.path)),
    ):
        return tuple(pool.map(one, names))


def _copy(source: Path, target: Path, name: str, advance: Advance) -> FileRecord:
    state = hashlib.sha256()
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    size = 0
    with _reading(source):
        reading = source.open("rb", buffering=0)
    with reading, target.open("xb", buffering=0) as handle:
        while count := reading.readinto(buffer):
            state.update(view[:count])
            rest = view[:count]
            while rest:
                rest = rest[handle.write(rest) :]
            size += count
            advance(count)
        os.fchmod(handle.fileno(), stat.S_IMODE(os.fstat(reading.fileno()).st_mode) | stat.S_IWUSR)
    return FileRecord(name, size, state.hexdigest())


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say of a source that it cannot be read: what is written to is another."""
    try:
        yield
    except PermissionError as error:
        raise unreadable(path, error) from error


@contextmanager
def moved(source: Source, target: Path) -> Iterator[bool]:
    """Give a source's files a second name below ``target``; the first goes when the block ends well.

    Yields:
        Whether that is possible: all on one disk, and no links. A kill leaves the source complete.
    """
    modes: list[tuple[Path, int]] = []
    try:
        linked = _link_all(source, target, modes)
        yield linked
    except BaseException:
        for file, mode in modes:
            file.chmod(mode)
        raise


def _link_all(source: Source, target: Path, modes: list[tuple[Path, int]]) -> bool:
    device = target.stat().st_dev
    if _has_linked_folder(source):
        return False
    for file in source.files.values():
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_dev != device or status.st_nlink > 1:
            return False
    try:
        for name, file in source.files.items():
            link = target / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.hardlink_to(file)
    except OSError as error:  # another mount of the same disk, protected hard links, no hard links here
        for name in source.files:
            (target / name).unlink(missing_ok=True)
        if isinstance(full := disk_error(error, str(target)), DiskFullError):
            raise full from error
        return False
    for file in source.files.values():
        mode = stat.S_IMODE(file.stat().st_mode)
        modes.append((file, mode))
        file.chmod(mode & ~0o222 | 0o444)  # so that publishing takes the file itself, not a copy
    return True


def _has_linked_folder(source: Source) -> bool:
    """Whether some of the files lie behind a link, in a folder that is not the source's own."""
    return source.path.is_symlink() or any(
        Path(root, name).is_symlink() for root, folders, _ in os.walk(source.path) for name in folders
    )


def remove_source(source: Source) -> None:
    """The end of a move: the source's own names go; of a linked folder the link, not what it leads to.

    What was not taken in or cannot be removed stays, with a warning: the asset is there by now.
    """
    left: list[str] = []

    def remove(path: Path, how: Callable[[], None]) -> None:
        try:
            how()
        except OSError as error:
            if error.errno != errno.ENOTEMPTY or not left:  # else it holds what is named already
                left.append(f"{path} ({error.strerror})")

    if source.path.is_symlink() or not source.path.is_dir():
        remove(source.path, source.path.unlink)
    else:
        taken = set(source.files.values())
        for root, folders, names in os.walk(source.path, topdown=False):
            here = Path(root)
            for path in (here / name for name in names):
                if path in taken:
                    remove(path, path.unlink)
                else:
                    left.append(f"{path} (not part of the asset)")
            for path in (here / name for name in folders):
                if path.is_symlink():
                    remove(path, path.unlink)
            remove(here, here.rmdir)
    if left:
        _log.warning("the asset was added, but of its source there stays: %s", ", ".join(left))


def new_asset(
    genome_digest: str,
    group: str,
    name: str,
    asset_class: AssetClassRecord,
    files: tuple[FileRecord, ...],
    keys: tuple[SeekKeyRecord, ...],
    description: str | None,
    external: Path | None,
) -> NewAsset:
    """What is recorded of an added asset."""
    return NewAsset(
        genome_digest=genome_digest,
        group=group,
        name=name,
        asset_class=asset_class,
        files=files,
        digest=asset_digest(files),
        seek_keys=keys,
        description=description,
        external_path=str(external) if external is not None else None,
    )
