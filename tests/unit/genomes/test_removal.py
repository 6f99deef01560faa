"""Removing genomes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from refgenie.db.database import Database
from refgenie.db.models import Alias, Asset, AssetClass, AssetGroup, Build, Genome
from refgenie.errors import ConflictError, NotFoundError
from refgenie.genomes import removal
from support.genome_site import GenomeSite
from support.sequences import sequence_digest, write_fasta


def count(database: Database, table: type) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def add_asset(site: GenomeSite, digest: str) -> list[Path]:
    """A registered asset of a genome with everything that belongs to it on disk."""

    def record(session: object) -> None:
        kind = AssetClass(
            name="txt", version="1", serving_modes=["file"], seek_keys={}, definition={"name": "txt"}
        )
        group = AssetGroup(genome_digest=digest, name="notes", asset_class=kind)
        group.assets.append(Asset(name="one", digest="0" * 64, size=1, is_default=True))
        build = Build(
            id="b1", genome_digest=digest, asset_group_name="notes", asset_name="one", recipe_name="r",
            recipe_version="1", status="succeeded", path="builds", host="h", pid=1,
        )  # fmt: skip
        session.add_all([group, build])  # type: ignore[attr-defined]

    site.database.write(record)
    genomes, archives = site.folders.genome_folder, site.folders.archive_folder
    folders = [
        genomes / "data" / digest / "notes" / ("0" * 64),
        genomes / "manifest" / digest / "notes",
        genomes / "builds" / digest / "notes" / "b1",
        archives / digest / "notes",
    ]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
        (folder / "file").chmod(0o444)
    return folders


def test_a_genome_goes_with_its_names_and_its_own_sequences(
    site: GenomeSite, two: tuple[str, str], tmp_path: Path
) -> None:
    sharing = site.genome.initialize_genome(
        write_fasta(tmp_path / "sharing.fa", ">other_name\nGGGGCCCC\n"), "sharing"
    )
    site.alias.set("tiny", two[0])

    site.genome.remove("small")

    assert [genome.digest for genome in site.genome.list()] == [two[1], sharing.digest]
    assert {record.name for record in site.alias.list()} == {"other", "sharing"}
    assert count(site.database, Alias) == 2
    assert not site.mode.has_collection(two[0])
    assert site.sequences.fetch("sharing", "other_name") == "GGGGCCCC"
    assert not site.local.files.sequence(sequence_digest("ACGTACGTACGTACGTACGTAAAA")).exists()
    for name in ("small", "tiny", two[0]):
        with pytest.raises(NotFoundError):
            site.alias.resolve(name)


def test_a_genome_with_assets_stays_unless_forced(site: GenomeSite, two: tuple[str, str]) -> None:
    folders = add_asset(site, two[0])
    with pytest.raises(ConflictError, match="notes:one"):
        site.genome.remove("small")
    assert site.alias.resolve("small") == two[0]
    assert all(folder.exists() for folder in folders)

    site.genome.remove("small", force=True)

    assert not any(folder.exists() for folder in folders)
    assert [count(site.database, table) for table in (Asset, AssetGroup, Build, Genome)] == [0, 0, 0, 1]
    assert list(site.folders.work.glob("removed-*")) == []


def test_an_unknown_genome_is_not_found(site: GenomeSite, two: tuple[str, str]) -> None:
    with pytest.raises(NotFoundError):
        site.genome.remove("smal")


@pytest.mark.parametrize("moment", ["folders", "sequences", "names"])
def test_a_removal_that_was_cut_short_is_ended_by_the_same_command(
    site: GenomeSite, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    folders = add_asset(site, two[0])

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "folders":
            patch.setattr(removal, "discard", cut)
        elif moment == "sequences":
            patch.setattr(site.mode, "remove", cut)
        else:
            patch.setattr(site.alias, "withdraw", cut)
        with pytest.raises(KeyboardInterrupt):
            site.genome.remove("small", force=True)

    if moment == "names":  # the store's part is all done: nothing is left but the copy
        site.alias.sync_copy()
    else:
        site.genome.remove("small", force=True)
    assert not any(folder.exists() for folder in folders)
    assert not site.mode.has_collection(two[0])
    assert [record.name for record in site.alias.list()] == ["other"]
    assert count(site.database, Genome) == 1


def test_a_removed_genome_can_come_back(site: GenomeSite, small: Path) -> None:
    first = site.genome.initialize_genome(small, "small")
    site.genome.remove("small")
    again = site.genome.initialize_genome(small, "small")
    assert (again.was_new, again.digest) == (True, first.digest)
    assert site.sequences.fetch("small", "chr2") == "GGGGCCCC"
