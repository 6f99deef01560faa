"""The v4 lists: pages, search, filters, fields."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from support.served_home import GENOME, OTHER_GENOME, Home


@pytest.fixture
def filled(home: Home) -> Home:
    home.genome(GENOME, "hg38", "GRCh38", description="Human GRCh38", species_name="Homo sapiens")
    home.genome(OTHER_GENOME, "50%_off", description=None)
    home.asset_class("fasta", ["file"], fasta=("{genome}.fa", "file"))
    home.asset_class("bwa_index", ["archive"], bwa_index=("{genome}.fa", "prefix"))
    home.asset_class("big", ["none"])
    home.recipe("fasta", "fasta")
    home.recipe("bwa_index", "bwa_index")
    return home


@pytest.fixture
def assets(filled: Home) -> dict[str, str]:
    fasta = filled.asset(
        "fasta", {"x.fa": b">a\nACGT\n"}, recipe="fasta", seek_keys={"fasta": ("{genome}.fa", "file")}
    )
    filled.stage(fasta, "file")
    index = filled.asset(
        "bwa_index",
        {"x.bwt": b"1", "x.sa": b"22"},
        asset_class="bwa_index",
        recipe="bwa_index",
        parents={"fasta": fasta},
        custom_properties={"version": "0.7.17"},
        description="Index of bwa",
    )
    filled.stage(index, "archive")
    hidden = filled.asset("bwa_index", {"y": b"3"}, asset_class="bwa_index", name="hidden")
    described = filled.asset("big", {"z": b"4"}, asset_class="big")
    return {"fasta": fasta, "index": index, "hidden": hidden, "described": described}


def items(client: TestClient, path: str, **parameters: Any) -> list[dict[str, Any]]:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert set(document) == {"items", "pagination"}
    return document["items"]


def test_only_what_is_staged_or_described_is_listed(client: TestClient, assets: dict[str, str]) -> None:
    found = {item["digest"]: item for item in items(client, "/v4/assets")}
    assert set(found) == {assets["fasta"], assets["index"], assets["described"]}
    assert found[assets["fasta"]]["serving_modes"] == ["file"]
    assert found[assets["index"]]["serving_modes"] == ["archive"]
    assert found[assets["described"]]["serving_modes"] == ["none"]
    assert client.get(f"/v4/assets/{assets['hidden']}").status_code == 404


def test_an_asset_has_the_fields_that_clients_rely_on(client: TestClient, assets: dict[str, str]) -> None:
    asset = client.get(f"/v4/assets/{assets['index']}").json()
    assert asset["name"] == "default"
    assert asset["size"] == 3
    assert asset["path"] == f"data/{GENOME}/bwa_index/{assets['index']}"
    assert asset["genome_digest"] == GENOME
    assert asset["asset_group_name"] == asset["asset_class_name"] == asset["recipe_name"] == "bwa_index"
    assert asset["asset_class_version"] == asset["recipe_version"] == "0.0.1"
    assert asset["custom_properties"] == {"version": "0.7.17"}
    assert asset["description"] == "Index of bwa"
    assert asset["parents"] == [
        {"key": "fasta", "digest": assets["fasta"], "registry_path": f"{GENOME}/fasta:default"}
    ]
    assert asset["download_count"] == 0
    assert asset["archive_digest"] == items(client, "/v4/archives")[0]["digest"]
    parent = client.get(f"/v4/assets/{assets['fasta']}").json()
    assert parent["children"] == [f"{GENOME}/bwa_index:default"]
    assert parent["seek_keys"] == {"fasta": {"value": "{genome}.fa", "type": "file", "description": None}}
    assert parent["archive_digest"] is None
    assert parent["created_at"].endswith("Z")


def test_names_with_one_content_know_of_each_other(client: TestClient, filled: Home) -> None:
    digest = filled.asset("fasta", {"x.fa": b">a\nA\n"}, name="one")
    filled.stage(digest, "file")
    filled.asset("fasta", {"x.fa": b">a\nA\n"}, name="two", is_default=False)
    filled.stage(digest, "archive")
    first = client.get(f"/v4/assets/{digest}").json()
    assert first["name"] == "one"
    assert first["same_content"] == [f"{GENOME}/fasta:two"]
    second = client.get(f"/v4/assets/{digest}", params={"name": "two"}).json()
    assert second["name"] == "two"
    assert second["same_content"] == [f"{GENOME}/fasta:one"]
    assert client.get(f"/v4/assets/{digest}", params={"name": "three"}).status_code == 404


FILTERED: list[tuple[dict[str, str], set[str]]] = [
    ({"name": "default"}, {"fasta", "index", "described"}),
    ({"asset_group_name": "fasta"}, {"fasta"}),
    ({"genome_digest": GENOME}, {"fasta", "index", "described"}),
    ({"genome_digest": OTHER_GENOME}, set()),
    ({"recipe_name": "bwa_index"}, {"index"}),
    ({"q": "BWA_IND", "search_fields": "path"}, {"index"}),
    ({"q": "DEFAULT", "operator": "eq"}, set()),
    (
        {"q": "default", "operator": "eq", "search_fields": "name, digest"},
        {"fasta", "index", "described"},
    ),
    ({"q": "%", "search_fields": "name"}, set()),
    ({"q": "data/", "operator": "starts_with", "search_fields": "path"}, {"fasta", "index", "described"}),
    ({"q": "fasta", "asset_group_name": "bwa_index"}, set()),
]


def test_filters_come_first_and_search_looks_into_the_rest(
    client: TestClient, assets: dict[str, str]
) -> None:
    for parameters, expected in FILTERED:
        found = {item["digest"] for item in items(client, "/v4/assets", **parameters)}
        assert found == {assets[name] for name in expected}, parameters


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("/v4/assets", {"search_fields": "colour"}, "name, digest, path"),
    ("/v4/assets", {"operator": "like"}, "starts_with"),
    ("/v4/assets", {"sort_by": "colour"}, "created_at"),
    ("/v4/assets", {"sort_order": "up"}, "desc"),
    ("/v4/assets", {"colour": "red"}, "asset_group_name"),
    ("/v4/assets", {"limit": "0"}, "limit"),
    ("/v4/assets", {"limit": "1001"}, "limit"),
    ("/v4/assets", {"offset": "-1"}, "offset"),
    ("/v4/assets", {"asset_group_id": "x"}, "asset_group_id"),
    ("/v4/assets", {"offset": str(10**30)}, "offset"),
    ("/v4/assets", {"q": "a\0b"}, "NUL"),
    ("/v4/genomes", {"search_fields": "name"}, "species_name"),
    ("/v4/aliases", {"search_fields": "digest"}, "name"),
    ("/v4/recipes", {"search_fields": "digest"}, "name, version, description"),
]


def test_what_a_list_does_not_know_is_refused_by_name(client: TestClient) -> None:
    for path, parameters, named in REFUSED:
        answer = client.get(path, params=parameters)
        assert answer.status_code == 422, (path, parameters)
        document = answer.json()
        assert document["error"]["code"] == "invalid_input"
        assert named in document["error"]["message"]
        assert document["detail"] == document["error"]["message"]


def test_pages_do_not_overlap_and_know_the_total(client: TestClient, filled: Home) -> None:
    for number in range(7):
        filled.stage(
            filled.asset("fasta", {"x": bytes([number])}, name=f"n{number}", is_default=False), "file"
        )
    seen: list[str] = []
    for offset in range(0, 9, 3):
        answer = client.get(
            "/v4/assets", params={"offset": offset, "limit": 3, "sort_by": "asset_group_name"}
        ).json()
        assert answer["pagination"] == {"offset": offset, "limit": 3, "total": 7}
        seen += [item["name"] for item in answer["items"]]
    assert sorted(seen) == [f"n{number}" for number in range(7)]
    names = [item["name"] for item in items(client, "/v4/assets", sort_by="name", sort_order="desc")]
    assert names == sorted(seen, reverse=True)


def test_genomes_are_found_by_their_aliases(client: TestClient, filled: Home) -> None:
    [genome] = items(client, "/v4/genomes", alias="hg38")
    assert genome["digest"] == GENOME
    assert genome["aliases"] == ["GRCh38", "hg38"]
    assert genome["species_name"] == "Homo sapiens"
    assert genome["source"] == "local"
    assert items(client, "/v4/genomes", alias="HG38") == []
    assert [item["digest"] for item in items(client, "/v4/genomes", q="%_", search_fields="aliases")] == [
        OTHER_GENOME
    ]
    assert len(items(client, "/v4/genomes", q="homo SAP")) == 1
    assert client.get(f"/v4/genomes/{GENOME}").json() == genome
    assert client.get("/v4/genomes/nothing").status_code == 404


def test_aliases_name_their_source(client: TestClient, filled: Home) -> None:
    found = items(client, "/v4/aliases", q="grch", operator="starts_with")
    assert found == [{"name": "GRCh38", "genome_digest": GENOME, "source": "server"}]
    assert [item["name"] for item in items(client, "/v4/aliases", genome_digest=OTHER_GENOME)] == ["50%_off"]
    one = client.get("/v4/aliases/hg38").json()
    assert one == {"alias": "hg38", "digest": GENOME, "source": "server", "collection": None, "fhr": None}
    missing = client.get("/v4/aliases/hg39")
    assert missing.status_code == 404
    assert missing.json()["error"]["hint"] == "did you mean hg38?"


def test_groups_have_their_class_and_default(client: TestClient, assets: dict[str, str]) -> None:
    found = {item["name"]: item for item in items(client, "/v4/asset_groups", genome_digest=GENOME)}
    assert set(found) == {"fasta", "bwa_index", "big"}
    assert found["bwa_index"]["asset_class_name"] == "bwa_index"
    assert found["bwa_index"]["default_asset"] == "default"
    number = found["fasta"]["id"]
    assert client.get(f"/v4/asset_groups/{number}").json() == found["fasta"]
    assert [item["name"] for item in items(client, "/v4/asset_groups", asset_class="big")] == ["big"]
    assert items(client, "/v4/asset_groups", asset_group_id=number) == [found["fasta"]]


def test_classes_and_recipes_show_all_of_their_yaml(client: TestClient, filled: Home) -> None:
    filled.recipe("bwa_index", "bwa_index", "0.0.10")
    filled.recipe("bwa_index", "bwa_index", "0.0.9")
    [kind] = items(client, "/v4/asset_classes", name="fasta")
    assert kind["custom"] == {"kept": True}
    assert kind["seek_keys"] == {"fasta": {"value": "{genome}.fa", "type": "file"}}
    assert client.get(f"/v4/asset_classes/{kind['id']}").json() == kind
    assert client.get("/v4/asset_classes/fasta").json() == kind
    newest = client.get("/v4/recipes/bwa_index").json()
    assert newest["version"] == "0.0.10"
    assert newest["definition"]["extra"] == [1]
    assert len(items(client, "/v4/recipes", output_asset_class="bwa_index")) == 3
    assert client.get("/v4/recipes/99999999999999999999").status_code == 404


def test_archives_list_their_files(client: TestClient, assets: dict[str, str]) -> None:
    [archive] = items(client, "/v4/archives", asset_digest=assets["index"])
    assert {entry["path"] for entry in archive["directory_contents"]} == {"x.bwt", "x.sa"}
    assert archive["path"].endswith(f"{assets['index']}__default.tgz")
    assert archive["genome_digest"] == GENOME
    assert archive["build_commands"] == []
    assert client.get(f"/v4/archives/{archive['digest']}").json() == archive
    assert items(client, "/v4/archives", genome_digest=OTHER_GENOME) == []


def test_counts(client: TestClient, assets: dict[str, str]) -> None:
    assert client.get("/v4/summary").json() == {"genomes": 2, "asset_groups": 3, "assets": 3, "bytes": 12}
    assert client.get("/v4/species/summary").json() == [
        {"species_name": "Homo sapiens", "genomes": 1, "assets": 3},
        {"species_name": None, "genomes": 1, "assets": 0},
    ]


def test_an_answer_is_never_older_than_the_registry(client: TestClient, filled: Home) -> None:
    first = client.get("/v4/genomes")
    again = client.get("/v4/genomes", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    filled.genome("C" * 32, "new")
    after = client.get("/v4/genomes", headers={"If-None-Match": first.headers["etag"]})
    assert after.status_code == 200
    assert after.json()["pagination"]["total"] == 3
