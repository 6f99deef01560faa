"""Sequence store: the only room that imports gtars and refget; names are loaded when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refgenie.sequences.aliases import StoreAliasManager
    from refgenie.sequences.local import LocalMode
    from refgenie.sequences.model import (
        AliasStore,
        CollectionInfo,
        CollectionReader,
        Fault,
        GarbageReport,
        ImportResult,
        SequenceInfo,
        StoreMode,
    )
    from refgenie.sequences.seqcol import compare_level2

_HOMES = {
    "AliasStore": "model",
    "CollectionInfo": "model",
    "CollectionReader": "model",
    "Fault": "model",
    "GarbageReport": "model",
    "ImportResult": "model",
    "LocalMode": "local",
    "SequenceInfo": "model",
    "StoreAliasManager": "aliases",
    "StoreMode": "model",
    "compare_level2": "seqcol",
}

__all__ = [
    "AliasStore",
    "CollectionInfo",
    "CollectionReader",
    "Fault",
    "GarbageReport",
    "ImportResult",
    "LocalMode",
    "SequenceInfo",
    "StoreAliasManager",
    "StoreMode",
    "compare_level2",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
