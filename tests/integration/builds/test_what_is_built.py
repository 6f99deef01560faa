"""Which recipe builds what, under which name, from which genome."""

from __future__ import annotations

from pathlib import Path

import pytest

from refgenie.errors import (
    BuildFailedError,
    ConflictError,
    DigestMismatchError,
    InvalidInputError,
    NotFoundError,
)
from support.build_site import TINY


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


def test_no_log_is_named_that_is_gone(site):
    asking = {"custom_seek_keys": {"version": "exit 4"}}
    site.add_recipe("made", "true", default_asset="{{values.custom_properties.version}}", **asking)
    with pytest.raises(BuildFailedError, match=r"exit code 4$"):
        site.build("tiny/made")
    site.add_recipe("named", "true", default_asset="x", **asking)
    with pytest.raises(BuildFailedError, match="exit code 4; log: ") as caught:
        site.build("tiny/named")
    assert Path(caught.value.message.rpartition("log: ")[2]).is_file()


def test_a_version_with_a_plus_can_be_a_name(site):
    site.add_recipe(
        "made",
        "echo x >{{values.output_folder}}/made",
        custom_seek_keys={"version": "echo 1.16.1+htslib-1.16"},
        default_asset="{{values.custom_properties.version}}",
    )
    asset = site.build("tiny/made")
    assert asset.name == "1.16.1-htslib-1.16"
    assert asset.custom_properties == {"version": "1.16.1+htslib-1.16"}


def test_a_name_that_cannot_be_one_is_told(site):
    site.add_recipe("made", "true", default_asset="a b/c")
    with pytest.raises(InvalidInputError, match="the recipe made names the asset 'a b/c'") as caught:
        site.build("tiny/made")
    assert caught.value.hint == "refgenie build tiny/made:NAME"


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


def test_files_named_with_the_alias_get_the_digest(site):
    site.add_class("table", table="{genome}.txt", index={"value": "{genome}.idx/", "type": "prefix"})
    site.recipes.add(
        {
            "name": "table",
            "version": "1.0",
            "description": "as recipes of the other dialect name their files",
            "output_asset_class": "table",
            "inputs": {"files": None, "params": {"n": {"default": "5"}}, "assets": None},
            "command_template_list": [
                "cd {{asset_outfolder}}; mkdir {{genome}}.idx; echo {{params.n}} >{{genome}}.txt;"
                " echo a >{{genome}}.idx/{{genome}}.1; echo b >tinyish"
            ],
            "test": {"commands": ["test -s {output_dir}/{genome}.txt"]},
        }
    )
    asset = site.build("tiny/table", test=True)
    digest = asset.genome_digest
    assert [file.path for file in asset.files] == sorted(
        [f"{digest}.idx/{digest}.1", f"{digest}.txt", "tinyish"]
    )
    assert Path(site.assets.seek("tiny", "table")).name == "tiny.txt"
    assert site.build(f"{digest}/table:other").digest == asset.digest


def test_names_stay_where_the_seek_keys_hold(site):
    site.add_class("table", table="{genome}.txt")
    site.add_recipe(
        "table", "cd {{output_folder}}; touch {{genome}}.log; echo a >{{genome_digest}}.txt", makes="table"
    )
    asset = site.build("tiny/table")
    assert {file.path for file in asset.files} == {"tiny.log", f"{asset.genome_digest}.txt"}
