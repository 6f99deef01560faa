"""`purge`: asked about, all records go, with --files all files, and what is left can be found again."""

from __future__ import annotations

from pathlib import Path

from support.in_process import InProcess


def test_a_lost_registry_is_made_anew_from_a_chosen_folder(tmp_path: Path) -> None:
    refgenie = InProcess(tmp_path / "home")
    elsewhere = tmp_path / "elsewhere"
    fasta = tmp_path / "phage.fa"
    fasta.write_text(">phage\nACGTACGT\n")
    refgenie("init", "--genome-folder", elsewhere).succeeded()
    refgenie("genome", "init", "--fasta", fasta, "--name", "phage").succeeded()
    (refgenie.home / "refgenie").unlink()
    told = refgenie("doctor", "--rebuild", "-y").succeeded().stderr
    assert f"nothing was found in {refgenie.genome_folder}" in told
    assert told.endswith("refgenie init --genome-folder FOLDER\n")
    refgenie("init", "--genome-folder", elsewhere).succeeded()
    assert "hint" not in refgenie("doctor", "--rebuild", "-y").succeeded().stderr
    assert refgenie("getseq", "phage", "phage").succeeded().stdout == "ACGTACGT\n"


def test_purge_and_rebuild(tmp_path: Path) -> None:
    refgenie = InProcess(tmp_path / "home")
    fasta = tmp_path / "phage.fa"
    fasta.write_text(">phage\nACGTACGT\n")
    elsewhere = tmp_path / "elsewhere"
    refgenie("init", "--genome-folder", elsewhere).succeeded()
    refgenie("genome", "init", "--fasta", fasta, "--name", "phage").succeeded()
    refgenie("build", "phage/fasta").succeeded()

    refused = refgenie("purge")
    assert refused.code == 2
    assert "--yes" in refused.stderr
    assert refgenie("seek", "-e", "phage/fasta").code == 0

    refgenie("remote", "add", "--type", "s3", "--prefix", "s3://bucket/x", "--name", "bucket").succeeded()
    refgenie("purge", "--force").succeeded()
    assert refgenie("seek", "phage/fasta").code == 3
    assert refgenie("list", "--json").json == []
    assert refgenie("remote", "list", "--json").json == []
    assert list(elsewhere.glob("data/*/fasta/*/*.fa"))

    refgenie("doctor", "--rebuild", "-y").succeeded()
    assert refgenie("seek", "-e", "phage/fasta").stdout.startswith(str(elsewhere))

    refgenie("stage", "phage/fasta").succeeded()
    notes = refgenie.archive_folder / "notes.txt"
    notes.write_text("somebody else's")
    refgenie("purge", "--files", "-y").succeeded()
    assert [path.name for path in refgenie.archive_folder.iterdir()] == [notes.name]
    assert not list(elsewhere.rglob("*.fa"))
    assert not (elsewhere / ".refget_store").exists()
    refgenie("init").succeeded()
    refgenie("genome", "init", "--fasta", fasta, "--name", "phage").succeeded()
