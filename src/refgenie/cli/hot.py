"""Entry point: answers the commonest reading commands at once, loads the rest only otherwise.

Pipelines call ``seek`` and its like thousands of times, and most of the time of a full
command line is spent on imports. Here a plain, successful call is answered by one SQL
statement; whatever is unusual (an option, an error, a registry that is not current) is left
to the full command line, which gives the same answers, errors and exit codes. Only the
standard library's cheap modules are imported here.
"""

from __future__ import annotations

import os
import sys

from refgenie.config.plain import read_flat
from refgenie.core import seek as rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


class _Unusual(Exception):  # noqa: N818 - no error: a way out to the full command line
    """Left to the full command line."""


def main() -> None:
    """Run the command line of ``sys.argv``."""
    arguments = sys.argv[1:]
    command = _COMMANDS.get(arguments[0]) if arguments else None
    if command is not None and _is_plain_environment():
        try:
            answer = command(arguments[1:])
        except Exception:  # noqa: BLE001 - the full command line finds and words the error
            answer = None
        if answer is not None:
            _print_and_leave(answer)
    import gc

    # Most of what a command makes is modules and classes, which stay: looking through them for
    # garbage at the usual rate takes a tenth of its start.
    gc.set_threshold(50_000, 20, 100)
    from refgenie.cli.app import run

    sys.exit(run())


def _is_plain_environment() -> bool:
    level = os.environ.get("REFGENIE_LOG_LEVEL")
    return not level or level.upper() in {"INFO", "WARNING", "ERROR", "CRITICAL"}


def _print_and_leave(answer: str) -> None:
    try:
        sys.stdout.write(answer)
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        sys.stderr.write(f"error: cannot write the answer: {error.strerror}\n")
        os._exit(9)
    os._exit(0)  # nothing is open that the interpreter's own shutdown would save


_POSTGRESQL_KEYS = {"type", "name", "host", "port", "user", "password"}


class _Registry:
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
            raise _Unusual
        version = self.rows("SELECT version_num FROM alembic_version", {})
        if version[0][0] not in rules.SCHEMA_VERSIONS:
            raise _Unusual
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


def _expand(text: str) -> str:
    return os.path.expanduser(os.path.expandvars(text))


def _variable(word: str) -> str:
    """The value of the environment's variable where the word is ``${VARIABLE}``."""
    return os.environ[word[2:-1]] if word.startswith("${") else word


def _path(text: str) -> str:
    return os.path.abspath(_expand(text))


def _seek(arguments: Sequence[str]) -> str:
    options = {argument for argument in arguments if argument.startswith("-")}
    if not options <= {"--abs", "-e", "--check-exists"}:
        raise _Unusual
    paths = [argument for argument in arguments if not argument.startswith("-")]
    if not paths:
        raise _Unusual
    registry = _Registry()
    must_exist = bool(options & {"-e", "--check-exists"})
    return "".join(
        f"{_seek_one(registry, path, absolute='--abs' in options, must_exist=must_exist)}\n" for path in paths
    )


def _seek_one(registry: _Registry, path: str, *, absolute: bool, must_exist: bool) -> str:
    split = rules.split_plain(path)
    if split is None:
        raise _Unusual
    name, group, seek_key, asset = split
    digest, alias = registry.genome(name)
    values = {"genome": digest, "group": group}
    found = (
        registry.rows(registry.seek_default, values)
        if asset is None
        else registry.rows(registry.seek_named, {**values, "asset": asset})
    )
    return rules.answer(
        found, registry.genome_folder, alias, seek_key, absolute=absolute, must_exist=must_exist
    )


def _populate(arguments: Sequence[str]) -> str:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        raise _Unusual
    text = arguments[0]
    if rules.SCHEME not in text:
        return f"{text}\n"
    from refgenie.core.references import REFERENCE

    registry = _Registry()
    return (
        REFERENCE.sub(
            lambda found: _seek_one(registry, found["path"], absolute=False, must_exist=False), text
        )
        + "\n"
    )


def _getseq(arguments: Sequence[str]) -> str:
    if len(arguments) != 2 or any(argument.startswith("-") for argument in arguments):
        raise _Unusual
    registry = _Registry()
    digest, _ = registry.genome(arguments[0])
    from refgenie.core.region_text import split
    from refgenie.sequences import fast

    store = f"{registry.genome_folder}/{rules.STORE}"
    region = split(arguments[1], lambda name: fast.has_sequence(store, digest, name))
    residues = fast.fetch(store, digest, *region) if region else ""
    if not residues:
        raise _Unusual
    return f"{residues}\n"


_COMMANDS: dict[str, Callable[[Sequence[str]], str]] = {
    "seek": _seek,
    "getseq": _getseq,
    "populate": _populate,
}


if __name__ == "__main__":
    main()
