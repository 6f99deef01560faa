"""refget's own seqcol API over a store, on the loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.running_app import running


@contextmanager
def serve_seqcol(store: Path) -> Iterator[str]:
    """Address of a seqcol API over a store, as long as the block lasts."""
    from fastapi import FastAPI
    from gtars.refget import RefgetStore
    from refget.router import create_refget_router, setup_backend

    opened = RefgetStore.open_local(str(store))
    opened.set_quiet(True)
    opened.load_all_collections()
    app = FastAPI()
    app.include_router(
        create_refget_router(sequences=False, collections=True, pangenomes=False), prefix="/seqcol"
    )
    setup_backend(app, store=opened.into_readonly())

    @app.get("/seqcol/service-info")
    def service_info() -> dict[str, Any]:
        return {"id": "org.refgenie.seqcol", "seqcol": {"refget_store": {"enabled": False}}}

    with running(app) as address:
        yield f"{address}/seqcol"
