"""`/data_channels` (and `/data_channel`, the same): the server's channels as one."""

from __future__ import annotations

import yaml
from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from refgenie.server import schemas
from refgenie.server.answers import json_answer
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency

routes: APIRouter = router("data channels")

_YAML = {200: {"content": {"application/yaml": {"schema": {"type": "object"}}}}}


def channels(site: SiteDependency) -> Response:
    """The channels, by their keys."""
    return json_answer(
        {
            channel.key: {
                "name": channel.configured.name,
                "protocol": channel.configured.protocol,
                "index_url": channel.configured.index_url,
                "available": channel.fault is None,
            }
            for channel in site.channels.all()
        }
    )


def index(site: SiteDependency) -> Response:
    """One index of all channels, as `refgenie data-channel add` takes it."""
    return Response(yaml.safe_dump(site.channels.index(), sort_keys=False), media_type="application/yaml")


def file(site: SiteDependency, name: str) -> Response:
    """A file of the index: a redirection to the channel that has it."""
    return RedirectResponse(site.channels.address(name), status_code=307)


for _prefix, _shown in (("/data_channels", True), ("/data_channel", False)):
    for _ending in ("/", ""):
        routes.add_api_route(
            f"{_prefix}{_ending}",
            channels,
            operation_id="v4_data_channels" if _shown and _ending else f"v4{_prefix.replace('/', '_')}_list",
            include_in_schema=_shown and bool(_ending),
            response_model=dict[str, schemas.ServedChannel],
        )
    routes.add_api_route(
        f"{_prefix}/index.yaml",
        index,
        operation_id="v4_data_channels_index",
        include_in_schema=_shown,
        response_class=Response,
        responses=_YAML,  # type: ignore[arg-type]
    )
    routes.add_api_route(
        f"{_prefix}/{{name:path}}",
        file,
        operation_id="v4_data_channels_file",
        include_in_schema=_shown,
        response_class=Response,
        status_code=307,
    )
