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

The engine's own stream is six times slower.
"""


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


def decode(store: Any, digest: str, start: int, end: int) -> str:
    """Residues [start, end) as the store's codes give them; bounds are the caller's to check."""
    with engine_errors(f"reading sequence {digest}"):
        return str(store.get_substring(digest, start, end))


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
