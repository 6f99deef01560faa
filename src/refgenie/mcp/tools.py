"""The tools that assistants see, by the Model Context Protocol; all of them only read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from refgenie import __version__
from refgenie.errors import RefgenieError
from refgenie.mcp import answers
from refgenie.mcp.registry import Registry

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from refgenie.api import Refgenie

P = ParamSpec("P")
R = TypeVar("R")

_INSTRUCTIONS = (
    "refgenie manages reference genome assets: genomes (identified by the digest of their sequences), and "
    "files that belong to them, such as FASTA files and aligner indexes. A registry path is "
    "genome/group[.seek_key][:asset], for example hg38/fasta.fai; genome is an alias or a digest. "
    "Positions are 0-based, half-open. These tools only read; to get what is not here use the command line, "
    "`refgenie pull` or `refgenie build`."
)
_READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


def create_mcp(refgenie: Refgenie) -> MCPServer:
    """The server of the tools over one registry."""
    server: MCPServer = MCPServer(
        "refgenie", title="refgenie", version=__version__, instructions=_INSTRUCTIONS, log_level="WARNING"
    )
    for tool in Tools(Registry(refgenie)).all():
        server.tool(annotations=_READS)(_told(tool))
    return server


def create_http_app(refgenie: Refgenie) -> Starlette:
    """The same by HTTP at ``/mcp``; without sessions, so that a restart ends no conversation."""
    return create_mcp(refgenie).streamable_http_app(
        streamable_http_path="/mcp", json_response=True, stateless_http=True, host="127.0.0.1"
    )


def _told(tool: Callable[P, R]) -> Callable[P, R]:
    """A known error is told to the assistant, with what to do about it."""

    @wraps(tool)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return tool(*args, **kwargs)
        except RefgenieError as error:
            raise ToolError(f"{error.message}. {error.hint or ''}".strip()) from error

    return told


class Tools:
    """One method for each tool; its docstring and types are what an assistant is told of it."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def list_genomes(self, offset: int = 0, limit: int = 50) -> answers.GenomePage:
        """List the genomes of this registry, by name; at most 100 at a time."""
        return self._registry.genomes("", offset, limit)

    def search_genomes(self, query: str, offset: int = 0, limit: int = 20) -> answers.GenomePage:
        """Find genomes by words of their names, species, description, or the beginning of their digest."""
        return self._registry.genomes(query, offset, limit)

    def get_genome(self, genome: str) -> answers.GenomeDetails:
        """One genome by alias or digest, with the groups of its assets."""
        return self._registry.genome(genome)

    def get_genome_metadata(self, genome: str) -> answers.GenomeMetadata:
        """What is said of a genome: species, description, FAIR header (FHR)."""
        return self._registry.metadata(genome)

    def get_genome_sequences(self, genome: str, offset: int = 0, limit: int = 50) -> answers.SequencePage:
        """Names, lengths and digests of a genome's sequences in its order; at most 100 at a time."""
        return self._registry.sequences(genome, offset, limit)

    def list_asset_classes(self) -> answers.AssetClasses:
        """List the asset classes: what kinds of assets there can be, and their seek keys."""
        return self._registry.asset_classes()

    def list_recipes(self) -> answers.Recipes:
        """List the recipes: how assets are built, and what they need."""
        return self._registry.recipes()

    def list_assets(
        self,
        query: str = "",
        genome: str | None = None,
        asset_class: str | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> answers.AssetPage:
        """List assets, of one genome or class where given; at most 100 at a time."""
        return self._registry.assets(query, genome, asset_class, offset, limit)

    def get_asset(self, registry_path: str) -> answers.AssetDetails:
        """One asset: where its files lie, its seek keys, what it was built from, and what came of it."""
        return self._registry.asset(registry_path)

    def lookup_digest(self, digest: str) -> answers.Lookup:
        """What a genome digest, an asset digest, or the beginning of one (6 characters) names here."""
        return self._registry.lookup(digest)

    def compare_genomes(self, a: str, b: str) -> answers.Comparison:
        """Compare two genomes: which sequences they share, under the same or other names."""
        return self._registry.compare(a, b)

    def seek(self, registry_path: str) -> answers.Place:
        """The path on disk of an asset's file, for example of hg38/bwa_index or hg38/fasta.fai."""
        return self._registry.seek(registry_path)

    def getseq(self, genome: str, region: str) -> answers.Residues:
        """Residues of a region such as chr1:1000-2000 (0-based, half-open); at most 10,000 at a time."""
        return self._registry.residues(genome, region)

    def all(self) -> list[Callable[..., Any]]:
        """The tools in the order in which they are listed."""
        return [
            self.list_genomes,
            self.search_genomes,
            self.get_genome,
            self.get_genome_metadata,
            self.get_genome_sequences,
            self.list_asset_classes,
            self.list_recipes,
            self.list_assets,
            self.get_asset,
            self.lookup_digest,
            self.compare_genomes,
            self.seek,
            self.getseq,
        ]
