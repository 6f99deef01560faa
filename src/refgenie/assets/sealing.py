"""Turns a finished folder into content: regular files that nobody writes to any more, flushed to disk."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from refgenie.errors import InvalidInputError
from refgenie.sequences.durable import sync_files, sync_folder, writing

_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_READ = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
_EXECUTE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


def seal(folder: Path) -> None:
    """Make a folder fit to be published.

    Links become hard links of their target (where it is write-protected and on the same disk) or
    copies; files that have another name elsewhere and can be written become copies; files
    lose their write permission, folders get what the umask and the parent's group say; all is flushed.

    Raises:
        InvalidInputError: A link leads nowhere or in a circle, or something is neither file nor folder.
        DiskFullError, NotPermittedError: The disk does not take it.
    """
    with writing(str(folder)):
        for link in list(_links(folder)):
            _replace_link(link, folder)
        directories, files = _contents(folder)
        mask = _umask(folder.parent)
        group = _inherited_group(folder.parent)
        for file in files:
            _protect(file, mask, group)
        for directory in directories:
            _open_folder(directory, mask, group)
        sync_files(files)
        for directory in directories:
            sync_folder(directory)


def _links(folder: Path) -> Iterator[Path]:
    for root, directories, files in os.walk(folder):
        for name in (*directories, *files):
            path = Path(root, name)
            if path.is_symlink():
                yield path


def _replace_link(link: Path, folder: Path) -> None:
    shown = link.relative_to(folder)
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise InvalidInputError(f"the link {shown} of the asset leads nowhere: {link.readlink()}") from error
    if target.is_dir() and link.parent.resolve().is_relative_to(target):
        raise InvalidInputError(f"the link {shown} of the asset leads to a folder that it is in")
    fresh = link.with_name(f".{secrets.token_hex(8)}")
    if target.is_dir():
        fresh.mkdir()
        for child in target.iterdir():
            copy = fresh / child.name
            copy.symlink_to(child.resolve())
            _replace_link(copy, folder)
        link.unlink()
        fresh.rename(link)
    elif target.is_file():
        take_file(target, fresh)
        fresh.replace(link)
    else:
        raise InvalidInputError(f"the link {shown} of the asset leads to no file or folder: {target}")


def take_file(source: Path, target: Path) -> None:
    """Another name for a write-protected file on the same disk, else a copy."""
    status = source.stat()
    if not status.st_mode & _WRITE and status.st_dev == target.parent.stat().st_dev:
        try:
            target.hardlink_to(source)
        except OSError:  # protected hard links, too many links, no hard links here
            pass
        else:
            return
    shutil.copyfile(source, target)
    target.chmod(stat.S_IRUSR | stat.S_IWUSR | (status.st_mode & _EXECUTE))


def _contents(folder: Path) -> tuple[list[Path], list[Path]]:
    """All folders, innermost first, and all files."""
    directories: list[Path] = []
    files: list[Path] = []
    for root, _, names in os.walk(folder, topdown=False):
        directories.append(Path(root))
        for name in names:
            path = Path(root, name)
            if not stat.S_ISREG(path.lstat().st_mode):
                raise InvalidInputError(f"{path.relative_to(folder)} of the asset is no regular file")
            files.append(path)
    return directories, files


def _protect(file: Path, mask: int, group: int | None) -> None:
    status = file.stat()
    if status.st_nlink > 1:
        if not status.st_mode & _WRITE:
            return  # shared with another asset, which is protected already
        # Whoever holds the other name could still write.
        fresh = file.with_name(f".{secrets.token_hex(8)}")
        shutil.copyfile(file, fresh)
        fresh.replace(file)
    mode = (_READ | (status.st_mode & _EXECUTE)) & ~mask | stat.S_IRUSR
    if group is not None and file.stat().st_gid != group:
        _give(file, group)
    file.chmod(mode)


def _open_folder(folder: Path, mask: int, group: int | None) -> None:
    mode = 0o777 & ~mask | stat.S_IRWXU
    if group is not None:
        _give(folder, group)
        mode |= stat.S_ISGID
    if stat.S_IMODE(folder.stat().st_mode) != mode:
        folder.chmod(mode)


def _give(path: Path, group: int) -> None:
    try:
        os.chown(path, -1, group)
    except PermissionError:  # not a member of that group: the site's choice of folder, not a fault
        return


def _inherited_group(parent: Path) -> int | None:
    """The group that a folder with the setgid bit hands down, or None."""
    status = parent.stat()
    return status.st_gid if status.st_mode & stat.S_ISGID else None


def _umask(folder: Path) -> int:
    """The umask as a new file here shows it; asking the process would change it for other threads."""
    probe = folder / f".{secrets.token_hex(8)}"
    descriptor = os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)
        probe.unlink()
    masked = 0o666 & ~mode
    return masked | (masked & 0o444) >> 2  # a folder that may not be read may not be entered either
