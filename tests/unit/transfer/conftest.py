"""Installations for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from support.transfer_site import Installation, copy_of, installation


@pytest.fixture(scope="session")
def home_template(tmp_path_factory: pytest.TempPathFactory, lambda_fasta: Path) -> Path:
    """An initialized home with phage lambda, on SQLite; the tests' own are copies of it."""
    root = tmp_path_factory.mktemp("template") / "home"
    made = installation(root)
    made.rg.genome.initialize_genome(lambda_fasta, ["lambda"])
    made.rg.close()
    return root


@pytest.fixture
def home(home_template: Path, tmp_path: Path) -> Iterator[Installation]:
    """A home with phage lambda, on SQLite."""
    made = copy_of(home_template, tmp_path / "home")
    yield made
    made.rg.close()


@pytest.fixture
def any_home(
    database_url: URL, tmp_path: Path, lambda_fasta: Path, request: pytest.FixtureRequest
) -> Iterator[Installation]:
    """The same on SQLite and on PostgreSQL."""
    if database_url.get_backend_name() == "sqlite":
        made = copy_of(request.getfixturevalue("home_template"), tmp_path / "home")
    else:
        made = installation(tmp_path / "home", database_url)
        made.rg.genome.initialize_genome(lambda_fasta, ["lambda"])
    yield made
    made.rg.close()
