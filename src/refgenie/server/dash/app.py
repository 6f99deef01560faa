"""The dashboard's application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware

from refgenie import __version__
from refgenie.server import failure
from refgenie.server.dash.bridge import Bridge
from refgenie.server.dash.dashboard import Dashboard
from refgenie.server.dash.environment import environment_of_jobs, folder_of_jobs
from refgenie.server.dash.guard import Guard
from refgenie.server.dash.jobs import Jobs
from refgenie.server.dash.routes import actions, bridging, building, health, jobs, remote, settings
from refgenie.server.dash.settings import DashSettings
from refgenie.server.middleware.head import HeadAsGet
from refgenie.server.web.face import DASHBOARD
from refgenie.server.web.pages import mount_pages

if TYPE_CHECKING:
    from refgenie.api import Refgenie

_ROUTES = (jobs, remote, building, health, settings, actions, bridging)


def create_dash(
    refgenie: Refgenie, dash_settings: DashSettings | None = None, *, mcp: Starlette | None = None
) -> FastAPI:
    """The application of the local dashboard; it has to listen on the loopback interface alone.

    Args:
        refgenie: The registry to show and to work on.
        dash_settings: How it behaves; by default without a bridge that may do more than read.
        mcp: The assistants' application, whose routes are added.
    """
    chosen = dash_settings or DashSettings()
    work = Jobs(folder_of_jobs(refgenie), environment_of_jobs(refgenie))
    bridge = Bridge(chosen, refgenie.configuration.servers)

    @contextlib.asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            if mcp is not None:
                await stack.enter_async_context(mcp.router.lifespan_context(mcp))
            work.start()
            stack.callback(work.stop)
            yield

    app = FastAPI(
        title="refgenie dashboard",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=running,
        middleware=[Middleware(Guard, bridge=bridge), Middleware(HeadAsGet)],
    )
    app.state.dashboard = Dashboard(refgenie, chosen, work, bridge)
    failure.add_handlers(app)
    if mcp is not None:
        app.router.routes.extend(mcp.routes)
    for module in _ROUTES:
        app.include_router(module.routes)
    mount_pages(app, refgenie, face=DASHBOARD)
    return app
