from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refgenie.core.digests import FileRecord, asset_digest, describe_files, sha256_of

names = st.from_regex(r"[A-Za-z0-9_é ][A-Za-z0-9._é -]{0,12}", fullmatch=True)


@given(st.dictionaries(names, st.binary(max_size=200), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_asset_digest_is_what_sha256sum_prints(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("asset")
    for number, (name, data) in enumerate(content.items()):
        path = folder / f"d{number % 2}" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    files = describe_files(folder)
    # The command that the documentation shows.
    shown = subprocess.run(
        "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum",
        shell=True, cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert asset_digest(files) == shown.stdout.split()[0]
    assert {file.path: file.sha256 for file in files} == {
        f"d{number % 2}/{name}": hashlib.sha256(data).hexdigest()
        for number, (name, data) in enumerate(content.items())
    }
    assert sum(file.size for file in files) == sum(map(len, content.values()))


def test_the_order_of_files_does_not_matter() -> None:
    files = [FileRecord("b", 1, "0" * 64), FileRecord("a", 1, "1" * 64), FileRecord("B", 1, "2" * 64)]
    assert asset_digest(files) == asset_digest(files[::-1])


def test_links_are_hashed_as_what_they_point_at(tmp_path: Path) -> None:
    folder = tmp_path / "asset"
    folder.mkdir()
    (tmp_path / "elsewhere").write_bytes(b"ACGT")
    (folder / "genome.fa").symlink_to(tmp_path / "elsewhere")
    (found,) = describe_files(folder)
    assert found == FileRecord("genome.fa", 4, hashlib.sha256(b"ACGT").hexdigest())


def test_progress_counts_every_byte(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(3_000_000))
    counted: list[int] = []
    sha256_of(tmp_path / "a", advance=counted.append)
    assert sum(counted) == 3_000_000
