"""Builds through the service: commands, output, publication, provenance."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from refgenie.core.digests import sha256_of
from refgenie.errors import (
    BuildFailedError,
    InvalidInputError,
    NotFoundError,
)


def assert_nothing_registered(site, path="tiny/made"):
    with pytest.raises(NotFoundError):
        site.assets.get(*path.split("/"))
    assert site.leftovers() == []
    data = site.folders.genome_folder / "data"
    assert not list(data.rglob("made")) if data.exists() else True


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


def test_what_was_changed_is_right_after_a_forced_build(site):
    site.add_recipe("made", "echo x >{{values.output_folder}}/made")
    asset = site.build("tiny/made")
    file = site.folder(asset) / "made"
    file.chmod(0o644)
    file.write_text("y\n")
    assert site.assets.verify() != []
    assert site.text(site.build("tiny/made", force=True)) == "x\n"
    assert site.assets.verify() == []


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
