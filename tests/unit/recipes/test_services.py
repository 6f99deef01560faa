"""Asset classes and recipes of the registry, on SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from refgenie.db import models as tables
from refgenie.errors import ConflictError, InvalidInputError, NotFoundError, UsageError
from refgenie.recipes.asset_classes import AssetClassService
from refgenie.recipes.bundled import load_bundled
from refgenie.recipes.recipes import RecipeService


def asset_class(name="x_index", version="1.0", **changes):
    key = {"value": "{genome}.x", "type": "file", "description": "X"}
    return {"name": name, "version": version, "seek_keys": {name: key}} | changes


def recipe(name="x_index", version="1.0", **changes):
    return {
        "name": name,
        "version": version,
        "description": "Makes an index",
        "output_asset_class": "x_index",
        "inputs": {
            "files": {"fa": {"description": "F"}},
            "params": {"threads": {"default": 2}},
            "assets": {"fasta": {"asset_class": "fasta", "default": "fasta"}},
        },
        "command_template_list": ["touch {{values.output_folder}}/{{values.genome_digest}}.x"],
    } | changes


@pytest.fixture
def classes(database):
    return AssetClassService(database)


@pytest.fixture
def recipes(database):
    return RecipeService(database)


def use(database, class_id, recipe_id=None):
    """An asset of the class, made with the recipe."""

    def work(session):
        genome = tables.Genome(digest="d" * 32)
        group = tables.AssetGroup(genome=genome, name="g", asset_class_id=class_id)
        group.assets.append(tables.Asset(name="a", digest="e", size=1, recipe_id=recipe_id))
        session.add(group)

    database.write(work)


def test_add_get_list_remove(classes):
    added = classes.add(asset_class(colour="blue"))
    assert classes.get("x_index") == added
    assert added.seek_keys["x_index"]["value"] == "{genome}.x"
    assert added.definition["colour"] == "blue"
    assert [record.name for record in classes.list()] == ["x_index"]
    classes.remove("x_index")
    assert classes.list() == []
    with pytest.raises(NotFoundError):
        classes.get("x_index")


def test_the_same_again_does_nothing_and_other_content_is_a_conflict(classes, recipes):
    first = classes.add(asset_class())
    assert classes.add(asset_class()) == first
    with pytest.raises(ConflictError, match=r"x_index 1\.0"):
        classes.add(asset_class(description="other"))
    assert classes.add(asset_class(description="other"), force=True).description == "other"
    made = recipes.add(recipe())
    assert recipes.add(recipe()) == made
    with pytest.raises(ConflictError, match=r"x_index 1\.0"):
        recipes.add(recipe(description="other"))
    replaced = recipes.add(recipe(description="other"), force=True)
    assert (replaced.id, replaced.description) == (made.id, "other")
    assert replaced.sha256 != made.sha256


def test_the_highest_version_is_the_default(classes):
    for version in ("0.9", "0.10", "0.10rc1", "nightly"):
        classes.add(asset_class(version=version))
    assert classes.get("x_index").version == "0.10"
    assert [record.version for record in classes.list()] == ["nightly", "0.9", "0.10rc1", "0.10"]
    assert classes.get("x_index", "0.9").version == "0.9"
    with pytest.raises(NotFoundError, match=r"version 2"):
        classes.get("x_index", "2")
    assert classes.remove("x_index").version == "0.10"
    assert classes.get("x_index").version == "0.10rc1"


def test_an_unknown_name_suggests_the_nearest(classes):
    classes.add(asset_class("bowtie2_index"))
    with pytest.raises(NotFoundError) as caught:
        classes.get("bowtie_index")
    assert "bowtie2_index" in (caught.value.hint or "")


def test_a_recipe_needs_its_asset_class(recipes):
    with pytest.raises(NotFoundError, match="class x_index"):
        recipes.add(recipe())
    assert recipes.list() == []


def test_recipes_are_shown_in_the_canonical_dialect(classes, recipes):
    classes.add(asset_class())
    record = recipes.add(recipe())
    assert "inputs" not in record.definition
    assert recipes.get("x_index").definition["input_params"]["threads"]["default"] == 2
    needed = recipes.requirements("x_index")
    assert needed.files["fa"]["description"] == "F"
    assert needed.assets["fasta"]["asset_class"] == "fasta"


def test_what_is_used_is_not_removed(database, classes, recipes):
    class_id = classes.add(asset_class()).id
    recipe_id = recipes.add(recipe()).id
    with pytest.raises(ConflictError, match="recipe x_index"):
        classes.remove("x_index")
    use(database, class_id, recipe_id)
    with pytest.raises(ConflictError, match="g:a"):
        recipes.remove("x_index")
    with pytest.raises(ConflictError, match="asset group"):
        classes.remove("x_index")


def test_a_class_that_others_inherit_from_is_not_removed(classes):
    classes.add(asset_class())
    classes.add(asset_class("child", parents=["x_index"]))
    with pytest.raises(ConflictError, match="asset class child"):
        classes.remove("x_index")
    classes.add(asset_class(version="2.0"))
    classes.remove("x_index", "1.0")


def test_from_a_file(classes, recipes, tmp_path):
    path = tmp_path / "class.yaml"
    path.write_text(yaml.safe_dump(asset_class()))
    assert classes.add(path).name == "x_index"
    assert classes.add(str(path)).name == "x_index"
    with pytest.raises(NotFoundError, match="absent"):
        classes.add(tmp_path / "absent.yaml")
    with pytest.raises(NotFoundError, match=r"/~nouser\.yaml"):
        classes.add("~nouser.yaml")
    with pytest.raises(InvalidInputError, match="no file"):
        recipes.add(tmp_path)
    path.write_text("name: [")
    with pytest.raises(InvalidInputError, match=r"class.yaml.*line"):
        classes.add(path)


def test_from_a_url_by_the_given_fetch(database):
    text = yaml.safe_dump(asset_class()).encode()
    fetched = AssetClassService(database, {"http://h/a.yaml": text}.__getitem__)
    assert fetched.add("http://h/a.yaml").name == "x_index"
    with pytest.raises(UsageError):
        AssetClassService(database).add("http://h/b.yaml")


# -- inheritance


def write(folder: Path, name: str, **changes) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(asset_class(name, **changes)))
    return path


def test_seek_keys_come_from_the_parents_in_order(classes):
    def keys(*names, value):
        return {name: {"value": value, "type": "file"} for name in names}

    classes.add(asset_class("one", seek_keys=keys("a", "b", "c", value="one")))
    classes.add(asset_class("two", seek_keys=keys("b", "c", value="two")))
    child = asset_class("child", parents=["one", "two"], seek_keys=keys("c", value="own"))
    resolved = classes.add(child).seek_keys
    assert {name: key["value"] for name, key in resolved.items()} == {
        "a": "one",
        "b": "two",
        "c": "own",
    }
    assert list(classes.get("child").definition["seek_keys"]) == ["c"]


def test_children_follow_the_highest_version_of_their_parent(classes):
    classes.add(asset_class("parent", "1.0", seek_keys={"old": {"value": "x"}}))
    classes.add(asset_class("child", parents=["parent"]))
    classes.add(asset_class("grandchild", parents=["child"]))
    classes.add(asset_class("parent", "2.0", seek_keys={"new": {"value": "x"}}))
    assert set(classes.get("child").seek_keys) == {"new", "child"}
    assert set(classes.get("grandchild").seek_keys) == {"new", "child", "grandchild"}
    classes.remove("parent", "2.0")
    assert set(classes.get("grandchild").seek_keys) == {"old", "child", "grandchild"}


def test_a_missing_parent_is_looked_for_beside_the_file(classes, tmp_path):
    write(tmp_path, "grandparent")
    write(tmp_path, "parent", parents=["grandparent"])
    child = write(tmp_path, "child", parents=["parent"])
    assert set(classes.add(child).seek_keys) == {"grandparent", "parent", "child"}
    assert [record.name for record in classes.list()] == ["child", "grandparent", "parent"]


def test_a_registered_parent_is_taken_before_the_file(classes, tmp_path):
    classes.add(asset_class("parent", seek_keys={"mine": {"value": "x", "type": "file"}}))
    write(tmp_path, "parent")
    child = write(tmp_path, "child", parents=["parent"])
    assert set(classes.add(child).seek_keys) == {"mine", "child"}


def test_parents_by_path_and_url(database, tmp_path):
    by_path = write(tmp_path, "by_path")
    pages = {
        "http://h/far/by_url.yaml": asset_class("by_url", parents=["beside"]),
        "http://h/far/beside.yaml": asset_class("beside"),
    }

    def fetch(url):
        if url not in pages:
            raise NotFoundError(url)
        return yaml.safe_dump(pages[url]).encode()

    classes = AssetClassService(database, fetch)
    parents = [str(by_path), "http://h/far/by_url.yaml"]
    record = classes.add(asset_class("child", parents=parents))
    assert set(record.seek_keys) == {"by_path", "by_url", "beside", "child"}
    assert record.definition["parents"] == ["by_path", "by_url"]


def test_a_missing_parent_is_an_error_and_nothing_is_registered(classes, tmp_path):
    write(tmp_path, "parent", parents=["nowhere"])
    child = write(tmp_path, "child", parents=["parent"])
    with pytest.raises(NotFoundError, match="nowhere"):
        classes.add(child)
    with pytest.raises(NotFoundError, match="parent"):
        classes.add(asset_class("child", parents=["parent"]))
    assert classes.list() == []


def test_circles_are_errors(classes, tmp_path):
    one = write(tmp_path, "one", parents=["two"])
    write(tmp_path, "two", parents=["three"])
    write(tmp_path, "three", parents=["one"])
    with pytest.raises(InvalidInputError, match="one -> two -> three -> one"):
        classes.add(one)
    with pytest.raises(InvalidInputError, match="circle"):
        classes.add(asset_class("self", parents=["self"]))
    assert classes.list() == []


def test_a_circle_through_the_registry_is_an_error(classes):
    classes.add(asset_class("one"))
    classes.add(asset_class("two", parents=["one"]))
    with pytest.raises(InvalidInputError, match="circle"):
        classes.add(asset_class("one", parents=["two"]), force=True)
    assert "parents" not in classes.get("one").definition


def test_a_file_beside_that_is_another_class_is_an_error(classes, tmp_path):
    (tmp_path / "parent.yaml").write_text(yaml.safe_dump(asset_class("other")))
    child = write(tmp_path, "child", parents=["parent"])
    with pytest.raises(InvalidInputError, match="asset class other, not parent"):
        classes.add(child)


def test_replacing_a_parent_changes_its_children(classes):
    classes.add(asset_class("one"))
    classes.add(asset_class("two", parents=["one"]))
    classes.add(asset_class("three", parents=["two"]))
    key = {"value": "new", "type": "directory"}
    classes.add(asset_class("one", seek_keys={"one": key}), force=True)
    assert classes.get("three").seek_keys["one"]["value"] == "new"


# -- bundled


def test_bundled_definitions_come_in_once(classes, recipes):
    count = load_bundled(classes, recipes)
    assert count == len(classes.list()) + len(recipes.list()) > 30
    assert load_bundled(classes, recipes) == 0
    assert recipes.get("fasta").definition["input_params"]["case"]["default"] == "keep"
    assert set(classes.get("fasta").seek_keys) == {"fasta", "fai", "chrom_sizes"}


def test_what_the_user_replaced_stays(classes, recipes):
    load_bundled(classes, recipes)
    mine = {**recipes.get("fasta").definition, "description": "mine"}
    recipes.add(mine, force=True)
    assert load_bundled(classes, recipes) == 0
    assert recipes.get("fasta").description == "mine"
