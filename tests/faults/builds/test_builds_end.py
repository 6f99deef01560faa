"""Builds that are interrupted, killed, run out of disk, or meet each other."""

from __future__ import annotations

import multiprocessing
import os
import shlex
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest

from refgenie.assets.doctor import Doctor
from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.errors import DiskFullError, InterruptedByUserError, NotFoundError, RefgenieError
from support.build_site import BuildSite
from support.disks import small_disk

FORK = multiprocessing.get_context("fork")


def start(site: BuildSite, path: str) -> multiprocessing.Process:
    """Build in another process; its exit code is the error's."""

    def work() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        site.database.dispose()
        try:
            site.build(path)
        except RefgenieError as error:
            os._exit(error.exit_code)
        os._exit(0)

    process = FORK.Process(target=work)
    process.start()
    return process


def wait_for(path: Path) -> int:
    """The process number that a command wrote into a file."""
    for _ in range(1000):
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.01)
    raise AssertionError(f"{path} was not written")


def wait_until_gone(pid: int) -> None:
    for _ in range(500):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} goes on")


def findings(site: BuildSite) -> list[object]:
    """What `doctor` still finds after it mended what it can."""
    doctor = Doctor(
        site.database, site.folders, site.aliases, site.locks, site.publisher, site.links, site.mode
    )
    doctor.fix()
    return list(doctor.find())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_children_and_leaves_nothing(site, tmp_path, number):
    sign = tmp_path / "pid"
    site.add_recipe(
        "made",
        "echo half >{{values.output_folder}}/made",
        f"bash -c 'echo $$ >{sign}; sleep 300' & wait; sleep 300",
    )
    process = start(site, "tiny/made")
    child = wait_for(sign)
    os.kill(process.pid, number)
    process.join(20)
    assert process.exitcode == 130
    wait_until_gone(child)
    with pytest.raises(NotFoundError):
        site.assets.get("tiny", "made")
    assert site.leftovers() == []
    [row] = site.build_rows()
    assert row.status == "interrupted"
    assert signal.Signals(number).name in (row.message or "")
    assert "half" in site.log(row)


def test_a_signal_during_publication_comes_after_it(site, monkeypatch):
    site.add_recipe("made", "echo whole >{{values.output_folder}}/made")
    publish = site.publisher.publish

    def interrupted(*arguments, **options):
        os.kill(os.getpid(), signal.SIGTERM)
        return publish(*arguments, **options)

    monkeypatch.setattr(site.publisher, "publish", interrupted)
    with pytest.raises(InterruptedByUserError):
        site.build("tiny/made")
    assert site.text(site.assets.get("tiny", "made")) == "whole\n"
    [row] = site.build_rows()
    assert (row.status, row.message) == ("succeeded", None), "its asset is there"
    assert site.leftovers() == []


def test_a_killed_refgenie_leaves_no_children_and_the_next_build_ends_well(site, tmp_path):
    sign = tmp_path / "pid"
    site.add_recipe(
        "made",
        f"[ -e {sign} ] || {{ echo $$ >{sign}; trap '' TERM; sleep 1;"
        " echo late >{{values.output_folder}}/stray; exit 1; }",
        "echo whole >{{values.output_folder}}/made",
    )
    process = start(site, "tiny/made")
    child = wait_for(sign)
    process.kill()
    process.join()
    asset = site.build("tiny/made")
    assert [file.path for file in asset.files] == ["made"], (
        "the next build waits for the last one's processes"
    )
    wait_until_gone(child)
    assert [row.status for row in site.build_rows()] == ["interrupted", "succeeded"]
    assert site.leftovers() == []


def test_kill_9_at_any_moment(site):
    site.add_recipe(
        "made",
        "for i in 1 2 3; do echo $i >>{{values.output_folder}}/made; sleep 0.05; done",
        "head -c 3000000 /dev/zero >{{values.output_folder}}/more",
    )
    for moment in range(10):
        process = start(site, f"tiny/made:m{moment}")
        time.sleep(0.05 * moment)
        process.kill()
        process.join()
        built = site.build(f"tiny/made:m{moment}")
        assert site.text(built) == "1\n2\n3\n"
    assert site.assets.verify() == []
    assert {row.status for row in site.build_rows()} <= {"interrupted", "succeeded"}
    assert findings(site) == []
    assert site.leftovers() == []


def test_many_processes_build_at_once(each_site):
    site = each_site
    site.add_recipe("shared", "echo s >>{{values.output_folder}}/made")
    for number in range(4):
        site.add_recipe(
            f"own{number}",
            f"cat {{{{values.assets['shared']}}}} >{{{{values.output_folder}}}}/made; echo {number}"
            " >>{{values.output_folder}}/made",
            input_assets={"shared": {"asset_class": "shared", "default": "shared"}},
        )
    site.database.dispose()

    def work(number: int) -> None:
        request = site.request(f"tiny/own{number % 4}", deps="build")
        try:
            site.builds.build(request)
        except RefgenieError as error:
            print(error.message)
            os._exit(error.exit_code)
        os._exit(0)

    processes = [FORK.Process(target=work, args=(number,)) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    rows = site.build_rows()
    assert sorted(row.recipe_name for row in rows) == ["own0", "own1", "own2", "own3", "shared"]
    assert {row.status for row in rows} == {"succeeded"}
    assert [site.text(site.assets.get("tiny", f"own{n}")) for n in range(4)] == [
        f"s\n{n}\n" for n in range(4)
    ]


@pytest.mark.parametrize(
    "command",
    [
        "head -c 90000000 /dev/zero >{{values.output_folder}}/made",
        "head -c 90000000 /dev/zero | tr '\\0' 'x' | fold -w 60",
    ],
    ids=["output", "log"],
)
def test_a_full_disk_is_said_and_leaves_nothing_registered(build_template, tmp_path, command):
    with small_disk("32m") as disk:
        shutil.copytree(build_template / "genomes", disk.folder / "genomes", symlinks=True)
        shutil.copy(build_template / "registry", tmp_path / "registry")
        database = Database.from_url(f"sqlite:///{tmp_path / 'registry'}")
        site = BuildSite(database, Folders(disk.folder / "genomes", disk.folder / "archives"))
        site.add_recipe("made", command, "echo x >{{values.output_folder}}/made")
        with pytest.raises(DiskFullError, match="no space left on the disk") as caught:
            site.build("tiny/made")
        assert (caught.value.exit_code, bool(caught.value.hint or caught.value.message)) == (9, True)
        with pytest.raises(NotFoundError):
            site.assets.get("tiny", "made")
        assert site.build_rows()[-1].status == "failed"
        assert site.leftovers() == []
        shutil.rmtree(disk.folder / "genomes" / "builds")
        site.recipes.add(
            site.recipes.get("made").definition
            | {"command_templates": [f"echo {shlex.quote('fits')} >{{{{values.output_folder}}}}/made"]},
            force=True,
        )
        assert site.text(site.build("tiny/made")) == "fits\n"
        database.dispose()
