"""The main job through the command line, with real programs on the genome of phage lambda."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest


@pytest.fixture
def cli(run_cli, lambda_fasta):
    run_cli("init").succeeded()
    run_cli("genome", "init", "--fasta", lambda_fasta, "--name", "lambda").succeeded()
    return run_cli


def add_recipe(cli, folder, asset_class, recipe):
    """Register an asset class and a recipe for it, both given as YAML."""
    for kind, document in (("asset-class", asset_class), ("recipe", recipe)):
        (folder / f"{kind}.yaml").write_text(document)
        cli(kind, "add", folder / f"{kind}.yaml").succeeded()


def test_indexes_are_built_in_order_and_work(cli, lambda_fasta, tmp_path, require_program):
    require_program("bwa", "bowtie2-build", "bowtie2", "samtools")
    built = cli("build", "lambda/bwa_index", "lambda/bowtie2_index", "lambda/fasta").succeeded()
    assert [line.partition(":")[0] for line in built.stdout.split()] == [
        "lambda/fasta",
        "lambda/bwa_index",
        "lambda/bowtie2_index",
    ]
    exported = Path(cli("seek", "lambda/fasta").stdout.strip())
    sequence = exported.read_text().split("\n", 1)[1].replace("\n", "")
    assert sequence == lambda_fasta.read_text().split("\n", 1)[1].replace("\n", "")
    own_index = exported.with_name(exported.name + ".fai").read_bytes()
    copy = tmp_path / "copy.fa"
    copy.write_bytes(exported.read_bytes())
    subprocess.run(["samtools", "faidx", copy], check=True)
    assert (tmp_path / "copy.fa.fai").read_bytes() == own_index
    reads = tmp_path / "reads.fa"
    reads.write_text(f">read\n{sequence[1000:1080]}\n")
    index = cli("seek", "lambda/bowtie2_index").stdout.strip()
    aligned = subprocess.run(
        ["bowtie2", "-f", "-x", index, "-U", reads, "--no-hd"], check=True, capture_output=True, text=True
    ).stdout.split("\t")
    assert aligned[3] == "1001"
    index = cli("seek", "lambda/bwa_index").stdout.strip()
    aligned = (
        subprocess.run(["bwa", "mem", index, reads], check=True, capture_output=True, text=True)
        .stdout.splitlines()[-1]
        .split("\t")
    )
    assert aligned[3] == "1001"
    again = cli("build", "lambda/bwa_index").succeeded()
    assert "is there already" in again.stderr
    assert again.stdout.strip() == built.stdout.split()[1]
    shown = cli("asset", "show", "lambda/bwa_index", "--json").json
    assert shown["provenance"]["input_assets"]["fasta"]["digest"] == cli("id", "lambda/fasta").stdout.strip()


def test_errors_of_builds_on_the_command_line(cli, tmp_path):
    missing = cli("build", "lambda/bwa_index")
    assert missing.code == 3
    assert missing.stdout == ""
    assert "lambda/bwa_index is built from lambda/fasta (input asset fasta)" in missing.stderr
    assert "hint: refgenie build lambda/fasta" in missing.stderr
    gone = cli("build", "lambda/fasta", "lambda/bwa_index", env={"PATH": f"{tmp_path}:/nowhere"})
    assert gone.code in {3, 8}
    unknown = cli("build", "lambda/fasta", "--params", "nonsense=1")
    assert unknown.code == 5
    assert "the recipe fasta has no parameter 'nonsense'; it has case" in unknown.stderr
    wrong = cli("build", "lambda/fasta.fai")
    assert wrong.code == 5
    assert "hint: refgenie build lambda/fasta\n" in wrong.stderr


def test_several_of_which_one_fails(cli, tmp_path):
    add_recipe(
        cli,
        tmp_path,
        "{name: bad, version: '1', description: x, seek_keys: {bad: {value: x}}}",
        "{name: bad, version: '1', description: x, output_asset_class: bad, command_templates: ['exit 5']}",
    )
    ended = cli("build", "lambda/bad", "lambda/fasta", "lambda/nothing")
    assert ended.code == 8
    assert ended.stdout == "lambda/fasta:default\n"
    assert "2 of the builds failed: lambda/bad lambda/nothing" in ended.stderr
    assert "exit code 5" in ended.stderr
    assert "no recipe makes nothing" in ended.stderr


def test_plan_and_requirements(cli):
    plan = cli("build", "lambda/bwa_index", "--deps", "build", "--plan", "--json").succeeded().json
    assert [(step["action"], step["registry_path"].partition(":")[0]) for step in plan] == [
        ("build", "lambda/fasta"),
        ("build", "lambda/bwa_index"),
    ]
    [needed] = cli("build", "lambda/bwa_index", "-q", "--json").succeeded().json
    assert needed["recipe_name"] == "bwa_index"
    assert list(needed["assets"]) == ["fasta"]
    assert cli("list", "--json").json == []


def test_a_new_genome_is_made_by_its_first_build(run_cli, tmp_path):
    run_cli("init").succeeded()
    fasta = tmp_path / "mine.fa"
    fasta.write_text(">c1\nACGTacgt\n")
    run_cli("build", "mine/fasta", "--files", f"fasta={fasta}").succeeded()
    assert run_cli("getseq", "mine", "c1:0-4").succeeded().stdout.strip() == "ACGT"
    assert Path(run_cli("seek", "mine/fasta").stdout.strip()).read_text() == fasta.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_with_130(cli, tmp_path, number):
    sign = tmp_path / "sign"
    add_recipe(
        cli,
        tmp_path,
        "{name: slow, version: '1', description: x, seek_keys: {slow: {value: x}}}",
        "{name: slow, version: '1', description: x, output_asset_class: slow,"
        f" command_templates: ['echo $$ >{sign}; sleep 300']}}",
    )
    running = cli.start("build", "lambda/slow")
    for _ in range(3000):
        if sign.exists() and sign.read_text():
            break
        time.sleep(0.01)
    running.send_signal(number)
    said, errors = running.communicate(timeout=30)
    assert (running.returncode, said) == (130, "")
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert cli("list", "--json").json == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(sign.read_text()), 0)


def test_what_is_built_is_staged_where_asked(cli):
    staged = cli("build", "lambda/fasta", "--stage").succeeded()
    assert staged.stdout == "lambda/fasta:default\n"
    assert {entry["asset_name"] for entry in cli("stage", "list", "--json").json} == {"default"}
    missing = cli("build", "lambda/fasta", "--push-to", "nowhere")
    assert (missing.code, missing.stdout) == (3, "")
    assert "error: there is no remote nowhere" in missing.stderr


def test_how_far_a_build_is_can_be_seen(cli, tmp_path):
    add_recipe(
        cli,
        tmp_path,
        "{name: seen, version: '1', description: x, seek_keys: {seen: {value: made}}}",
        "{name: seen, version: '1', description: x, output_asset_class: seen,"
        " command_templates: ['cp $REFGENIE_PROGRESS_FILE {{output_folder}}/made']}",
    )
    cli("build", "lambda/seen", env={"REFGENIE_PROGRESS_FILE": str(tmp_path / "progress")}).succeeded()
    [task] = json.loads(Path(cli("seek", "lambda/seen").stdout.strip()).read_text())
    assert task == {"text": "building lambda/seen", "done": 0, "total": None}


def test_what_cannot_be_staged_does_not_keep_the_rest_from_it(cli, tmp_path):
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "made").write_text("x")
    add_recipe(
        cli,
        tmp_path,
        "{name: one, version: '1', description: x, seek_keys: {one: {value: made}}}",
        "{name: one, version: '1', description: x, output_asset_class: one, command_templates: ['true']}",
    )
    cli("add", "lambda/one", "--path", linked, "--asset-class", "one", "--link").succeeded()
    ended = cli("build", "lambda/one", "lambda/fasta", "--stage")
    assert ended.code != 0
    assert ended.stdout == "lambda/one:default\nlambda/fasta:default\n"
    assert "not staged: lambda/one" in ended.stderr
    assert {entry["asset_group_name"] for entry in cli("stage", "list", "--json").json} == {"fasta"}
