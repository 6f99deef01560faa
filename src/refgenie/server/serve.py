"""`refgenie serve`: the application of this environment under uvicorn."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from refgenie.errors import NotPermittedError
from refgenie.server.metrics import MULTIPROCESS

if TYPE_CHECKING:
    from fastapi import FastAPI

_WORKER_SILENCE = 60
"""Seconds after which a worker that says nothing is ended; a loaded host must not cut downloads."""
FACTORY = "refgenie.server.serve:application"


def application() -> FastAPI:
    """The application of the registry that the environment names (a factory for ASGI servers)."""
    from refgenie.api import Refgenie
    from refgenie.config import Settings
    from refgenie.server.app import create_app
    from refgenie.server.settings import ServerSettings

    settings = Settings.load()
    _log_to_stderr(settings.log_level)
    refgenie = Refgenie(refget_store_url=settings.refget_store_url)
    return create_app(refgenie, ServerSettings.load(settings))


def _log_to_stderr(level: str) -> None:
    logger = logging.getLogger("refgenie")
    logger.setLevel(level)
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)


def serve(*, host: str = "127.0.0.1", port: int = 8000, workers: int = 1, reload: bool = False) -> None:
    """Serve until a signal ends it; downloads in flight are finished first.

    Args:
        host: Address to listen on.
        port: Port; 0 takes a free one.
        workers: Processes that answer.
        reload: Start anew when the program's files change, for developers.

    Raises:
        RefgenieError: The registry or a setting cannot be used.
        NotPermittedError: The address cannot be listened on.
    """
    import uvicorn

    from refgenie.server.zero_copy import ZeroCopyProtocol

    _prepare()
    with _common_metrics(workers):
        try:
            uvicorn.run(
                FACTORY,
                factory=True,
                http=ZeroCopyProtocol if hasattr(os, "sendfile") else "auto",
                host=host,
                port=port,
                workers=workers,
                reload=reload,
                access_log=False,
                server_header=False,
                timeout_keep_alive=30,
                timeout_worker_healthcheck=_WORKER_SILENCE,
                h11_max_incomplete_event_size=64 << 10,
            )
        except SystemExit as error:
            if error.code:
                raise NotPermittedError(
                    f"cannot serve at {host}:{port}", hint="the lines above say why"
                ) from error


def _prepare() -> None:
    """Tell a fault of the environment here, once, and not by every worker."""
    from refgenie.api import Refgenie
    from refgenie.config import Settings
    from refgenie.server.data_channels import read_configuration
    from refgenie.server.settings import ServerSettings

    settings = Settings.load()
    own = ServerSettings.load(settings)
    if own.data_channels_config_path is not None:
        read_configuration(own.data_channels_config_path)
    with Refgenie(refget_store_url=settings.refget_store_url) as refgenie:
        if os.environ.get("POSTGRES_HOST") and not settings.database_config_path.exists():
            refgenie.init()
        _ = refgenie.database
        if not refgenie.mode.writable:
            refgenie.mode.create_store()


@contextmanager
def _common_metrics(workers: int) -> Iterator[None]:
    """A folder in which several workers keep their figures together."""
    if workers < 2 or os.environ.get(MULTIPROCESS):
        yield
        return
    folder = tempfile.mkdtemp(prefix="refgenie-metrics-")
    os.environ[MULTIPROCESS] = folder
    try:
        yield
    finally:
        del os.environ[MULTIPROCESS]
        shutil.rmtree(folder, ignore_errors=True)
