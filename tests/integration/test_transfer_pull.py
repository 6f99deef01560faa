"""From one installation's staged assets to another's, over a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, text

from refgenie.errors import ConflictError, NotFoundError
from refgenie.server.models import ServerClient
from refgenie.transfer.clients import HttpServerClient
from refgenie.transfer.pull import PullOptions
from support.fault_proxy import fault_proxy
from support.transfer_site import Installation, copy_of, installation, serving

BIG = bytes(range(256)) * 2000
FILES = {"{g}.1.bin": b"index one" * 1000, "sub/{g}.2.bin": b"index two" * 5000, "empty": b""}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, lambda_fasta: Path) -> Installation:
    root = tmp_path_factory.mktemp("site")
    made = installation(root / "home")
    made.rg.genome.initialize_genome(
        lambda_fasta, ["lambda"], description="Phage", species="Escherichia phage"
    )
    digest = made.rg.alias.resolve("lambda")
    made.add(
        "lambda", "toy_index", index_files(digest), folder=root / "toy", seek_keys={"toy_index": "{genome}"}
    )
    made.stage.add("lambda", "toy_index")
    made.add("lambda", "described", {"x": b"x"}, modes=("none",), folder=root / "described")
    made.add("lambda", "loose", {"a": BIG, "b": b"small", "c": b""}, modes=("file",), folder=root / "loose")
    made.stage.add("lambda", "loose")
    made.rg.build_asset(genome_name="lambda", asset_group_name="fasta", stage=True)
    return made


@pytest.fixture
def laptop(tmp_path: Path, database_url: URL) -> Installation:
    return installation(tmp_path / "laptop", database_url)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "home"
    installation(root).rg.close()
    return root


@pytest.fixture
def small(template: Path, tmp_path: Path) -> Installation:
    """A laptop on SQLite."""
    return copy_of(template, tmp_path / "laptop")


def index_files(digest: str) -> dict[str, bytes]:
    return {path.replace("{g}", digest): content for path, content in FILES.items()}


@pytest.fixture(scope="module")
def url(site: Installation) -> Iterator[str]:
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


def test_what_is_here_already_is_not_fetched_again(small: Installation, url: str) -> None:
    with fault_proxy(url) as proxy:
        pulls = small.pulls(proxy.url)
        paths = pulls.offered(["lambda"])
        assert {path.group for path in paths} == {"toy_index", "loose", "fasta"}
        assert [result.status for result in pulls.pull_all(paths)] == ["pulled"] * 3
        proxy.requests.clear()
        assert [result.status for result in pulls.pull_all(paths)] == ["present"] * 3
        assert proxy.paths("/download|/files") == []


def test_a_built_asset_comes_with_recipe_parents_and_provenance(
    site: Installation, small: Installation, url: str
) -> None:
    there = site.rg.asset.get("lambda", "fasta")
    here = small.pulls(url).pull("lambda", "fasta")
    assert (
        (here.recipe_name, here.recipe_version) == (there.recipe_name, there.recipe_version) != (None, None)
    )
    assert here.provenance is not None
    assert here.provenance["recipe"] == (there.provenance or {})["recipe"]
    assert here.seek_keys == there.seek_keys
    assert here.is_default
    assert Path(small.rg.asset.seek("lambda", "fasta", seek_key_name="fai")).read_text().startswith("gi|")


def test_sequences_are_imported_where_that_is_wanted(
    site: Installation, small: Installation, url: str
) -> None:
    small.pulls(url).pull("lambda", "loose", options=PullOptions(init=True))
    genome = small.rg.genome.get("lambda")
    assert genome.source == "local"
    region = f"{site.rg.mode.sequences(genome.digest)[0].name}:0-60"
    assert small.rg.getseq("lambda", region) == site.rg.getseq("lambda", region)


def test_sequences_are_imported_of_what_is_here_too(small: Installation, url: str) -> None:
    small.pulls(url).pull("lambda", "loose")
    assert small.rg.genome.get("lambda").source == "remote"
    small.pulls(url).pull("lambda", "loose", options=PullOptions(init=True))
    assert small.rg.genome.get("lambda").source == "local"


def test_files_that_are_here_are_linked_not_fetched(small: Installation, url: str, tmp_path: Path) -> None:
    small.pulls(url).pull("lambda", "loose")
    small.rg.asset.remove("lambda", "loose")
    small.add("lambda", "other", {"renamed": BIG}, folder=tmp_path / "other")
    with fault_proxy(url) as proxy:
        small.pulls(proxy.url).of([HttpServerClient(proxy.url)]).pull("lambda", "loose")
        assert [path.rpartition("/files/")[2].partition("?")[0] for path, _ in proxy.paths("/files/.")] == [
            "b"
        ]
    assert small.rg.asset.verify() == []
    folder = small.rg.folders.genome_folder
    one = folder / small.rg.asset.get("lambda", "other").path / "renamed"
    assert one.samefile(folder / small.rg.asset.get("lambda", "loose").path / "a")


def test_an_alias_of_another_genome_is_a_conflict(small: Installation, url: str, tmp_path: Path) -> None:
    fasta = tmp_path / "x.fa"
    fasta.write_text(">x\nACGTTT\n")
    other = small.rg.genome.initialize_genome(fasta, ["lambda"]).digest
    with pytest.raises(ConflictError, match="lambda"):
        small.pulls(url).pull("lambda", "loose")
    assert small.rg.alias.resolve("lambda") == other
    assert small.rg.asset.list() == []


def test_an_asset_of_other_content_is_replaced_only_by_force(
    site: Installation, small: Installation, url: str, tmp_path: Path
) -> None:
    digest = site.rg.alias.resolve("lambda")
    small.rg.genome.initialize_remote(f"{url}/seqcol", digest, ["lambda"])
    mine = small.add("lambda", "loose", {"a": b"mine"}, modes=("file",), folder=tmp_path / "mine")
    with pytest.raises(ConflictError, match="other content"):
        small.pulls(url).pull("lambda", "loose")
    assert small.rg.asset.get("lambda", "loose").digest == mine.digest
    theirs = small.pulls(url).pull("lambda", "loose", options=PullOptions(force=True))
    assert theirs.digest == site.rg.asset.get("lambda", "loose").digest
    assert small.rg.asset.verify() == []


def test_what_is_staged_follows_what_replaced_it(
    site: Installation, small: Installation, url: str, tmp_path: Path
) -> None:
    digest = site.rg.alias.resolve("lambda")
    small.rg.genome.initialize_remote(f"{url}/seqcol", digest, ["lambda"])
    small.add("lambda", "loose", {"a": b"mine"}, modes=("file",), folder=tmp_path / "mine")
    small.stage.add("lambda", "loose")
    small.rg.configuration.subscribe(url)
    theirs = small.rg.pull("lambda", "loose", force=True)
    (staged,) = small.stage.list()
    assert (staged.digest, staged.asset_digest) == (theirs.digest, theirs.digest)
    assert (small.rg.folders.archive_folder / staged.path / "b").read_bytes() == b"small"
    assert small.stage.unrecorded() == []


def test_force_restores_what_was_damaged(small: Installation, url: str) -> None:
    record = small.pulls(url).pull("lambda", "loose")
    file = small.rg.folders.genome_folder / record.path / "b"
    file.chmod(0o644)
    file.write_bytes(b"SMALL")
    assert small.rg.asset.verify() != []
    small.pulls(url).pull("lambda", "loose", options=PullOptions(force=True))
    assert small.rg.asset.verify() == []


def test_force_leaves_what_is_here_where_it_cannot_be_published(small: Installation, url: str) -> None:
    """Damaged files are better than none."""
    record = small.pulls(url).pull("lambda", "loose")
    file = small.rg.folders.genome_folder / record.path / "b"
    file.chmod(0o644)
    file.write_bytes(b"SMALL")
    left = small.rg.folders.work / f"pull-{record.digest}" / "damaged"
    left.mkdir(parents=True)
    (left / "of a killed pull").touch()
    small.rg.database.write(
        lambda session: session.execute(
            text(
                "create trigger refuse before update on asset begin select raise(abort, 'refused here'); end"
            )
        )
    )
    with pytest.raises(Exception, match="refused here"):
        small.pulls(url).pull("lambda", "loose", options=PullOptions(force=True))
    assert file.read_bytes() == b"SMALL"
    small.rg.database.write(lambda session: session.execute(text("drop trigger refuse")))
    small.pulls(url).pull("lambda", "loose", options=PullOptions(force=True))
    assert small.rg.asset.verify() == []
    assert not list(small.rg.folders.work.glob("pull*"))


def test_a_class_of_other_content_is_a_conflict_with_a_way_out(
    site: Installation, small: Installation, url: str
) -> None:
    definition = {**site.rg.asset_class.get("loose").definition, "description": "Another"}
    small.rg.asset_class.add(definition)
    with pytest.raises(ConflictError) as raised:
        small.pulls(url).pull("lambda", "loose")
    assert "--skip-asset-class" in (raised.value.hint or "")
    assert small.rg.genome.list() == []
    small.pulls(url).pull("lambda", "loose", options=PullOptions(skip_asset_class=True))
    assert small.rg.asset_class.get("loose").description == "Another"


def test_what_is_not_served_is_told_how_to_build(small: Installation, url: str) -> None:
    with pytest.raises(NotFoundError) as raised:
        small.pulls(url).pull("lambda", "described")
    assert raised.value.hint == "refgenie build lambda/described"
    for path in (
        ("lambda", "nothing"),
        ("hg38", "fasta"),
        ("lambda", "loose", "nothing"),
        ("A" * 32, "fasta"),
    ):
        with pytest.raises(NotFoundError):
            small.pulls(url).pull(*path)


def test_a_client_of_somebodys_own_is_used(site: Installation, small: Installation, url: str) -> None:
    """It has the three members of the protocol and nothing else."""
    ours = HttpServerClient(url)
    calls: list[str] = []

    class Own:
        server_url = "http://own"

        def get(self, operation_id: str, params: Any = None, url_format_params: Any = None) -> Any:
            calls.append(operation_id)
            return ours.get(operation_id, params, url_format_params)

        def download_with_progress(
            self,
            operation_id: str,
            output_path: Path,
            params: Any = None,
            url_format_params: Any = None,
            name: Any = None,
        ) -> Path:
            calls.append(operation_id)
            return ours.download_with_progress(operation_id, output_path, params, url_format_params, name)

    own = Own()
    assert isinstance(own, ServerClient)
    pulls = small.pulls(clients={"http://own": own})
    for group in ("toy_index", "loose"):
        assert pulls.pull("lambda", group).digest == site.rg.asset.get("lambda", group).digest
    assert {"v4_archive_download", "v4_asset_file"} < set(calls)


def test_a_digest_names_the_genome_without_an_alias(
    site: Installation, small: Installation, url: str
) -> None:
    digest = site.rg.alias.resolve("lambda")
    small.pulls(url).pull(digest, "loose")
    assert small.rg.alias.list() == []
    assert [genome.digest for genome in small.rg.genome.list()] == [digest]


def test_a_genome_is_found_by_the_name_that_it_has_here(
    site: Installation, small: Installation, url: str
) -> None:
    small.rg.genome.initialize_remote(f"{url}/seqcol", site.rg.alias.resolve("lambda"), ["phage"])
    pulls = small.pulls(url)
    assert {path.genome for path in pulls.offered(["phage"])} == {"phage"}
    assert pulls.pull("phage", "loose").digest == site.rg.asset.get("lambda", "loose").digest


def test_what_the_first_server_only_describes_comes_from_the_next(
    site: Installation, small: Installation, url: str, tmp_path: Path, template: Path, lambda_fasta: Path
) -> None:
    describing = copy_of(template, tmp_path / "describing")
    describing.rg.genome.initialize_genome(lambda_fasta, ["lambda"])
    describing.add("lambda", "loose", {"a": b"mine"}, modes=("none",), folder=tmp_path / "mine")
    with serving(describing) as first:
        record = small.pulls(first, url).pull("lambda", "loose")
    assert record.digest == site.rg.asset.get("lambda", "loose").digest
