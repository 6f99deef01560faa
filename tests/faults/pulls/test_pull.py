"""What bad servers, bad networks and crashes do to a pull: a clear error, and nothing kept or registered."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from refgenie.core.registry_path import RegistryPath
from refgenie.errors import (
    DigestMismatchError,
    DiskFullError,
    InterruptedByUserError,
    NetworkError,
    RefgenieError,
)
from refgenie.transfer.clients import HttpServerClient
from refgenie.transfer.pull import PullOptions
from refgenie.transfer.pull_options import Slots
from support import fault_proxy as faults
from support.fault_proxy import Exchange, FaultProxy
from support.pulls import ARCHIVE, BIG, FILE, MANIFEST, arrived, nothing_is_left
from support.transfer_site import Installation, copy_of, serving


@pytest.mark.parametrize(("group", "body"), [("packed", ARCHIVE), ("loose", FILE)])
@pytest.mark.parametrize("fault", [faults.altered, faults.shorter, faults.longer], ids=lambda f: f.__name__)
def test_wrong_bytes_are_never_registered(
    laptop: Installation, proxy: FaultProxy, group: str, body: str, fault: faults.Fault
) -> None:
    proxy.fault(body, fault)
    with pytest.raises(DigestMismatchError):
        laptop.pulls(proxy.url).pull("lambda", group)
    nothing_is_left(laptop)


@pytest.mark.parametrize(("group", "body"), [("packed", ARCHIVE), ("loose", FILE)])
@pytest.mark.parametrize(
    "fault", [faults.html, faults.circle, faults.always_503, faults.silence], ids=lambda f: f.__name__
)
def test_a_server_that_sends_no_file_is_a_network_error(
    laptop: Installation, proxy: FaultProxy, group: str, body: str, fault: faults.Fault
) -> None:
    proxy.fault(body, fault)
    with pytest.raises(NetworkError) as raised:
        laptop.pulls(proxy.url).pull("lambda", group)
    assert raised.value.exit_code == 7
    nothing_is_left(laptop)


@pytest.mark.parametrize(
    "fault",
    [faults.html, faults.circle, faults.cut_off, faults.silence, faults.reset_halfway],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("document", [r"/v4/assets\?", r"/v4/aliases/", MANIFEST, "/openapi.json"])
def test_documents_that_are_none_are_a_network_error(
    laptop: Installation, proxy: FaultProxy, upstream: str, document: str, fault: faults.Fault
) -> None:
    pulls = laptop.pulls(proxy.url)
    proxy.fault(document, fault)
    if document == "/openapi.json":
        pulls = laptop.pulls(proxy.url)
    with pytest.raises(NetworkError):
        pulls.pull("lambda", "packed")
    nothing_is_left(laptop)


@pytest.mark.parametrize(("group", "body"), [("packed", ARCHIVE), ("loose", FILE)])
@pytest.mark.parametrize("fault", [faults.reset_halfway, faults.hang], ids=lambda f: f.__name__)
def test_a_download_goes_on_where_it_broke_off(
    laptop: Installation, site: Installation, proxy: FaultProxy, group: str, body: str, fault: faults.Fault
) -> None:
    proxy.fault(body, faults.first(2, fault))
    laptop.pulls(proxy.url).pull("lambda", group)
    arrived(laptop, site, group)
    assert any(asked is not None for _, asked in proxy.paths(body))


@pytest.mark.parametrize(("group", "body"), [("packed", ARCHIVE), ("loose", FILE)])
def test_a_later_run_goes_on_where_an_earlier_one_broke_off(
    laptop: Installation, site: Installation, proxy: FaultProxy, group: str, body: str
) -> None:
    pulls = laptop.pulls(proxy.url)
    proxy.fault(body, faults.first(1, faults.reset_halfway))
    proxy.fault(body, faults.always_503)
    proxy.rules[0] = (proxy.rules[0][0], faults.reset_then_503, [0])
    with pytest.raises(NetworkError):
        pulls.pull("lambda", group, options=PullOptions(jobs=1))
    assert laptop.rg.asset.list() == []
    assert list(laptop.rg.folders.work.glob("pull-*/parts/*.part"))
    proxy.rules.clear()
    proxy.requests.clear()
    pulls.pull("lambda", group, options=PullOptions(jobs=1))
    arrived(laptop, site, group)
    first_range = proxy.paths(body)[0][1]
    assert first_range is not None
    assert int(first_range.removeprefix("bytes=").removesuffix("-")) > 0
    assert not list(laptop.rg.folders.work.glob("pull*"))


@pytest.mark.parametrize("group", ["packed", "loose"])
def test_a_damaged_part_of_an_earlier_run_is_fetched_again(
    laptop: Installation, site: Installation, proxy: FaultProxy, group: str
) -> None:
    pulls = laptop.pulls(proxy.url)
    proxy.fault("/download|/files/.", faults.reset_then_503)
    with pytest.raises(NetworkError):
        pulls.pull("lambda", group, options=PullOptions(jobs=1))
    part = next(laptop.rg.folders.work.glob("pull-*/parts/*.part"))
    content = bytearray(part.read_bytes())
    content[3] ^= 1
    part.write_bytes(content)
    proxy.rules.clear()
    pulls.pull("lambda", group)
    arrived(laptop, site, group)


def test_a_server_without_ranges_is_compared_not_trusted(
    laptop: Installation, site: Installation, proxy: FaultProxy
) -> None:
    proxy.knows_ranges = False
    proxy.fault(ARCHIVE, faults.first(1, faults.reset_halfway))
    laptop.pulls(proxy.url).pull("lambda", "packed")
    arrived(laptop, site, "packed")
    assert len(proxy.paths(ARCHIVE)) == 2


def test_another_range_than_was_asked_for_is_refused(laptop: Installation, proxy: FaultProxy) -> None:
    proxy.fault(ARCHIVE, faults.wrong_range)
    with pytest.raises(RefgenieError) as raised:
        laptop.pulls(proxy.url).pull("lambda", "packed")
    assert raised.value.exit_code in {6, 7}
    assert laptop.rg.asset.list() == []


def test_a_busy_server_is_asked_again(laptop: Installation, site: Installation, proxy: FaultProxy) -> None:
    proxy.fault(".", faults.busy_twice)
    pulls = laptop.pulls(proxy.url)
    proxy.rules[:] = [(proxy.rules[0][0], faults.busy_twice, [0])]
    pulls.pull("lambda", "packed")
    arrived(laptop, site, "packed")


def test_two_pulls_at_once_do_the_work_once(
    laptop: Installation, site: Installation, proxy: FaultProxy
) -> None:
    pulls = [laptop.pulls(proxy.url) for _ in range(4)]
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            pulls[number].pull("lambda", "packed")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    arrived(laptop, site, "packed")
    assert len(proxy.paths(ARCHIVE)) == 1


def test_two_names_of_one_content_at_once(
    laptop: Installation, template: Path, tmp_path: Path, lambda_fasta: Path
) -> None:
    site = copy_of(template, tmp_path / "site")
    site.rg.genome.initialize_genome(lambda_fasta, ["lambda"])
    names = [f"v{number}" for number in range(6)]
    for name in names:
        site.add("lambda", "packed", {"a": BIG, "b": BIG[::-1]}, name=name, folder=tmp_path / name)
        site.stage.add("lambda", "packed", name)
    with serving(site) as url:
        results = laptop.pulls(url).pull_all(
            [RegistryPath("lambda", "packed", asset=name) for name in names], options=PullOptions(jobs=6)
        )
    site.rg.close()
    assert [(result.status, result.reason) for result in results] == [("pulled", None)] * 6
    assert len({result.asset.digest for result in results if result.asset}) == 1
    assert laptop.rg.asset.verify() == []
    assert not list(laptop.rg.folders.work.glob("pull*"))


def test_an_interrupted_call_begins_no_more_downloads(laptop: Installation, proxy: FaultProxy) -> None:
    """One that was only reading what to fetch when the others were ended."""
    slots = Slots(1)
    slots.cancel()
    pulls = laptop.pulls(proxy.url)
    clients = [HttpServerClient(proxy.url)]
    for group in ("packed", "loose"):
        with pytest.raises(InterruptedByUserError):
            pulls._pulling.run(RegistryPath("lambda", group), clients, PullOptions(), None, slots)
    nothing_is_left(laptop)


def test_a_part_of_something_else_is_no_space_that_is_saved(
    laptop: Installation, site: Installation, upstream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = laptop.rg.folders.work / f"pull-{site.rg.asset.get('lambda', 'packed').digest}" / "parts"
    parts.mkdir(parents=True)
    with (parts / f"{'0' * 64}.part").open("wb") as handle:
        handle.truncate(1 << 30)
    usage = shutil.disk_usage(laptop.rg.folders.genome_folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(DiskFullError):
        laptop.pulls(upstream).pull("lambda", "packed")


def test_space_is_checked_before_the_first_byte(
    laptop: Installation, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(laptop.rg.folders.genome_folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(DiskFullError) as raised:
        laptop.pulls(proxy.url).pull("lambda", "packed")
    assert "1000" in raised.value.message
    assert proxy.paths(ARCHIVE) == []
    assert laptop.rg.asset.list() == []


def _changed(change: Callable[[Any], None]) -> faults.Fault:
    """A fault that changes a JSON document."""

    def fault(exchange: Exchange) -> None:
        document = json.loads(exchange.answer.body)
        change(document)
        exchange.send(body=json.dumps(document).encode())

    return fault


@pytest.mark.parametrize(
    "change",
    [{"name": "another"}, {"asset_group_name": "another"}, {"genome_digest": "A" * 32}, {"name": "../x"}],
    ids=lambda change: next(iter(change)),
)
def test_what_was_not_asked_for_is_not_taken(
    laptop: Installation, proxy: FaultProxy, change: dict[str, str]
) -> None:
    proxy.fault(r"/v4/assets\?", _changed(lambda answer: answer["items"][0].update(change)))
    with pytest.raises(RefgenieError) as raised:
        laptop.pulls(proxy.url).pull("lambda", "loose")
    assert raised.value.exit_code in {3, 7}
    nothing_is_left(laptop)
