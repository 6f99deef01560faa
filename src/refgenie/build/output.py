"""What a build wrote: input files laid beside it, its files described and checked."""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from refgenie.assets.sealing import take_file
from refgenie.build.inputs import ResolvedAsset
from refgenie.core import seek
from refgenie.core.digests import FileRecord, asset_digest, describe_files, files_below, sha256_of
from refgenie.core.progress import Progress
from refgenie.errors import BuildFailedError, InvalidInputError, NotFoundError
from refgenie.sequences.durable import writing


@dataclass(frozen=True, slots=True)
class Colocated:
    """A file of an input asset that lies in the output folder.

    Attributes:
        path: Relative to the output folder.
        origin: The input asset's file.
        file: What is recorded of it in the input asset.
        changed_at: Time of the last change, in nanoseconds, before the commands ran.
    """

    path: str
    origin: Path
    file: FileRecord
    changed_at: int


@dataclass(frozen=True, slots=True)
class Output:
    """A finished output folder.

    Attributes:
        files: Every regular file.
        digest: Asset digest that follows from them.
        own_paths: Files that hold the path of the folder they were made in.
    """

    files: tuple[FileRecord, ...]
    digest: str
    own_paths: tuple[str, ...]


def colocate(
    output: Path, asset: ResolvedAsset, source_keys: Iterable[str], genome_folder: Path
) -> list[Colocated]:
    """Lay the files of an input asset's seek keys into the output folder as hard links or copies.

    A file lies under its own name, what is in a directory under its path there.

    Raises:
        InvalidInputError: The asset has no such seek key, or another file is there under that name.
        NotFoundError: A file is not on disk.
    """
    folder = genome_folder / asset.record.path
    recorded = {file.path: file for file in asset.record.files}
    taken: dict[str, str] = {}
    laid = []
    with writing(str(output)):
        for source_key in source_keys:
            for path, place in _files_of_key(asset, source_key, folder).items():
                if taken.get(place) == path:
                    continue  # two keys of one file
                taken[place] = path
                target = output / place
                if target.exists():
                    raise InvalidInputError(
                        f"the recipe lays two files named {place} beside its output; one is of {asset.wanted}"
                    )
                target.parent.mkdir(parents=True, exist_ok=True)
                take_file(folder / path, target)
                if path in recorded:
                    changed = (folder / path).stat().st_mtime_ns
                    laid.append(Colocated(place, folder / path, recorded[path], changed))
    return laid


def _files_of_key(asset: ResolvedAsset, source_key: str, folder: Path) -> dict[str, str]:
    """Paths of the seek key's files in the asset, and where each lies in the output folder."""
    key = next((key for key in asset.record.seek_keys if key.name == source_key), None)
    if key is None or key.type not in seek.PATH_TYPES:
        raise InvalidInputError(
            f"the recipe wants the files of the seek key {source_key!r} of {asset.wanted}, which has none"
        )
    value = key.value.replace(seek.GENOME, asset.record.genome_digest)
    if key.type == "file":
        found = [value]
    else:
        start = "" if value == "." else value + ("/" if key.type == "directory" else "")
        found = [path for path in files_below(folder) if path.startswith(start)]
    missing = [path for path in found if not (folder / path).is_file()]
    if missing or not found:
        raise NotFoundError(
            f"the files of {asset.wanted} are not on disk: {', '.join(missing) or value}",
            hint=f"refgenie verify {asset.wanted}",
        )
    if key.type == "directory":
        return {path: path.removeprefix(start) for path in found}
    return {path: Path(path).name for path in found}


def check_untouched(colocated: Sequence[Colocated], asset_path: str) -> None:
    """Refuse a build whose commands wrote into an input asset through the files laid beside its output.

    Raises:
        BuildFailedError: They did; the input asset is damaged.
    """
    for entry in colocated:
        status = entry.origin.stat()
        if (status.st_mtime_ns, status.st_size) != (entry.changed_at, entry.file.size):
            raise BuildFailedError(
                f"{asset_path}: the recipe changed the file {entry.file.path} of an input asset",
                hint="refgenie verify names what is damaged",
            )


def rename_beginnings(folder: Path, old: str, new: str) -> int:
    """Replace a word that names of files and folders begin with; how many have another name now."""
    word = re.compile(rf"{re.escape(old)}(?![A-Za-z0-9])")
    renamed = 0
    for root, folders, files in os.walk(folder, topdown=False):
        for name in (*folders, *files):
            target = Path(root, word.sub(new, name, count=1)) if word.match(name) else Path(root, name)
            if target.name != name and not os.path.lexists(target):
                Path(root, name).rename(target)
                renamed += 1
    return renamed


def has_links(folder: Path) -> bool:
    """Whether there are symbolic links in a folder."""
    return any(path.is_symlink() for path in folder.rglob("*"))


def describe_output(
    folder: Path, made_in: Path, colocated: Sequence[Colocated], *, progress: Progress
) -> Output:
    """Size and SHA-256 of every file, the asset's digest, and which files hold the path ``made_in``.

    What is another name of an input asset's file is not read again.

    Raises:
        BuildFailedError: There is no file.
    """
    paths = files_below(folder)
    if not paths:
        raise BuildFailedError("the recipe wrote nothing into its output folder")
    known = {
        entry.path: entry.file for entry in colocated if _is_same_file(folder / entry.path, entry.origin)
    }
    fresh = [path for path in paths if path not in known]
    needle = os.fsencode(made_in)
    size = sum((folder / path).stat().st_size for path in fresh)
    with ThreadPoolExecutor(1) as other_core, progress.task("hashing what was built", size) as advance:
        searched = other_core.submit(_files_with, folder, fresh, needle)
        described = describe_files(folder, only=fresh, advance=advance)
        own_paths = searched.result()
    kept = [FileRecord(path, file.size, file.sha256) for path, file in known.items()]
    files = sorted((*described, *kept), key=lambda file: os.fsencode(file.path))
    return Output(tuple(files), asset_digest(files), tuple(own_paths))


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _files_with(folder: Path, paths: Iterable[str], needle: bytes) -> list[str]:
    found = []
    for path in paths:
        with (folder / path).open("rb") as handle:
            if os.fstat(handle.fileno()).st_size < len(needle):
                continue
            with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
                if content.find(needle) >= 0:
                    found.append(path)
    return found


def describe_inputs(files: Mapping[str, Path]) -> dict[str, dict[str, object]]:
    """Name, size and SHA-256 of input files; of a folder its name alone."""
    described: dict[str, dict[str, object]] = {}
    for key, path in files.items():
        described[key] = {"name": path.name}
        if path.is_file():
            described[key] |= {"size": path.stat().st_size, "sha256": sha256_of(path)}
    return described
