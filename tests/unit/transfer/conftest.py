"""Installations for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from support.fault_proxy import FaultProxy, fault_proxy
from support.transfer_site import Installation, copy_of, installation, serving


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


@pytest.fixture(scope="module")
def site(home_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """What serves three assets of phage lambda: by file, as an archive, and only described."""
    root = tmp_path_factory.mktemp("site")
    made = copy_of(home_template, root / "home")
    for group, modes in (("loose", ("file",)), ("packed", ("archive",)), ("described", ("none",))):
        made.add(
            "lambda",
            group,
            {"x.fa": b">x\nACGT\n", "x.fa.fai": b"x"},
            modes=modes,
            folder=root / group,
            seek_keys={group: "x.fa", "fai": "x.fa.fai"},
        )
        if modes != ("none",):
            made.stage.add("lambda", group)
    yield made
    made.rg.close()


@pytest.fixture(scope="module")
def url(site: Installation) -> Iterator[str]:
    """Address of a server over ``site``."""
    with serving(site) as address:
        yield address


@pytest.fixture
def proxy(url: str) -> Iterator[FaultProxy]:
    """What is between a client and that server."""
    with fault_proxy(url) as running:
        yield running
