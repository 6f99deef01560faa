"""Names of genomes in local mode: the store is the truth, the registry has a stamped copy."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from sqlalchemy import URL, select

from refgenie.core.layout import Folders
from refgenie.core.locks import STORE_LOCK
from refgenie.core.records import AliasRecord
from refgenie.core.seek import alias_stamp, read_alias_file
from refgenie.db.database import Database
from refgenie.db.models import Alias, RegistryState
from refgenie.errors import ConflictError, InvalidInputError, NotFoundError, UsageError
from support.genome_site import GenomeSite, genome_site

DIGEST_OF_NOTHING = "A" * 32


def in_registry(site: GenomeSite) -> dict[str, str]:
    """The registry's rows, read around the services."""
    with site.database.read() as session:
        return {row.name: row.genome_digest for row in session.scalars(select(Alias))}


def in_store(site: GenomeSite) -> dict[str, str]:
    """The store's aliases as the engine itself reads them."""
    from gtars.refget import RefgetStore

    store = RefgetStore.open_local(str(site.folders.store))
    return {
        name: store.get_collection_metadata_by_alias("refgenie", name).digest
        for name in store.list_collection_aliases("refgenie") or ()
    }


def test_a_name_is_in_store_registry_and_answers(site: GenomeSite, two: tuple[str, str]) -> None:
    site.alias.set(["tiny", "t-1"], two[0])

    expected = {"small": two[0], "tiny": two[0], "t-1": two[0], "other": two[1]}
    assert in_store(site) == expected
    assert in_registry(site) == expected
    assert {record.name: record.genome_digest for record in site.alias.list()} == expected
    assert site.alias.resolve("tiny") == two[0]
    assert site.alias.resolve(two[0]) == two[0]
    assert site.alias.of_genome(two[0]) == ["small", "t-1", "tiny"]


def test_an_alias_stands_for_the_digest(site: GenomeSite, two: tuple[str, str]) -> None:
    site.alias.set("tiny", "small")
    assert site.alias.resolve("tiny") == two[0]


def test_another_genomes_name_is_refused_and_nothing_changes(site: GenomeSite, two: tuple[str, str]) -> None:
    with pytest.raises(ConflictError, match=f"other \\({two[1]}\\)"):
        site.alias.set(["new", "other"], two[0])
    assert in_store(site) == in_registry(site) == {"small": two[0], "other": two[1]}


def test_force_takes_a_name_away(site: GenomeSite, two: tuple[str, str]) -> None:
    site.alias.set("other", two[0], force=True)
    assert in_store(site) == in_registry(site) == {"small": two[0], "other": two[0]}
    assert site.alias.of_genome(two[1]) == []


def test_reset_removes_the_genomes_other_names_only(site: GenomeSite, two: tuple[str, str]) -> None:
    site.alias.set("a", two[0])
    site.alias.set(["b", "c"], two[0], reset=True)
    expected = {"b": two[0], "c": two[0], "other": two[1]}
    assert in_store(site) == in_registry(site) == expected


@pytest.mark.parametrize(
    "name", ["", "a/b", "../x", ".hidden", "-x", "a b", "a\n", "a\tb", "ü", "A" * 32, "x" * 201]
)
def test_what_cannot_be_a_name_is_refused(site: GenomeSite, two: tuple[str, str], name: str) -> None:
    with pytest.raises(InvalidInputError):
        site.alias.set(["fine", name], two[0])
    assert "fine" not in in_store(site)


