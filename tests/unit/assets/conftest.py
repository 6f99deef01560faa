"""The asset services over a filled registry, on both engines."""

from __future__ import annotations

import pytest

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from support.asset_site import AssetSite


@pytest.fixture
def site(database: Database, folders: Folders) -> AssetSite:
    """An installation with two genomes and no assets."""
    installation = AssetSite(database, folders)
    installation.fill()
    return installation
