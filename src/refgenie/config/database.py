"""The YAML file that says where the registry is: a union discriminated by ``type``."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from refgenie.errors import InvalidInputError, NotFoundError, NotPermittedError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class SqliteConfig(BaseModel):
    """A registry in one SQLite file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["sqlite"]
    path: str = Field(min_length=1)

    def url(self) -> str:
        """SQLAlchemy URL."""
        return f"sqlite:///{self.path}"

    def masked(self) -> str:
        """URL that may be shown."""
        return self.url()


class PostgresqlConfig(BaseModel):
    """A registry on a PostgreSQL server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["postgresql"]
    name: str = Field(min_length=1)
    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    user: str = Field(min_length=1)
    password: str
    dialect: str = Field(default="psycopg", pattern=r"^[a-z0-9_]+$")

    def url(self) -> str:
        """SQLAlchemy URL, the password in it."""
        return str(self._url().render_as_string(hide_password=False))

    def masked(self) -> str:
        """URL that may be shown: the password is masked."""
        return str(self._url().render_as_string(hide_password=True))

    def _url(self) -> Any:
        from sqlalchemy import URL

        return URL.create(
            f"postgresql+{self.dialect}",
            username=self.user,
            password=self.password,
            # A host that begins with '/' is the folder of a Unix socket.
            host=None if self.host.startswith("/") else self.host,
            port=None if self.host.startswith("/") else self.port,
            database=self.name,
            query={"host": self.host, "port": str(self.port)} if self.host.startswith("/") else {},
        )


DatabaseConfig = Annotated[SqliteConfig | PostgresqlConfig, Field(discriminator="type")]
_ADAPTER: TypeAdapter[SqliteConfig | PostgresqlConfig] = TypeAdapter(DatabaseConfig)


def _expand(value: Any, path: Path) -> Any:
    if not isinstance(value, str):
        return value

    def variable(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise InvalidInputError(
                f"{path} refers to the environment variable {name}, which is not set",
                hint=f"export {name}=…",
            )
        return os.environ[name]

    return _VARIABLE.sub(variable, value)


def parse(text: str, path: Path) -> SqliteConfig | PostgresqlConfig:
    """Read a database configuration.

    Args:
        text: YAML.
        path: Where it comes from: named in errors, and the base of a relative SQLite path.

    Raises:
        InvalidInputError: Not YAML, an unknown type, or a field that is missing, unknown or wrong;
            the message has a line per field.
    """
    try:
        document = yaml.safe_load(text)
        written = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - every scalar as the text that it is
    except yaml.YAMLError as error:
        raise InvalidInputError(f"{path} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise InvalidInputError(
            f"{path} holds no mapping", hint="it begins with 'type: sqlite' or 'type: postgresql'"
        )
    values = {str(key): _expand(value, path) for key, value in document.items()}
    for key, value in values.items():  # a password of digits is a text all the same
        if type(value) in {int, float} and key != "port":
            values[key] = written[key]
    try:
        config = _ADAPTER.validate_python(values)
    except ValidationError as error:
        lines = "".join(
            f"\n  {'.'.join(str(part) for part in fault['loc'][1:] or ('type',))}: {fault['msg']}"
            for fault in error.errors(include_input=False)
        )
        raise InvalidInputError(f"{path} is not a database configuration:{lines}") from error
    if isinstance(config, SqliteConfig):
        full = os.path.expanduser(os.path.expandvars(config.path))  # noqa: PTH111
        return config.model_copy(update={"path": os.path.normpath(path.absolute().parent / full)})
    return config


def load(path: Path) -> SqliteConfig | PostgresqlConfig:
    """Read the database configuration file.

    Raises:
        NotFoundError: There is no such file.
        InvalidInputError: See parse.
        NotPermittedError: It cannot be read.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError as error:
        raise NotFoundError(f"no database configuration at {path}", hint="refgenie init") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path} is not a text in UTF-8") from error
    except OSError as error:
        raise NotPermittedError(f"cannot read {path}: {error.strerror}") from error


def default_text(home: Path) -> str:
    """What `init` writes where no file exists: SQLite, or PostgreSQL where POSTGRES_HOST is set.

    The PostgreSQL form refers to the variables, so that no password is in the file. A variable
    that is not set stands as its default.
    """
    if not os.environ.get("POSTGRES_HOST"):
        return yaml.safe_dump({"type": "sqlite", "path": str(home / "refgenie")}, sort_keys=False)
    from refgenie.config.settings import DEFAULTS

    def value(variable: str) -> str:
        if os.environ.get(variable):
            return f"${{{variable}}}"
        return f'"{DEFAULTS.get(variable, "")}"'

    return (
        "type: postgresql\n"
        f"name: {value('POSTGRES_DB')}\n"
        "host: ${POSTGRES_HOST}\n"
        f"port: {value('POSTGRES_PORT')}\n"
        f"user: {value('POSTGRES_USER')}\n"
        f"password: {value('POSTGRES_PASSWORD')}\n"
    )


def write_default(path: Path, home: Path) -> bool:
    """Write the default database configuration where there is none, whole or not at all.

    Returns:
        Whether it was written; another process may have done it.

    Raises:
        NotPermittedError: It cannot be written.
    """
    if path.exists():
        return False
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(default_text(home), encoding="utf-8")
        return _put(fresh, path)
    except OSError as error:
        raise NotPermittedError(f"cannot write {path}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _put(fresh: Path, path: Path) -> bool:
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        return False
    except OSError:  # no hard links on this file system
        fresh.replace(path)
    return True
