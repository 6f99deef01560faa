"""The command line of genomes: answers on standard output, the rest on standard error, exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.console import Console
from support.disks import small_disk
from support.in_process import InProcess
from support.sequences import SMALL, tree, write_fasta

OTHER = ">chr1\nTTTTTTTTTT\n>chr9\nACACACAC\n"
LAMBDA = "gi|9626243|ref|NC_001416.1|"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, lambda_fasta: Path) -> Console:
    """A home with the genomes ``lambda`` and ``small``; tests that write copy it."""
    folder = tmp_path_factory.mktemp("cli")
    console = InProcess(folder / "home")
    console("init").succeeded()
    console("genome", "init", "--fasta", lambda_fasta, "--name", "lambda").succeeded()
    small = write_fasta(folder / "small.fa", SMALL)
    console("genome", "init", "--fasta", small, "--name", "small", "--alias", "tiny").succeeded()
    return console


@pytest.fixture
def own(home: Console, tmp_path: Path) -> Console:
    """A home of this test's own."""
    shutil.copytree(home.home, tmp_path / "home", symlinks=True)
    config = tmp_path / "home" / "refgenie_db_config.yaml"
    config.write_text(config.read_text().replace(str(home.home), str(tmp_path / "home")))
    console = InProcess(tmp_path / "home")
    console("init", "--genome-folder", tmp_path / "home" / "genomes").succeeded()
    return console


def digest_of(console: Console, alias: str) -> str:
    found = console("alias", "get", "-a", alias, "--json").succeeded().json
    digest: str = found[0]["genome_digest"]
    return digest


class TestInit:
    def test_prints_the_digest_and_says_what_is_known(self, own: Console, tmp_path: Path) -> None:
        fasta = write_fasta(tmp_path / "o.fa", OTHER)
        made = own("genome", "init", "--fasta", fasta, "--name", "o", "--species", "X y").succeeded()
        assert made.stdout == digest_of(own, "o") + "\n"
        assert "registered" in made.stderr

        again = own(
            "genome", "init", "--fasta", fasta, "--name", "o", "--alias", "p", "--description", "d", "--json"
        ).succeeded()
        assert "known already" in again.stderr
        assert (again.json["was_new"], again.json["aliases"], again.json["description"]) == (
            False,
            ["o", "p"],
            "d",
        )

        shown = own("genome", "show", "p", "--json").succeeded().json
        assert (shown["species_name"], shown["sequences"], shown["total_length"]) == ("X y", 2, 18)

    def test_faults_have_their_exit_codes_and_change_nothing(self, own: Console, tmp_path: Path) -> None:
        before = tree(own.genome_folder / ".refget_store")
        fasta = write_fasta(tmp_path / "o.fa", OTHER)
        bad = write_fasta(tmp_path / "bad.fa", ">a\nACGT\n>a\nACGT\n")
        for code, arguments in (
            (4, ("--fasta", fasta, "--name", "lambda")),
            (4, ("--fasta", fasta, "--name", "o", "--alias", "tiny")),
            (5, ("--fasta", bad, "--name", "bad")),
            (5, ("--fasta", fasta, "--name", "a/b")),
            (5, ("--fasta", tmp_path, "--name", "folder")),
            (3, ("--fasta", tmp_path / "nope.fa", "--name", "nope")),
            (3, ("--fasta", fasta, "--name", "o", "--fhr", tmp_path / "nope.json")),
            (2, ("--name", "o")),
            (2, ("--fasta", fasta)),
            (2, ("--fasta", fasta, "--name", "o", "--remote-url", "http://127.0.0.1:1")),
            (2, ("--remote-url", "http://127.0.0.1:1", "--name", "o")),
            (7, ("--remote-url", "http://127.0.0.1:1", "--remote-digest", "A" * 32, "--name", "o")),
        ):
            ended = own("genome", "init", *arguments)
            assert (ended.code, ended.stdout) == (code, ""), (arguments, ended.stderr)
            assert ended.stderr.startswith("error: "), ended.stderr
        assert tree(own.genome_folder / ".refget_store") == before


