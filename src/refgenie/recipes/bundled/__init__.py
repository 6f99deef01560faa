"""Asset classes and recipes that come with the program, in the format of a data channel."""

from __future__ import annotations

from pathlib import Path

from refgenie.db.database import Database
from refgenie.recipes.collection import SyncReport, load_collection, register_collection
from refgenie.recipes.local_folder import LocalFolder

INDEX = Path(__file__).parent / "index.yaml"


def load_bundled(database: Database, *, force: bool = False) -> SyncReport:
    """Register the bundled definitions, all or none.

    Args:
        database: The registry.
        force: Replace other content under the same name and version; otherwise it stays.
    """
    collection = load_collection(LocalFolder(INDEX), index_address=str(INDEX))
    return register_collection(database, collection, on_conflict="replace" if force else "keep")
