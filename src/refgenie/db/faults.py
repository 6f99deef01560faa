"""Translates the database drivers' exceptions into refgenie's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from shlex import quote

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from refgenie.errors import (
    ConflictError,
    DatabaseVersionError,
    DiskFullError,
    InvalidInputError,
    LockedError,
    NetworkError,
    NotPermittedError,
    RefgenieError,
)

_RETRIED = {"40001", "40P01"}  # serialization_failure, deadlock_detected


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or ""


def is_serialization_failure(error: DBAPIError) -> bool:
    """Whether the transaction may be run again as it is."""
    return _state(error) in _RETRIED


@contextmanager
def translate(engine: Engine) -> Iterator[None]:
    """Let no driver's exception out."""
    try:
        yield
    except RefgenieError:
        raise
    except DBAPIError as error:
        raise _translated(error, engine) from error
    except PoolTimeoutError as error:
        raise LockedError(
            f"the registry {_shown(engine)} has no free connection: too many ask at once"
        ) from error
    except SQLAlchemyError as error:
        if isinstance(error.__cause__, RefgenieError):
            raise error.__cause__ from None
        raise


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _translated(error: DBAPIError, engine: Engine) -> Exception:
    message = str(error.orig)
    where = _shown(engine)
    if engine.dialect.name == "sqlite":
        return _sqlite_error(message, str(engine.url.database)) or error
    state = _state(error)
    if state == "55P03":
        return LockedError(f"the registry {where} is locked by another process")
    if state in {"42P01", "42703"}:
        return DatabaseVersionError(
            f"the registry {where} is not set up or older than this program",
            hint="refgenie init, or refgenie db upgrade",
        )
    if state in {"25006", "42501"}:
        return NotPermittedError(f"the registry {where} does not permit this: {message}")
    if state == "53100":
        return DiskFullError(f"the registry {where} has no space left: {message}")
    if state.startswith("22") or isinstance(error, DataError):
        return InvalidInputError(f"the registry cannot keep a value: {message.splitlines()[0]}")
    if state.startswith("23"):
        return ConflictError(f"the registry refused a record: {message.splitlines()[0]}")
    if error.connection_invalidated or state.startswith(("08", "28", "3D", "53", "57")) or not state:
        return NetworkError(f"cannot reach the registry {where}: {' '.join(message.split())}")
    return error


def _sqlite_error(message: str, path: str) -> RefgenieError | None:
    table = (
        ("database is locked", LockedError, "is locked by another process"),
        ("readonly database", NotPermittedError, "is read-only"),
        ("unable to open", NotPermittedError, "cannot be opened"),
        ("disk is full", DiskFullError, "cannot be written: no space left on the disk"),
        ("disk I/O error", DiskFullError, "cannot be written or read: disk I/O error"),
        ("not a database", InvalidInputError, "is no SQLite database"),
        ("malformed", InvalidInputError, "is damaged"),
        ("no such table", DatabaseVersionError, "is not set up"),
        ("no such column", DatabaseVersionError, "is older than this program"),
        ("constraint failed", ConflictError, "refused a record"),
    )
    for sign, kind, text in table:
        if sign in message:
            hint = None
            if kind is DatabaseVersionError:
                hint = "refgenie init, or refgenie db upgrade"
            elif sign in {"malformed", "not a database"}:
                move = f"mv {quote(path)} {quote(f'{path}.damaged')}"
                hint = f"make it anew from the genome folder: {move}; refgenie doctor --rebuild"
            detail = f" ({message})" if kind is ConflictError else ""
            return kind(f"the registry {path} {text}{detail}", hint=hint)
    return None
