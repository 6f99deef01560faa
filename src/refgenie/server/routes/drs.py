"""`/ga4gh/drs/v1`: GA4GH Data Repository Service 1.4.

An archive is a blob, its identifier the SHA-256 of the `.tgz`. An asset that is served file by file
is a bundle, its identifier the asset digest, and its files are blobs by their SHA-256.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core.names import is_asset_digest, is_genome_digest
from refgenie.db.models import Asset, AssetFile
from refgenie.db.transfer_models import StagedAsset
from refgenie.sequences.serving.router import fasta_object
from refgenie.server.addresses import base_address, file_address
from refgenie.server.answers import json_answer
from refgenie.server.failure import missing
from refgenie.server.files import media_type
from refgenie.server.routes.general import service_info
from refgenie.server.routing import router
from refgenie.server.site import Site, SiteDependency
from refgenie.server.staged import Place, Staged, staged_archive, staged_modes

routes: APIRouter = router("GA4GH DRS")

PREFIX = "/ga4gh/drs/v1"
VERSION = "1.4.0"
HERE = "server"
"""Access identifier of this server; a remote's is its class and its place in the list."""


@routes.get(f"{PREFIX}/service-info", operation_id="drs_service_info")
def describe_service(request: Request) -> Response:
    """What this service is (GA4GH service-info)."""
    document = service_info(request, "org.refgenie.drs", "Refgenie DRS", "org.ga4gh", "drs", VERSION)
    document["maxBulkRequestLength"] = 1  # the schema wants it; bulk requests are optional, and not answered
    return json_answer(document)


@routes.get(f"{PREFIX}/objects/{{object_id}}", operation_id="drs_object")
def drs_object(
    request: Request,
    site: SiteDependency,
    object_id: str,
    expand: Annotated[
        bool, Query(description="Contents of bundles inside of bundles; there are none, so nothing changes")
    ] = False,
) -> Response:
    """One object."""
    del expand
    return json_answer(_document(request, site, object_id))


@routes.get(f"{PREFIX}/objects/{{object_id}}/access/{{access_id}}", operation_id="drs_access")
def drs_access(request: Request, site: SiteDependency, object_id: str, access_id: str) -> Response:
    """Where the bytes of a blob are."""
    document = _document(request, site, object_id)
    for method in document.get("access_methods", ()):
        if method.get("access_id") == access_id:
            return json_answer(method["access_url"])
    raise missing("access", access_id)


def fasta_document(request: Request, found: dict[str, Any]) -> dict[str, Any]:
    """A FASTA file of refget's database, with this server's own address."""
    return {**found, "self_uri": _self_uri(request, found["id"])}


def _document(request: Request, site: Site, object_id: str) -> dict[str, Any]:
    if is_genome_digest(object_id) and site.agent is not None:
        found = fasta_object(site.agent, object_id)
        if found is not None:
            return fasta_document(request, found)
    with site.read() as session:
        return _describe(request, session, object_id)


def _describe(request: Request, session: Session, object_id: str) -> dict[str, Any]:
    if not is_asset_digest(object_id):
        raise missing("object", object_id)
    asset = _bundle(session, object_id)
    if asset is not None:
        return _bundle_document(request, asset, staged_modes(session, asset.id)["file"])
    if session.execute(
        select(StagedAsset.id).where(StagedAsset.mode == "archive", StagedAsset.digest == object_id).limit(1)
    ).scalar():
        staged, _asset_id = staged_archive(session, object_id)
        return _archive_document(request, session, staged)
    return _file_document(request, session, object_id)


def _bundle(session: Session, digest: str) -> Asset | None:
    statement = (
        select(Asset)
        .join(StagedAsset, StagedAsset.asset_id == Asset.id)
        .where(Asset.digest == digest, StagedAsset.mode == "file")
        .order_by(Asset.id)
        .limit(1)
    )
    return session.execute(statement).scalar_one_or_none()


def _bundle_document(request: Request, asset: Asset, staged: Staged) -> dict[str, Any]:
    # A bundle's checksum is that of its contents' checksums, sorted and joined (DRS 1.4, section 3.9).
    together = "".join(sorted(entry["sha256"] for entry in staged.contents))
    return {
        **_common(request, asset.digest, asset.name, asset.size, asset.created_at),
        "updated_time": asset.updated_at,
        "description": asset.description,
        "checksums": [{"type": "sha-256", "checksum": hashlib.sha256(together.encode()).hexdigest()}],
        "contents": [
            {
                "name": entry["path"],
                "id": entry["sha256"],
                "drs_uri": [_self_uri(request, entry["sha256"])],
            }
            for entry in staged.contents
        ],
    }


def _archive_document(request: Request, session: Session, staged: Staged) -> dict[str, Any]:
    created = session.execute(
        select(StagedAsset.created_at).where(StagedAsset.digest == staged.digest).limit(1)
    ).scalar_one()
    name = staged.path.rsplit("/", 1)[-1]
    return {
        **_common(request, staged.digest, name, staged.size, created),
        "mime_type": media_type(name),
        "checksums": [{"type": "sha-256", "checksum": staged.digest}],
        "access_methods": _methods(
            f"{base_address(request)}/v4/archives/{staged.digest}/download",
            [(place, place.url) for place in staged.places],
        ),
    }


def _file_document(request: Request, session: Session, sha256: str) -> dict[str, Any]:
    statement = (
        select(Asset, AssetFile)
        .join(AssetFile, AssetFile.asset_id == Asset.id)
        .join(StagedAsset, StagedAsset.asset_id == Asset.id)
        .where(AssetFile.sha256 == sha256, StagedAsset.mode == "file")
        .order_by(Asset.id, AssetFile.path)
        .limit(1)
    )
    found = session.execute(statement).one_or_none()
    if found is None:
        raise missing("object", sha256)
    asset, file = found
    staged = staged_modes(session, asset.id)["file"]
    name = file.path.rsplit("/", 1)[-1]
    return {
        **_common(request, sha256, name, file.size, asset.created_at),
        "mime_type": media_type(name),
        "checksums": [{"type": "sha-256", "checksum": sha256}],
        "access_methods": _methods(
            file_address(request, asset.digest, file.path),
            [(place, place.below(file.path)) for place in staged.places],
        ),
    }


def _common(request: Request, object_id: str, name: str, size: int, created: Any) -> dict[str, Any]:
    return {
        "id": object_id,
        "name": name,
        "self_uri": _self_uri(request, object_id),
        "size": size,
        "created_time": created,
    }


def _methods(here: str, places: list[tuple[Place, str]]) -> list[dict[str, Any]]:
    methods = [{"type": "https", "access_id": HERE, "access_url": {"url": here}}]
    for number, (place, url) in enumerate(places):
        kind = "s3" if place.remote_class == "s3" else "https"
        methods.append({"type": kind, "access_id": f"{kind}-{number}", "access_url": {"url": url}})
    return methods


def _self_uri(request: Request, object_id: str) -> str:
    return f"drs://{urlsplit(base_address(request)).netloc}/{quote(object_id)}"
