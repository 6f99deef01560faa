"""Pulls where one of several servers is bad, dead or silent: another takes over, and nobody waits long."""

from __future__ import annotations

import pytest

from refgenie.core.registry_path import RegistryPath
from refgenie.errors import NetworkError, NotFoundError
from refgenie.transfer.catalog import RemoteCatalog
from refgenie.transfer.pull import PullOptions
from support import fault_proxy as faults
from support.fault_proxy import Exchange, FaultProxy, fault_proxy
from support.pulls import ARCHIVE, BIG, FILE, MANIFEST, arrived
from support.transfer_site import Installation


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
        proxy.fault(ARCHIVE, faults.reset_then_503)
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
