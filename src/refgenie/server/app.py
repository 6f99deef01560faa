"""The application factory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from refgenie import __version__
from refgenie.server import failure, openapi
from refgenie.server.data_channels import AggregatedChannels
from refgenie.server.downloads import Downloads, DownloadWatch
from refgenie.server.metrics import Metrics
from refgenie.server.middleware.exchange import ExchangeLog
from refgenie.server.middleware.head import HeadAsGet
from refgenie.server.middleware.last_resort import LastResort
from refgenie.server.middleware.limits import BodyLimit, FirstByteLimit, PlainText
from refgenie.server.routes import (
    aliases,
    archives,
    asset_documents,
    asset_files,
    asset_groups,
    asset_seek,
    assets,
    data_channels,
    definitions,
    documentation,
    drs,
    general,
    genome_sequence,
    genomes,
    seqcol,
    sequences,
)
from refgenie.server.settings import ServerSettings
from refgenie.server.site import Served, Site
from refgenie.server.web.pages import mount_pages

ROUTERS = (
    general,
    genomes,
    aliases,
    asset_groups,
    assets,
    asset_files,
    asset_seek,
    asset_documents,
    definitions,
    archives,
    genome_sequence,
    sequences,
    drs,
    data_channels,
    documentation,
)
EXPOSED = [
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Length",
    "Content-Range",
    "ETag",
    "Last-Modified",
    "Repr-Digest",
]
"""Headers that a page of another origin may read."""


def create_app(refgenie: Served, settings: ServerSettings | None = None) -> FastAPI:
    """The server's application.

    Args:
        refgenie: The registry to serve; it is read, and download counts are written to it.
        settings: How the server behaves; defaults where None.

    Raises:
        DatabaseVersionError, NotFoundError: The registry cannot be used.
        NetworkError: The remote sequence store does not answer.
        InvalidInputError: The configuration of data channels is wrong.
    """
    settings = settings or ServerSettings()
    downloads = Downloads(refgenie.database)
    metrics = Metrics()
    downloads.handlers["metrics"] = metrics.download
    channels = AggregatedChannels(settings.data_channels_config_path)
    if not refgenie.mode.writable:
        refgenie.mode.create_store()  # aliases and FHR metadata come now, no request waits for them
    site = Site(refgenie, settings, downloads, channels)

    @contextlib.asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        jobs = [
            asyncio.create_task(downloads.dump_always(settings.download_count_interval)),
            asyncio.create_task(channels.refresh_always(settings.data_channels_interval)),
        ]
        try:
            yield
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            await asyncio.to_thread(downloads.dump)

    app = FastAPI(
        title="refgenie",
        summary="Reference genome assets, sequence collections and sequences",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=running,
        middleware=[
            Middleware(ExchangeLog, style=settings.access_log, metrics=metrics),
            Middleware(FirstByteLimit, seconds=settings.request_timeout),
            Middleware(
                CORSMiddleware,
                allow_origins=["*"],
                allow_methods=["GET", "HEAD", "POST"],
                allow_headers=["*"],
                expose_headers=EXPOSED,
            ),
            Middleware(PlainText),
            Middleware(BodyLimit, size=settings.max_body_size),
            Middleware(LastResort),
            Middleware(DownloadWatch, downloads=downloads),
            Middleware(HeadAsGet),
        ],
    )
    app.state.site = site
    app.state.metrics = metrics
    # Where refget's routes look for theirs.
    app.state.backend = site.backend
    app.state.dbagent = site.agent
    failure.add_handlers(app)
    openapi.use_own_document(app)
    for module in ROUTERS:
        app.include_router(module.routes)
    app.include_router(seqcol.seqcol_routes(fasta_files=site.agent is not None))
    mount_pages(app, refgenie)
    return app
