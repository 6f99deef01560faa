"""refget's own seqcol API over a store, on the loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def serve_seqcol(store: Path) -> Iterator[str]:
    """Address of a seqcol API over a store, as long as the block lasts."""
    import uvicorn
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

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/seqcol"
    finally:
        server.should_exit = True
        thread.join()
