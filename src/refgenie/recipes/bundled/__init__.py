"""Asset classes and recipes that come with the program, in the format of a data channel."""

from __future__ import annotations

from pathlib import Path

from refgenie.recipes.asset_classes import AssetClassService
from refgenie.recipes.collection import load_collection, register_collection
from refgenie.recipes.local_folder import LocalFolder
from refgenie.recipes.recipes import RecipeService

INDEX = Path(__file__).parent / "index.yaml"


def load_bundled(asset_classes: AssetClassService, recipes: RecipeService, *, force: bool = False) -> int:
    """Register the bundled definitions, all or none.

    Args:
        asset_classes: Where the classes go.
        recipes: Where the recipes go; of the same registry.
        force: Replace other content under the same name and version; otherwise it stays.

    Returns:
        How many definitions were added or replaced.
    """
    assert asset_classes.database is recipes.database
    collection = load_collection(LocalFolder(INDEX), index_address=str(INDEX))
    report = register_collection(
        asset_classes.database, collection, on_conflict="replace" if force else "keep"
    )
    return len(report.added) + len(report.replaced)
