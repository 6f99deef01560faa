"""The tools, called by the SDK's own client: in process, over standard input and output, over HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mcp
import pytest
from mcp import StdioServerParameters

from refgenie.api import Refgenie
from refgenie.mcp.tools import create_http_app, create_mcp
from support.assemblies import chromosomes, relative, write_fasta
from support.console import SCRIPTS
from support.dashboard import dashboard, opened

TOOLS = {
    "list_genomes",
    "search_genomes",
    "get_genome",
    "list_asset_classes",
    "list_recipes",
    "list_assets",
    "get_asset",
    "lookup_digest",
    "get_genome_metadata",
    "get_genome_sequences",
    "compare_genomes",
    "seek",
    "getseq",
}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refgenie]:
    """Two genomes and an asset."""
    root = tmp_path_factory.mktemp("mcp")
    with pytest.MonkeyPatch.context() as patch:
        refgenie = opened(root / "home", patch)
        for name, records in (("a", chromosomes().items()), ("b", relative())):
            refgenie.genome.initialize_genome(
                write_fasta(root / f"{name}.fa", records), [name], species=f"Species {name}"
            )
        refgenie.build_asset(genome_name="a", asset_group_name="fasta")
        yield refgenie
        refgenie.close()


def call(target: Any, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Results of several calls in one conversation."""

    async def converse() -> list[Any]:
        async with mcp.Client(target) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return asyncio.run(converse())


def answer(registry: Refgenie, name: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer of one call."""
    (result,) = call(create_mcp(registry), (name, arguments))
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return dict(result.structured_content)


def test_all_tools_only_read_and_say_what_they_answer(registry: Refgenie) -> None:
    async def list_tools() -> list[Any]:
        async with mcp.Client(create_mcp(registry)) as client:
            return list((await client.list_tools()).tools)

    tools = asyncio.run(list_tools())
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert tool.annotations.read_only_hint is True
        assert tool.description
        assert tool.output_schema["properties"], tool.name


def test_genomes_are_listed_searched_and_shown(registry: Refgenie) -> None:
    listed = answer(registry, "list_genomes")
    assert [item["aliases"] for item in listed["items"]] == [["a"], ["b"]]
    assert answer(registry, "list_genomes", limit=1, offset=1)["items"][0]["aliases"] == ["b"]
    assert answer(registry, "search_genomes", query="species b")["total"] == 1
    assert answer(registry, "get_genome", genome="a")["asset_groups"] == ["fasta"]
    assert answer(registry, "get_genome_metadata", genome="a")["masking"] == "soft"


def test_sequences_come_in_pages(registry: Refgenie) -> None:
    first = answer(registry, "get_genome_sequences", genome="a", limit=10)
    last = answer(registry, "get_genome_sequences", genome="a", offset=20, limit=10_000)
    assert first["total"] == 24
    assert [item["name"] for item in first["items"]] == [f"chr{n}" for n in range(1, 11)]
    assert [item["name"] for item in last["items"]] == ["chr21", "chr22", "chrX", "chrM"]


def test_assets_are_listed_shown_and_located(registry: Refgenie) -> None:
    assert answer(registry, "list_assets", genome="b")["total"] == 0
    listed = answer(registry, "list_assets", query="fasta", genome="a")["items"]
    assert [item["registry_path"] for item in listed] == ["a/fasta:default"]
    asset = answer(registry, "get_asset", registry_path="a/fasta")
    assert asset["files"] == 3
    assert all(Path(key["path"]).is_file() for key in asset["seek_keys"])
    place = answer(registry, "seek", registry_path="a/fasta.fai")["path"]
    assert Path(place).read_text().startswith("chr1\t")
    assert place == registry.asset.seek("a", "fasta", seek_key_name="fai")


def test_a_digest_or_its_beginning_is_looked_up(registry: Refgenie) -> None:
    digest = registry.genome.get("a").digest
    asset = registry.asset.get("a", "fasta").digest
    for text in (digest, digest[:8]):
        assert [item["digest"] for item in answer(registry, "lookup_digest", digest=text)["genomes"]] == [
            digest
        ]
    for text in (asset, asset[:10]):
        assert [item["digest"] for item in answer(registry, "lookup_digest", digest=text)["assets"]] == [
            asset
        ]
    assert answer(registry, "lookup_digest", digest="0" * 64) == {"genomes": [], "assets": []}


def test_genomes_are_compared(registry: Refgenie) -> None:
    found = answer(registry, "compare_genomes", a="a", b="b")
    assert found["reading"] == "overlap"
    assert (found["shared_sequences"], found["shared_named_sequences"]) == (22, 1)


def test_residues_are_bounded_and_go_on_where_they_ended(registry: Refgenie) -> None:
    whole = chromosomes()["chr1"]
    first = answer(registry, "getseq", genome="a", region="chr1")
    assert (len(first["sequence"]), first["complete"], first["length"]) == (10_000, False, len(whole))
    rest = answer(registry, "getseq", genome="a", region=f"chr1:{first['end']}-{first['end'] + 100}")
    assert first["sequence"] + rest["sequence"] == whole[:10_100]
    assert rest["complete"] is True


def test_recipes_and_classes_are_listed(registry: Refgenie) -> None:
    recipes = {item["name"]: item for item in answer(registry, "list_recipes")["items"]}
    assert recipes["bwa_index"]["needs_assets"] == {"fasta": "fasta"}
    assert "fasta" in {item["name"] for item in answer(registry, "list_asset_classes")["items"]}


def test_errors_say_what_to_do(registry: Refgenie) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("get_genome", {"genome": "A"}, "no genome A"),
        ("get_asset", {"registry_path": "a/bwa_index"}, "refgenie pull a/bwa_index"),
        ("seek", {"registry_path": "nonsense"}, "is not a registry path"),
        ("getseq", {"genome": "a", "region": "chr1:5-999999999"}, "out of range"),
        ("lookup_digest", {"digest": "abc"}, "at least 6"),
        ("getseq", {"genome": "a"}, "region"),
    ]
    results = call(create_mcp(registry), *((name, arguments) for name, arguments, _ in wrong))
    for result, (name, _, told) in zip(results, wrong, strict=True):
        assert result.is_error, name
        assert told in result.content[0].text, name


def test_the_console_script_answers_on_standard_input_and_output(registry: Refgenie) -> None:
    server = StdioServerParameters(
        command=str(SCRIPTS / "python"),
        args=["-m", "refgenie.mcp.stdio"],
        env={**os.environ, "REFGENIE_HOME_PATH": str(registry.settings.home)},
    )
    (result,) = call(server, ("get_genome", {"genome": "a"}))
    assert result.structured_content["aliases"] == ["a"]


def test_the_dashboard_answers_at_mcp(registry: Refgenie) -> None:
    with dashboard(registry, mcp=create_http_app(registry)) as dash:
        results = call(
            f"{dash.url}/mcp", ("list_genomes", {}), ("getseq", {"genome": "a", "region": "chr1:0-5"})
        )
        assert results[0].structured_content["total"] == 2
        assert results[1].structured_content["sequence"] == chromosomes()["chr1"][:5]


def test_nothing_is_written(registry: Refgenie) -> None:
    folder = registry.folders.genome_folder
    before = {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}
    call(
        create_mcp(registry),
        ("list_genomes", {}),
        ("get_asset", {"registry_path": "a/fasta"}),
        ("getseq", {"genome": "a", "region": "chr1:0-5"}),
    )
    assert {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))} == before
