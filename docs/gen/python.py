"""The Python interface: the managers' methods with their signatures and what they say of themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from refgenie.api import Refgenie
from refgenie.assets.service import AssetService
from refgenie.build.request import BuildRequest
from refgenie.build.service import BuildService
from refgenie.channels.service import ChannelService
from refgenie.configuration import ConfigurationService
from refgenie.genomes.aliases import AliasService
from refgenie.genomes.retrieval import SequenceRetrieval
from refgenie.genomes.service import GenomeService
from refgenie.recipes.asset_classes import AssetClassService
from refgenie.recipes.recipes import RecipeService
from refgenie.transfer.pull_options import PullOptions
from refgenie.transfer.push import PushService
from refgenie.transfer.remotes import RemoteService
from refgenie.transfer.staging import StageService

INTRODUCTION = """\
# Python

This page is made from the program (`make reference`).

```python
from refgenie import BuildParams, Refgenie

with Refgenie() as rg:  # environment and database configuration file
    rg.init()
    rg.genome.initialize_genome(fasta_file_path="lambda_virus.fa", alias_names=["lambda"])
    rg.build_asset(genome_name="lambda", asset_group_name="fasta", params=BuildParams())
    path = rg.asset.seek(genome_name="lambda", asset_group_name="fasta")
    bases = rg.getseq("lambda", "gi|9626243|ref|NC_001416.1|:0-60")
```

`Refgenie` wires the managers below, which are safe to call from several threads. What they answer are
detached records (`refgenie.core.records`); methods named `table` answer rich tables. Errors are
[`RefgenieError`](errors.md) subclasses, the same that give the command line its exit codes. Where a genome is
wanted, an alias or a digest will do; coordinates are 0-based and half-open.

## Constructor

All arguments are keywords, and all may be left out.

| argument | meaning |
|---|---|
| `database_config_path` | the YAML file that says where the registry is |
| `database_engine` | any SQLAlchemy engine; `database_config_path` is then ignored |
| `genome_folder`, `genome_archive_folder` | in place of those of environment and registry |
| `refget_store_url` | the sequences are those of this remote RefgetStore, which is only read |
| `server_clients_mapping` | own clients, `{url: client}`, each a `refgenie.server.models.ServerClient` |
| `suppress_migrations` | an older SQLite registry is not migrated |
| `progress` | shows long work (`refgenie.core.progress.Progress`) |
"""

LOOPER = """
## looper

`refgenie.populator.looper_refgenie_populate_local` is a pre-submission function of looper: it replaces every
`refgenie://genome/group[.key][:asset]` in its namespaces by the local path.

```yaml
pre_submit:
  python_functions:
    - refgenie.populator.looper_refgenie_populate_local
```
"""

TABLES: dict[str, tuple[type, str, str]] = {
    "rg": (
        Refgenie,
        "what needs several managers",
        """init build_asset pull push seekr populate populater getseq verify_sequences set_genome_alias purge
        close""",
    ),
    "rg.genome": (
        GenomeService,
        "genomes",
        "initialize_genome initialize_remote list get set_metadata compare browse sync remove table",
    ),
    "rg.alias": (AliasService, "names of genomes", "resolve set remove list repair table"),
    "rg.asset": (
        AssetService,
        "assets",
        """seek seek_path get id list groups group_exists get_default set_default add rename remove
        remove_group populate verify table remote_table""",
    ),
    "rg.builds": (
        BuildService,
        "builds; `rg.build_asset` is the simplest",
        "requests requirements plan snakefile build build_all",
    ),
    "rg.asset_class": (AssetClassService, "asset classes", "add get list remove table"),
    "rg.recipe": (RecipeService, "recipes", "add get list requirements remove table"),
    "rg.sources": (
        ChannelService,
        "data channels",
        "add_channel list get sync_channel iter_asset_classes iter_recipes channels_table remove_channel",
    ),
    "rg.stage": (StageService, "what is served and pushed", "add list remove table"),
    "rg.remote": (RemoteService, "storage that staged assets are pushed to", "add list get status remove"),
    "rg.configuration": (
        ConfigurationService,
        "folders and subscribed servers",
        "get subscribe unsubscribe servers table",
    ),
}
INTERNAL = {"progress", "also", "staged"}
"""Parameters that the command line gives."""


def page() -> str:
    """Introduction, then a table for each manager."""
    tables = {name: "".join(table(name)) for name in TABLES}
    tables["rg"] += "".join(options())
    return INTRODUCTION + "".join(tables.values()) + LOOPER


def options() -> Iterator[str]:
    """What ``**options`` may be."""
    asked = {"genome", "group", "asset", "recipe", "recipe_version", "params"}
    build = [field for field in names(BuildRequest) if field not in asked]
    yield "\nThe `**options` are\n\n"
    for method, known in (
        ("build_asset` and `rg.builds.requests", build),
        ("pull", names(PullOptions)),
        ("push", names(PushService.push)),
        ("getseq", names(SequenceRetrieval.fetch)),
    ):
        yield f"- of `{method}`: " + ", ".join(f"`{name}`" for name in known) + "\n"


def names(called: Any) -> list[str]:
    """Parameters that are given by name: those with a default."""
    parameters = inspect.signature(called).parameters.values()
    return [
        parameter.name
        for parameter in parameters
        if parameter.default is not inspect.Parameter.empty and parameter.name not in INTERNAL
    ]


def table(name: str) -> Iterator[str]:
    """A manager's methods."""
    manager, meaning, methods = TABLES[name]
    yield f"\n## `{name}`: {meaning}\n\n| | |\n|---|---|\n"
    for method in methods.split():
        function = getattr(manager, method)
        said = (inspect.getdoc(function) or "").split("\n\n")[0]
        yield f"| `{method}({shown(function)})` | {cell(said)} |\n"


def shown(function: Any) -> str:
    """Parameters with their defaults, without types."""
    parameters = []
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.name in INTERNAL:
            continue
        plain = parameter.replace(annotation=inspect.Parameter.empty)
        if plain.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in parameters:
            parameters.append("*")
        parameters.append(str(plain))
    return ", ".join(parameters)


def cell(text: str) -> str:
    """Text of a table's cell."""
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")
