"""schemathesis over the whole OpenAPI document: whatever is asked, no answer is a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
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
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


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


@pytest.mark.postgres
def test_no_request_is_a_server_error(application: Any) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", application)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 40
    faults = [fault for operation in operations if (fault := fuzz(operation)) is not None]
    assert not faults, "\n\n".join(faults)


def fuzz(operation: Any) -> str | None:
    """What is wrong with the answers of one operation."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    def ask(case: Any) -> None:
        case.validate_response(case.call(), checks=CHECKS)

    try:
        ask()
    except BaseExceptionGroup as group:
        return f"{operation.label}: {group.exceptions[0]}"
    except (AssertionError, schemathesis.errors.SchemathesisError) as error:
        return f"{operation.label}: {error}"
    return None
