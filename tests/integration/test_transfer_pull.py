"""From one installation's staged assets to another's, over a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from support.transfer_site import Installation, installation, serving

FILES = {"{g}.1.bin": b"index one" * 1000, "sub/{g}.2.bin": b"index two" * 5000, "empty": b""}


@pytest.fixture
def site(tmp_path: Path, lambda_fasta: Path) -> Installation:
    made = installation(tmp_path / "site")
    made.rg.genome.initialize_genome(
        lambda_fasta, ["lambda"], description="Phage", species="Escherichia phage"
    )
    return made


@pytest.fixture
def laptop(tmp_path: Path, database_url: URL) -> Installation:
    return installation(tmp_path / "laptop", database_url)


def index_files(digest: str) -> dict[str, bytes]:
    return {path.replace("{g}", digest): content for path, content in FILES.items()}


@pytest.fixture
def url(site: Installation, tmp_path: Path) -> Iterator[str]:
    digest = site.rg.alias.resolve("lambda")
    site.add(
        "lambda",
        "toy_index",
        index_files(digest),
        folder=tmp_path / "toy",
        seek_keys={"toy_index": "{genome}"},
    )
    site.stage.add("lambda", "toy_index")
    with serving(site) as address:
        yield address


def test_a_staged_asset_arrives_whole_with_its_genome(
    site: Installation, laptop: Installation, url: str
) -> None:
    digest = site.rg.alias.resolve("lambda")
    record = laptop.pulls(url).pull("lambda", "toy_index")
    assert record.digest == site.rg.asset.get("lambda", "toy_index").digest
    folder = laptop.rg.folders.genome_folder / record.path
    assert {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    } == index_files(digest)
    assert laptop.rg.alias.resolve("lambda") == digest
    genome = laptop.rg.genome.get("lambda")
    assert (genome.description, genome.species_name, genome.source) == (
        "Phage",
        "Escherichia phage",
        "remote",
    )
    assert laptop.rg.asset.seek("lambda", "toy_index").endswith("/alias/lambda/toy_index/default/lambda")
    assert Path(laptop.rg.asset.seek("lambda", "toy_index") + ".1.bin").read_bytes() == b"index one" * 1000
    assert not list(laptop.rg.folders.work.glob("pull*"))
    region = f"{site.rg.mode.sequences(digest)[0].name}:100-140"
    assert laptop.rg.getseq("lambda", region) == site.rg.getseq("lambda", region)


def test_what_is_here_already_is_not_fetched_again(laptop: Installation, url: str) -> None:
    pulls = laptop.pulls(url)
    first = pulls.pull_all(pulls.offered(["lambda"]))
    again = pulls.pull_all(pulls.offered(["lambda"]))
    assert [result.status for result in first] == ["pulled"]
    assert [result.status for result in again] == ["present"]
