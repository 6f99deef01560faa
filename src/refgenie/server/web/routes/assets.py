"""Assets and one asset."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

from refgenie.browse.asset_details import find_asset, get_asset
from refgenie.browse.assets import SORTS, AssetFilter, AssetRow, list_assets
from refgenie.browse.genomes import get_genome
from refgenie.browse.lineage import lineage
from refgenie.core.layout import build_path
from refgenie.core.names import is_asset_digest
from refgenie.errors import NotFoundError
from refgenie.server.host_paths import provenance_for_others
from refgenie.server.web.parameters import page_number, page_query, text
from refgenie.server.web.pictures.descent import draw_lineage
from refgenie.server.web.rendering import answer, pages_of
from refgenie.server.web.routes.genomes import pagination
from refgenie.server.web.routing import page_router
from refgenie.server.web.wording import path_part

routes = page_router()
_FILES = 100


@routes.get("/assets")
def assets(request: Request) -> Response:
    """The list of assets."""
    pages = pages_of(request)
    query = page_query(request, SORTS)
    genome, group = text(request, "genome"), text(request, "group")
    wanted = AssetFilter(
        genome_digest=get_genome(pages.view, genome).digest if genome else None,
        group=group,
        asset_class=text(request, "class"),
        recipe=text(request, "recipe"),
    )
    page = list_assets(pages.view, query, wanted)
    data = {"items": page.items, "pagination": pagination(page)}
    return answer(
        request,
        "assets.html",
        "Assets",
        data,
        query=query,
        page=page,
        chosen={"genome": genome, "group": group, "class": wanted.asset_class, "recipe": wanted.recipe},
    )


def asset_address(row: AssetRow) -> str:
    """The page of an asset: its digest, and its names for where another has the same content."""
    names = f"?genome={path_part(row.genome_digest)}&group={path_part(row.group)}&name={path_part(row.name)}"
    return f"/assets/{row.digest}{names}"


@routes.get("/assets/{digest}")
def asset(request: Request, digest: str) -> Response:
    """One asset by its digest; ``genome``, ``group`` and ``name`` choose where several have it."""
    pages = pages_of(request)
    if not is_asset_digest(digest):
        raise NotFoundError(
            f"{digest[:80]!r} is no asset digest",
            hint="an address is /assets/DIGEST or /assets/GENOME/GROUP/NAME; or search for its name",
        )
    page = page_number(request, "files")
    details = get_asset(
        pages.view,
        digest,
        genome=text(request, "genome"),
        group=text(request, "group"),
        name=text(request, "name"),
        file_offset=(page - 1) * _FILES,
        file_limit=_FILES,
    )
    descent = lineage(pages.view, details.row.id)
    if details.provenance is not None and not pages.face.is_local:
        shown = provenance_for_others(details.provenance, pages.served.folders)
        details = replace(details, provenance=shown)
    commands = (details.provenance or {}).get("commands") or []
    return answer(
        request,
        "asset.html",
        details.row.path,
        {"asset": details, "lineage": descent},
        picture=draw_lineage(descent) if descent.edges else None,
        commands=[entry for entry in commands if isinstance(entry, dict)],
        folder=str(pages.served.folders.genome_folder / details.path) if pages.face.is_local else None,
    )


@routes.get("/assets/{genome}/{group}")
@routes.get("/assets/{genome}/{group}/{name}")
def asset_by_name(request: Request, genome: str, group: str, name: str | None = None) -> Response:
    """To the asset that a registry path names."""
    row = find_asset(pages_of(request).view, genome, group, name)
    root = request.scope.get("root_path", "").rstrip("/")
    return RedirectResponse(f"{root}{asset_address(row)}", status_code=307)


@routes.get("/log/{genome}/{group}/{name}")
def log(request: Request, genome: str, group: str, name: str) -> Response:
    """The log of the build that made an asset of the own registry."""
    pages = pages_of(request)
    if not pages.face.is_local:
        raise NotFoundError("logs are at /v4/assets/{digest}/log on a server")
    row = find_asset(pages.view, genome, group, name)
    build_id = get_asset(pages.view, row.digest, genome=genome, group=group, name=name).build_id
    if build_id is None:
        raise NotFoundError(f"{row.path} was not built here", hint="its provenance is on its page")
    folder = pages.served.folders.genome_folder / build_path(row.genome_digest, group, build_id)
    try:
        text = (folder / "log").read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise NotFoundError(f"the log of {row.path} cannot be read: {error.strerror}") from error
    return PlainTextResponse(text, headers={"X-Content-Type-Options": "nosniff"})
