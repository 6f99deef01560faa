"""`/v4/assets/{digest}/seek`: where a seek key's file can be had."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select

from refgenie.core.seek import GENOME, PATH_TYPES, SeekRow, choose_key
from refgenie.db.models import AssetSeekKey
from refgenie.errors import NotFoundError
from refgenie.server import schemas
from refgenie.server.addresses import file_address
from refgenie.server.answers import json_answer
from refgenie.server.routes.asset_choice import ChosenAsset
from refgenie.server.routing import router
from refgenie.server.site import SiteDependency
from refgenie.server.staged import REDIRECTED, Place, Staged, staged_modes

routes: APIRouter = router("assets")

RemoteClass = Literal["https", "http", "s3"]


@routes.get("/v4/assets/{digest}/seek", operation_id="v4_asset_seek", response_model=schemas.Seek)
def asset_seek(
    request: Request,
    site: SiteDependency,
    choice: ChosenAsset,
    seek_key: Annotated[str | None, Query(description="By default the one of the group's name")] = None,
    remote_class: Annotated[RemoteClass | None, Query(description="Kind of address")] = None,
) -> Response:
    """The address of a seek key's file, or what the addresses of its files begin with."""
    with site.read() as session:
        row = choice.row(session)
        keys = session.execute(
            select(AssetSeekKey.name, AssetSeekKey.value, AssetSeekKey.type)
            .where(AssetSeekKey.asset_id == row.id)
            .order_by(AssetSeekKey.position)
        ).all()
        staged = staged_modes(session, row.id).get("file")
    key = _key(row, [tuple(found) for found in keys], seek_key)
    if key is not None and key.type not in PATH_TYPES:
        return json_answer({"uri": key.value or "", "size": None, "sha256": None, "files": []})
    if staged is None:
        path = f"{row.genome_digest}/{row.asset_group_name}:{row.name}"
        raise NotFoundError(f"the asset {path} is not served file by file", hint=f"refgenie pull {path}")
    addresses = _Addresses(request, choice.digest, _place(request, staged, remote_class))
    wanted = (key.value or "").replace(GENOME, row.genome_digest) if key is not None else "."
    return json_answer(_answer(staged, addresses, wanted, (key.type if key else None) or "directory"))


class _Addresses:
    """Addresses of an asset's files at one place: a remote, or this server."""

    def __init__(self, request: Request, digest: str, place: Place | None) -> None:
        self._request = request
        self._digest = digest
        self._place = place

    def of(self, path: str) -> str:
        """Address of a file, or what the addresses of several begin with."""
        if self._place is not None:
            return self._place.below(path) if path else f"{self._place.url}/"
        return file_address(self._request, self._digest, path)


def _key(row: Any, keys: list[tuple[Any, ...]], wanted: str | None) -> SeekRow | None:
    rows = [
        SeekRow(
            row.genome_digest, row.asset_group_name, row.name, row.digest, None, row.asset_class_name, *key
        )
        for key in keys
    ]
    found = choose_key(rows, wanted) if rows else None
    if wanted is not None and found is None:
        known = ", ".join(str(key[0]) for key in keys)
        raise NotFoundError(
            f"the asset has no seek key {wanted!r}", hint=f"it has {known}" if known else None
        )
    return found


def _place(request: Request, staged: Staged, wanted: str | None) -> Place | None:
    """The remote to name; None is this server."""
    if wanted is None:
        return staged.redirect()
    for place in staged.places:
        if place.remote_class == wanted:
            return place
    if urlsplit(str(request.base_url)).scheme == wanted and wanted in REDIRECTED:
        return None
    there = sorted({place.remote_class for place in staged.places})
    raise NotFoundError(
        f"the asset is on no remote of class {wanted}", hint=f"there is {', '.join(there)}" if there else None
    )


def _answer(staged: Staged, addresses: _Addresses, wanted: str, kind: str) -> dict[str, Any]:
    def shown(entry: dict[str, Any]) -> dict[str, Any]:
        return {**entry, "url": addresses.of(entry["path"])}

    if kind == "file":
        entry = staged.file(wanted)
        return {
            "uri": addresses.of(wanted),
            "size": entry["size"],
            "sha256": entry["sha256"],
            "files": [shown(entry)],
        }
    start = wanted
    if kind == "directory":
        start = "" if wanted in {"", "."} else f"{wanted.rstrip('/')}/"
    chosen = [entry for entry in staged.contents if entry["path"].startswith(start)]
    if not chosen:
        raise NotFoundError(f"no file of the asset begins with {wanted}")
    return {
        "uri": addresses.of(start),
        "size": sum(entry["size"] for entry in chosen),
        "sha256": None,
        "files": [shown(entry) for entry in chosen],
    }
