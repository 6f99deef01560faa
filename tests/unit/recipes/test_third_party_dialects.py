"""A dialect that another distribution brings by its entry point."""

from __future__ import annotations

import pytest

from refgenie.errors import InvalidInputError
from refgenie.recipes import dialects

MODULE = """
class Terse:
    name = "terse"
    def recognises(self, document):
        return "run" in document
    def to_canonical(self, document):
        rest = {key: value for key, value in document.items() if key != "run"}
        return rest | {"command_templates": [document["run"]]}
    def from_canonical(self, document):
        return dict(document)
"""


@pytest.fixture
def distribution(tmp_path, monkeypatch):
    """Puts a distribution with one entry point on the path, as an installer would."""

    def install(target):
        (tmp_path / "terse_dialect.py").write_text(MODULE)
        metadata = tmp_path / "terse_dialect-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: terse-dialect\nVersion: 1.0\n")
        group = f"[{dialects.ENTRY_POINT_GROUP}]\n"
        (metadata / "entry_points.txt").write_text(f"{group}terse = terse_dialect:{target}\n")
        monkeypatch.syspath_prepend(tmp_path)
        dialects._third_party.cache_clear()

    yield install
    dialects._third_party.cache_clear()


def test_it_is_asked_first(distribution):
    distribution("Terse")
    assert list(dialects.dialects()) == ["terse", "nested", "canonical"]
    assert dialects.to_canonical({"name": "x", "run": "true"}) == {
        "name": "x",
        "command_templates": ["true"],
    }


def test_what_is_no_dialect_is_refused(distribution):
    distribution("__name__")
    with pytest.raises(InvalidInputError, match="no recipe dialect"):
        dialects.dialects()
