"""The registry as the standard library reads it: for answers that must not wait for the services' imports.

Only the standard library's cheap modules are imported here.
"""

from __future__ import annotations

import os

from refgenie.config.plain import read_flat
from refgenie.core import seek as rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Unusual(Exception):  # noqa: N818 - no error: a way out to the full command line
    """Left to the full command line."""


_POSTGRESQL_KEYS = {"type", "name", "host", "port", "user", "password"}


class PlainRegistry:
    """A read-only connection, by the database configuration file that `init` wrote."""

    def __init__(self) -> None:
        environ = os.environ
        home = _path(environ.get("REFGENIE_HOME_PATH") or "~/.refgenie")
        config_path = _path(environ.get("REFGENIE_DB_CONFIG_PATH") or f"{home}/refgenie_db_config.yaml")
        with open(config_path, encoding="utf-8") as handle:
            config = read_flat(handle.read()) or {}
        if config.keys() == {"type", "path"} and config["type"] == "sqlite":
            self._open_sqlite(
                os.path.normpath(os.path.join(os.path.dirname(config_path), _expand(config["path"])))
            )
        elif config.keys() == _POSTGRESQL_KEYS and config["type"] == "postgresql":
            self._open_postgresql({key: _variable(value) for key, value in config.items()})
        else:
            raise Unusual
        version = self.rows("SELECT version_num FROM alembic_version", {})
        if version[0][0] not in rules.SCHEMA_VERSIONS:
            raise Unusual
        folder = environ.get("REFGENIE_GENOME_FOLDER")
        self.genome_folder = (
            _path(folder)
            if folder
            else str(self.rows("SELECT genome_folder FROM configuration WHERE id = 1", {})[0][0])
        )

    def _open_sqlite(self, path: str) -> None:
        try:
            import _sqlite3 as driver  # without the converters of dates, which take as long to import
        except ImportError:
            import sqlite3 as driver  # type: ignore[no-redef]

        quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        connection = driver.connect(f"file:{quoted}?mode=ro", uri=True, timeout=60)
        self.seek_default, self.seek_named = rules.SEEK_DEFAULT_SQLITE, rules.SEEK_NAMED_SQLITE
        self.alias_sql, self.state_sql = rules.ALIAS_SQLITE, rules.STATE_SQLITE
        self.rows: Callable[[str, dict[str, str]], list[tuple[Any, ...]]] = lambda statement, values: (
            connection.execute(statement, values).fetchall()
        )
        self.close: Callable[[], None] = connection.close

    def _open_postgresql(self, config: dict[str, str]) -> None:
        import psycopg2  # psycopg 3 takes four times as long to import

        connection = psycopg2.connect(
            host=config["host"],
            port=config["port"],
            dbname=config["name"],
            user=config["user"],
            password=config["password"],
            connect_timeout=10,
        )
        connection.set_session(readonly=True, autocommit=True)
        cursor = connection.cursor()
        self.seek_default = rules.SEEK_DEFAULT_POSTGRESQL
        self.seek_named = rules.SEEK_NAMED_POSTGRESQL
        self.alias_sql, self.state_sql = rules.ALIAS_POSTGRESQL, rules.STATE_POSTGRESQL

        def rows(statement: str, values: dict[str, str]) -> list[tuple[Any, ...]]:
            cursor.execute(statement, values or None)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

        self.rows = rows
        self.close = connection.close

    def genome(self, name: str) -> tuple[str, str | None]:
        """Digest of a genome, and the alias that it was asked with (None for a digest)."""
        if rules.looks_like_digest(name):
            return name, None
        alias_file = f"{self.genome_folder}/{rules.ALIAS_FILE}"
        stamp = self.rows(self.state_sql, {"key": rules.ALIAS_STAMP_KEY})
        if stamp and stamp[0][0] == rules.alias_stamp(alias_file):
            return str(self.rows(self.alias_sql, {"alias": name})[0][0]), name
        # The store was written by another tool, or copied: it is the truth.
        return rules.read_alias_file(alias_file)[name], name

    def knows(self, alias: str) -> bool:
        """Whether a genome has this name."""
        try:
            self.genome(alias)
        except LookupError:
            return False
        return True


def _expand(text: str) -> str:
    return os.path.expanduser(os.path.expandvars(text))


def _variable(word: str) -> str:
    """The value of the environment's variable where the word is ``${VARIABLE}``."""
    return os.environ[word[2:-1]] if word.startswith("${") else word


def _path(text: str) -> str:
    return os.path.abspath(_expand(text))
