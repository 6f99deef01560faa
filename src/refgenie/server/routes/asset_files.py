"""The bytes of assets: files, archives."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from refgenie.errors import NotFoundError
from refgenie.server import schemas
from refgenie.server.addresses import file_address
from refgenie.server.answers import json_answer
from refgenie.server.downloads import Download, announce
from refgenie.server.routes.asset_choice import ChosenAsset
from refgenie.server.routing import router
from refgenie.server.site import Site, SiteDependency
from refgenie.server.staged import Staged, staged_modes

routes: APIRouter = router("files")

BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "The ranges that were asked for"},
    304: {"description": "The client has it already"},
    307: {"description": "A remote has it"},
    416: {"description": "The range is not in the file", "model": schemas.Failure},
}

Direct = Annotated[
    bool, Query(description="The server sends the bytes itself; for a client that cannot reach the remote")
]


@routes.get(
    "/v4/assets/{digest}/files", operation_id="v4_asset_files", response_model=list[schemas.ServedFile]
)
def asset_files(request: Request, site: SiteDependency, choice: ChosenAsset) -> Response:
    """The asset's files; where it is not served file by file they have no address."""
    with site.read() as session:
        modes = staged_modes(session, choice.row(session).id)
    staged = modes.get("file") or modes.get("archive")
    by_file = "file" in modes
    return json_answer(
        [
            {**entry, "url": file_address(request, choice.digest, entry["path"]) if by_file else None}
            for entry in (staged.contents if staged else [])
        ]
    )


@routes.get(
    "/v4/assets/{digest}/files/{path:path}",
    operation_id="v4_asset_file",
    response_class=Response,
    responses=BYTES,
)
def asset_file(
    request: Request, site: SiteDependency, choice: ChosenAsset, path: str, direct: Direct = False
) -> Response:
    """One file, or a redirection to a remote that has it."""
    with site.read() as session:
        staged = staged_modes(session, choice.row(session).id).get("file")
    if staged is None:
        raise NotFoundError(
            f"the asset {choice.digest} is not served file by file", hint="see its archive_digest"
        )
    entry = staged.file(path)
    announce(request, Download(choice.digest, path=path))
    place = staged.redirect()
    if place is not None and not direct:
        return RedirectResponse(place.below(path), status_code=307)
    return site.files.file(staged, entry)


@routes.get(
    "/v4/assets/{digest}/archive", operation_id="v4_asset_archive", response_class=Response, responses=BYTES
)
def asset_archive(
    request: Request, site: SiteDependency, choice: ChosenAsset, direct: Direct = False
) -> Response:
    """The asset's archive, or a redirection to a remote that has it."""
    with site.read() as session:
        staged = staged_modes(session, choice.row(session).id).get("archive")
    if staged is None:
        raise NotFoundError(f"the asset {choice.digest} is not served as an archive", hint="see its files")
    return give_archive(request, site, staged, choice.digest, direct=direct)


def give_archive(
    request: Request, site: Site, staged: Staged, asset_digest: str, *, direct: bool
) -> Response:
    """An archive's bytes, or where a remote has them."""
    announce(request, Download(asset_digest, archive_digest=staged.digest))
    place = staged.redirect()
    if place is not None and not direct:
        return RedirectResponse(place.url, status_code=307)
    return site.files.archive(staged, staged.path.rsplit("/", 1)[-1])