def test_no_name_is_wrong_usage(site: GenomeSite, two: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        site.alias.set([], two[0])


@pytest.mark.parametrize("genome", [DIGEST_OF_NOTHING, "smal"])
def test_a_genome_that_is_not_there_cannot_be_named(
    site: GenomeSite, two: tuple[str, str], genome: str
) -> None:
    with pytest.raises(NotFoundError):
        site.alias.set("x", genome)


def test_the_nearest_name_is_suggested(site: GenomeSite, two: tuple[str, str]) -> None:
    with pytest.raises(NotFoundError) as raised:
        site.alias.resolve("smal")
    assert raised.value.hint is not None
    assert "did you mean small?" in raised.value.hint


def test_removes_all_or_none(site: GenomeSite, two: tuple[str, str]) -> None:
    with pytest.raises(NotFoundError, match="aliases nope, nope2"):
        site.alias.remove(["small", "nope2", "nope"])
    assert "small" in in_store(site)

    site.alias.remove(["small"])
    assert in_store(site) == in_registry(site) == {"other": two[1]}
    with pytest.raises(NotFoundError):
        site.alias.resolve("small")


def test_lists_by_name_and_by_genome(site: GenomeSite, two: tuple[str, str]) -> None:
    small, other = AliasRecord("small", two[0], "store"), AliasRecord("other", two[1], "store")
    assert site.alias.list() == [other, small]
    assert site.alias.list(alias_names=["small"]) == [small]
    assert site.alias.list(genome_digests=[two[1]]) == [other]
    with pytest.raises(NotFoundError, match="nope"):
        site.alias.list(alias_names=["small", "nope"])


class TestAnotherProgramWritesTheStore:
    """The engine alone writes aliases; refgenie answers from the store at once."""

    def write(self, site: GenomeSite, name: str, digest: str) -> None:
        from gtars.refget import RefgetStore

        store = RefgetStore.on_disk(str(site.folders.store))
        store.add_collection_alias("refgenie", name, digest)

    def test_readers_answer_from_the_store_and_write_nothing(
        self, site: GenomeSite, two: tuple[str, str]
    ) -> None:
        self.write(site, "foreign", two[0])

        assert site.alias.resolve("foreign") == two[0]
        assert "foreign" in [record.name for record in site.alias.list()]
        assert "foreign" in site.genome.get("small").aliases
        assert "foreign" not in in_registry(site)

    def test_the_next_writer_brings_the_copy_up_to_date(self, site: GenomeSite, two: tuple[str, str]) -> None:
        self.write(site, "foreign", two[0])
        site.alias.set("mine", two[1])

        assert in_registry(site) == {"small": two[0], "foreign": two[0], "other": two[1], "mine": two[1]}
        with site.database.read() as session:
            stamp = session.scalar(select(RegistryState.value))
        assert stamp == alias_stamp(site.folders.alias_file)

    def test_a_name_it_took_is_a_conflict(self, site: GenomeSite, two: tuple[str, str]) -> None:
        self.write(site, "foreign", two[0])
        with pytest.raises(ConflictError):
            site.alias.set("foreign", two[1])

    def test_names_of_collections_that_are_no_genomes_resolve(
        self, site: GenomeSite, two: tuple[str, str], tmp_path: Path
    ) -> None:
        from gtars.refget import RefgetStore

        from support.sequences import write_fasta

        store = RefgetStore.on_disk(str(site.folders.store))
        third = write_fasta(tmp_path / "engine" / "third.fa", ">x\nACGT\n")
        digest = store.add_sequence_collection_from_fasta(str(third))[0].digest
        store.add_collection_alias("refgenie", "third", digest)
        site.alias.sync_copy()

        assert site.alias.resolve("third") == digest
        assert "third" not in in_registry(site)


def test_a_stale_copy_is_never_answered_from(site: GenomeSite, two: tuple[str, str]) -> None:
    def tamper(session: object) -> None:
        row = session.get(Alias, "small")  # type: ignore[attr-defined]
        row.genome_digest = two[1]
        session.get(RegistryState, "alias_stamp").value = "1:1"  # type: ignore[attr-defined]

    site.database.write(tamper)
    assert site.alias.resolve("small") == two[0]


def test_a_current_copy_is_what_is_answered_from(site: GenomeSite, two: tuple[str, str]) -> None:
    """The common case is one row: the file is not read where the stamp fits."""

    def tamper(session: object) -> None:
        session.get(Alias, "small").genome_digest = two[1]  # type: ignore[attr-defined]

    site.database.write(tamper)
    assert site.alias.resolve("small") == two[1]


def test_a_servers_own_rows_stay(site: GenomeSite, two: tuple[str, str]) -> None:
    site.database.write(
        lambda session: session.add(Alias(name="policy", genome_digest=two[0], source="server"))
    )
    site.alias.set("mine", two[1])
    assert in_registry(site)["policy"] == two[0]
    assert site.alias.resolve("policy") == two[0]
    assert AliasRecord("policy", two[0], "server") in site.alias.list()


def test_what_a_crash_before_the_registry_left_is_mended_by_the_same_command(
    site: GenomeSite, two: tuple[str, str]
) -> None:
    with site.locks.hold(STORE_LOCK):
        site.local.aliases.set_many({"new": two[0]})
    assert site.alias.resolve("new") == two[0]

    site.alias.set("new", two[0])
    assert in_registry(site)["new"] == two[0]


def test_repair_makes_the_tree_anew(site: GenomeSite, two: tuple[str, str]) -> None:
    stale = site.folders.genome_folder / "alias" / "gone"
    stale.mkdir(parents=True)
    assert site.alias.repair() == 2
    assert not stale.exists()


def _set_in_a_child(url: URL, folders: Folders, name: str, digest: str) -> None:
    database = Database.from_url(url)
    try:
        genome_site(database, folders).alias.set([name, f"{name}-too"], digest)
    finally:
        database.dispose()


def test_24_processes_that_name_at_once_lose_nothing(
    site: GenomeSite, two: tuple[str, str], database_url: URL
) -> None:
    context = multiprocessing.get_context("fork")
    children = [
        context.Process(
            target=_set_in_a_child, args=(database_url, site.folders, f"n{number}", two[number % 2])
        )
        for number in range(24)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0] * 24

    expected = {"small": two[0], "other": two[1]}
    for number in range(24):
        expected |= {f"n{number}": two[number % 2], f"n{number}-too": two[number % 2]}
    assert read_alias_file(site.folders.alias_file) == expected
    assert in_registry(site) == expected
    assert in_store(site) == expected
