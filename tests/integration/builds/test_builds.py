"""Builds through the service: inputs, commands, output, publication, provenance."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from refgenie.build.request import BuildParams
from refgenie.core.digests import sha256_of
from refgenie.errors import (
    BuildFailedError,
    ConflictError,
    DigestMismatchError,
    InvalidInputError,
    NotFoundError,
)
from support.build_site import TINY

WRITE = "cat >{{values.output_folder}}/made"


def assert_nothing_registered(site, path="tiny/made"):
    with pytest.raises(NotFoundError):
        site.assets.get(*path.split("/"))
    assert site.leftovers() == []
    data = site.folders.genome_folder / "data"
    assert not list(data.rglob("made")) if data.exists() else True


# --- one build -----------------------------------------------------------------------------


def test_a_build_publishes_what_its_commands_wrote(each_site):
    site = each_site
    site.add_recipe(
        "made",
        "echo {{values.genome_digest}} {{genome}} {{values.asset_group_name}} {{asset_name}}"
        " >{{values.output_folder}}/made",
        "echo second >>{{asset_outfolder}}/made",
    )
    asset = site.build("tiny/made")
    digest = site.aliases.resolve("tiny")
    assert site.text(asset) == f"{digest} tiny made default\nsecond\n"
    assert asset.path == f"data/{digest}/made/{asset.digest}"
    assert stat.S_IMODE((site.folder(asset) / "made").stat().st_mode) & 0o222 == 0
    assert Path(site.assets.seek("tiny", "made")).read_text() == site.text(asset)
    [row] = site.build_rows()
    assert (row.status, row.id, row.asset_name) == ("succeeded", asset.build_id, "default")
    assert site.leftovers() == []
    assert site.log(row).count("###") == 2


def test_the_provenance_says_everything_but_secrets(site, tmp_path, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "hunter2")
    given = tmp_path / "in put.txt"
    given.write_text("input\n")
    site.build("tiny/fasta")
    site.add_class("made", made="made")
    site.add_recipe(
        "made",
        "cat {{values.files['text']}} >{{values.output_folder}}/made",
        makes="made",
        input_files={"text": {"description": "a text"}},
        input_params={"size": {"default": 3}, "mode": {"default": "fast"}},
        input_assets={"fasta": {"asset_class": "fasta", "default": "fasta"}},
        custom_seek_keys={"version": "echo 1.2; echo more"},
    )
    asset = site.build(
        "tiny/made",
        files={"text": given},
        params={"size": 5},
        source="https://me:secret@example.org/in.txt?x=1",
    )
    document = asset.provenance
    fasta = site.assets.get("tiny", "fasta")
    assert document["recipe"]["name"] == "made"
    assert document["recipe"]["sha256"] == site.recipes.get("made").sha256
    assert document["params"] == {"size": 5, "mode": "fast"}
    assert document["input_files"] == {"text": {"name": "in put.txt", "size": 6, "sha256": sha256_of(given)}}
    assert document["input_assets"] == {
        "fasta": {"registry_path": fasta.registry_path, "digest": fasta.digest}
    }
    assert document["custom_properties"] == asset.custom_properties == {"version": "1.2"}
    assert document["source"] == "https://example.org/in.txt?x=1"
    [command] = document["commands"]
    assert command["exit_code"] == 0
    assert command["command"].startswith(f"cat '{given}' >")
    assert command["wall_seconds"] >= 0
    assert document["peak_memory_bytes"] > 0
    assert document["container"] is None
    assert document["genome"]["masking"] == "soft"
    assert document["started_at"] < document["ended_at"]
    assert [parent.digest for parent in asset.parents] == [fasta.digest]
    beside = site.folders.genome_folder / site.build_rows()[-1].path / "provenance.json"
    assert json.loads(beside.read_text()) == document
    assert "hunter2" not in beside.read_text()
    assert site.assets.get("tiny", "fasta").children == (asset.registry_path,)


def test_values_are_data(site, tmp_path):
    victim = tmp_path / "x"
    victim.write_text("still here")
    site.add_recipe(
        "made",
        "printf '<%s>' {{values.params['words']}} >{{values.output_folder}}/made",
        "cat {{values.files['f']}} >>{{values.output_folder}}/made",
        input_params={"words": {"default": ""}},
        input_files={"f": {}},
    )
    hostile = tmp_path / "$(rm x); rm x 'quoted'"
    hostile.write_text("file")
    asset = site.build(
        "tiny/made", params={"words": f"CG 'C A' ; rm {victim} $(rm {victim}) `id`"}, files={"f": hostile}
    )
    assert site.text(asset) == f"<CG><C A><;><rm><{victim}><$(rm><{victim})><`id`>file"
    assert victim.read_text() == "still here"


def test_braces_of_awk_and_shell(site):
    site.add_recipe(
        "made",
        "printf 'a b\\nc d\\n' | awk '{print $2} END {{print NR}}' >{{values.output_folder}}/made",
        "x=long; echo ${x} ${#x} >>{{values.output_folder}}/made",
    )
    assert site.text(site.build("tiny/made")) == "b\nd\n2\nlong 4\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("echo going; exit 3", "exit code 3; it said: going"),
        ("echo x | false | cat", "exit code 1"),
        ("false; echo on", "exit code 1"),
        ("if true; then", "exit code 2; it said: bash: -c: line"),
    ],
)
def test_a_failing_command_is_named_and_nothing_registered(site, command, said):
    site.add_recipe("made", "echo fine >{{values.output_folder}}/made", command)
    with pytest.raises(BuildFailedError) as caught:
        site.build("tiny/made")
    message = caught.value.message
    assert said in message
    assert f"tiny/made: command 2 of 2 ({command})" in message
    assert_nothing_registered(site)
    [row] = site.build_rows()
    assert (row.status, row.message) == ("failed", message)
    log = site.folders.genome_folder / row.path / "log"
    assert str(log) in message
    assert command in log.read_text()
    profile = (log.parent / "profile").read_text().splitlines()
    assert len(profile) == 3


def test_the_output_of_a_failed_build_is_kept_where_asked(site):
    site.add_recipe("made", "echo part >{{values.output_folder}}/part; exit 1")
    with pytest.raises(BuildFailedError):
        site.build("tiny/made", keep_failed=True)
    [row] = site.build_rows()
    assert (site.folders.genome_folder / row.path / "output" / "part").read_text() == "part\n"
    assert site.leftovers() == []


def test_a_recipe_that_writes_nothing_fails(site):
    site.add_recipe("made", "true")
    with pytest.raises(BuildFailedError, match=r"made \(there is no file made\)"):
        site.build("tiny/made")
    site.add_class("void")
    site.add_recipe("void", "mkdir {{values.output_folder}}/empty", makes="void")
    with pytest.raises(BuildFailedError, match="wrote nothing"):
        site.build("tiny/void")


def test_links_in_the_output_become_files(site, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("outside\n")
    site.add_recipe(
        "made",
        "echo a >{{values.output_folder}}/a; ln -s a {{values.output_folder}}/made",
        "ln -s {{values.params['target']}} {{values.output_folder}}/far",
        input_params={"target": {"default": str(outside)}},
    )
    folder = site.folder(site.build("tiny/made"))
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    assert (folder / "made").read_text() == "a\n"
    assert (folder / "far").read_text() == "outside\n"


def test_a_link_to_nowhere_fails_the_build(site):
    site.add_recipe("made", "ln -s nowhere {{values.output_folder}}/made")
    with pytest.raises(InvalidInputError, match="nowhere"):
        site.build("tiny/made")
    assert_nothing_registered(site)


def test_the_scratch_folder_is_no_part_of_the_asset(site):
    site.add_recipe("made", "echo x >temporary; cp temporary {{values.output_folder}}/made; pwd >&2")
    asset = site.build("tiny/made")
    assert [file.path for file in asset.files] == ["made"]


def test_the_same_content_is_one_folder(site):
    site.add_recipe("made", "echo {{values.output_folder}} >{{values.output_folder}}/made")
    first = site.build("tiny/made:one")
    assert first.provenance["files_with_build_path"] == ["made"]
    again = site.build("tiny/made:one", force=True)
    assert again.digest == first.digest, "the output folder's path is the same each time"
    assert again.build_id != first.build_id
    site.add_recipe("same", "echo same >{{values.output_folder}}/made", makes="made")
    one, two = site.build("tiny/made:a", recipe="same"), site.build("tiny/made:b", recipe="same")
    assert one.path == two.path
    folders = list((site.folders.genome_folder / "data").glob("*/made/*"))
    assert len(folders) == 2


def test_what_is_built_is_not_built_again_unless_forced(site, caplog):
    site.add_recipe("made", "date +%N >{{values.output_folder}}/made")
    first = site.build("tiny/made")
    assert site.build("tiny/made").digest == first.digest
    assert len(site.build_rows()) == 1
    second = site.build("tiny/made", force=True)
    assert second.digest != first.digest
    assert not (site.folders.genome_folder / first.path).exists()
    assert site.assets.get("tiny", "made").digest == second.digest


def test_what_lost_its_files_is_built_again(site):
    site.add_recipe("made", "echo x >{{values.output_folder}}/made")
    asset = site.build("tiny/made")
    (site.folder(asset) / "made").unlink()
    assert site.text(site.build("tiny/made")) == "x\n"


def test_tests_run_where_asked_and_fail_the_build(site):
    site.add_recipe(
        "made",
        "echo {{values.params['k']}} >{{values.output_folder}}/made",
        input_params={"k": {"default": 31}},
        test={"commands": ['test "$(cat {output_dir}/made)" = 31', "echo {genome} {k}"]},
    )
    with pytest.raises(BuildFailedError, match="test 1 of 2"):
        site.build("tiny/made", params={"k": 5}, test=True)
    assert_nothing_registered(site)
    asset = site.build("tiny/made", test=True)
    assert f"{asset.genome_digest} 31" in site.log(site.build_rows()[-1])


# --- names ---------------------------------------------------------------------------------


def test_the_default_name_comes_from_custom_properties(site):
    site.add_recipe(
        "made",
        "echo {{values.custom_seek_keys['version']}} >{{values.output_folder}}/made",
        custom_seek_keys={"version": "echo 2.5.0; echo trailing; exit 1"},
        default_asset="v{{values.custom_properties.version}}",
    )
    asset = site.build("tiny/made")
    assert (asset.name, site.text(asset), asset.is_default) == ("v2.5.0", "2.5.0\n", True)
    assert site.build("tiny/made:other").name == "other"


def test_a_custom_seek_key_that_says_nothing_fails(site):
    site.add_recipe(
        "made", "true", custom_seek_keys={"version": "echo broken >&2; exit 4"}, default_asset="x"
    )
    with pytest.raises(BuildFailedError, match=r"version .*wrote nothing and ended with exit code 4.*broken"):
        site.build("tiny/made")


def test_a_name_that_cannot_be_one_is_told(site):
    site.add_recipe("made", "true", default_asset="a b/c")
    with pytest.raises(InvalidInputError, match="the recipe made names the asset 'a b/c'") as caught:
        site.build("tiny/made")
    assert caught.value.hint == "refgenie build tiny/made:NAME"


# --- recipes -------------------------------------------------------------------------------


def test_recipes_are_found_by_name_group_and_class(site):
    site.add_recipe("made", "echo by name >{{values.output_folder}}/made")
    site.add_class("kind", kind="made")
    site.add_recipe("maker", "echo by class >{{values.output_folder}}/made", makes="kind")
    assert site.text(site.build("tiny/made")) == "by name\n"
    assert site.text(site.build("tiny/kind")) == "by class\n"
    assert site.text(site.build("tiny/own_name", recipe="maker")) == "by class\n"
    assert site.text(site.build("tiny/own_name:second")) == "by class\n", "the group's class is known"
    site.add_recipe("other_maker", "true", makes="kind")
    with pytest.raises(InvalidInputError, match="several recipes make kind: maker, other_maker"):
        site.build("tiny/kind:x")
    with pytest.raises(ConflictError, match="holds assets of the class kind"):
        site.build("tiny/kind", recipe="made")
    with pytest.raises(NotFoundError, match="no recipe makes maed") as caught:
        site.build("tiny/maed")
    assert caught.value.hint == "refgenie build tiny/made"


def test_the_highest_version_or_the_one_asked_for(site):
    site.add_class("made", made="made")
    for version in ("1.9", "1.10"):
        site.recipes.add(
            {
                "name": "made",
                "version": version,
                "description": "x",
                "output_asset_class": "made",
                "command_templates": [f"echo {version} >{{{{values.output_folder}}}}/made"],
            }
        )
    assert site.text(site.build("tiny/made")) == "1.10\n"
    assert site.text(site.build("tiny/made:old", recipe_version="1.9")) == "1.9\n"


# --- inputs --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["params", "files", "assets"])
def test_what_the_recipe_does_not_know_is_refused(site, kind, lambda_fasta):
    site.add_recipe(
        "made",
        "true",
        input_files={"reads": {}},
        input_params={"read_length": {"default": 1}},
        input_assets={"fasta": {"asset_class": "fasta", "default": "fasta"}},
    )
    with pytest.raises(InvalidInputError, match=r"the recipe made has no .*'nonsense'; it has"):
        site.build("tiny/made", **{"files": {"reads": lambda_fasta}, kind: {"nonsense": "x"}})


def test_files_must_be_given_and_there(site, tmp_path):
    site.add_recipe("made", "true", input_files={"gtf": {"description": "genes"}})
    with pytest.raises(InvalidInputError, match="needs --files gtf=FILE \\(genes\\)") as caught:
        site.build("tiny/made")
    assert caught.value.hint == "refgenie build tiny/made --files gtf=FILE"
    with pytest.raises(NotFoundError, match="input file gtf: no file"):
        site.build("tiny/made", files={"gtf": tmp_path / "none"})


def test_threads_reach_the_parameter(site):
    for name in ("threads", "cores"):
        site.add_recipe(
            f"use_{name}",
            f"echo {{{{values.params['{name}']}}}} >{{{{values.output_folder}}}}/made",
            input_params={name: {"default": 1}},
        )
        assert site.text(site.build(f"tiny/use_{name}", threads=7)) == "7\n"


def test_input_assets_as_templates_see_them(site):
    site.add_recipe("first", "echo a >{{values.output_folder}}/made; echo i >{{values.output_folder}}/i")
    first = site.build("tiny/first:v1")
    site.add_recipe(
        "made",
        "cat {{values.assets['in']}} {{values.genome_folder}}/{{values.assets['in'].seek_keys_dict['first']}}"
        " {{values.assets['in'].path}}/i >{{values.output_folder}}/made",
        "echo {{assets['in'].digest}} {{assets['in'].name}} >>{{values.output_folder}}/made",
        input_assets={"in": {"asset_class": "first"}},
    )
    site.build("tiny/first:v2")
    made = site.build("tiny/made", assets={"in": "tiny/first:v1"})
    assert site.text(made) == f"a\na\ni\n{first.digest} v1\n"
    assert site.build("tiny/made:x", assets={"in": "first:v2"}).parents[0].registry_path.endswith("first:v2")


def test_an_input_asset_of_another_class_is_refused(site):
    site.add_recipe("first", "echo a >{{values.output_folder}}/made")
    site.build("tiny/first")
    site.add_recipe("made", "true", input_assets={"in": {"asset_class": "fasta"}})
    with pytest.raises(InvalidInputError, match="must be of the class fasta"):
        site.build("tiny/made", assets={"in": "tiny/first"})


def test_a_class_that_inherits_will_do(site):
    site.add_class("base", base="made")
    site.classes.add({"name": "derived", "version": "1", "description": "x", "parents": ["base"]})
    site.add_recipe("derived", "echo a >{{values.output_folder}}/made", makes="derived")
    site.build("tiny/derived")
    site.add_recipe(
        "made",
        "cat {{values.assets['in']}} >{{values.output_folder}}/made",
        input_assets={"in": {"asset_class": "base", "default": "derived.base"}},
    )
    assert site.text(site.build("tiny/made")) == "a\n"


@pytest.mark.parametrize("protected", [True, False])
def test_colocated_files_are_hard_links_or_copies(site, protected):
    site.add_recipe("first", "echo a >{{values.output_folder}}/made")
    first = site.build("tiny/first")
    if not protected:
        (site.folder(first) / "made").chmod(0o644)
    site.add_recipe(
        "second",
        "test ! -L {{values.output_folder}}/made",
        "cp {{values.output_folder}}/made {{values.output_folder}}/index",
        makes="first",
        input_assets={
            "in": {"asset_class": "first", "default": "first", "colocate": [{"source_key": "first"}]}
        },
    )
    second = site.build("tiny/second")
    assert sorted(file.path for file in second.files) == ["index", "made"]
    assert (site.folder(second) / "made").samefile(site.folder(first) / "made") is protected
    assert {file.sha256 for file in second.files} == {first.files[0].sha256}


def test_a_recipe_that_writes_into_its_input_fails(site):
    site.add_recipe("first", "echo a >{{values.output_folder}}/made")
    site.build("tiny/first")
    site.add_recipe(
        "second",
        "chmod +w {{values.output_folder}}/made; echo b >>{{values.output_folder}}/made",
        makes="first",
        input_assets={"in": {"asset_class": "first", "colocate": [{"source_key": "first"}]}},
    )
    with pytest.raises(BuildFailedError, match="changed the file made of an input asset"):
        site.build("tiny/second")


# --- dependencies --------------------------------------------------------------------------


def chain(site):
    site.add_recipe("a", "echo a >{{values.output_folder}}/made")
    for name, needs in (("b", "a"), ("c", "b"), ("d", "b")):
        site.add_recipe(
            name,
            f"cat {{{{values.assets['{needs}']}}}} >{{{{values.output_folder}}}}/made;"
            f" echo {name} >>{{{{values.output_folder}}}}/made",
            input_assets={needs: {"asset_class": needs, "default": needs}},
        )


def test_a_missing_input_is_named_with_its_command(site):
    chain(site)
    with pytest.raises(NotFoundError, match=r"tiny/c is built from tiny/b \(input asset b\)") as caught:
        site.build("tiny/c")
    assert caught.value.hint == "refgenie build tiny/b; or refgenie build tiny/c --deps build"


def test_missing_inputs_are_built_first_each_once(site):
    chain(site)
    results = site.builds.build_all(
        [site.request("tiny/c", deps="build"), site.request("tiny/d", deps="build")]
    )
    assert [(r.registry_path, r.was_asked) for r in results] == [
        ("tiny/a", False),
        ("tiny/b", False),
        ("tiny/c", True),
        ("tiny/d", True),
    ]
    assert site.text(results[2].asset) == "a\nb\nc\n"


def test_missing_inputs_are_pulled_where_asked(site):
    chain(site)
    with pytest.raises(
        NotFoundError, match="tiny/c was not built, since tiny/b failed: tiny/b was not pulled"
    ):
        results = site.builds.build_all([site.request("tiny/c", deps="pull")])
        raise results[-1].error
    assert site.pulled == ["tiny/b"]


def test_several_are_built_in_the_order_of_their_needs(site):
    chain(site)
    requests = site.builds.requests(["tiny/c", "tiny/b", "tiny/a"], BuildParams())
    assert [result.registry_path for result in site.builds.build_all(requests)] == [
        "tiny/a",
        "tiny/b",
        "tiny/c",
    ]


def test_one_that_fails_keeps_only_those_that_need_it_from_being_built(site):
    chain(site)
    site.recipes.add(site.recipes.get("b").definition | {"command_templates": ["exit 9"]}, force=True)
    site.add_recipe("free", "echo f >{{values.output_folder}}/made")
    requests = site.builds.requests(["tiny/c", "tiny/a", "tiny/b", "tiny/free"], BuildParams())
    results = {result.registry_path: result for result in site.builds.build_all(requests)}
    assert results["tiny/a"].asset and results["tiny/free"].asset
    assert "exit code 9" in results["tiny/b"].error.message
    assert "since tiny/b failed" in results["tiny/c"].error.message
    assert isinstance(results["tiny/c"].error, BuildFailedError)


def test_recipes_that_need_each_other_are_an_error(site):
    for name, needs in (("x", "y"), ("y", "x")):
        site.add_class(name, made="made")
        site.add_recipe(name, "true", makes=name, input_assets={needs: {"asset_class": needs}})
    with pytest.raises(InvalidInputError, match="circle: x → y → x"):
        site.build("tiny/x", deps="build")


def test_what_is_given_for_several_reaches_those_that_know_it(site):
    site.add_recipe(
        "one", "echo {{params['p']}} >{{values.output_folder}}/made", input_params={"p": {"default": 1}}
    )
    site.add_recipe("two", "echo two >{{values.output_folder}}/made")
    requests = site.builds.requests(["tiny/one", "tiny/two"], BuildParams(params={"p": 5}))
    results = site.builds.build_all(requests)
    assert [result.error for result in results] == [None, None]
    assert site.text(results[0].asset) == "5\n"
    with pytest.raises(InvalidInputError, match="none of the recipes has the parameter q"):
        site.builds.requests(["tiny/one", "tiny/two"], BuildParams(params={"q": 5}))


# --- plans ---------------------------------------------------------------------------------


def test_a_plan_shows_every_command_and_changes_nothing(site):
    chain(site)
    before = sorted(path for path in site.folders.genome_folder.rglob("*"))
    first, second = site.builds.plan([site.request("tiny/b", deps="build")])
    assert (first.action, first.registry_path, first.recipe) == ("build", "tiny/a:default", "a 1.0")
    assert first.commands == ("echo a >output/made",)
    link = f"{site.folders.genome_folder}/alias/tiny/a/default/made"
    assert second.commands == (f"cat {link} >output/made; echo b >>output/made",)
    assert second.needs == ("tiny/a",)
    assert sorted(path for path in site.folders.genome_folder.rglob("*")) == before
    assert site.build_rows() == []
    site.build("tiny/a")
    assert [step.action for step in site.builds.plan([site.request("tiny/a")])] == ["nothing"]
    assert site.builds.plan([site.request("tiny/a", force=True)])[0].action == "build"


# --- genomes -------------------------------------------------------------------------------


def test_an_unknown_genome_is_made_of_its_fasta(site, tmp_path):
    fasta = tmp_path / "new.fa"
    fasta.write_text(">n\nACGTNNNN\n")
    [step] = site.builds.plan([site.request("newgenome/fasta", files={"fasta": fasta})])
    assert step.action == "genome"
    asset = site.build("newgenome/fasta", files={"fasta": fasta})
    assert asset.genome_digest == site.aliases.resolve("newgenome")
    assert site.text(asset, f"{asset.genome_digest}.fa") == ">n\nACGTNNNN\n"


def test_an_unknown_genome_without_a_fasta_is_not_found(site):
    with pytest.raises(NotFoundError, match="nowhere") as caught:
        site.build("nowhere/fasta")
    assert "refgenie genome init --fasta FILE --name nowhere" in (caught.value.hint or "")


def test_a_fasta_of_another_genome_is_refused(site, tmp_path):
    same, other = tmp_path / "same.fa", tmp_path / "other.fa"
    same.write_text(TINY)
    other.write_text(">chr1\nAAAA\n")
    with pytest.raises(DigestMismatchError):
        site.build("tiny/fasta", files={"fasta": other})
    assert site.build("tiny/fasta", files={"fasta": same}).asset_group_name == "fasta"


def test_a_recipe_whose_fasta_is_not_the_genome_fails(site):
    site.add_recipe(
        "wrong_fasta",
        "printf '>chr1\\nAAAA\\n' >{{values.output_folder}}/{{values.genome_digest}}.fa",
        "touch {{values.output_folder}}/{{values.genome_digest}}.{fa.fai,chrom.sizes}",
        makes="fasta",
    )
    with pytest.raises(DigestMismatchError, match="not the genome's"):
        site.build("tiny/fasta", recipe="wrong_fasta")
    with pytest.raises(NotFoundError):
        site.assets.get("tiny", "fasta")
    transcripts = site.build("tiny/transcriptome", recipe="wrong_fasta")
    assert transcripts.asset_class_name == "fasta", "another group is free"


# --- programs ------------------------------------------------------------------------------


def test_a_missing_program_is_named_before_anything_runs(site, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    monkeypatch.setattr("shutil.which", lambda name, path=None: None if name == "bowtie2-build" else "/x")
    site.add_recipe(
        "made",
        f"touch {tmp_path}/ran",
        "bowtie2-build --threads 2 x y | tee z",
        docker_image="example/bowtie2:1",
    )
    with pytest.raises(NotFoundError, match=r"^bowtie2-build not found") as caught:
        site.build("tiny/made")
    hint = caught.value.hint or ""
    assert "--container docker, podman or apptainer" in hint
    assert "apt install bowtie2" in hint
    assert "conda install -c bioconda bowtie2" in hint
    assert not (tmp_path / "ran").exists()


# --- many at once --------------------------------------------------------------------------


def test_one_build_of_an_asset_at_a_time_others_beside_it(each_site, tmp_path):
    site = each_site
    running = tmp_path / "running"
    site.add_recipe(
        "slow",
        f"mkdir {running}; sleep 0.5; rmdir {running}; echo once >{{{{values.output_folder}}}}/made",
    )
    site.add_recipe(
        "beside",
        f"for i in $(seq 100); do [ -d {running} ] && break; sleep 0.05; done;"
        f" [ -d {running} ]; echo x >{{{{values.output_folder}}}}/made",
    )
    failures: list[Exception] = []

    def build(path):
        try:
            site.build(path)
        except Exception as error:
            failures.append(error)

    threads = [
        threading.Thread(target=build, args=(path,))
        for path in ("tiny/slow", "tiny/slow", "tiny/slow", "tiny/beside")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(row.recipe_name for row in site.build_rows()) == ["beside", "slow"]


def test_bytes_that_are_no_text_can_be_registered(each_site, tmp_path):
    site = each_site
    odd = tmp_path / os.fsdecode(b"odd\xff.txt")
    odd.write_text("odd\n")
    site.add_recipe(
        "made",
        "cat {{values.files['f']}} >{{values.output_folder}}/made",
        input_files={"f": {}},
        custom_seek_keys={"odd": r"printf 'a\0b\377\n'"},
    )
    asset = site.build("tiny/made", files={"f": odd})
    assert site.text(asset) == "odd\n"
    assert asset.provenance["input_files"]["f"]["size"] == 4
    assert asset.custom_properties["odd"] == "ab\ufffd"
    site.add_recipe("bad", "ls {{values.files['f']}}; exit 1", input_files={"f": {}})
    with pytest.raises(BuildFailedError, match="exit code 1"):
        site.build("tiny/bad", files={"f": odd})
    assert site.build_rows()[-1].status == "failed"
