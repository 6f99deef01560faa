"""The form that a build is asked for with."""

from __future__ import annotations

from fastapi import Request, Response

from refgenie.browse.assets import AssetFilter, list_assets
from refgenie.browse.genomes import list_genomes
from refgenie.browse.paging import PageQuery
from refgenie.core.names import check_alias, check_asset_name, check_genome, check_group
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import InvalidInputError
from refgenie.recipes.models import Recipe
from refgenie.server.dash.dashboard import Form, dashboard_of, go, job_address, required
from refgenie.server.web.parameters import text
from refgenie.server.web.rendering import answer, pages_of
from refgenie.server.web.routing import page_router

routes = page_router()
_PREFIXES = {"asset.": "--assets", "file.": "--files", "param.": "--params"}
_CONTAINERS = ("docker", "podman", "apptainer")
_DEPENDENCIES = ("fail", "build", "pull")


@routes.get("/build")
def build_form(request: Request) -> Response:
    """Choose a genome and a recipe; then fill in what the recipe needs."""
    refgenie, view = dashboard_of(request).refgenie, pages_of(request).view
    genome, name = text(request, "genome"), text(request, "recipe")
    record = refgenie.recipe.get(name, text(request, "version")) if name else None
    model = Recipe.from_definition(record.definition) if record else None
    choices = {}
    if genome and model:
        digest = refgenie.alias.resolve(genome)
        for key, slot in model.input_assets.items():
            wanted = AssetFilter(genome_digest=digest, asset_class=slot.asset_class)
            choices[key] = [row.path for row in list_assets(view, PageQuery(limit=50), wanted).items]
    recipes = [{"name": item.name, "version": item.version} for item in refgenie.recipe.list()]
    return answer(
        request,
        "dash/build.html",
        f"Build {genome}/{record.output_asset_class}" if genome and record else "Build",
        {"genome": genome, "recipe": record, "recipes": recipes},
        model=model,
        choices=choices,
        known=list_genomes(view, PageQuery(sort="name", limit=100)).items,
        containers=_CONTAINERS,
    )


@routes.post("/do/build")
def build(request: Request, form: Form) -> Response:
    """Build an asset."""
    genome = check_genome(required(form, "genome", "the genome"))
    group = check_group(required(form, "group", "the asset group"))
    asset = check_asset_name(form["asset"]) if "asset" in form else None
    options = [f"--recipe={required(form, 'recipe', 'the recipe')}"]
    if "version" in form:
        options.append(f"--recipe-version={form['version']}")
    for field, value in form.items():
        for prefix, option in _PREFIXES.items():
            if field.startswith(prefix):
                options.append(f"{option}={field.removeprefix(prefix)}={value}")
    options += [
        *_choice(form, "deps", _DEPENDENCIES),
        *_choice(form, "container", _CONTAINERS),
        *([f"--threads={_threads(form['threads'])}"] if "threads" in form else []),
        *(f"--{name}" for name in ("force", "stage", "test") if form.get(name)),
    ]
    job = dashboard_of(request).submit("build", RegistryPath(genome, group, asset=asset), options)
    return go(job_address(job))


@routes.post("/do/genome")
def initialize(request: Request, form: Form) -> Response:
    """Bring in a genome from a FASTA file of this computer."""
    fasta = required(form, "fasta", "the FASTA file")
    name = check_alias(required(form, "name", "the name"))
    options = [f"--{field}={form[field]}" for field in ("description", "species") if field in form]
    command = ["genome", "init", f"--fasta={fasta}", f"--name={name}", *options]
    job = dashboard_of(request).jobs.submit("genome", f"bring in {name}", f"genome {name}", command)
    return go(job_address(job))


def _choice(form: dict[str, str], name: str, known: tuple[str, ...]) -> list[str]:
    value = form.get(name)
    if value is None:
        return []
    if value not in known:
        raise InvalidInputError(f"{name} {value!r} is unknown", hint=f"one of {', '.join(known)}")
    return [f"--{name}={value}"]


def _threads(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or not 1 <= int(value[:6]) <= 4096:
        raise InvalidInputError(f"threads {value[:20]!r} is no number of threads")
    return int(value)
