"""schemathesis over the whole OpenAPI document: whatever is asked, no answer is a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from sqlalchemy import URL

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.server.app import create_app
from refgenie.server.settings import ServerSettings
from support.sequences import SMALL
from support.served_home import GENOME, Home

EXAMPLES = 12


@pytest.fixture(scope="module")
def application(postgres_server: Any, _postgres_template: str, tmp_path_factory: Any) -> Iterator[Any]:
    """A server with something of everything, on PostgreSQL, which refuses more than SQLite."""
    url: URL = postgres_server.create_database(_postgres_template)
    database = Database.from_url(url)
    root = tmp_path_factory.mktemp("fuzzed")
    folders = Folders(root / "genomes", root / "archives")
    folders.genome_folder.mkdir()
    folders.archive_folder.mkdir()
    home = Home(database, folders)
    fasta = root / "small.fa"
    fasta.write_text(SMALL)
    home.genome(GENOME, "hg38")
    home.genome(home.mode.import_fasta(fasta).collection.digest, "small")
    home.asset_class("fasta", ["file", "archive"])
    home.recipe("fasta", "fasta")
    digest = home.asset(
        "fasta", {"x.fa": b">a\nACGT\n"}, recipe="fasta", seek_keys={"fasta": ("x.fa", "file")}
    )
    home.stage(digest, "file")
    home.stage(digest, "archive")
    yield create_app(home, ServerSettings(access_log="off"))
    database.dispose()
    postgres_server.drop_database(url)


@pytest.fixture(scope="module")
def document(application: Any) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", application)


schema = schemathesis.pytest.from_fixture("document")


@pytest.mark.postgres
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
)
def test_no_request_is_a_server_error(case: Any) -> None:
    answer = case.call()
    case.validate_response(
        answer,
        checks=[not_a_server_error, status_code_conformance, response_schema_conformance],
    )
