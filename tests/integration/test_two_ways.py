"""The fast entry point and the full command line give the same answers, errors and exit codes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.console import Console, Outcome
from support.fork_server import SCRIPT, fork_server
from support.postgres import write_database_config

WAYS = {"fast": SCRIPT, "full": "refgenie.cli.app:run"}


def ask(console: Console, way: str, questions: Sequence[Sequence[str]]) -> list[Outcome]:
    """How each command line ends, by the fast entry point or the full command line."""
    return [
        Outcome(*fork_server().run(words, console.environment(), console.home, entry=WAYS[way]))
        for words in questions
    ]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def console(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lambda_fasta: Path
) -> Iterator[Console]:
    """A home with two genomes; a test that changes it changes it back."""
    tmp_path = tmp_path_factory.mktemp("two_ways")
    made = Console(tmp_path / "home")
    with ExitStack() as stack:
        if request.param == "postgresql":
            server = request.getfixturevalue("postgres_server")
            url = server.create_database()
            stack.callback(server.drop_database, url)
            made.home.mkdir(parents=True)
            write_database_config(made.database_config, url)
        fill(made, tmp_path, lambda_fasta)
        yield made


def fill(made: Console, tmp_path: Path, lambda_fasta: Path) -> None:
    masked = tmp_path / "masked.fa"
    masked.write_text(">chr1 first\nACGTnnnnACGTACGT\n>HLA:1-4\nRYKMACGTAC\n>rna\nACGUACGU\n")
    made("init").succeeded()
    made("genome", "init", "--fasta", lambda_fasta, "--name", "lambda", "--alias", "phage").succeeded()
    made("genome", "init", "--fasta", masked, "--name", "masked").succeeded()
    made("build", "lambda/fasta", "masked/fasta").succeeded()
    made("add", "lambda/notes:v1.0", "--path", masked, "--asset-class", "fasta", "--seek-key", "fasta=masked.fa",
         "--seek-key", "fai=masked.fa", "--seek-key", "chrom_sizes=masked.fa").succeeded()  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_text_that_is_no_utf8_comes_out_as_it_went_in(console: Console, way: str) -> None:
    path = console("seek", "lambda/fasta").succeeded().stdout.strip()
    module, _, function = WAYS[way].partition(":")
    start = f"import sys; from {module} import {function}; sys.exit({function}())"
    words = [sys.executable, "-c", start, "populate", b"\xff refgenie://lambda/fasta"]
    strict = console.environment({"PYTHONIOENCODING": "utf-8:strict"})  # as in most locales, but not in C
    ended = subprocess.run(words, env=strict, check=True, capture_output=True)
    assert ended.stdout == b"\xff " + path.encode() + b"\n"


def test_both_ways_agree(console: Console) -> None:
    digest = console("alias", "get", "-a", "lambda", "--json").json[0]["genome_digest"]
    questions = [
        ("seek", "lambda/fasta"),
        ("seek", "phage/fasta.fai", "lambda/fasta.chrom_sizes"),
        ("seek", "--abs", "lambda/fasta"),
        ("seek", f"{digest}/fasta"),
        ("seek", "-e", "lambda/fasta"),
        ("seek", "lambda/notes:v1.0"),
        ("seek", "lambda/notes"),
        ("seek", "lambda/notes:v2.0"),
        ("seek", "lambda/fasta.gzi"),
        ("seek", "lambda/bwa_index"),
        ("seek", "lamda/fasta"),
        ("seek", "lambda"),
        ("seek", "lambda/fa sta"),
        ("seek", "lambda/fasta", "lamda/fasta"),
        ("seek",),
        ("seek", "--no-such-option", "lambda/fasta"),
        ("getseq", "masked", "chr1"),
        ("getseq", "masked", "chr1:2-9"),
        ("getseq", "masked", "chr1:5"),
        ("getseq", "masked", "HLA:1-4"),
        ("getseq", "masked", "HLA:1-4:0-2"),
        ("getseq", "masked", "rna:0-8"),
        ("getseq", "masked", "chr1:3-3"),
        ("getseq", "masked", "chr1:9-3"),
        ("getseq", "masked", "chr1:0-17"),
        ("getseq", "masked", "chr1:-1-3"),
        ("getseq", "masked", "chr9"),
        ("getseq", "masked", "chr9:0-3"),
        ("getseq", "masked", "chr1:0-1,6"),
        ("getseq", "masked", ""),
        ("getseq", "nothing", "chr1"),
        ("getseq", digest, "gi|9626243|ref|NC_001416.1|:0-60"),
    ]
    questions += [("populate", "x refgenie://lambda/fasta.fai, refgenie://phage/notes:v1.0."),
                  ("populate", "x refgenie://lambda/fasta refgenie://no/such refgenie://nor/this"),
                  ("populate", "nothing")]  # fmt: skip
    answers = zip(questions, ask(console, "fast", questions), ask(console, "full", questions), strict=True)
    for question, fast, full in answers:
        assert fast == full, question
    assert console("getseq", "masked", "HLA:1-4").stdout == "RYKMACGTAC\n"
    assert console("seek", "lamda/fasta").code == 3
    assert console("seek", "lambda/fa sta").code == 5


def test_a_store_that_another_tool_wrote_to_is_right(console: Console) -> None:
    """The registry's copy of the aliases is stale then; the store is the truth."""
    digest = console("alias", "get", "-a", "lambda", "--json").json[0]["genome_digest"]
    aliases = console.genome_folder / ".refget_store" / "aliases" / "collections" / "refgenie.tsv"
    before = aliases.read_bytes()
    aliases.write_bytes(before + f"enterobacteria\t{digest}\n".encode())
    region = "gi|9626243|ref|NC_001416.1|:0-4"
    questions = [
        ("seek", "enterobacteria/fasta"),
        ("getseq", "enterobacteria", region),
        ("seek", "lambda/fasta"),
    ]
    for way in ("fast", "full"):
        by_content, residues, known = ask(console, way, questions)
        assert "/data/" in by_content.succeeded().stdout
        assert residues.succeeded().stdout == "GGGC\n"
        known.succeeded()
    aliases.write_bytes(before)


def test_a_file_that_is_gone_is_not_found(console: Console) -> None:
    path = Path(console("seek", "--abs", "lambda/fasta").stdout.strip())
    aside = path.rename(path.with_suffix(".aside"))
    questions = [("seek", "lambda/fasta"), ("seek", "-e", "lambda/fasta")]
    fast, full = (ask(console, way, questions) for way in ("fast", "full"))
    assert [answer.code for answer in fast] == [0, 3]
    assert fast == full
    aside.rename(path)


def test_a_link_that_is_gone_leads_to_the_content(console: Console) -> None:
    content = console("seek", "--abs", "lambda/fasta").stdout
    link = Path(console("seek", "lambda/fasta").stdout.strip())
    aside = link.rename(link.with_suffix(".aside"))
    questions = [("seek", "lambda/fasta"), ("seek", "-e", "lambda/fasta")]
    for way in ("fast", "full"):
        assert [answer.stdout for answer in ask(console, way, questions)] == [content, content]
    aside.rename(link)