class TestGenome:
    def test_list_and_show(self, home: Console) -> None:
        listed = home("genome", "list", "--json").succeeded().json
        assert [genome["aliases"] for genome in listed] == [["lambda"], ["small", "tiny"]]
        assert "tiny" in home("genome", "list").succeeded().stdout
        assert "48502" in home("genome", "show", "lambda").succeeded().stdout

    def test_unknown_names_suggest_the_nearest(self, home: Console) -> None:
        ended = home("genome", "show", "lamda")
        assert (ended.code, ended.stdout) == (3, "")
        assert "did you mean lambda?" in ended.stderr

    def test_metadata(self, own: Console, tmp_path: Path) -> None:
        fhr = tmp_path / "fhr.json"
        fhr.write_text(json.dumps({"schemaVersion": 1, "genome": "Small one", "version": "1"}))
        own("genome", "set-metadata", "small", "--description", "d", "--fhr", fhr).succeeded()
        shown = own("genome", "show", "small", "--json").json
        assert (shown["description"], shown["fhr"]["genome"]) == ("d", "Small one")
        assert own("genome", "set-metadata", "small").code == 2

    def test_remove_asks_first(self, own: Console) -> None:
        assert own("genome", "remove", "small").code == 2
        ended = own("genome", "remove", "-y", "small", "nope")
        assert ended.code == 3
        assert [genome["aliases"] for genome in own("genome", "list", "--json").json] == [["lambda"]]


class TestAlias:
    def test_set_get_remove(self, own: Console) -> None:
        digest = digest_of(own, "small")
        own("alias", "set", "-a", "one", "-a", "two", "-d", digest).succeeded()
        names = {item["name"] for item in own("alias", "get", "-g", digest, "--json").json}
        assert names == {"small", "tiny", "one", "two"}

        assert own("alias", "set", "-a", "new", "-a", "lambda", "-d", digest).code == 4
        assert own("alias", "set", "-a", "new", "-d", "A" * 32).code == 3
        assert own("alias", "get", "-a", "new").code == 3
        own("alias", "set", "-a", "lambda", "-d", digest, "--force", "--reset").succeeded()
        assert [item["name"] for item in own("alias", "get", "--json").json] == ["lambda"]

        assert own("alias", "remove", "-a", "lambda", "-a", "nope").code == 3
        own("alias", "remove", "-a", "lambda").succeeded()
        assert own("alias", "get", "--json").json == []

    def test_a_digest_that_begins_with_a_dash_is_an_argument(self, home: Console) -> None:
        dashed = "-" + "A" * 31
        for arguments in (
            ("genome", "show", dashed),
            ("getseq", dashed, "chr1"),
            ("seek", f"{dashed}/fasta"),
            ("alias", "set", "-a", "x", "-d", dashed),
            ("compare", dashed, "small"),
        ):
            ended = home(*arguments)
            assert ended.code == 3, ended.stderr
            assert dashed in ended.stderr


class TestGetseq:
    def test_equals_samtools(
        self, home: Console, lambda_fasta: Path, tmp_path: Path, require_program: Callable[..., Path]
    ) -> None:
        samtools = require_program("samtools")
        fasta = shutil.copy(lambda_fasta, tmp_path / "lambda.fa")

        def faidx(*arguments: str) -> str:
            return subprocess.run(
                [samtools, "faidx", fasta, *arguments], check=True, capture_output=True, text=True
            ).stdout

        region = f"{LAMBDA}:101-350"
        ours = home("getseq", "lambda", region, "--one-based", "--fasta").succeeded().stdout
        assert ours == faidx(region)
        ours = (
            home("getseq", "lambda", region, "--one-based", "--fasta", "--reverse-complement")
            .succeeded()
            .stdout
        )
        assert ours == faidx("-i", region)
        assert home("getseq", "lambda", LAMBDA, "--fasta").succeeded().stdout == faidx(LAMBDA)
        plain = home("getseq", "lambda", f"{LAMBDA}:0-60").succeeded().stdout
        assert plain == "".join(faidx(f"{LAMBDA}:1-60").splitlines()[1:]) + "\n"

    def test_ways_to_ask(self, home: Console, tmp_path: Path) -> None:
        assert (
            home("getseq", "-g", "small", "-l", "chr1:0-4", "-l", "chr2:2").succeeded().stdout
            == "ACGT\nGGCCCC\n"
        )
        assert home("getseq", "small", "chr1:12-16", "--keep-case").succeeded().stdout == "acgt\n"
        bed = tmp_path / "r.bed"
        bed.write_text("# regions\nchr2\t0\t4\tx\nchr1\t2\t9\n")
        assert home("getseq", "small", "--bed", bed).succeeded().stdout == "GGGG\nGTACGTN\n"
        assert home("getseq", "small", "--bed", "-", stdin="chr2\t0\t1\n").succeeded().stdout == "G\n"
        assert home("getseq", "small", "chr2", "--json").json == [
            {"start": 0, "end": 8, "name": "chr2", "strand": "+", "sequence": "GGGGCCCC"}
        ]

    def test_faults(self, home: Console, tmp_path: Path) -> None:
        bed = tmp_path / "bad.bed"
        bed.write_text("chr1\tx\t5\n")
        for code, said, arguments in (
            (5, "16 residues", ("small", "chr1:0-99")),
            (5, "no range", ("small", "chr1:a-b")),
            (3, "chrX", ("small", "chrX:0-5")),
            (3, "did you mean small?", ("smal", "chr1")),
            (5, "line 1", ("small", "--bed", bed)),
            (3, "nope.bed", ("small", "--bed", tmp_path / "nope.bed")),
            (2, "no region", ("small",)),
            (2, "no genome", ()),
        ):
            ended = home("getseq", *arguments)
            assert (ended.code, ended.stdout) == (code, ""), (arguments, ended.stderr)
            assert said in ended.stderr


