"""Sequence store: the only room that imports gtars and refget; names are loaded when first used."""

from __future__ import annotations

# The type checker takes this name for true; importing typing would take longer than a look-up.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from refgenie.sequences.absence import SequenceNotHereError
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
    from refgenie.sequences.remote.sources import RemoteSource, make_source
    from refgenie.sequences.seqcol import compare_level2
    from refgenie.sequences.server_mode import ServerMode

_HOMES = {
    "AliasStore": "model",
    "CollectionInfo": "model",
    "CollectionReader": "model",
    "Fault": "model",
    "GarbageReport": "model",
    "ImportResult": "model",
    "LocalMode": "local",
    "RemoteSource": "remote.sources",
    "SequenceInfo": "model",
    "SequenceNotHereError": "absence",
    "ServerMode": "server_mode",
    "StoreAliasManager": "aliases",
    "StoreMode": "model",
    "compare_level2": "seqcol",
    "make_source": "remote.sources",
}

__all__ = [
    "AliasStore",
    "CollectionInfo",
    "CollectionReader",
    "Fault",
    "GarbageReport",
    "ImportResult",
    "LocalMode",
    "RemoteSource",
    "SequenceInfo",
    "SequenceNotHereError",
    "ServerMode",
    "StoreAliasManager",
    "StoreMode",
    "compare_level2",
    "make_source",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:  # also asked for each module that is imported from here
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
