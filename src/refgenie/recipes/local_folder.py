"""A folder of definitions on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from refgenie.core.paths import absolute
from refgenie.errors import InvalidInputError, RefgenieError
from refgenie.recipes.documents import read_file


class LocalFolder:
    """The folder in which an index file lies; links that lead out of it are refused.

    Args:
        index: The index file, or the folder that holds ``index.yaml``.
    """

    def __init__(self, index: Path) -> None:
        index = absolute(index)
        self.index = index / "index.yaml" if index.is_dir() else index
        self._root = self.index.parent

    def read_index(self) -> bytes:
        """The index's bytes."""
        return read_file(self.index)

    def read(self, paths: Sequence[str]) -> list[bytes | RefgenieError]:
        """The files at relative paths, or why one cannot be read."""
        return [self._read(path) for path in paths]

    def origin_of(self, path: str) -> str:
        """Absolute path of the file at a relative path."""
        return str(self._root / path)

    def relative(self, origin: str) -> str | None:
        """The path below the folder of an absolute path; None where it is outside."""
        path = Path(origin)
        if ".." in path.parts or not path.is_relative_to(self._root):
            return None
        return path.relative_to(self._root).as_posix()

    def _read(self, path: str) -> bytes | RefgenieError:
        file = self._root / path
        if not file.resolve().is_relative_to(self._root.resolve()):
            return InvalidInputError(f"{file} leads out of the index's folder")
        try:
            return read_file(file)
        except RefgenieError as error:
            return error
