"""Builds as a Snakefile, run by Snakemake itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from refgenie.build.request import BuildParams
from refgenie.errors import NotFoundError


@pytest.fixture
def chained(site):
    site.add_recipe("a", "echo a >{{values.output_folder}}/made", resources={"mem_mb": 900, "runtime": "2h"})
    site.add_recipe(
        "b",
        "echo {{values.params['threads']}} >{{values.output_folder}}/made",
        input_assets={"a": {"asset_class": "a", "default": "a"}},
        input_params={"threads": {"default": 2}},
    )
    return site


def test_rules_have_the_resources_and_what_they_need(chained):
    text = chained.builds.snakefile([chained.request("tiny/b", deps="build")])
    assert '        mem_mb=900,\n        runtime="2h",' in text
    assert 'rule all:\n    input:\n        "built/tiny/b",' in text
    second = text.partition("rule build_tiny_b:")[2]
    assert '    input:\n        "built/tiny/a",' in second
    assert "threads: 2\n" in second
    assert "refgenie build tiny/b --recipe=b --threads={threads}" in second
    text = chained.builds.snakefile([chained.request("tiny/b", deps="build", threads=4)])
    first, second = text.split("rule build_tiny_b:")
    assert "threads: 1\n" in first
    assert "threads: 4\n" in second


def test_what_is_asked_for_reaches_the_commands(chained, tmp_path):
    chained.add_recipe(
        "odd",
        "true",
        input_files={"f": {}},
        input_params={"p": {"default": ""}},
        resources={"cores": 6, "class": 1, "gpus": [1, 2]},
    )
    given = tmp_path / "a {b}.txt"
    given.touch()
    request = chained.request("tiny/odd:one", files={"f": given}, params={"p": "it's"}, test=True, force=True)
    text = chained.builds.snakefile([request], stage=True, push_to=["bucket"])
    assert f"'--files=f={tmp_path}/a {{{{b}}}}.txt'" in text
    assert "threads: 6\n" in text
    assert '# resources of the recipe that Snakemake does not know: {"class": 1, "gpus": [1, 2]}' in text
    assert "--test --force --stage --push-to=bucket" in text
    assert "--threads" not in text


def test_a_file_may_begin_with_a_tilde(chained, tmp_path, monkeypatch):
    chained.add_recipe("odd", "true", input_files={"f": {}})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~nouser").touch()
    text = chained.builds.snakefile([chained.request("tiny/odd", files={"f": "~nouser"})])
    assert f"--files=f={tmp_path}/~nouser" in text


def test_what_is_pulled_has_a_rule(chained):
    text = chained.builds.snakefile([chained.request("tiny/b", deps="pull")])
    assert "rule pull_tiny_a:" in text
    assert '"refgenie pull --large tiny/a"' in text


def test_what_cannot_be_built_is_told(chained):
    with pytest.raises(NotFoundError, match="tiny/b is built from tiny/a"):
        chained.builds.snakefile([chained.request("tiny/b")])


def test_nothing_is_done_twice(chained):
    chained.build("tiny/b", deps="build")
    chained.assets.remove("tiny", "a", force=True)
    text = chained.builds.snakefile(chained.builds.requests(["tiny/b"], BuildParams()))
    assert "rule all:" in text
    assert "refgenie build" not in text


def test_snakemake_builds_it(run_cli, tmp_path):
    run_cli("init").succeeded()
    (tmp_path / "mine.fa").write_text(">c1\nACGTacgt\n")
    for name, command, inputs in (
        ("one", "wc -c <{{values.assets.fasta}} >{{values.output_folder}}/made", "fasta"),
        (
            "two",
            "echo {{values.params.threads}} | cat {{values.assets.one}} - >{{values.output_folder}}/made",
            "one",
        ),
    ):
        (tmp_path / "class.yaml").write_text(
            f"{{name: {name}, version: '1', description: x, seek_keys: {{{name}: {{value: made}}}}}}"
        )
        (tmp_path / "recipe.yaml").write_text(
            f"{{name: {name}, version: '1', description: x, output_asset_class: {name},"
            f" command_templates: ['{command}'], input_params: {{threads: {{default: 1}}}},"
            f" input_assets: {{{inputs}: {{asset_class: {inputs}}}}}, resources: {{mem_mb: 100}}}}"
        )
        run_cli("asset-class", "add", tmp_path / "class.yaml").succeeded()
        run_cli("recipe", "add", tmp_path / "recipe.yaml").succeeded()
    asked = ("mine/fasta", "mine/two", "--files", f"fasta={tmp_path / 'mine.fa'}", "--deps", "build")
    shown = run_cli("build", *asked, "--threads", "2", "--snakefile").succeeded()
    assert run_cli("list", "--json").json == []
    (tmp_path / "Snakefile").write_text(shown.stdout)
    ended = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "rules"],
        cwd=tmp_path,
        env=run_cli.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert {asset["asset_group_name"] for asset in run_cli("list", "--json").json} == {"fasta", "one", "two"}
    assert Path(run_cli("seek", "mine/two").stdout.strip()).read_text() == "13\n2\n"
    refused = run_cli("build", "mine/two", "--snakefile", "--json")
    assert refused.code == 2
