"""The one door to the sequence engine (gtars): its failures become refgenie's errors here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from refgenie.errors import DiskFullError, InvalidInputError, NotPermittedError, RefgenieError

_PIECE = 1 << 16
"""Residues that are decoded at once: what fits the processor's cache.

The engine's own stream is three times slower.
"""
_KEPT_OPEN = 200
"""Sequences of a store whose files the engine may all keep open."""


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Translate what the engine raises inside the block, its panics too."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, RefgenieError):
        raise
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise translate(error, what) from error
        raise


def translate(error: BaseException, what: str) -> RefgenieError:
    """The refgenie error for an exception of the engine."""
    text = re.sub(r"\s+", " ", str(error)).strip()
    if re.search(r"os error (28|122)\b|No space left|Inserter stopped receiving", text):
        return DiskFullError(
            f"no space left on the disk: {what}", hint="free some space and run the command again"
        )
    if re.search(r"os error (13|1|30)\b|Permission denied|Read-only file system", text):
        return NotPermittedError(f"{what}: {text}")
    return InvalidInputError(
        f"{what}: the sequence engine failed: {text or type(error).__name__}",
        hint="run 'refgenie verify GENOME'" if "panic" in type(error).__name__.lower() else None,
    )


def open_store(path: Path | str) -> Any:
    """Open a store, or a view of one, for reading."""
    from gtars.refget import RefgetStore

    with engine_errors(f"opening the sequence store {path}"):
        store = RefgetStore.open_local(str(path))
        store.set_quiet(True)
        return store


class Decoder:
    """Residues as the codes of an open store give them."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._many = len(store) > _KEPT_OPEN

    def read(self, digest: str, start: int, end: int) -> str:
        """Residues [start, end) of a sequence; bounds are the caller's to check."""
        with engine_errors(f"reading sequence {digest}"):
            # What is read by parts stays open, up to nearly as many files as a process may have, and
            # beyond 8192 each further one is a search through all of them. Streams are closed, but slower.
            if self._many and self._is_short(digest):
                return "".join(self._store.stream_sequence(digest, start, end))
            return str(self._store.get_substring(digest, start, end))

    def _is_short(self, digest: str) -> bool:
        found = self._store.get_sequence_metadata(digest)
        return found is not None and found.length <= _PIECE


def pieces(start: int, end: int, size: int = _PIECE) -> Iterator[tuple[int, int]]:
    """The region in pieces of a bounded size."""
    for at in range(start, end, size):
        yield at, min(at + size, end)


def check_fhr(document: dict[str, Any]) -> None:
    """Refuse what the engine could not read back as FHR metadata."""
    import json
    import tempfile

    from gtars.refget import FhrMetadata

    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as handle:
        try:
            json.dump(document, handle)
        except (TypeError, ValueError) as error:
            raise InvalidInputError(f"the FHR metadata is no JSON document: {error}") from error
        handle.flush()
        with engine_errors("reading the FHR metadata"):
            FhrMetadata.from_json(handle.name)
