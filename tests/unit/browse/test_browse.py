"""Lists, search, totals and descent, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select, update

from refgenie.browse.alignment import align
from refgenie.browse.asset_details import find_asset, get_asset
from refgenie.browse.assets import list_assets
from refgenie.browse.genomes import get_genome, list_genomes, species_counts
from refgenie.browse.lineage import MOST_NODES, lineage
from refgenie.browse.paging import PageQuery
from refgenie.browse.search import search
from refgenie.browse.totals import count_all, disk_use
from refgenie.browse.view import RegistryView
from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.db.models import Asset, AssetParent
from refgenie.errors import NotFoundError
from refgenie.sequences.model import SequenceInfo
from refgenie.server.catalog.served import served_asset
from support.served_home import GENOME, OTHER_GENOME, Home


@pytest.fixture
def home(database: Database, folders: Folders) -> Home:
    home = Home(database, folders)
    home.genome(GENOME, "hg38", "GRCh38", species_name="Homo sapiens", total_length=300)
    home.genome(OTHER_GENOME, "mm10", species_name="Mus musculus", description="50%_mouse", total_length=20)
    home.asset_class("fasta", ["file"], fasta=("{genome}.fa", "file"))
    home.recipe("fasta", "fasta")
    return home


@pytest.fixture
def view(home: Home) -> RegistryView:
    return RegistryView(home.database, home.mode)


def sequence(name: str, digest: str, length: int = 10) -> SequenceInfo:
    return SequenceInfo(name, length, digest, "", "dna2bit", "")


def test_genomes_are_found_by_name_species_description_and_digest(view: RegistryView) -> None:
    for words, digest in (
        ("grch", GENOME),
        ("SAPIENS", GENOME),
        (GENOME[:9], GENOME),
        ("mus m", OTHER_GENOME),
        ("0%_m", OTHER_GENOME),
    ):
        assert [row.digest for row in list_genomes(view, PageQuery(q=words)).items] == [digest], words


def test_percent_and_underscore_stand_for_themselves(view: RegistryView) -> None:
    assert list_genomes(view, PageQuery(q="h_38")).total == 0
    assert list_genomes(view, PageQuery(q="g%8")).total == 0


@pytest.mark.parametrize(
    ("sort", "descending", "first"),
    [
        ("name", False, "GRCh38"),
        ("name", True, "mm10"),
        ("total_length", False, "mm10"),
        ("assets", True, "mm10"),
        ("bytes", False, "GRCh38"),
        (None, False, "GRCh38"),
    ],
)
def test_genomes_are_sorted_by_any_column(
    home: Home, view: RegistryView, sort: str | None, descending: bool, first: str
) -> None:
    home.asset("fasta", {"x": b"1234"}, genome=OTHER_GENOME)
    page = list_genomes(view, PageQuery(sort=sort, descending=descending))
    assert page.items[0].name == first
    assert page.total == 2


def test_pages_do_not_overlap(home: Home, view: RegistryView) -> None:
    for number in range(7):
        home.asset("fasta", {"x": b"%d" % number}, name=f"v{number}", is_default=number == 0)
    pages = [list_assets(view, PageQuery(sort="size", offset=start, limit=3)) for start in (0, 3, 6, 9)]
    assert [len(page.items) for page in pages] == [3, 3, 1, 0]
    assert len({row.name for page in pages for row in page.items}) == 7


def test_an_asset_is_found_by_the_words_of_its_path(home: Home, view: RegistryView) -> None:
    home.asset("fasta", {"x": b"1"}, name="v1", is_default=True)
    home.asset("fasta", {"x": b"2"}, genome=OTHER_GENOME, name="v1", is_default=True)
    found = list_assets(view, PageQuery(q="hg38/fasta:v1")).items
    assert [row.genome_digest for row in found] == [GENOME]
    assert list_assets(view, PageQuery(q="mus fasta")).items[0].genome == "mm10"
    assert search(view, "hg38 fasta").assets[0].path == "GRCh38/fasta:v1"
    assert search(view, "fasta").recipes == ("fasta",)
    assert search(view, "   ").is_empty


def test_only_what_is_served_is_shown_where_that_is_the_condition(home: Home) -> None:
    served = RegistryView(home.database, home.mode, served_asset)
    hidden = home.asset("fasta", {"x": b"1"}, name="hidden", is_default=True)
    shown = home.asset("fasta", {"x": b"22"}, name="shown")
    home.stage(shown, "file")
    assert [row.name for row in list_assets(served, PageQuery()).items] == ["shown"]
    assert count_all(served).assets == 1
    assert get_genome(served, "hg38").bytes == 2
    assert search(served, "hidden").is_empty
    with pytest.raises(NotFoundError):
        get_asset(served, hidden)
    with pytest.raises(NotFoundError):
        find_asset(served, "hg38", "fasta")


def test_an_asset_whose_content_has_two_names_is_chosen_by_them(home: Home, view: RegistryView) -> None:
    digest = home.asset("fasta", {"x": b"same"}, name="a", is_default=True)
    assert home.asset("fasta", {"x": b"same"}, genome=OTHER_GENOME, name="b", is_default=True) == digest
    assert get_asset(view, digest).row.name == "a"
    chosen = get_asset(view, digest, genome="mm10", group="fasta", name="b")
    assert chosen.row.genome_digest == OTHER_GENOME
    assert [row.name for row in chosen.same_content] == ["a"]


def test_the_nearest_name_is_suggested(view: RegistryView) -> None:
    with pytest.raises(NotFoundError) as failure:
        get_genome(view, "hg83")
    assert failure.value.hint == "did you mean hg38?"


def test_disk_use_adds_up(home: Home, view: RegistryView) -> None:
    home.asset("fasta", {"x": b"1" * 10}, name="a", is_default=True)
    home.asset("other", {"x": b"1" * 5}, name="a", is_default=True)
    home.asset("fasta", {"x": b"1" * 3}, genome=OTHER_GENOME, is_default=True)
    use = disk_use(view, limit=1)
    assert [(entry.name, entry.bytes) for entry in use] == [("GRCh38", 15), ("1 other genomes", 3)]
    assert use[0].groups == (("fasta", 10), ("other", 5))
    assert sum(entry.bytes for entry in use) == count_all(view).bytes
    assert species_counts(view) == [("Homo sapiens", 1), ("Mus musculus", 1)]


def test_descent_has_parents_children_and_what_is_not_here(home: Home, view: RegistryView) -> None:
    parent = home.asset("fasta", {"x": b"p"}, is_default=True)
    child = home.asset("index", {"x": b"c"}, parents={"fasta": parent, "gtf": "f" * 64}, is_default=True)
    home.asset("late", {"x": b"g"}, parents={"index": child}, is_default=True)
    with home.database.read() as session:
        number = session.scalar(select(Asset.id).where(Asset.digest == child))
    assert number is not None
    found = lineage(view, number)
    labels = {relative.key: relative.label for relative in found.relatives}
    assert {
        (labels[a].partition("/")[2], labels[b].partition("/")[2], name) for a, b, name in found.edges
    } == {
        ("fasta:default", "index:default", "fasta"),
        ("gtf:default", "index:default", "gtf"),
        ("index:default", "late:default", "index"),
    }
    assert [relative.asset for relative in found.relatives if relative.digest == "f" * 64] == [None]
    assert not found.cut


def test_a_circle_of_parents_ends(home: Home, view: RegistryView) -> None:
    first = home.asset("fasta", {"x": b"1"}, is_default=True)
    second = home.asset("index", {"x": b"2"}, parents={"fasta": first}, is_default=True)
    with home.database.read() as session:
        a, b = (session.scalar(select(Asset.id).where(Asset.digest == d)) for d in (first, second))
    home.database.write(
        lambda session: session.add(
            AssetParent(asset_id=a, key="x", digest=second, registry_path="g/index:default", parent_id=b)
        )
    )
    assert a is not None
    assert len(lineage(view, a).relatives) == 2


def test_a_large_family_is_cut(home: Home, view: RegistryView) -> None:
    parent = home.asset("fasta", {"x": b"p"}, is_default=True)
    for number in range(MOST_NODES + 5):
        home.asset(
            "index",
            {"x": b"%d" % number},
            name=f"v{number}",
            parents={"fasta": parent},
            is_default=number == 0,
        )
    with home.database.read() as session:
        number = session.scalar(select(Asset.id).where(Asset.digest == parent))
    assert number is not None
    found = lineage(view, number)
    assert found.cut
    assert len(found.relatives) == MOST_NODES


def test_a_list_takes_the_same_number_of_statements_however_long_it_is(
    home: Home, view: RegistryView
) -> None:
    def statements(limit: int) -> int:
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            seen.append(statement)

        with home.database.read() as session:
            engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        try:
            list_assets(view, PageQuery(limit=limit))
            list_genomes(view, PageQuery(limit=limit))
            search(view, "fasta", limit=limit)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    for number in range(20):
        genome = home.genome(f"{number:032d}", f"genome{number}")
        home.asset("fasta", {"x": b"%d" % number}, genome=genome, is_default=True)
    home.database.write(lambda session: session.execute(update(Asset).values(recipe_id=None)))
    assert statements(2) == statements(20)


def test_sequences_are_paired_by_name_then_residues() -> None:
    a = [sequence("chr1", "d1"), sequence("chr2", "d2"), sequence("chr3", "d3"), sequence("chrU", "dU")]
    b = [sequence("2", "d2"), sequence("chr1", "d1"), sequence("chr3", "other"), sequence("new", "dN")]
    found = align(a, b)
    assert [
        (pair.a.name if pair.a else None, pair.b.name if pair.b else None, pair.state) for pair in found.pairs
    ] == [
        ("chr1", "chr1", "same"),
        ("chr2", "2", "renamed"),
        ("chr3", "chr3", "other_sequence"),
        ("chrU", None, "only_a"),
        (None, "new", "only_b"),
    ]
    assert found.moved == 1


def test_equal_sequences_are_paired_one_to_one() -> None:
    found = align(
        [sequence("a", "d"), sequence("b", "d"), sequence("c", "d")], [sequence("x", "d"), sequence("b", "d")]
    )
    assert found.counts["same"] == 1
    assert found.counts["renamed"] == 1
    assert found.counts["only_a"] == 1
    assert found.moved == 0
