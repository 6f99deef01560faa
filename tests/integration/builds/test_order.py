"""Several builds: what is made before what, and plans of it."""

from __future__ import annotations

import pytest

from refgenie.build.request import BuildParams
from refgenie.errors import (
    BuildFailedError,
    InvalidInputError,
    NotFoundError,
)


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
    with pytest.raises(NotFoundError, match="tiny/salmon_index is built from tiny/cdna") as caught:
        site.build("tiny/salmon_index")
    assert caught.value.hint == "refgenie build tiny/cdna --files fasta=FILE"


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


def test_a_plan_builds_what_lost_its_files(site):
    chain(site)
    (site.folder(site.build("tiny/a")) / "made").unlink()
    assert [step.action for step in site.builds.plan([site.request("tiny/a")])] == ["build"]


def test_a_plan_shows_the_tests_where_they_would_run(site):
    site.add_recipe(
        "made", "echo x >{{values.output_folder}}/made", test={"commands": ["cat {output_dir}/made"]}
    )
    [step] = site.builds.plan([site.request("tiny/made", test=True)])
    assert step.tests == ("cat output/made",)
    assert site.builds.plan([site.request("tiny/made")])[0].tests == ()


def lose(site, asset):
    """Take an asset away, as on a machine that pulled only what was built from it."""
    site.assets.remove("tiny", asset.asset_group_name, asset.name, force=True)


@pytest.mark.parametrize("deps", ["fail", "build", "pull"])
def test_what_is_there_needs_no_inputs(site, deps):
    chain(site)
    first = site.build("tiny/b", deps="build")
    lose(site, site.assets.get("tiny", "a"))
    for path in ("tiny/b", "tiny/b:default"):
        [result] = site.builds.build_all([site.request(path, deps=deps)])
        assert (result.asset.digest, result.was_made, result.error) == (first.digest, False, None)
        assert [step.action for step in site.builds.plan([site.request(path, deps=deps)])] == ["nothing"]
    assert site.pulled == []
    with pytest.raises(NotFoundError, match=r"tiny/b is built from tiny/a \(input asset a\)"):
        site.build("tiny/b", force=True)
    with pytest.raises(NotFoundError, match="is built from tiny/a"):
        site.build("tiny/b:another")
    with pytest.raises(InvalidInputError, match="has no input asset 'z'"):
        site.build("tiny/b", assets={"z": "tiny/a"})


def test_what_is_there_needs_no_files(site, tmp_path):
    given = tmp_path / "given"
    given.write_text("x\n")
    site.add_recipe(
        "made",
        "cp {{values.files['f']}} {{values.output_folder}}/made",
        input_files={"f": {"description": "something"}},
        custom_seek_keys={"version": "echo 1.5"},
        default_asset="{{values.custom_properties.version}}",
    )
    first = site.build("tiny/made", files={"f": given})
    assert first.name == "1.5"
    assert site.build("tiny/made").digest == first.digest
    assert len(site.build_rows()) == 1
    with pytest.raises(InvalidInputError, match="needs --files f=FILE"):
        site.build("tiny/made:2.0")


def test_an_input_that_lost_its_files_is_not_there(site):
    chain(site)
    (site.folder(site.build("tiny/a")) / "made").unlink()
    with pytest.raises(NotFoundError, match="tiny/b is built from tiny/a"):
        site.build("tiny/b")
    assert site.text(site.build("tiny/b", deps="build")) == "a\nb\n"
