"""Servers of sequence collections on the loopback, and genomes behind them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from refgenie.sequences import LocalMode
from support.running_app import running
from support.sequences import MIXED, SMALL, local_mode, write_fasta
from support.static_server import StaticServer, serve_folder


@dataclass
class Published:
    """A store behind a server.

    Attributes:
        url: Address that a client is given.
        mode: The store itself.
        small, mixed: Digests of its two genomes.
    """

    url: str
    mode: LocalMode
    small: str
    mixed: str
    static: StaticServer | None = None


@pytest.fixture(scope="session")
def _published_template(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A store with two genomes, aliases and metadata, that the tests' own are copies of."""
    root = tmp_path_factory.mktemp("published")
    mode = local_mode(root / "genomes")
    small = mode.import_fasta(write_fasta(root / "small.fa", SMALL)).collection.digest
    mixed = mode.import_fasta(write_fasta(root / "mixed.fa", MIXED)).collection.digest
    mode.aliases.set_many({"small": small, "tiny": small, "mixed": mixed})
    mode.set_fhr(small, {"schemaVersion": 1, "genome": "Small one", "version": "1"})
    return Published("", mode, small, mixed)


@pytest.fixture
def published(_published_template: Published, tmp_path: Path) -> Published:
    """A copy of that store for this test."""
    template = _published_template.mode.store_path
    mode = local_mode(tmp_path / "published")
    shutil.copytree(template, mode.store_path, symlinks=True)
    return Published("", mode, _published_template.small, _published_template.mixed)


@pytest.fixture
def static_store(published: Published) -> Iterator[Published]:
    """A static RefgetStore behind a plain file server."""
    with serve_folder(published.mode.store_path) as server:
        published.url, published.static = server.url, server
        yield published


def seqcol_app(published: Published, *, store_url: str | None = None) -> Any:
    """refget's own seqcol API over the store, and refget sequences beside it."""
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse, Response
    from gtars.refget import RefgetStore
    from refget.router import create_refget_router, setup_backend

    store = RefgetStore.open_local(str(published.mode.store_path))
    store.set_quiet(True)
    store.load_all_collections()
    app = FastAPI()
    app.include_router(
        create_refget_router(sequences=False, collections=True, pangenomes=False),
        prefix="/seqcol",
    )
    setup_backend(app, store=store.into_readonly())

    @app.get("/seqcol/service-info")
    def service_info() -> dict[str, Any]:
        advertised = {"enabled": store_url is not None, "url": store_url}
        return {"id": "org.refgenie.seqcol", "seqcol": {"refget_store": advertised}}

    @app.get("/sequence/{digest}")
    def sequence(digest: str) -> Response:
        for collection in published.mode.collections():
            with published.mode.open(collection) as reader:
                for entry in published.mode.sequences(collection):
                    if f"SQ.{entry.digest}" == digest:
                        return PlainTextResponse(reader.fetch(entry.name))
        return Response(status_code=404)

    return app


@pytest.fixture
def seqcol_api(published: Published) -> Iterator[Published]:
    """A seqcol API without a store to read."""
    with running(seqcol_app(published)) as url:
        published.url = f"{url}/seqcol"
        yield published


@pytest.fixture(params=["store", "seqcol"])
def remote(request: pytest.FixtureRequest) -> Published:
    """Both kinds of remote genomes."""
    name = "static_store" if request.param == "store" else "seqcol_api"
    found: Published = request.getfixturevalue(name)
    return found
