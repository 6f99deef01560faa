"""The commands of transfer: a site with a server and a bucket, and a laptop."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from refgenie.transfer.pull_options import PullOptions
from support.console import Console
from support.in_process import InProcess
from support.postgres import free_port
from support.s3 import S3Server, s3_server


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, lambda_fasta: Path, s3: S3Server) -> Console:
    """A site that has a genome, an asset served both ways, and a bucket."""
    root = tmp_path_factory.mktemp("site")
    cli = Console(root / "home")
    cli("init").succeeded()
    cli("genome", "init", "--fasta", lambda_fasta, "--name", "lambda", "--description", "Phage").succeeded()
    cli.home.parent.joinpath("toy.yaml").write_text(
        "name: toy\nversion: 1.0.0\nserving_modes: [file, archive]\nseek_keys:\n"
        '  toy: {value: "toy.bin", type: file, description: x}\n'
    )
    cli("asset-class", "add", root / "toy.yaml").succeeded()
    (root / "toy.bin").write_bytes(b"index" * 100_000)
    cli("add", "lambda/toy", "--path", root / "toy.bin", "--asset-class", "toy").succeeded()
    s3.bucket("references", public=True)
    return cli


def new_home(root: Path) -> Console:
    """An initialized home of its own; its commands run in this process, its servers in children."""
    root.mkdir()
    cli = InProcess(root / "home")
    cli("init").succeeded()
    return cli


@contextlib.contextmanager
def served(site: Console, *options: str, env: dict[str, str] | None = None) -> Iterator[str]:
    """`refgenie serve` on a free port, ended by a signal."""
    port = free_port()
    process = site.start("serve", "--port", str(port), *options, env=env)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{url}/healthcheck").status_code == 200:
                    break
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def test_stage_is_add_by_default_and_has_other_names(site: Console) -> None:
    site("stage", "lambda/toy").succeeded()
    staged = site("stage", "list", "--json").succeeded().json
    assert [(item["mode"], item["asset_group_name"]) for item in staged] == [
        ("archive", "toy"),
        ("file", "toy"),
    ]
    assert site("stage", "staged", "--json").json == staged
    site("stage", "unstage", "lambda/toy").succeeded()
    assert site("stage", "remove", "lambda/toy").code == 3
    site("stage", "stage", "lambda/toy").succeeded()
    failed = site("stage", "add", "lambda/toy", "lambda/none", "lambda/nothing")
    assert failed.code == 3
    assert "2 assets" in failed.stderr


def test_a_laptop_gets_what_a_site_serves_from_its_bucket(
    site: Console, s3: S3Server, tmp_path: Path
) -> None:
    site("stage", "lambda/toy").succeeded()
    site(
        "remote", "add", "--name", "bucket", "--type", "s3", "--prefix", "s3://references/refgenie",
        "--description", "Site bucket",
    ).succeeded()  # fmt: skip
    web = f"{s3.url}/references/refgenie"
    site(
        "remote", "add", "--name", "web", "--type", "http", "--prefix", web, "--push-command", "true"
    ).succeeded()
    planned = site("push", "--dry-run", "--json").succeeded().json
    assert len(planned) == 4
    site("push", env=s3.environment).succeeded()
    assert [item["pushed"] for item in site("remote", "status", "--json").succeeded().json] == [2, 2]
    laptop = new_home(tmp_path / "laptop")
    with served(site, "--workers", "2") as url:
        laptop("subscribe", url).succeeded()
        assert url in laptop("config", "get").stdout
        (listing,) = laptop("listr", "--json").succeeded().json
        assert [item["asset_group_name"] for item in listing["assets"]] == ["toy"]
        assert "toy" in laptop("listr", "-g", "lambda").stdout
        done = laptop("pull", "lambda/toy", "--json").succeeded()
        assert [item["status"] for item in done.json] == ["pulled"]
        seek = laptop("seek", "lambda/toy", "-e").succeeded().stdout.strip()
        assert Path(seek).read_bytes() == b"index" * 100_000
        assert laptop("pull", "lambda/toy", "--json").succeeded().json[0]["status"] == "present"
        assert laptop("pull", "lambda/nothing").code == 3
        assert laptop("pull", "hg38/fasta").code == 3
        nowhere = {"REFGENIE_HOME_PATH": str(tmp_path / "nowhere")}
        uri = laptop("seekr", "lambda/toy", "-s", url, "--remote-class", "s3", env=nowhere).succeeded().stdout
        assert uri.startswith("s3://references/refgenie/")
        assert not (tmp_path / "nowhere").exists()
        populated = laptop("populater", "x: refgenie://lambda/toy").succeeded().stdout
        assert httpx.get(populated.removeprefix("x: ").strip()).content == b"index" * 100_000
        laptop("unsubscribe", "-s", url).succeeded()
        assert laptop("listr").code == 3
        assert "subscribe" in laptop("listr").stderr


def test_what_was_not_pushed_is_told(site: Console, s3: S3Server, tmp_path: Path) -> None:
    bare = new_home(tmp_path / "bare")
    bare("remote", "add", "--type", "s3", "--prefix", "s3://references/x", "--name", "x").succeeded()
    assert "nothing is staged" in bare("push", env=s3.environment).succeeded().stderr
    site("stage", "lambda/toy").succeeded()
    site(
        "remote", "add", "--name", "broken", "--type", "http", "--prefix", "http://x/y", "--push-command",
        "echo why >&2; false",
    ).succeeded()  # fmt: skip
    try:
        failed = site("push", "--remote", "broken")
        assert failed.code == 7
        assert failed.stderr.count(": failed ") == 2
        assert "2 of 2 uploads failed" in failed.stderr
        told = site("push", "--remote", "broken", "--json")
        assert (told.code, [item["status"] for item in told.json]) == (7, ["failed"] * 2)
        assert "why" in told.json[0]["message"]
    finally:
        site("remote", "remove", "-y", "broken").succeeded()


def test_a_dead_remote_does_not_keep_an_asset_away(site: Console, tmp_path: Path) -> None:
    """The server has the files itself."""
    site("stage", "lambda/toy").succeeded()
    site(
        "remote", "add", "--name", "dead", "--type", "https", "--prefix", "https://127.0.0.1:1/x", "--push-command", "true"
    ).succeeded()  # fmt: skip
    site("push", "--remote", "dead").succeeded()
    laptop = new_home(tmp_path / "laptop")
    try:
        with served(site) as url:
            laptop("subscribe", "-s", url).succeeded()
            laptop("pull", "lambda/toy").succeeded()
            assert laptop("verify").succeeded()
    finally:
        site("remote", "remove", "-y", "dead").succeeded()


def test_large_assets_are_taken_left_out_or_asked_about(site: Console, tmp_path: Path) -> None:
    site("stage", "lambda/toy").succeeded()
    laptop = new_home(tmp_path / "laptop")
    with served(site) as url:
        laptop("subscribe", url).succeeded()
        cutoff = ("pull", "--genome", "lambda", "--all", "--size-cutoff", "10")
        assert laptop(*cutoff).code == 2
        for option in ("--skip-large", "--batch"):
            left_out = laptop(*cutoff, option)
            assert left_out.code == 0
            assert "more than 10" in left_out.stderr
        assert laptop("list", "--json").json == []
        laptop(*cutoff, "--large", "-j", "2").succeeded()
        assert len(laptop("list", "--json").json) == 1
        assert laptop("pull", "--all").code == 2
        assert laptop("pull", "--genome", "lambda").code == 2
        assert laptop("pull").code == 2
        assert laptop("pull", "lambda/toy.toy").code == 2
        laptop("pull", "--all", "--all-genomes").succeeded()
        laptop("pull", "--genome", "lambda", "toy").succeeded()
        assert laptop("pull", "--genome", "lambda", "nothing").code == 3


def test_who_asks_for_a_path_or_a_build_gets_large_assets(
    site: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, *others = PullOptions.__init__.__defaults__ or ()
    monkeypatch.setattr(PullOptions.__init__, "__defaults__", (10, *others))  # ten bytes are large
    site("stage", "lambda/toy").succeeded()
    laptop = new_home(tmp_path / "laptop")
    with served(site) as url:
        laptop("subscribe", url).succeeded()
        laptop("seek", "lambda/toy", "--pull", "-e").succeeded()
        laptop("remove", "-y", "lambda/toy").succeeded()
        (tmp_path / "class.yaml").write_text(
            "name: size\nversion: 1.0\nseek_keys:\n  size: {value: made, type: file, description: x}\n"
        )
        (tmp_path / "recipe.yaml").write_text(
            "name: size\nversion: 1.0\ndescription: x\noutput_asset_class: size\n"
            "input_assets: {toy: {asset_class: toy, default: toy}}\n"
            "command_templates: ['wc -c <{{values.assets.toy}} >{{values.output_folder}}/made']\n"
        )
        laptop("asset-class", "add", tmp_path / "class.yaml").succeeded()
        laptop("recipe", "add", tmp_path / "recipe.yaml").succeeded()
        laptop("build", "lambda/size", "--deps", "pull").succeeded()
    assert Path(laptop("seek", "lambda/size").stdout.strip()).read_text().strip() == "500000"


def test_a_mirror_is_kept_current(site: Console, tmp_path: Path) -> None:
    site("stage", "lambda/toy").succeeded()
    copy = new_home(tmp_path / "mirror")
    with served(site) as url:
        first = copy("mirror", url, "--stage", "--json").succeeded().json
        assert [(item["status"], item["staged"]) for item in first] == [("pulled", True)]
        assert copy("alias", "get", "--json").json[0]["name"] == "lambda"
        again = copy("mirror", url, "-g", "lambda", "--stage", "--json").succeeded().json
        assert [item["status"] for item in again] == ["present"]
        assert copy("mirror", url, "-g", "hg38").code == 3
    assert copy("mirror", url).code == 7
    with served(copy) as second:
        laptop = new_home(tmp_path / "laptop")
        laptop("subscribe", second).succeeded()
        laptop("pull", "lambda/toy").succeeded()
        digests = {json.dumps(cli("id", "lambda/toy").stdout) for cli in (site, copy, laptop)}
        assert len(digests) == 1


def test_what_is_no_refgenie_server_is_not_subscribed(run_cli: Console, static_server: object) -> None:
    run_cli("init").succeeded()
    assert run_cli("subscribe", static_server.url).code == 7  # type: ignore[attr-defined]
    assert run_cli("subscribe", "nonsense").code == 5
    warned = run_cli("subscribe", "http://127.0.0.1:1")
    assert warned.code == 0
    assert "cannot be reached" in warned.stderr
    assert run_cli("pull", "lambda/fasta").code == 7
    assert run_cli("listr").code == 7
    assert run_cli("subscribe").code == 2


def test_reading_remote_commands_leave_no_trace(site: Console, tmp_path: Path) -> None:
    site("stage", "lambda/toy").succeeded()
    laptop = new_home(tmp_path / "laptop")
    with served(site) as url:
        laptop("subscribe", url).succeeded()
        before = {path: path.stat().st_mtime_ns for path in sorted(laptop.home.rglob("*"))}
        laptop("listr").succeeded()
        laptop("seekr", "lambda/toy").succeeded()
        laptop("stage", "list").succeeded()
        laptop("remote", "list").succeeded()
        laptop("remote", "status").succeeded()
        assert {path: path.stat().st_mtime_ns for path in sorted(laptop.home.rglob("*"))} == before
    assert os.environ.get("REFGENIE_HOME_PATH") != str(laptop.home)
