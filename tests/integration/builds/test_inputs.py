"""What recipes are given: parameters, files and other assets."""

from __future__ import annotations

import pytest

from refgenie.errors import (
    BuildFailedError,
    InvalidInputError,
    NotFoundError,
)


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


def test_a_directory_is_laid_as_it_is(site):
    site.add_class("tree", tree={"value": ".", "type": "directory"}, one="a/x")
    site.add_recipe(
        "tree",
        "cd {{values.output_folder}}; mkdir -p a b; echo 1 >a/x; echo 2 >b/x",
        makes="tree",
    )
    tree = site.build("tiny/tree")
    keys = [{"source_key": "tree"}]
    site.add_recipe(
        "made",
        "cat {{values.output_folder}}/?/x >{{values.output_folder}}/made",
        input_assets={"in": {"asset_class": "tree", "colocate": keys}},
    )
    made = site.build("tiny/made")
    assert site.text(made) == "1\n2\n"
    assert (site.folder(made) / "a" / "x").samefile(site.folder(tree) / "a" / "x")


def test_two_files_cannot_be_laid_under_one_name(site):
    site.add_recipe("first", "echo a >{{values.output_folder}}/made")
    site.add_recipe("other", "echo b >{{values.output_folder}}/made", makes="first")
    for name in ("first", "other"):
        site.build(f"tiny/first:{name}", recipe=name)
    slot = {"asset_class": "first", "colocate": [{"source_key": "first"}, {"source_key": "first"}]}
    site.add_recipe(
        "both",
        "true",
        makes="first",
        input_assets={"a": slot | {"default": "first:first"}, "b": slot | {"default": "first:other"}},
    )
    with pytest.raises(
        InvalidInputError, match="two files named made beside its output; one is of tiny/first:other"
    ):
        site.build("tiny/both")
