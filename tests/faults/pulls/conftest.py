"""An installation that serves, one that pulls, and what is between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.fault_proxy import FaultProxy, fault_proxy
from support.pulls import BIG
from support.transfer_site import Installation, copy_of, installation, serving


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialized home on SQLite; the tests' own are copies of it."""
    root = tmp_path_factory.mktemp("template") / "home"
    installation(root).rg.close()
    return root


@pytest.fixture(scope="module")
def site(template: Path, tmp_path_factory: pytest.TempPathFactory, lambda_fasta: Path) -> Installation:
    """Two assets of phage lambda: one is served as an archive, one file by file."""
    root = tmp_path_factory.mktemp("site")
    made = copy_of(template, root / "home")
    made.rg.genome.initialize_genome(lambda_fasta, ["lambda"])
    for group, modes in (("packed", ("archive",)), ("loose", ("file",))):
        content = BIG if group == "packed" else BIG[::-1]
        made.add(
            "lambda",
            group,
            {"a.bin": content, "b/c.txt": b"small " + group.encode()},
            modes=modes,
            seek_keys={"a": "a.bin"},
            folder=root / group,
        )
        made.stage.add("lambda", group)
    return made


@pytest.fixture(scope="module")
def upstream(site: Installation) -> Iterator[str]:
    """Address of a server over ``site``."""
    with serving(site) as address:
        yield address


@pytest.fixture
def proxy(upstream: str) -> Iterator[FaultProxy]:
    """What is between a client and that server."""
    with fault_proxy(upstream) as running:
        yield running


@pytest.fixture
def laptop(template: Path, tmp_path: Path) -> Iterator[Installation]:
    """A home with nothing in it, which pulls."""
    made = copy_of(template, tmp_path / "laptop")
    yield made
    made.rg.close()
