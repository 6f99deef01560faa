"""populate: texts and nested values; all or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refgenie.assets.populate import populate
from refgenie.core.registry_path import REFERENCE, RegistryPath
from refgenie.errors import NotFoundError
from support.asset_site import GENOME, AssetSite

names = st.from_regex(r"[A-Za-z0-9_~][A-Za-z0-9._~-]{0,8}[A-Za-z0-9]", fullmatch=True)
groups = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,8}", fullmatch=True)
keys = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,6}[A-Za-z0-9]", fullmatch=True)
paths = st.builds(RegistryPath, names, groups, st.none() | keys, st.none() | names)
# What may stand between references: nothing that could be part of one.
fillers = st.text(st.characters(exclude_characters=":/.~-_", exclude_categories=["L", "N", "Cs"]), min_size=1)


@given(st.lists(st.tuples(fillers, paths)), fillers)
def test_every_reference_is_replaced_and_nothing_else(
    parts: list[tuple[str, RegistryPath]], end: str
) -> None:
    text = "".join(f"{filler}refgenie://{path}" for filler, path in parts) + end
    expected = "".join(f"{filler}</{path}/>" for filler, path in parts) + end
    asked: list[RegistryPath] = []

    def resolve(path: RegistryPath) -> str:
        asked.append(path)
        return f"</{path}/>"

    assert populate(text, resolve) == expected
    assert asked == list(dict.fromkeys(path for _, path in parts))


values = st.recursive(
    st.none()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.text()
    | paths.map(lambda p: f"refgenie://{p}"),
    lambda children: (
        st.lists(children) | st.dictionaries(st.text(), children) | st.tuples(children, children)
    ),
    max_leaves=12,
)


@given(values)
def test_nested_values_keep_their_shape(value: Any) -> None:
    def shape(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: shape(child) for key, child in item.items()}
        if isinstance(item, list | tuple):
            return type(item)(shape(child) for child in item)
        return REFERENCE.sub(lambda match: f"[{match['path']}]", item) if isinstance(item, str) else item

    try:
        assert populate(value, lambda path: f"[{path}]") == shape(value)
    except NotFoundError as error:  # a text that looks like a reference and is none
        assert "not" in error.message


@given(st.lists(paths, min_size=1, max_size=5, unique=True), st.data())
def test_all_unknown_ones_are_named_together(wanted: list[RegistryPath], data: st.DataObject) -> None:
    unknown = data.draw(st.lists(st.sampled_from(wanted), min_size=1, unique=True))

    def resolve(path: RegistryPath) -> str:
        if path in unknown:
            raise NotFoundError("it is not there")
        return "/somewhere"

    with pytest.raises(NotFoundError) as caught:
        populate({"list": [f"refgenie://{path}" for path in wanted]}, resolve)
    for path in wanted:
        assert (f"refgenie://{path} (" in caught.value.message) == (path in unknown)


def test_the_paths_are_those_of_seek(site: AssetSite) -> None:
    site.publish({f"{GENOME}.txt": "x"}, "v1", seek_keys={"text": "{genome}.txt"})
    link = site.assets.seek("hg38", "things")
    text = "in: refgenie://hg38/things.text, and refgenie://hg38/things:v1."
    assert site.assets.populate(text) == f"in: {link}, and {link}."
    assert site.assets.populate({"a": ["refgenie://hg38/things", 3, None]}) == {"a": [link, 3, None]}
    with pytest.raises(NotFoundError, match=r"2 unknown.*hg38/none.*hg39/things"):
        site.assets.populate("refgenie://hg38/none refgenie://hg38/things refgenie://hg39/things")
