"""Residues by region."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refgenie.core.region import Region
from refgenie.core.residues import reverse_complement
from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.genomes import retrieval
from support.genome_site import GenomeSite
from support.sequences import MIXED, SMALL, read_fasta, write_fasta

CHR1 = read_fasta(SMALL)["chr1"]


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("chr1", CHR1.upper()),
        ("chr1:2-9", CHR1.upper()[2:9]),
        ("chr1:12", CHR1.upper()[12:]),
        ("chr1:3-3", ""),
        (Region("chr2", 4, 8), "CCCC"),
    ],
)
def test_regions_are_zero_based_and_half_open(
    site: GenomeSite, two: tuple[str, str], region: str | Region, expected: str
) -> None:
    assert site.sequences.fetch("small", region) == expected
    assert site.sequences.fetch(two[0], region) == expected


def test_one_based_regions_hold_their_end(site: GenomeSite, two: tuple[str, str]) -> None:
    assert site.sequences.fetch("small", "chr1:3-9", one_based=True) == CHR1.upper()[2:9]


def test_case_is_kept_on_demand(site: GenomeSite, two: tuple[str, str]) -> None:
    assert site.sequences.fetch("small", "chr1:2-16", keep_case=True) == CHR1[2:16]
    assert site.sequences.fetch(
        "small", "chr1:2-16", keep_case=True, reverse_complement=True
    ) == reverse_complement(CHR1[2:16])


def test_out_of_range_tells_the_length(site: GenomeSite, two: tuple[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="16 residues"):
        site.sequences.fetch("small", "chr1:0-17")


@pytest.mark.parametrize("region", ["chrX", "chrX:0-5"])
def test_an_unknown_sequence_suggests_the_nearest(
    site: GenomeSite, two: tuple[str, str], region: str
) -> None:
    with pytest.raises(NotFoundError, match="chrX") as raised:
        site.sequences.fetch("small", region)
    assert raised.value.hint is not None
    assert "chr" in raised.value.hint


def test_a_genome_without_sequences_says_how_to_get_them(site: GenomeSite, two: tuple[str, str]) -> None:
    digest = "B" * 32
    site.database.write(lambda session: site.genome.register(session, digest))
    with pytest.raises(NotFoundError) as raised:
        site.sequences.fetch(digest, "chr1")
    assert raised.value.hint is not None
    assert "genome init" in raised.value.hint


def test_names_with_colons(site: GenomeSite, tmp_path: Path) -> None:
    fasta = write_fasta(tmp_path / "hla.fa", ">HLA-DRB1*15:01:01:01\nACGTACGT\n>gi|1|ref|NC_1.1|\nTTTTGGGG\n")
    site.genome.initialize_genome(fasta, "hla")
    assert site.sequences.fetch("hla", "HLA-DRB1*15:01:01:01") == "ACGTACGT"
    assert site.sequences.fetch("hla", "HLA-DRB1*15:01:01:01:2-4") == "GT"
    assert site.sequences.fetch("hla", "gi|1|ref|NC_1.1|:3-5") == "TG"


def test_the_other_strand_of_rna_and_protein(site: GenomeSite, tmp_path: Path) -> None:
    site.genome.initialize_genome(write_fasta(tmp_path / "mixed.fa", MIXED), "mixed")
    rna = read_fasta(MIXED)["rna"]
    # No U in the region itself: the sequence tells what A pairs with.
    assert site.sequences.fetch("mixed", "rna:0-3", reverse_complement=True) == "CGU"
    assert site.sequences.fetch("mixed", "rna", reverse_complement=True) == reverse_complement(rna, rna=True)
    with pytest.raises(InvalidInputError, match="protein"):
        site.sequences.fetch("mixed", "protein", reverse_complement=True)


class TestText:
    """What `getseq` prints."""

    def text(self, site: GenomeSite, *regions: str, **options: object) -> str:
        return "".join(site.sequences.text("small", regions, **options))  # type: ignore[arg-type]

    def test_a_line_for_each_region(self, site: GenomeSite, two: tuple[str, str]) -> None:
        assert self.text(site, "chr2:0-4", "chr1:3-3", "chr2") == "GGGG\n\nGGGGCCCC\n"

    def test_fasta(self, site: GenomeSite, two: tuple[str, str]) -> None:
        assert (
            self.text(site, "chr2", "chr1:2-9", fasta=True)
            == f">chr2\nGGGGCCCC\n>chr1:2-9\n{CHR1.upper()[2:9]}\n"
        )
        assert self.text(site, "chr1:3-9", fasta=True, one_based=True).startswith(">chr1:3-9\n")
        assert self.text(site, "chr2:0-3", fasta=True, reverse_complement=True) == ">chr2:0-3/rc\nCCC\n"

    def test_width(self, site: GenomeSite, two: tuple[str, str]) -> None:
        assert self.text(site, "chr2", width=3) == "GGG\nGCC\nCC\n"
        long = self.text(site, "chrM", fasta=True, width=10).splitlines()
        assert [len(line) for line in long[1:]] == [10, 10, 4]

    def test_nothing_is_given_where_one_region_is_wrong(self, site: GenomeSite, two: tuple[str, str]) -> None:
        pieces = site.sequences.text("small", ["chr2", "chr1:0-99"])
        with pytest.raises(InvalidInputError):
            next(pieces)

    def test_long_regions_come_in_pieces(
        self, site: GenomeSite, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retrieval, "PIECE", 5)
        assert self.text(site, "chrM:1-23", reverse_complement=True) == (
            reverse_complement("CGTACGTACGTACGTACGTAAA") + "\n"
        )


def test_records_have_bounds(site: GenomeSite, two: tuple[str, str]) -> None:
    found = site.sequences.records("small", ["chr1:12", "chr2"])
    assert [(item.name, item.start, item.end, item.sequence) for item in found] == [
        ("chr1", 12, 16, "ACGT"),
        ("chr2", 0, 8, "GGGGCCCC"),
    ]


@settings(max_examples=25, deadline=None)
@given(sequence=st.text("ACGTacgtNn", min_size=1, max_size=90), data=st.data())
def test_every_slice_of_every_sequence(
    tmp_path_factory: pytest.TempPathFactory, sequence: str, data: st.DataObject
) -> None:
    from support.sequences import local_mode

    mode = local_mode(tmp_path_factory.mktemp("slice") / "genomes")
    digest = mode.import_fasta(
        write_fasta(tmp_path_factory.mktemp("fa") / "x.fa", f">s\n{sequence}\n")
    ).collection.digest
    start = data.draw(st.integers(0, len(sequence) - 1))
    end = data.draw(st.integers(start, len(sequence)))
    with mode.open(digest) as reader:
        region = retrieval.locate(reader, f"s:{start}-{end}")
        assert "".join(retrieval.stream(reader, region, keep_case=True)) == sequence[start:end]
        other = "".join(retrieval.stream(reader, region, keep_case=True, other_strand=True))
        assert other == reverse_complement(sequence[start:end])
