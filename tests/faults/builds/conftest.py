import pytest

from support.build_fixtures import build_template, each_site, server_site, site

__all__ = ["build_template", "each_site", "server_site", "site"]


@pytest.fixture
def sqlite_config(site, tmp_path):
    """The database configuration file of ``site``."""
    path = tmp_path / "database.yaml"
    path.write_text(f"type: sqlite\npath: {tmp_path / 'registry'}\n")
    return path
