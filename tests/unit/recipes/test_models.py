"""Asset classes and recipes: validation, canonical form, both dialects."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from refgenie.errors import InvalidInputError
from refgenie.recipes.dialects import DIALECTS, RecipeDialect, dialect_of, to_canonical
from refgenie.recipes.documents import parse
from refgenie.recipes.models import AssetClass, Recipe

NESTED = """
name: bowtie2_index
version: 0.0.1
description: Genome index for bowtie2
output_asset_class: bowtie2_index
container: docker.io/databio/refgenie
inputs:
  files: {}
  params:
    threads: {description: Threads, default: 2}
  assets:
    fasta:
      asset_class: fasta
      description: Sequences
      default: fasta
command_template_list:
  - bowtie2-build {{values.assets["fasta"]}} {{values.output_folder}}/{{values.genome_digest}}
custom_properties:
  version: "bowtie2 --version | awk 'NR==1{print $3}'"
default_tag: "{{values.custom_properties.version}}"
colour: blue
"""

CANONICAL = """
name: bowtie2_index
version: 0.0.1
description: Genome index for bowtie2
output_asset_class: bowtie2_index
docker_image: docker.io/databio/refgenie
input_files: null
input_params:
  threads: {description: Threads, default: 2}
input_assets:
  fasta: {asset_class: fasta, description: Sequences, default: fasta}
command_templates:
  - bowtie2-build {{values.assets["fasta"]}} {{values.output_folder}}/{{values.genome_digest}}
custom_seek_keys:
  version: "bowtie2 --version | awk 'NR==1{print $3}'"
default_asset: "{{values.custom_properties.version}}"
colour: blue
"""


def recipe(text: str) -> Recipe:
    return Recipe.from_definition(to_canonical(parse(text, "test.yaml")))


def test_both_dialects_become_one_model():
    nested, canonical = recipe(NESTED), recipe(CANONICAL)
    assert nested.definition() == canonical.definition()
    assert nested.sha256 == canonical.sha256
    assert nested.docker_image == "docker.io/databio/refgenie"
    assert nested.input_params["threads"].default == 2
    assert nested.input_assets["fasta"].asset_class == "fasta"
    assert nested.definition()["colour"] == "blue"
    assert "inputs" not in nested.definition()


def test_canonical_yaml_reads_back():
    shown = recipe(NESTED).yaml()
    assert list(yaml.safe_load(shown))[:4] == ["name", "version", "description", "output_asset_class"]
    assert recipe(shown).definition() == recipe(NESTED).definition()


def test_commands_of_several_lines_are_shown_as_such():
    several = Recipe.from_definition(
        recipe(CANONICAL).definition() | {"command_templates": ["a {\n  b\n}\n"]}
    )
    assert "- |\n  a {\n    b\n  }\n" in several.yaml()


def test_names_of_both_dialects_may_be_mixed():
    mixed = CANONICAL.replace("custom_seek_keys", "custom_properties")
    assert recipe(mixed).custom_seek_keys == recipe(CANONICAL).custom_seek_keys


def test_contradicting_names_are_refused():
    with pytest.raises(InvalidInputError, match="container and docker_image"):
        recipe(CANONICAL + "container: other\n")
    assert recipe(CANONICAL + "container: null\n").docker_image == "docker.io/databio/refgenie"


def test_unknown_inputs_are_refused():
    with pytest.raises(InvalidInputError, match="asets"):
        recipe(NESTED.replace("  assets:", "  asets:"))


def test_dialects_are_protocol_members():
    assert all(isinstance(dialect, RecipeDialect) for dialect in DIALECTS.values())
    assert dialect_of(parse(NESTED, "x")).name == "nested"
    assert dialect_of(parse(CANONICAL, "x")).name == "canonical"


names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0{}", exclude_categories=["Cs"]))
scalars = st.one_of(st.integers(), texts, st.booleans(), st.none())
recipes = st.fixed_dictionaries(
    {
        "name": names,
        "version": st.from_regex(r"[0-9]+(\.[0-9]+){0,2}", fullmatch=True),
        "description": texts,
        "output_asset_class": names,
        "command_templates": st.lists(texts, min_size=1, max_size=3),
    },
    optional={
        "input_files": st.dictionaries(names, st.fixed_dictionaries({"description": texts})),
        "input_params": st.dictionaries(
            names, st.fixed_dictionaries({"description": texts, "default": scalars})
        ),
        "input_assets": st.dictionaries(
            names,
            st.fixed_dictionaries(
                {"asset_class": names},
                optional={
                    "default": names,
                    "colocate": st.lists(st.fixed_dictionaries({"source_key": names})),
                },
            ),
        ),
        "docker_image": st.one_of(st.none(), texts),
        "custom_seek_keys": st.dictionaries(names, texts),
        "default_asset": texts,
        "tags": st.lists(texts),
        "test": st.fixed_dictionaries({"commands": st.lists(texts)}),
        "resources": st.dictionaries(names, scalars),
        "metadata": st.dictionaries(names, st.one_of(scalars, st.lists(scalars))),
        "something_else": scalars,
    },
)


@settings(max_examples=60, deadline=None)
@given(document=recipes, dialect=st.sampled_from(sorted(DIALECTS)))
def test_reading_the_canonical_form_again_gives_the_same(document, dialect):
    written = DIALECTS[dialect].from_canonical(document)
    first = Recipe.from_definition(to_canonical(written))
    again = Recipe.from_definition(to_canonical(parse(first.yaml(), "again")))
    theirs = DIALECTS[dialect].from_canonical(first.definition())
    assert again.definition() == first.definition() == Recipe.from_definition(document).definition()
    assert again.sha256 == first.sha256
    assert Recipe.from_definition(to_canonical(theirs)).definition() == first.definition()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("name: bowtie2_index", "name"),
        ("version: 0.0.1", "version"),
        ("description: Genome index for bowtie2", "description"),
        ("output_asset_class: bowtie2_index", "output_asset_class"),
    ],
)
def test_a_missing_field_is_named(change, named):
    with pytest.raises(InvalidInputError, match=named):
        recipe(CANONICAL.replace(change + "\n", "", 1))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("name: bowtie2_index", "name: ../x", "name"),
        ("bowtie2-build {{", "bowtie2-build {{values.x y}} {{", "command_templates"),
        ("{description: Threads, default: 2}", "{default: [1]}", "input_params.threads.default"),
        ("asset_class: fasta,", "", "input_assets.fasta.asset_class"),
        ("docker_image: docker.io/databio/refgenie", "docker_image: [1]", "docker_image"),
    ],
)
def test_a_wrong_field_is_named(old, new, named):
    with pytest.raises(InvalidInputError, match=named):
        recipe(CANONICAL.replace(old, new, 1))


def test_numbers_as_versions_are_texts():
    assert recipe(CANONICAL.replace("version: 0.0.1", "version: 1.0")).version == "1.0"


CLASS = """
name: bowtie2_index
version: 0.0.1
description: Genome index for bowtie2
serving_modes: [archive]
seek_keys:
  bowtie2_index: {value: "{genome}", type: prefix, description: Basename}
  log: {value: "{genome}.log", type: file, optional: true}
