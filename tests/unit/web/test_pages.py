"""The pages as a browser without a screen gets them: addresses, titles, JSON twins, errors."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.recipes.recipes import RecipeService
from refgenie.server.app import create_app
from refgenie.server.settings import ServerSettings
from support.assemblies import chromosomes, relative, write_fasta
from support.served_home import GENOME, Home

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"accept": "application/json"}


@pytest.fixture
def home(database: Database, folders: Folders) -> Home:
    home = Home(database, folders)
    home.genome(GENOME, "hg38", species_name="Homo sapiens")
    home.asset_class("fasta", ["file"], fasta=("{genome}.fa", "file"))
    recipe = {
        "name": "fasta",
        "version": "0.1.0",
        "description": "From the store",
        "output_asset_class": "fasta",
    }
    RecipeService(database).add(
        {
            **recipe,
            "command_templates": ["true"],
            "input_params": {"case": {"description": "keep or upper", "default": "keep"}},
        }
    )
    return home


@pytest.fixture
def client(home: Home) -> Iterator[TestClient]:
    with TestClient(create_app(home, ServerSettings(access_log="off")), headers=HTML) as client:
        yield client


def served_asset(home: Home, name: str = "default") -> str:
    digest = home.asset(
        "fasta",
        {f"{GENOME}.fa": b">chr1\nACGT\n"},
        name=name,
        recipe="fasta",
        is_default=True,
        seek_keys={"fasta": ("{genome}.fa", "file")},
        provenance={"commands": [{"command": "refgenie-build-fasta <here> /home/me/x.fa"}]},
    )
    home.stage(digest, "file")
    return digest


ADDRESSES = [
    "/",
    "/search?q=hg38",
    "/genomes",
    "/genomes/hg38",
    "/assets",
    "/compare",
    "/sequences",
    "/asset-classes",
    "/asset-classes/fasta",
    "/recipes",
    "/recipes/fasta",
    "/channels",
    "/api",
    "/status",
]


def test_every_page_says_where_one_is_and_has_a_json_twin(client: TestClient) -> None:
    for address in ADDRESSES:
        page = client.get(address)
        assert page.status_code == 200, address
        assert page.headers["content-type"].startswith("text/html")
        assert re.search(r"<title>[^<]+ – refgenie server</title>", page.text), address
        twin = client.get(address, headers=JSON)
        assert isinstance(twin.json(), dict), address
        linked = re.search(r'rel="alternate" type="application/json" href="([^"]+)"', page.text)
        assert linked is not None
        assert client.get(linked[1].replace("&amp;", "&")).json() == twin.json(), address


def test_pages_answer_head_and_name_no_other_host(client: TestClient) -> None:
    for address in ADDRESSES:
        head = client.head(address)
        assert (head.status_code, head.content) == (200, b""), address
        page = client.get(address)
        for link in re.findall(r'(?:src|href|action)="([^"]*)"', page.text):
            assert link.startswith(("/", "#", str(client.base_url))), link
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_an_asset_has_its_page_by_digest_and_by_name(home: Home, client: TestClient) -> None:
    digest = served_asset(home)
    page = client.get(f"/assets/{digest}").text
    for wanted in (
        digest,
        "refgenie pull hg38/fasta",
        "refgenie-build-fasta &lt;here&gt; …/x.fa",
        f"{GENOME}.fa",
    ):
        assert wanted in page
    assert f'href="/v4/assets/{digest}/files/{GENOME}.fa' in page
    for address in ("/assets/hg38/fasta", "/assets/hg38/fasta/default", f"/assets/{GENOME}/fasta"):
        followed = client.get(address)
        assert followed.status_code == 200
        assert followed.url.path == f"/assets/{digest}"
    file = re.search(rf'href="(/v4/assets/{digest}/files/[^"]+)"', page)
    assert file is not None
    assert client.get(file[1].replace("&amp;", "&")).content == b">chr1\nACGT\n"


FAULTS = [
    ("/genomes/hg39", 404, "did you mean hg38?"),
    ("/assets/hg38/bwa_index", 404, "refgenie pull hg38/bwa_index"),
    ("/assets/" + "0" * 64, 404, "search for it by its name"),
    ("/assets/nonsense", 404, "no asset digest"),
    ("/recipes/none", 404, "none"),
    ("/no/such/page", 404, "there is no page /no/such/page"),
    ("/genomes?page=0", 422, "pages are counted from 1"),
    ("/genomes?page=99999999999999999999", 422, "pages are counted from 1"),
    ("/assets?sort=colour", 422, "one of path, name"),
    ("/assets?order=up", 422, "asc or desc"),
    ("/sequences?q=hg38", 422, "write a genome and a region"),
    ("/sequences?q=hg38+chr1:0-5", 404, "genome init"),
    ("/compare?a=hg38&b=hg38", 404, "genome init"),
]


def test_the_first_page_offers_what_can_be_pulled(home: Home, client: TestClient) -> None:
    assert "refgenie pull" not in client.get("/").text
    served_asset(home)
    home.genome("N" * 32, "newer")
    page = client.get("/").text
    assert "refgenie pull hg38/fasta" in page
    assert "refgenie pull newer" not in page


def test_errors_say_what_to_do_next(client: TestClient) -> None:
    for address, status, told in FAULTS:
        page = client.get(address)
        assert page.status_code == status, address
        assert page.headers["content-type"].startswith("text/html")
        assert told in page.text.replace("&#39;", "'").replace("&amp;", "&"), address
        twin = client.get(address, headers=JSON)
        assert twin.status_code == status
        assert set(twin.json()) == {"error", "detail"}


def test_the_rest_interface_keeps_its_json_errors(client: TestClient) -> None:
    answer = client.get("/v4/genomes/" + "x" * 32, headers=JSON)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert client.get("/no/such", headers={"accept": "*/*"}).json()["error"]["code"] == "not_found"


def test_nothing_that_is_shown_becomes_markup(home: Home, client: TestClient) -> None:
    evil = "<script>alert(1)</script>"
    home.genome("E" * 32, "evil", species_name=evil, description=f'"{evil}')
    for address in (
        "/",
        "/genomes",
        "/genomes/evil",
        f"/search?q={evil}",
        f"/genomes?q={evil}",
        f"/genomes/{evil}",
    ):
        assert "<script>alert" not in client.get(address).text, address


def test_empty_pages_say_what_to_do_next(database: Database, folders: Folders) -> None:
    with TestClient(
        create_app(Home(database, folders), ServerSettings(access_log="off")), headers=HTML
    ) as client:
        for address, told in (
            ("/", "refgenie genome init"),
            ("/genomes", "refgenie genome init"),
            ("/assets", "refgenie stage"),
            ("/compare", "refgenie genome init"),
            ("/sequences", "refgenie genome init"),
            ("/asset-classes", "refgenie init"),
            ("/recipes", "refgenie init"),
            ("/channels", "refgenie data-channel add"),
            ("/search?q=hg38", "Nothing is called"),
        ):
            assert told in client.get(address).text, address


def test_filter_sort_and_paging_are_kept_in_the_address(home: Home, client: TestClient) -> None:
    for number in range(60):
        home.genome(f"{number:032d}", f"g{number:02d}", species_name="Mus musculus")
    page = client.get("/genomes?q=mus&sort=name&order=desc").text
    assert "g59" in page
    assert "g05" not in page
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following is not None
    second = client.get(following[1].replace("&amp;", "&"))
    assert "g05" in second.text
    assert "g59" not in second.text
    twin = client.get("/genomes?q=mus&page=2", headers=JSON).json()
    assert twin["pagination"] == {"offset": 50, "limit": 50, "total": 60}


def test_static_files_are_kept_by_browsers_as_long_as_they_are_the_same(client: TestClient) -> None:
    style = re.search(r'rel="stylesheet" href="([^"]+)"', client.get("/").text)
    assert style is not None
    answer = client.get(style[1])
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert client.get("/static/app.css").headers["cache-control"] == "no-cache"
    assert client.get("/static/..%2fpages.py").status_code == 404


class TestWithSequences:
    """Pages that read residues."""

    @pytest.fixture
    def site(self, home: Home, tmp_path: Path) -> Home:
        for name, records in (("a", chromosomes().items()), ("b", relative())):
            fasta = write_fasta(tmp_path / f"{name}.fa", records)
            home.genome(home.mode.import_fasta(fasta).collection.digest, name, sequences=24)
        return home

    def test_a_comparison_is_a_reading_a_picture_and_a_table(self, site: Home, client: TestClient) -> None:
        page = client.get("/compare?a=a&b=b").text
        assert "A and B share some sequences" in page
        assert 'class="ribbon renamed moved"' in page
        twin = client.get("/compare?a=a&b=b", headers=JSON).json()
        assert twin["counts"] == {"same": 1, "renamed": 21, "other_sequence": 1, "only_a": 1, "only_b": 1}
        assert twin["moved"] == 1
        only = client.get("/compare?a=a&b=b&state=only_b", headers=JSON).json()
        assert [pair["b"]["name"] for pair in only["pairs"]] == ["KI270442.1"]
        assert client.get("/compare?a=a&b=b&state=odd").status_code == 422
        assert "A and B are identical" in client.get("/compare?a=a&b=a").text

    def test_residues_are_shown_copied_and_downloaded(self, site: Home, client: TestClient) -> None:
        text = chromosomes()["chr2"]
        twin = client.get("/sequences?q=a chr2:100-160", headers=JSON).json()
        assert twin["sequence"] == text[100:160]
        assert text[100:160] in client.get("/sequences?q=a chr2:100-160").text
        download = re.search(r'href="(/sequences/[^"]+)" download', client.get("/sequences?q=a chr2").text)
        assert download is not None
        fasta = client.get(download[1])
        assert "attachment" in fasta.headers["content-disposition"]
        header, *lines = fasta.text.splitlines()
        assert (header, "".join(lines)) == (">chr2", text)

    def test_commands_are_quoted_for_a_shell(self, home: Home, client: TestClient, tmp_path: Path) -> None:
        fasta = write_fasta(tmp_path / "phage.fa", [("gi|9626243|ref|NC_001416.1|", "ACGT" * 20)])
        home.genome(home.mode.import_fasta(fasta).collection.digest, "lambda")
        command = "refgenie getseq lambda 'gi|9626243|ref|NC_001416.1|:0-60'"
        for address in ("/genomes/lambda", "/sequences?q=lambda gi|9626243|ref|NC_001416.1|:0-60"):
            assert command in html.unescape(client.get(address).text), address

    def test_a_genome_without_assets_offers_none_to_pull(self, site: Home, client: TestClient) -> None:
        page = client.get("/genomes/a").text
        assert "refgenie pull" not in page
        assert "refgenie build a/fasta --stage" in page

    def test_a_long_region_is_shown_in_part_and_says_so(self, site: Home, client: TestClient) -> None:
        answer = client.get("/sequences?q=a chr1", headers=JSON).json()
        assert answer["complete"] is False
        assert len(answer["sequence"]) == 20_000
        assert "The first 20 000 are shown" in client.get("/sequences?q=a chr1").text.replace(
            "\N{NARROW NO-BREAK SPACE}", " "
        )

    def test_a_region_that_cannot_be_is_refused(self, site: Home, client: TestClient) -> None:
        for region, status in (
            ("chr1:5-1", 422),
            ("chr1:0-99999999", 422),
            ("chrZ:0-5", 404),
            ("chr1:x-y", 422),
        ):
            assert client.get(f"/sequences?q=a {region}").status_code == status, region

    def test_a_genome_shows_its_sequences_page_by_page(self, site: Home, client: TestClient) -> None:
        page = client.get("/genomes/a").text
        assert 'class="bar"' in page
        twin = client.get("/genomes/a", headers=JSON).json()
        assert [item["name"] for item in twin["sequences"]][:2] == ["chr1", "chr2"]
        assert twin["sequences_pagination"]["total"] == 24
        assert client.get("/genomes/a?sequences=2", headers=JSON).json()["sequences"] == []
