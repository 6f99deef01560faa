"""Habits of the command line that no single room owns: values, several failures at once, upkeep."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest

from refgenie.assets import left_over
from refgenie.assets.service import AssetService
from refgenie.cli import app, hot
from support.console import Console
from support.in_process import InProcess
from support.sequences import write_fasta

ONE = ">chr1\nACGTACGTAC\n"
TWO = ">chr1\nTTTTTTTTTT\n"
# The names were looked for until the digest began with a dash.
DASHED = ">d139\nACGT\n"
DASHED_DIGEST = "-caXVOcafs2wzwWNH03vnzgvSQGJvhbH"


@pytest.fixture
def site(tmp_path: Path) -> Console:
    """A home with the genomes ``one`` and ``two``."""
    console = InProcess(tmp_path / "home")
    console("init").succeeded()
    for name, text in (("one", ONE), ("two", TWO)):
        fasta = write_fasta(tmp_path / f"{name}.fa", text)
        console("genome", "init", "--fasta", fasta, "--name", name).succeeded()
    return console


@pytest.mark.parametrize("group", [(), ("genome",)], ids=["program", "group"])
def test_without_a_command_there_is_help_and_no_error(site: Console, group: tuple[str, ...]) -> None:
    ended = site(*group)
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Usage: refgenie")
    assert "Commands:" in ended.stderr


def test_an_option_takes_several_values(site: Console) -> None:
    site("alias", "set", "-a", "first", "second", "-d", "one").succeeded()
    found = site("alias", "get", "-a", "second", "first", "--json").succeeded().json
    assert [alias["name"] for alias in found] == ["first", "second"]
    site("alias", "remove", "-a", "first", "second").succeeded()
    assert {alias["name"] for alias in site("alias", "get", "-g", "one", "two", "--json").json} == {
        "one",
        "two",
    }


def test_regions_keep_their_order(site: Console) -> None:
    for regions in (("-l", "chr1:0-2", "chr1:2-5"), ("-l", "chr1:0-2", "-l", "chr1:2-5")):
        assert site("getseq", "-g", "one", *regions).succeeded().stdout == "AC\nGTA\n"


def test_a_digest_with_a_dash_is_staged(site: Console, tmp_path: Path) -> None:
    fasta = write_fasta(tmp_path / "dashed.fa", DASHED)
    assert (
        site("genome", "init", "--fasta", fasta, "--name", "dashed").succeeded().stdout.strip()
        == DASHED_DIGEST
    )
    site("build", f"{DASHED_DIGEST}/fasta").succeeded()
    site("stage", f"{DASHED_DIGEST}/fasta").succeeded()
    assert {item["genome_digest"] for item in site("stage", "list", "--json").json} == {DASHED_DIGEST}


def test_seek_names_all_that_is_missing(site: Console) -> None:
    site("build", "one/fasta").succeeded()
    ended = site("seek", "one/nothing", "one/fasta", "two/fasta")
    assert (ended.code, ended.stdout) == (3, "")
    assert "one/nothing" in ended.stderr
    assert "two/fasta" in ended.stderr


def test_seek_makes_what_it_can_and_names_the_rest(site: Console) -> None:
    ended = site("seek", "one/nothing", "one/fasta", "two/nothing", "--pull", "--build")
    assert (ended.code, ended.stdout) == (3, "")
    assert "one/nothing" in ended.stderr
    assert "two/nothing" in ended.stderr
    site("seek", "-e", "one/fasta").succeeded()


def test_seek_builds_the_inputs_that_cannot_be_pulled(site: Console, tmp_path: Path) -> None:
    (tmp_path / "class.yaml").write_text(
        "name: size\nversion: 1.0\nseek_keys:\n  size: {value: made, type: file, description: x}\n"
    )
    (tmp_path / "recipe.yaml").write_text(
        "name: size\nversion: 1.0\ndescription: x\noutput_asset_class: size\n"
        "input_assets: {fasta: {asset_class: fasta, default: fasta}}\n"
        "command_templates: ['wc -c <{{values.assets.fasta}} >{{values.output_folder}}/made']\n"
    )
    site("asset-class", "add", tmp_path / "class.yaml").succeeded()
    site("recipe", "add", tmp_path / "recipe.yaml").succeeded()
    site("seek", "one/size", "--pull", "--build").succeeded()
    assert {asset["asset_group_name"] for asset in site("list", "--json").json} == {"fasta", "size"}


def test_what_is_done_to_assets_is_not_done_to_their_seek_keys(site: Console) -> None:
    site("build", "one/fasta").succeeded()
    for words in (
        ("remove", "-y", "one/fasta.fai"),
        ("rename", "one/fasta.fai", "-n", "other"),
        ("default", "one/fasta.fai:default"),
        ("add", "one/other.fai", "--path", site.home, "--asset-class", "fasta"),
        ("stage", "one/fasta.fai"),
    ):
        ended = site(*words)
        assert (ended.code, ended.stdout) == (2, "")
        assert "names a seek key" in ended.stderr
    assert [asset["name"] for asset in site("list", "--json").json] == ["default"]


def test_show_says_how_an_asset_was_built(site: Console) -> None:
    site("build", "one/fasta", "--source", "https://example.org/one.fa").succeeded()
    shown = site("asset", "show", "one/fasta").succeeded().stdout
    said = site("asset", "show", "one/fasta", "--json").json["provenance"]
    for part in (said["host"], said["refgenie_version"], f"{said['wall_seconds']} s", said["source"],
                 said["commands"][0]["command"]):  # fmt: skip
        assert part in shown


def test_show_passes_over_a_provenance_of_another_shape(site: Console) -> None:
    site("build", "one/fasta").succeeded()
    sent = {"host": "far", "commands": ["x"], "params": [], "input_files": {"a": "b"}, "container": "c",
            "peak_memory_bytes": "much", "source": ["s"]}  # fmt: skip
    with contextlib.closing(sqlite3.connect(site.home / "refgenie")) as registry, registry:
        registry.execute("UPDATE asset SET provenance = ?", [json.dumps(sent)])
    assert " on far" in site("asset", "show", "one/fasta").succeeded().stdout
    assert site("asset", "show", "one/fasta", "--json").succeeded().json["provenance"] == sent


def test_a_remote_is_looked_for_before_anything_is_built(site: Console) -> None:
    for option in ((), ("--snakefile",)):
        ended = site("build", "one/fasta", "--push-to", "nowhere", *option)
        assert (ended.code, ended.stdout) == (3, "")
        assert "nowhere" in ended.stderr
    assert site("list", "--json").json == []


def test_id_names_all_that_is_missing(site: Console) -> None:
    ended = site("id", "one/fasta", "two/fasta")
    assert (ended.code, ended.stdout) == (3, "")
    assert "one/fasta" in ended.stderr
    assert "two/fasta" in ended.stderr


def test_a_remote_that_is_none_does_not_keep_the_others(site: Console) -> None:
    site("remote", "add", "--type", "s3", "--prefix", "s3://bucket/x", "--name", "bucket").succeeded()
    assert site("remote", "remove", "-y", "none", "bucket").code == 3
    assert site("remote", "list", "--json").json == []


def test_texts_have_json_too(site: Console) -> None:
    site("build", "one/fasta").succeeded()
    path = site("seek", "one/fasta").stdout
    assert site("populate", "--json", "refgenie://one/fasta").succeeded().json == {"text": path}
    assert "refgenie-build-fasta" in site("asset", "log", "one/fasta", "--json").succeeded().json["log"]


def test_a_genome_goes_with_its_assets(site: Console) -> None:
    site("build", "one/fasta").succeeded()
    asked = site("genome", "remove", "one")
    assert asked.code == 2
    assert "with all assets" in asked.stderr
    site("genome", "remove", "-y", "one").succeeded()
    assert [genome["aliases"] for genome in site("genome", "list", "--json").json] == [["two"]]
    assert site("list", "--json").json == []


def test_what_is_said_of_a_genome_outlives_the_database(site: Console) -> None:
    site("build", "one/fasta").succeeded()
    site("genome", "set-metadata", "one", "--description", "The first", "--species", "Phage x").succeeded()
    (site.home / "refgenie").unlink()
    site("doctor", "--rebuild", "-y").succeeded()
    shown = site("genome", "show", "one", "--json").succeeded().json
    assert (shown["description"], shown["species_name"]) == ("The first", "Phage x")


@pytest.mark.parametrize("damage", [b"no database at all" * 300, None], ids=["other", "malformed"])
def test_a_damaged_registry_is_made_anew_as_the_hint_says(site: Console, damage: bytes | None) -> None:
    site("build", "one/fasta").succeeded()
    registry = site.home / "refgenie"
    content = registry.read_bytes()
    registry.write_bytes(damage or content[:100] + b"\xff" * (len(content) - 100))
    ended = site("list")
    assert ended.code == 5
    commands = ended.stderr.partition("genome folder: ")[2].strip()
    move, _, rebuild = commands.partition("; ")
    subprocess.run(move.split(), check=True)
    assert rebuild == "refgenie doctor --rebuild"
    site("doctor", "--rebuild", "-y").succeeded()
    assert [asset["name"] for asset in site("list", "--json").json] == ["default"]


def test_a_file_name_that_is_no_utf8_is_told_and_shown_as_it_is(site: Console, tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9.txt")
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / odd).write_text("x")
    site("asset-class", "add", _odd_class(tmp_path)).succeeded()
    ended = site("add", "one/odd", "--path", folder, "--asset-class", "odd")
    assert ended.code == 5
    assert "is not UTF-8" in ended.stderr
    site("build", "one/fasta").succeeded()
    content = Path(site("seek", "--abs", "one/fasta").stdout.strip()).parent
    content.chmod(0o755)
    (content / odd).write_text("extra")
    # Another process: the helper decodes what a command prints as UTF-8.
    child = site.start("verify", "one/fasta")
    assert child.stdout is not None
    assert b"caf\xe9.txt" in child.stdout.buffer.read()
    assert child.wait(60) == 6


def _odd_class(folder: Path) -> Path:
    path = folder / "odd.yaml"
    path.write_text("name: odd\nversion: 1\ndescription: d\nseek_keys: {odd: {value: ., type: directory}}\n")
    return path


def test_a_folder_that_holds_itself_is_refused(site: Console, tmp_path: Path) -> None:
    folder = tmp_path / "round"
    (folder / "a").mkdir(parents=True)
    (folder / "b").mkdir()
    (folder / "a" / "x").symlink_to("../b")
    (folder / "b" / "y").symlink_to("../a")
    (folder / "a" / "file").write_text("x")
    site("asset-class", "add", _odd_class(tmp_path)).succeeded()
    ended = site("add", "one/odd", "--path", folder, "--asset-class", "odd")
    assert ended.code == 5
    assert "leads to a folder that it is in" in ended.stderr


def test_doctor_finds_sequences_that_no_collection_uses(
    site: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = next((site.genome_folder / ".refget_store" / "sequences").rglob("*.seq"))
    left = known.with_name("A" * 32 + ".seq")
    left.write_bytes(known.read_bytes())
    site("doctor").succeeded()  # it may be of an import that has not ended
    monkeypatch.setattr(left_over, "SETTLED_AFTER", -1.0)
    found = site("doctor", "--json")
    assert found.code == 6
    assert [item["kind"] for item in found.json["findings"]] == ["sequences that no collection uses"]
    site("doctor", "--fix").succeeded()
    assert not left.exists()
    assert known.exists()
    site("doctor").succeeded()


def test_doctor_says_what_it_leaves(site: Console) -> None:
    site("build", "one/fasta").succeeded()
    index = Path(site("seek", "one/fasta.fai", "--abs").stdout.strip())
    index.unlink()
    ended = site("doctor", "--fix")
    assert ended.code == 6
    assert "left to you" in ended.stdout


def test_doctor_names_what_a_hand_put_among_the_content(site: Console) -> None:
    site("build", "one/fasta").succeeded()
    group = Path(site("seek", "one/fasta", "--abs").stdout.strip()).parent.parent
    (group / "mine").mkdir()
    (group.parent.parent / "notes.txt").write_text("x")
    found = site("doctor", "--fix", "--json")
    assert found.code == 6
    assert [Path(item["where"]).name for item in found.json["findings"]] == ["mine", "notes.txt"]
    assert (group / "mine").is_dir()


def test_a_folder_that_was_moved_is_named(site: Console, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    site("build", "one/fasta").succeeded()
    site.genome_folder.rename(elsewhere)
    ended = site("seek", "one/fasta")
    assert ended.code == 3
    assert f"there is no genome folder {site.genome_folder}" in ended.stderr
    assert "refgenie init --genome-folder" in ended.stderr
    moved = site("init", "--genome-folder", elsewhere).succeeded()
    assert moved.stderr == f"created genome folder {elsewhere}\n"
    assert site("seek", "-e", "one/fasta").succeeded().stdout.startswith(f"{elsewhere}/")


def test_a_bug_ends_with_70_and_a_report(
    site: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("for the test")

    monkeypatch.setattr(AssetService, "list", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = site("list")
    assert (ended.code, ended.stdout) == (70, "")
    error, hint = ended.stderr.splitlines()
    assert error == "error: refgenie has a bug: ZeroDivisionError: for the test"
    report = next(Path(word) for word in hint.split() if word.startswith("/"))
    assert "in broken" in report.read_text()
    assert "Traceback" in site("--log-level", "DEBUG", "list").stderr


@pytest.mark.parametrize("words", [("list", "--json"), ("doctor", "--json")])
def test_an_answer_that_cannot_be_written_is_told(run_cli: Console, words: tuple[str, ...]) -> None:
    run_cli("init").succeeded()
    with Path("/dev/full").open("wb") as full:
        child = run_cli.start(*words, stdout=full)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 9
    assert said.splitlines() == [
        "error: no space left on the disk: what is written",
        "hint: free some space and run the command again",
    ]


@pytest.mark.parametrize("words", ["list", "seek phage/fasta", "doctor"])
def test_closed_outputs_are_no_bug(run_cli: Console, words: str) -> None:
    run_cli("init").succeeded()
    command = f"refgenie {words} >&- 2>&-"
    ended = subprocess.run(["sh", "-c", command], env=run_cli.environment(), check=False)
    assert ended.returncode == (3 if "seek" in words else 0)


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [("remove one/fasta", "There is no terminal to answer at", 2), ("populate", "", 0)],
)
def test_a_closed_input_is_an_empty_one(run_cli: Console, words: str, said: str, code: int) -> None:
    run_cli("init").succeeded()
    ended = subprocess.run(
        ["sh", "-c", f"refgenie {words} <&-"],
        env=run_cli.environment(),
        capture_output=True,
        check=False,
        text=True,
    )
    assert ended.returncode == code
    assert said in ended.stderr


def test_an_interrupt_before_the_command_begins_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "run", interrupted)
    monkeypatch.setattr("sys.argv", ["refgenie", "list"])
    with pytest.raises(SystemExit) as caught:
        hot.main()
    assert (caught.value.code, capsys.readouterr().err) == (130, "error: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_of_a_command_is_told_once(site: Console, tmp_path: Path, number: int) -> None:
    pipe = tmp_path / "endless.fa"
    os.mkfifo(pipe)
    running = site.start("genome", "init", "--fasta", pipe, "--name", "endless")
    with pipe.open("wb") as text:
        text.write(b">chr1\nACGT")
        text.flush()
        running.send_signal(number)
        said, errors = running.communicate(timeout=30)
    assert (running.returncode, said, errors) == (130, "", "error: interrupted\n")


def test_a_damaged_store_is_named_by_build_and_verify_and_mended_from_the_fasta(
    site: Console, tmp_path: Path
) -> None:
    # `one` and `two` have one sequence each.
    for stored in (site.genome_folder / ".refget_store" / "sequences").rglob("*.seq"):
        content = bytearray(stored.read_bytes())
        content[0] ^= 0xFF
        stored.chmod(0o644)
        stored.write_bytes(content)
    built = site("build", "one/fasta")
    assert built.code == 6
    assert "hint: refgenie verify one" in built.stderr
    found = site("verify", "one", "--json")
    assert found.code == 6
    assert [fault["fault"] for fault in found.json["faults"]] == ["altered"]
    assert "1 fault was found" in found.stderr
    site("verify", "one", "--repair", tmp_path / "one.fa").succeeded()
    site("build", "one/fasta").succeeded()
