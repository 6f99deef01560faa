"""What can be done to an asset or a genome from its page."""

from __future__ import annotations

from fastapi import Request, Response

from refgenie.core.names import check_genome
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import NotFoundError
from refgenie.server.dash.dashboard import Form, dashboard_of, go, job_address, required
from refgenie.server.web.routing import page_router
from refgenie.server.web.wording import path_part

routes = page_router()


def _path(form: dict[str, str]) -> RegistryPath:
    return RegistryPath.parse(required(form, "path", "the asset"))


def _page(path: RegistryPath) -> str:
    name = f"/{path_part(path.asset)}" if path.asset else ""
    return f"/assets/{path_part(path.genome)}/{path_part(path.group)}{name}"


@routes.post("/do/pull")
def pull(request: Request, form: Form) -> Response:
    """Pull an asset; its size was shown beside the button."""
    options = ["--large", *(["--init"] if form.get("init") else [])]
    return go(job_address(dashboard_of(request).submit("pull", _path(form), options)))


@routes.post("/do/stage")
def stage(request: Request, form: Form) -> Response:
    """Stage an asset for the server."""
    return go(job_address(dashboard_of(request).submit("stage", _path(form), ["add"])))


@routes.post("/do/unstage")
def unstage(request: Request, form: Form) -> Response:
    """Take an asset away from the server."""
    path = _path(form)
    dashboard_of(request).refgenie.stage.remove(path.genome, path.group, path.asset)
    return go(_page(path))


@routes.post("/do/verify")
def verify(request: Request, form: Form) -> Response:
    """Re-hash one asset's files, or everything."""
    dashboard = dashboard_of(request)
    if "path" not in form:
        job = dashboard.jobs.submit("verify", "verify everything", "verify", ["verify", "--json"])
        return go(job_address(job))
    path = _path(form)
    return go(job_address(dashboard.submit("verify", path, ["--json"])))


@routes.post("/do/remove")
def remove(request: Request, form: Form) -> Response:
    """Remove an asset."""
    path = _path(form)
    removed = dashboard_of(request).refgenie.asset.remove(
        path.genome, path.group, path.asset, force=bool(form.get("force"))
    )
    return go(f"/genomes/{path_part(removed.genome_digest)}")


@routes.post("/do/rename")
def rename(request: Request, form: Form) -> Response:
    """Give an asset another name in its group."""
    path, name = _path(form), required(form, "name", "the new name")
    dashboard_of(request).refgenie.asset.rename(path.genome, path.group, path.asset, name)
    return go(_page(RegistryPath(path.genome, path.group, asset=name)))


@routes.post("/do/default")
def default(request: Request, form: Form) -> Response:
    """Make an asset its group's default."""
    path = _path(form)
    if path.asset is None:
        raise NotFoundError("no asset is named")
    dashboard_of(request).refgenie.asset.set_default(path.genome, path.group, path.asset)
    return go(_page(path))


@routes.post("/do/alias")
def add_alias(request: Request, form: Form) -> Response:
    """Give a genome a name."""
    genome = check_genome(required(form, "genome", "the genome"))
    dashboard_of(request).refgenie.alias.set([required(form, "alias", "the name")], genome)
    return go(f"/genomes/{path_part(genome)}")


@routes.post("/do/unalias")
def remove_alias(request: Request, form: Form) -> Response:
    """Take a name away from a genome; the genome's page is found by its digest afterwards."""
    refgenie = dashboard_of(request).refgenie
    alias = required(form, "alias", "the name")
    digest = refgenie.alias.resolve(alias)
    refgenie.alias.remove([alias])
    return go(f"/genomes/{path_part(digest)}")


@routes.post("/do/describe")
def describe(request: Request, form: Form) -> Response:
    """Say what a genome is; an empty field clears it."""
    genome = check_genome(required(form, "genome", "the genome"))
    dashboard_of(request).refgenie.genome.set_metadata(
        genome, description=form.get("description", ""), species=form.get("species", "")
    )
    return go(f"/genomes/{path_part(genome)}")
