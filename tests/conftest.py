"""Fixtures that every test may use; the services behind them are in tests/support."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.db import migrate
from refgenie.db.database import Database
from refgenie.db.locks import open_locks
from support import programs
from support.console import Console
from support.postgres import (
    PostgresServer,
    PostgresUnavailableError,
    running_server,
    write_database_config,
)
from support.static_server import StaticServer, serve_folder

REPOSITORY = Path(__file__).resolve().parent.parent
USERS_VARIABLES = re.compile(
    r"(REFGENIE_(?!TEST_)|POSTGRES_|PG|AWS_|DATA_CHANNELS_|DOWNLOAD_COUNT_)|"
    r"(https?|all|ftp)_proxy$",
    re.IGNORECASE,
)


def pytest_configure(config: pytest.Config) -> None:
    """Take the user's settings out of the environment before anything reads them."""
    for name in [name for name in os.environ if USERS_VARIABLES.match(name)]:
        del os.environ[name]
    # Whatever forgets to name a home must not find the user's.
    home = tempfile.mkdtemp(prefix="refgenie-tests-")
    os.environ["REFGENIE_HOME_PATH"] = str(Path(home, "home"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a report that can be sent: names of files that are no text would end the worker."""
    report = yield
    report.sections = [(name, _sendable(text)) for name, text in report.sections]
    if not isinstance(report.longrepr, tuple) and _sendable(shown := str(report.longrepr)) != shown:
        report.longrepr = _sendable(shown)
    return report


def _sendable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say by name what was skipped and why."""
    skipped = terminalreporter.getreports("skipped")
    if not skipped:
        return
    terminalreporter.section("skipped")
    for report in sorted(skipped, key=lambda report: report.nodeid):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.write_line(f"{report.nodeid}: {str(reason).removeprefix('Skipped: ')}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test run (see support.postgres for where it comes from)."""
    try:
        with running_server() as server:
            yield server
    except PostgresUnavailableError as error:
        programs.unavailable(f"no PostgreSQL: {error}")


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """Name of a migrated database that the tests' own are copies of."""
    url = postgres_server.create_database()
    database = Database.from_url(url)
    migrate.upgrade(database)
    database.dispose()
    assert url.database is not None
    yield url.database
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that the tests' own are copies of."""
    path = tmp_path_factory.mktemp("template") / "refgenie"
    database = Database.from_url(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.dispose()
    return path


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[URL]:
    """Address of a PostgreSQL database without any table."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, _postgres_template: str) -> Iterator[URL]:
    """Address of a migrated PostgreSQL registry of this test's own."""
    url = postgres_server.create_database(_postgres_template)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> URL:
    """Address of a migrated SQLite registry of this test's own."""
    path = tmp_path / "registry" / "refgenie"
    path.parent.mkdir()
    shutil.copy(_sqlite_template, path)
    return make_url(f"sqlite:///{path}")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> URL:
    """Address of a migrated registry: the test runs on SQLite and on PostgreSQL."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: URL = request.getfixturevalue(name)
    return url


@pytest.fixture
def database(database_url: URL) -> Iterator[Database]:
    """A migrated registry: the test runs on SQLite and on PostgreSQL."""
    opened = Database.from_url(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def database_config(database_url: URL, tmp_path: Path) -> Path:
    """The YAML file that names ``database_url``, as REFGENIE_DB_CONFIG_PATH wants it."""
    return write_database_config(tmp_path / "database.yaml", database_url)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """An installation's folders, not made yet."""
    return Folders(tmp_path / "genomes", tmp_path / "archives")


@pytest.fixture
def locks(database: Database, folders: Folders) -> Locks:
    """The locks that go with the registry: the operating system's, or PostgreSQL's."""
    return open_locks(database, folders.locks)


@pytest.fixture(scope="session")
def lambda_fasta() -> Path:
    """The genome of phage lambda (NC_001416.1, 48,502 bp); read only."""
    return REPOSITORY / "examples" / "lambda_virus.fa"


@pytest.fixture
def run_cli(tmp_path: Path) -> Console:
    """Runs the real console script in a child process, in a home below ``tmp_path``."""
    return Console(tmp_path / "home")


@pytest.fixture
def static_server(tmp_path: Path) -> Iterator[StaticServer]:
    """A loopback HTTP server with byte ranges over the (empty) folder ``tmp_path/served``."""
    folder = tmp_path / "served"
    folder.mkdir()
    with serve_folder(folder) as server:
        yield server


@pytest.fixture(scope="session")
def require_program() -> Callable[..., Path]:
    """``require_program("bwa", …)``: its path; skips where one is missing, fails on CI."""
    return programs.require_program
