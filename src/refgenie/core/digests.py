"""SHA-256 of files, and the asset digest that follows from them (formats.md, Asset digest)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from refgenie.errors import InvalidInputError, NotPermittedError

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One regular file of an asset.

    Attributes:
        path: Path relative to the asset's folder, '/' separated.
        size: Bytes.
        sha256: SHA-256, lower case hex.
    """

    path: str
    size: int
    sha256: str


def sha256_of(path: Path | str, *, advance: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file's bytes, hex; ``advance`` is told the bytes that were read."""
    state = hashlib.sha256()
    buffer = bytearray(CHUNK)
    view = memoryview(buffer)
    with open(path, "rb", buffering=0) as handle:  # noqa: PTH123 - also takes str, hot
        while count := handle.readinto(buffer):
            state.update(view[:count])
            if advance is not None:
                advance(count)
    return state.hexdigest()


def files_below(folder: Path, *, whole: bool = False) -> list[str]:
    """Relative paths of all regular files below a folder (links resolved), sorted as bytes.

    Args:
        folder: Where it is not there, there is no file below it.
        whole: A folder that cannot be read is an error; by default what is in it is left out.

    Raises:
        InvalidInputError: A link leads to a folder that it is in.
        NotPermittedError: A folder cannot be read, and all is wanted.
    """

    def failed(error: OSError) -> None:
        if whole:
            raise unreadable(error.filename, error) from error

    found: list[str] = []
    for root, folders, names in os.walk(folder, followlinks=True, onerror=failed):
        for name in folders:
            _check_no_circle(Path(root, name), folder)
        for name in names:
            path = Path(root, name)
            try:
                is_file = path.is_file()
            except PermissionError as error:  # the folder can be listed, but not entered
                failed(error)
                continue
            if is_file:
                found.append(path.relative_to(folder).as_posix())
    return sorted(found, key=os.fsencode)


def unreadable(path: Path | str, error: OSError) -> NotPermittedError:
    """The error of a file or folder that may not be read."""
    return NotPermittedError(f"cannot read {path}: {error.strerror}")


def _check_no_circle(inner: Path, folder: Path) -> None:
    if not inner.is_symlink():
        return
    target = inner.resolve()
    outer = [path for path in inner.parents if path == folder or folder in path.parents]
    if any(path.resolve().is_relative_to(target) for path in outer):
        raise InvalidInputError(f"the link {inner} leads to a folder that it is in")


def describe_files(
    folder: Path,
    *,
    threads: int = 2,
    advance: Callable[[int], None] | None = None,
    only: Iterable[str] | None = None,
) -> list[FileRecord]:
    """Size and SHA-256 of every regular file below a folder, several files at a time."""
    from concurrent.futures import ThreadPoolExecutor

    paths = files_below(folder) if only is None else sorted(only, key=os.fsencode)

    def describe(path: str) -> FileRecord:
        full = folder / path
        return FileRecord(path, full.stat().st_size, sha256_of(full, advance=advance))

    if threads < 2 or len(paths) < 2:
        return [describe(path) for path in paths]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(describe, paths))


def asset_digest(files: Sequence[FileRecord]) -> str:
    r"""SHA-256 of the lines ``<sha256>  <path>\n`` sorted by path as bytes.

    Equals ``find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum``.
    """
    state = hashlib.sha256()
    for file in sorted(files, key=lambda entry: os.fsencode(entry.path)):
        state.update(f"{file.sha256}  ".encode() + os.fsencode(file.path) + b"\n")
    return state.hexdigest()