parents: []
licence: CC0
"""


def asset_class(text: str) -> AssetClass:
    return AssetClass.from_definition(parse(text, "class.yaml"))


def test_asset_class_keeps_unknown_keys():
    read = asset_class(CLASS)
    assert read.serving_modes == ["archive"]
    assert read.seek_keys["log"].optional
    assert read.definition()["licence"] == "CC0"
    assert asset_class(read.yaml()).definition() == read.definition()


def test_serving_mode_defaults_to_file():
    assert asset_class(CLASS.replace("serving_modes: [archive]\n", "")).serving_modes == ["file"]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("[archive]", "[drs]", "serving_modes"),
        ("type: prefix", "type: folder", "seek_keys.bowtie2_index.type"),
        ('"{genome}.log"', '"../x"', "leaves the asset"),
        ('"{genome}.log"', '"/etc/passwd"', "leaves the asset"),
        ('value: "{genome}", ', "", "seek_keys.bowtie2_index.value"),
        ("  log:", '  "a/b":', "seek key"),
        ("licence: CC0", 'licence: "a\\0b"', "NUL"),
        ("licence: CC0", "licence: .inf", "asset class bowtie2_index"),
    ],
)
def test_wrong_asset_classes_are_refused(old, new, named):
    with pytest.raises(InvalidInputError, match=named):
        asset_class(CLASS.replace(old, new, 1))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"- a\n- b\n", "mapping"),
        (b"a: [1\nb: 2", "line"),
        (b"\xff\xfe\x00a", "UTF-8"),
        (b"", "mapping"),
        (b"a: 1\na: 2", "twice"),
        (b"a: !!python/object/apply:os.system ['true']", "YAML"),
        (
            b"a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + b"".join(b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 10)) for n in b"bcdefgh"),
            "values",
        ),
        (b"a: &a\n  b: *a\n", "values"),
    ],
)
def test_what_is_no_usable_yaml_is_refused(text, reason):
    with pytest.raises(InvalidInputError, match=reason):
        parse(text, "x.yaml")
