"""What bad servers, bad networks and crashes do to a pull: a clear error, and nothing kept or registered."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from refgenie.core.registry_path import RegistryPath
from refgenie.errors import (
    DigestMismatchError,
    DiskFullError,
    InterruptedByUserError,
    NetworkError,
    NotFoundError,
    RefgenieError,
)
from refgenie.transfer.catalog import RemoteCatalog
from refgenie.transfer.clients import HttpServerClient
from refgenie.transfer.pull import PullOptions
from refgenie.transfer.pull_options import Slots
from support import fault_proxy as faults
from support.fault_proxy import Exchange, FaultProxy, fault_proxy
from support.transfer_site import Installation, copy_of, installation, serving

BIG = bytes(range(256)) * 4096  # 1 MB
ARCHIVE = r"/v4/archives/[0-9a-f]{64}/download"
FILE = r"/v4/assets/[0-9a-f]{64}/files/."
MANIFEST = r"/v4/assets/[0-9a-f]{64}/files(\?|$)"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "home"
    installation(root).rg.close()
    return root


@pytest.fixture(scope="module")
def site(template: Path, tmp_path_factory: pytest.TempPathFactory, lambda_fasta: Path) -> Installation:
    """Two assets of phage lambda: one is served as an archive, one file by file."""
    root = tmp_path_factory.mktemp("site")
    made = copy_of(template, root / "home")
    made.rg.genome.initialize_genome(lambda_fasta, ["lambda"])
    for group, modes in (("packed", ("archive",)), ("loose", ("file",))):
        content = BIG if group == "packed" else BIG[::-1]
        made.add(
            "lambda",
            group,
            {"a.bin": content, "b/c.txt": b"small " + group.encode()},
            modes=modes,
            seek_keys={"a": "a.bin"},
            folder=root / group,
        )
        made.stage.add("lambda", group)
    return made


@pytest.fixture(scope="module")
def upstream(site: Installation) -> Iterator[str]:
    with serving(site) as address:
        yield address


@pytest.fixture
def proxy(upstream: str) -> Iterator[FaultProxy]:
    with fault_proxy(upstream) as running:
        yield running


@pytest.fixture
def laptop(template: Path, tmp_path: Path) -> Iterator[Installation]:
    made = copy_of(template, tmp_path / "laptop")
    yield made
    made.rg.close()


def nothing_is_left(laptop: Installation) -> None:
    assert laptop.rg.asset.list() == []
    assert laptop.rg.genome.list() == []
    assert not list(laptop.rg.folders.genome_folder.glob("data/*/*/*"))
    assert not list(laptop.rg.folders.work.glob("pull*")) if laptop.rg.folders.work.exists() else True


def arrived(laptop: Installation, site: Installation, group: str) -> None:
    here, there = laptop.rg.asset.get("lambda", group), site.rg.asset.get("lambda", group)
    assert here.digest == there.digest
    assert laptop.rg.asset.verify() == []


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
    proxy.rules[0] = (proxy.rules[0][0], _reset_then_503, [0])
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


def _reset_then_503(exchange: faults.Exchange) -> None:
    if exchange.number == 0:
        faults.reset_halfway(exchange)
    else:
        faults.always_503(exchange)


@pytest.mark.parametrize("group", ["packed", "loose"])
def test_a_damaged_part_of_an_earlier_run_is_fetched_again(
    laptop: Installation, site: Installation, proxy: FaultProxy, group: str
) -> None:
    pulls = laptop.pulls(proxy.url)
    proxy.fault("/download|/files/.", _reset_then_503)
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


@pytest.mark.parametrize(
    "fault",
    [faults.altered, faults.always_503, faults.forbidden, faults.html],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize(("group", "body"), [("packed", ARCHIVE), ("loose", FILE)])
def test_the_next_server_with_the_same_content_takes_over(
    laptop: Installation,
    site: Installation,
    upstream: str,
    proxy: FaultProxy,
    group: str,
    body: str,
    fault: faults.Fault,
) -> None:
    proxy.fault(body, fault)
    laptop.pulls(proxy.url, upstream).pull("lambda", group)
    arrived(laptop, site, group)


def test_the_next_server_goes_on_with_what_the_first_sent(
    laptop: Installation, site: Installation, upstream: str, proxy: FaultProxy
) -> None:
    with fault_proxy(upstream) as second:
        proxy.fault(ARCHIVE, _reset_then_503)
        laptop.pulls(proxy.url, second.url).pull("lambda", "packed")
        arrived(laptop, site, "packed")
        assert second.paths(ARCHIVE)[0][1] is not None


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (MANIFEST, faults.always_503),
        (MANIFEST, lambda exchange: exchange.send(body=exchange.answer.body.replace(b"a.bin", b"z.bin"))),
        ("/provenance", faults.always_503),
        ("/asset_classes/", faults.forbidden),
        ("/asset_classes/", lambda exchange: exchange.send(body=b'{"name": "x"}')),
    ],
    ids=["no manifest", "wrong manifest", "no provenance", "no access", "no class"],
)
def test_the_next_server_describes_what_the_first_cannot(
    laptop: Installation,
    site: Installation,
    upstream: str,
    proxy: FaultProxy,
    document: str,
    fault: faults.Fault,
) -> None:
    proxy.fault(document, fault)
    laptop.pulls(proxy.url, upstream).pull("lambda", "packed")
    arrived(laptop, site, "packed")


def test_a_server_that_goes_down_meanwhile_is_not_needed_any_more(
    laptop: Installation, site: Installation, upstream: str, proxy: FaultProxy
) -> None:
    def goes_down(exchange: Exchange) -> None:
        proxy.rules.clear()
        proxy.fault(".", faults.always_503)
        faults.always_503(exchange)

    proxy.fault(ARCHIVE, goes_down)
    laptop.pulls(proxy.url, upstream).pull("lambda", "packed")
    arrived(laptop, site, "packed")


def test_what_another_server_sent_of_its_own_archive_does_not_stay(
    laptop: Installation, site: Installation, upstream: str
) -> None:
    parts = laptop.rg.folders.work / f"pull-{site.rg.asset.get('lambda', 'packed').digest}" / "parts"
    parts.mkdir(parents=True)
    (parts / f"{'0' * 64}.part").write_bytes(BIG)
    laptop.pulls(upstream).pull("lambda", "packed")
    assert not list(laptop.rg.folders.work.glob("pull*"))


def test_a_server_that_lets_nobody_in_does_not_hide_the_next(
    laptop: Installation, site: Installation, upstream: str, proxy: FaultProxy
) -> None:
    """As a login page's proxy does: neither a listing nor an address needs that server."""
    pulls = laptop.pulls(proxy.url, upstream)
    proxy.fault("/v4/", faults.forbidden)
    assert {path.group for path in pulls.offered(["lambda"])} == {"packed", "loose"}
    catalog = RemoteCatalog(laptop.rg.transfers.subscriptions.clients)
    assert catalog.seek(RegistryPath("lambda", "loose", seek_key="a")).startswith(upstream)


