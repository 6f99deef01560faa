"""verify: names what is missing, changed or extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from refgenie.assets.verification import FileFault
from refgenie.core.progress import Advance
from refgenie.errors import NotFoundError
from support.asset_site import GENOME, AssetSite


def test_what_is_not_as_recorded_is_named(site: AssetSite) -> None:
    record = site.publish({"a": "1", "b": "22", "c/d": "333"})
    site.publish({"a": "1"}, "whole", group="others")
    assert site.assets.verify() == []
    content = site.content(record.digest)
    (content / "a").unlink()
    (content / "b").chmod(0o644)
    (content / "b").write_text("23")
    (content / "c" / "e").write_text("x")
    expected = {("a", "missing"), ("b", "changed"), ("c/e", "extra")}
    found = site.assets.verify()
    assert {(fault.path, fault.kind) for fault in found} == expected
    assert {fault.registry_path for fault in found} == {f"{GENOME}/things:default"}
    assert {(f.path, f.kind) for f in site.assets.verify(["hg38/things"])} == expected
    assert site.assets.verify(["hg38/others:whole"]) == []
    with pytest.raises(NotFoundError):
        site.assets.verify(["hg38/none"])


def test_content_with_two_names_is_read_once_and_progress_is_in_bytes(site: AssetSite) -> None:
    site.publish({"a": "12345"}, "one")
    site.publish({"a": "12345"}, "two")
    tasks: list[int | None] = []
    bytes_read: list[int] = []

    class Told:
        @contextmanager
        def task(self, description: str, total: int | None = None) -> Iterator[Advance]:
            tasks.append(total)
            yield bytes_read.append

    assert site.assets.verify(progress=Told()) == []
    assert (tasks, sum(bytes_read)) == ([5], 5)


def test_a_linked_asset_is_verified_where_it_is(site: AssetSite, tmp_path: Path) -> None:
    source = tmp_path / "users"
    source.mkdir()
    (source / "a").write_text("1")
    site.assets.add("hg38", "things", path=source, asset_class="things", mode="link")
    (source / "notes").write_text("of the user")
    assert site.assets.verify() == []
    (source / "a").write_text("2")
    assert site.assets.verify() == [FileFault(f"{GENOME}/things:default", "a", "changed")]
