"""Seek keys against what a build left in its folder."""

from __future__ import annotations

import pytest

from refgenie.core.records import AssetClassRecord
from refgenie.errors import BuildFailedError
from refgenie.recipes.seek_keys import resolve_seek_keys

DIGEST = "-mGS_abcdefghijklmnopqrstuvwxyz0"


def record(**keys):
    return AssetClassRecord(
        id=1,
        name="x_index",
        version="1",
        description=None,
        serving_modes=("file",),
        seek_keys=keys,
        definition={},
    )


@pytest.fixture
def folder(tmp_path):
    for name in (
        f"{DIGEST}.fa",
        f"{DIGEST}.fa.fai",
        "idx/a.1.bt2",
        "idx/a.rev.1.bt2",
        "k31.idx",
        "report-abc.html",
        "x[1].txt",
        ".hidden",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (tmp_path / "empty").mkdir()
    return tmp_path


def resolve(folder, value, kind, *, optional=False, params=None, properties=None):
    key = {"value": value, "type": kind, "optional": optional, "description": "d"}
    found = resolve_seek_keys(record(x=key), folder, DIGEST, params or {}, properties or {})
    return found[0].value if found else None


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("{genome}.fa", "file", "{genome}.fa"),
        ("{genome}.fa.fai", "file", "{genome}.fa.fai"),
        ("k{kmer}.idx", "file", "k31.idx"),
        ("report-{anything}.html", "file", "report-abc.html"),
        ("report-*.html", "file", "report-abc.html"),
        ("{note}", "file", "x[1].txt"),
        ("idx/*.1.bt2", "file", None),
        ("{genome}", "prefix", "{genome}"),
        ("idx/a", "prefix", "idx/a"),
        ("idx/{name}", "prefix", "idx/a"),
        ("k{kmer}", "prefix", "k31"),
        ("idx", "directory", "idx"),
        (".", "directory", "."),
        ("empty", "directory", "empty"),
        ("{genome}/{kmer}", "string", f"{DIGEST}/31"),
        ("{kmer}", "integer", "31"),
        (4, "integer", "4"),
        ("{ver}", "string", "2.5"),
        ("{flag}", "boolean", "true"),
        ({"a": [1]}, "object", '{"a": [1]}'),
    ],
)
def test_keys_that_hold(folder, value, kind, expected):
    if expected is None:
        with pytest.raises(BuildFailedError, match=r"x \(2 files match"):
            resolve(folder, value, kind)
        return
    params = {"kmer": 31, "flag": True, "note": "x[1].txt"}
    assert resolve(folder, value, kind, params=params, properties={"ver": "2.5"}) == expected


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("{genome}.gz", "file"),
        ("idx", "file"),
        ("none/a", "prefix"),
        ("empty/", "prefix"),
        ("absent", "directory"),
        ("k31.idx", "directory"),
        ("{nothing}", "string"),
    ],
)
def test_keys_that_do_not_hold(folder, value, kind):
    with pytest.raises(BuildFailedError, match=r"x_index: x \("):
        resolve(folder, value, kind)
    assert resolve(folder, value, kind, optional=True) is None


def test_a_wrong_plain_value_is_refused_even_where_optional(folder):
    with pytest.raises(BuildFailedError, match="is no integer"):
        resolve(folder, "{n}", "integer", params={"n": "many"}, optional=True)


def test_a_parameter_cannot_lead_out_of_the_folder(folder):
    with pytest.raises(BuildFailedError, match="leaves"):
        resolve(folder, "{n}/x", "file", params={"n": ".."})
    with pytest.raises(BuildFailedError, match="leaves"):
        resolve(folder, "{n}", "file", params={"n": "/etc/passwd"})


def test_all_faults_are_named_at_once(folder):
    keys = {
        "one": {"value": "a", "type": "file"},
        "two": {"value": "{genome}.fa", "type": "file"},
        "three": {"value": "b", "type": "prefix"},
    }
    with pytest.raises(BuildFailedError, match=r"one .*three") as caught:
        resolve_seek_keys(record(**keys), folder, DIGEST, {}, {})
    assert "two" not in caught.value.message