def test_a_dead_server_is_told_in_time(laptop: Installation, upstream: str) -> None:
    pulls = laptop.pulls("http://127.0.0.1:1")
    with pytest.raises(NetworkError):
        pulls.pull("lambda", "packed")
    laptop.pulls(upstream).pull("lambda", "packed")


def test_a_silent_server_is_waited_for_once(
    laptop: Installation, site: Installation, upstream: str, proxy: FaultProxy
) -> None:
    """Not once for each asset that the next server has."""
    proxy.fault(".", faults.silence)
    pulls = laptop.pulls(proxy.url, upstream)
    paths = pulls.offered(["lambda"])
    proxy.requests.clear()
    results = pulls.pull_all(paths, options=PullOptions(jobs=2))
    assert [result.status for result in results] == ["pulled", "pulled"]
    assert proxy.requests == []
    proxy.rules.clear()  # it is asked again where no other has what is wanted
    pulls.pull("lambda", "packed")
    with pytest.raises(NotFoundError):
        pulls.pull("lambda", "nothing")
    assert proxy.requests != []


def test_a_silent_server_is_asked_again_where_it_is_the_only_one(
    laptop: Installation, site: Installation, proxy: FaultProxy
) -> None:
    pulls = laptop.pulls(proxy.url)
    proxy.fault("/v4/aliases", faults.first(1, faults.silence))
    results = pulls.pull_all(
        [RegistryPath("lambda", group) for group in ("packed", "loose")], options=PullOptions(jobs=1)
    )
    assert [result.status for result in results] == ["failed", "pulled"]


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
