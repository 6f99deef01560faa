"""Folders, subscriptions, bridge."""

from __future__ import annotations

from fastapi import Request, Response

from refgenie.server.dash.dashboard import Form, dashboard_of, go, required
from refgenie.server.web.rendering import answer
from refgenie.server.web.routing import page_router

routes = page_router()


@routes.get("/settings")
def settings(request: Request) -> Response:
    """What this installation is set to."""
    dashboard = dashboard_of(request)
    found = dashboard.refgenie.configuration.get()
    data = {
        "genome_folder": str(found.genome_folder),
        "genome_archive_folder": str(found.genome_archive_folder),
        "servers": found.servers,
        "database": found.database,
        "bridge": {
            "mode": dashboard.bridge.mode,
            "origins": sorted(dashboard.bridge.origins()),
            "capabilities": dashboard.bridge.capabilities,
        },
    }
    return answer(request, "dash/settings.html", "Settings", data)


@routes.post("/do/subscribe")
def subscribe(request: Request, form: Form) -> Response:
    """Subscribe to a server; it is asked first whether it is one."""
    dashboard_of(request).refgenie.transfers.subscriptions.subscribe([required(form, "url", "the address")])
    return go("/settings")


@routes.post("/do/unsubscribe")
def unsubscribe(request: Request, form: Form) -> Response:
    """End a subscription."""
    dashboard_of(request).refgenie.transfers.subscriptions.unsubscribe([required(form, "url", "the address")])
    return go("/settings")
