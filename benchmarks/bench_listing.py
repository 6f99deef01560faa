"""A page of the list of assets beside the same server's ``/healthcheck``, on PostgreSQL."""

from __future__ import annotations

import json
import statistics
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.clients import answers_per_second
from benchmarks.installation import Installation
from benchmarks.loopback import serving
from benchmarks.measure import Row
from benchmarks.registry_data import fill, stage_all
from benchmarks.sequence_data import write_genome
from refgenie.db.database import Database

PAGE = 100
CLIENTS = 8
BAR = 0.05
INITIALIZE = """
import sys
from refgenie import Refgenie
with Refgenie() as rg:
    rg.init()
    rg.genome.initialize_genome(sys.argv[1], ["bench"])
"""


def measure(folder: Path, smoke: bool) -> Iterator[Row]:
    """The same page again and again, and every time another one."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from support.postgres import running_server, write_database_config

    genomes, groups, assets = (10, 10, 10) if smoke else (1000, 10, 10)
    total = genomes * groups * assets
    seconds, runs = (0.3, 2) if smoke else (2.0, 7)
    with running_server() as postgres:
        address = postgres.create_database()
        site = Installation(folder / "site", write_database_config(folder / "database.yaml", address))
        site.python(INITIALIZE, write_genome(folder / "genome.fa", 10_000, chromosomes=2))
        database = Database.from_url(address)
        fill(database, site.home / "genomes", genomes=genomes, groups=groups, assets=assets)
        stage_all(database)
        database.dispose()
        first = f"/v4/assets?limit={PAGE}"
        others = [f"{first}&offset={offset}" for offset in range(0, total, PAGE)]
        with serving(site) as server:
            expect(server.url + first, total)
            for what, targets in (("the same page", [first]), ("another page each time", others)):
                yield rates(
                    f"GET {first} of {total:,} assets, PostgreSQL, {what}",
                    server.url, targets, seconds, runs,
                )  # fmt: skip
        postgres.drop_database(address)


def expect(url: str, total: int) -> None:
    """The list is as long as it should be, else nothing is measured."""
    with urllib.request.urlopen(url, timeout=60) as answer:
        page = json.load(answer)
    if page["pagination"]["total"] != total or len(page["items"]) != min(PAGE, total):
        raise RuntimeError(f"the list has {page['pagination']}, expected are {total} assets")


def rates(what: str, url: str, targets: Sequence[str], seconds: float, runs: int) -> Row:
    """Answers per second of the list and of the health check in turn, after one run that does not count."""
    found: list[tuple[float, float]] = []
    for _ in range(runs + 1):
        ours = answers_per_second(url, targets, CLIENTS, seconds)
        found.append((ours, answers_per_second(url, ["/healthcheck"], CLIENTS, seconds)))
    ours, theirs = (statistics.median(column) for column in zip(*found[1:], strict=True))
    return Row(what, "/healthcheck", ours, theirs, bar=BAR, unit="/s", at_least=True)
