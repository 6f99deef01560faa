"""A kill at any moment of staging, pulling and pushing: what is recorded is whole, and the command ends well again."""

from __future__ import annotations

import os
import random
import secrets
import signal
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from refgenie.core.digests import sha256_of
from support.children import child
from support.s3 import S3Server, s3_server
from support.transfer_site import Installation, copy_of, installation, opened, serving

SIZE = 24 << 20
KILLS = 10


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, lambda_fasta: Path) -> Installation:
    root = tmp_path_factory.mktemp("site")
    made = installation(root / "home")
    made.rg.genome.initialize_genome(lambda_fasta, ["lambda"])
    content = random.Random(7).randbytes(SIZE)
    for group, modes in (("packed", ("archive",)), ("loose", ("file",))):
        made.add(
            "lambda", group, {"a.bin": content, "b.bin": content[::-1]}, modes=modes, folder=root / group
        )
    return made


def kill_after(process: BaseProcess, seconds: float) -> None:
    process.start()
    process.join(seconds)
    if process.is_alive():
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    process.join()


def stage(root: str) -> None:
    opened(Path(root)).stage.add("lambda", "packed", threads=1)


def pull(root: str, url: str) -> None:
    home = opened(Path(root))
    for group in ("packed", "loose"):
        home.pulls(url).pull("lambda", group)


def push(root: str, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    opened(Path(root)).rg.push()


def moments(longest: float) -> list[float]:
    return [longest * (number + 1) / KILLS for number in range(KILLS)]


def how_long(process: BaseProcess) -> float:
    started = time.monotonic()
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - started


def test_staging_killed(site: Installation, tmp_path: Path) -> None:
    source = site.rg.settings.database_config_path.parent
    home = copy_of(source, tmp_path / "measured")
    home.rg.close()
    longest = how_long(child(stage, str(tmp_path / "measured")))
    root = tmp_path / "home"
    copy_of(source, root).rg.close()
    for moment in moments(longest):
        kill_after(child(stage, str(root)), moment)
        home = opened(root)
        for record in home.stage.list():
            path = home.rg.folders.archive_folder / record.path
            assert (path.stat().st_size, sha256_of(path)) == (record.size, record.digest)
    (record,) = opened(root).stage.add("lambda", "packed")
    assert sha256_of(root / "archives" / record.path) == record.digest


@pytest.fixture(scope="module")
def url(site: Installation) -> Iterator[str]:
    for group in ("packed", "loose"):
        site.stage.add("lambda", group)
    with serving(site) as address:
        yield address


def test_pulling_killed(site: Installation, url: str, tmp_path: Path) -> None:
    template = tmp_path / "template"
    installation(template).rg.close()
    copy_of(template, tmp_path / "measured").rg.close()
    longest = how_long(child(pull, str(tmp_path / "measured"), url))
    root = tmp_path / "home"
    copy_of(template, root).rg.close()
    for moment in moments(longest):
        kill_after(child(pull, str(root), url), moment)
        home = opened(root)
        assert home.rg.asset.verify() == []
        for asset in home.rg.asset.list():
            assert home.rg.alias.resolve("lambda") == asset.genome_digest
    pull(str(root), url)
    home = opened(root)
    digests = {asset.digest for asset in home.rg.asset.list()}
    assert digests == {asset.digest for asset in site.rg.asset.list()}
    home.rg.doctor.fix()
    assert home.rg.doctor.find() == []
    assert home.rg.asset.verify() == []


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


def test_pushing_killed(site: Installation, url: str, s3: S3Server, tmp_path: Path) -> None:
    assert url
    bucket = s3.bucket(f"b-{secrets.token_hex(4)}")
    root = tmp_path / "home"
    home = copy_of(site.rg.settings.database_config_path.parent, root)
    home.rg.remote.add("s3", f"s3://{bucket}", name="bucket")
    home.rg.close()
    for moment in (0.3, 0.6, 0.9, 1.2, 1.5, 2.0):
        kill_after(child(push, str(root), s3.environment), moment)
        home = opened(root)
        (status,) = home.rg.remote.status()
        keys = s3.keys(bucket)
        staged = {item.path: item for item in home.stage.list()}
        assert status.failed == 0
        if status.pushed:
            assert keys
        assert status.pushed + status.pending == len(staged)
    process = child(push, str(root), s3.environment)
    how_long(process)
    (status,) = opened(root).rg.remote.status()
    assert (status.pushed, status.pending) == (2, 0)
    assert sum(s3.keys(bucket).values()) == sum(item.size for item in opened(root).stage.list())