class TestCompare:
    def test_words_document_and_flags(self, home: Console, tmp_path: Path) -> None:
        renamed = write_fasta(tmp_path / "renamed.fa", SMALL.replace(">chr", ">"))
        said = home("compare", "small", renamed, "--flags").succeeded().stdout
        assert said.startswith("A and B have the same sequences under other names\n")
        assert "names only in A: chr1, chr2, chrM" in said
        assert "CONTENT_ALL_A_IN_B" in said

        document = home("compare", "small", "tiny", "--json").succeeded().json
        digest = digest_of(home, "small")
        assert document["digests"] == {"a": digest, "b": digest}
        assert document["array_elements"]["a_and_b_same_order"]["sequences"] is True
        assert "flags" not in document
        assert home("compare", "small", "tiny", "--json", "--flags").json["flags"]["value"] == 2047

    def test_faults(self, home: Console) -> None:
        assert home("compare", "small", "smal").code == 3
        assert home("compare", "small", "http://127.0.0.1:1/x").code == 2
        assert home("compare", "small", f"http://127.0.0.1:1/x#{'A' * 32}").code == 7


def test_reading_leaves_no_trace(home: Console) -> None:
    before = tree(home.home)
    real = Console(home.home)
    for arguments in (
        ("genome", "list"),
        ("genome", "show", "small"),
        ("alias", "get"),
        ("getseq", "small", "chr1:0-5"),
        ("getseq", "small", "chr1", "--fasta", "--keep-case"),
        ("compare", "small", "lambda"),
    ):
        real(*arguments).succeeded()
    assert tree(home.home) == before


def test_reading_works_where_nothing_can_be_written(home: Console) -> None:
    with small_disk() as disk:
        shutil.copytree(home.home, disk.folder / "home", symlinks=True)
        config = disk.folder / "home" / "refgenie_db_config.yaml"
        config.write_text(config.read_text().replace(str(home.home), str(disk.folder / "home")))
        read = InProcess(disk.folder / "home")
        moved = {"REFGENIE_GENOME_FOLDER": str(disk.folder / "home" / "genomes")}
        with disk.read_only():
            for arguments in (
                ("genome", "list"),
                ("genome", "show", "small"),
                ("alias", "get"),
                ("getseq", "small", "chr1:0-5", "--keep-case"),
                ("compare", "small", "lambda"),
            ):
                read(*arguments, env=moved).succeeded()
            refused = read("alias", "set", "-a", "x", "-d", "small", env=moved)
    assert (refused.code, refused.stdout) == (9, "")
    assert refused.stderr.startswith("error: ")


def test_a_genome_whose_list_of_sequences_was_set_aside_is_named_until_it_is_removed(own: Console) -> None:
    store = own.genome_folder / ".refget_store"
    digest = digest_of(own, "small")
    (store / "collections" / f"{digest}.rgsi").write_bytes(b"")
    (store / "sequences.rgsi").unlink()
    for command in (("doctor", "--fix"), ("doctor", "--fix"), ("doctor",)):
        told = own(*command, "--json")
        assert told.code == 6
        (remedy,) = (finding["remedy"] for finding in told.json["findings"] if finding["where"] == digest)
        assert "import the FASTA again" in remedy
    own("genome", "remove", "-y", "small").succeeded()
    own("gc").succeeded()
    assert own("doctor").code == 0
    assert not list(store.rglob("*.damaged"))
