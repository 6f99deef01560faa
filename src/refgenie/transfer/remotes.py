"""Remotes: storage that staged assets are pushed to and served from."""

from __future__ import annotations

import builtins
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core.addresses import without_credentials
from refgenie.core.names import check_asset_name, nearest
from refgenie.db.database import Database
from refgenie.db.transfer_models import PushIntent, Remote, StagedAsset
from refgenie.errors import ConflictError, InvalidInputError, NotFoundError
from refgenie.transfer.push_command import check_push_command

RemoteType = Literal["s3", "http", "https"]
TYPES = ("s3", "http", "https")
NATIVE = ("s3", "gs", "az")
"""Schemes of prefixes that are written without a push command."""


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """A remote.

    Attributes:
        type: ``s3``, ``http`` or ``https``: how clients reach what is there.
        prefix: Address that the paths of the archive folder are put behind.
        push_command: How to upload; None where the prefix is written natively, or is not written.
    """

    id: int
    name: str
    type: str
    prefix: str
    description: str | None
    push_command: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    """How many staged assets are on a remote, wait for it, or could not be uploaded."""

    name: str
    pushed: int
    pending: int
    failed: int
    messages: tuple[str, ...] = ()


class RemoteService:
    """Adds, lists and removes remotes; credentials never come into the registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        type: RemoteType,  # noqa: A002 - the word of the command line and of the table
        prefix: str,
        description: str | None = None,
        name: str | None = None,
        push_command: str | None = None,
    ) -> RemoteRecord:
        """Register a remote.

        Args:
            type: ``s3``, ``http`` or ``https``.
            prefix: Address that the paths of the archive folder are put behind; a slash at its end
                makes no difference.
            description: Free text.
            name: Unique name; by default made from the prefix.
            push_command: Command that uploads, with the placeholders of push_command.PLACEHOLDERS.

        Raises:
            InvalidInputError: The type, the prefix, the name or the command cannot be used.
            ConflictError: There is another remote of this name; the same one again is no error.
        """
        _check(type, prefix)
        if push_command is not None:
            check_push_command(push_command)
        chosen = _checked_name(name or _name_of(prefix))

        def work(session: Session) -> RemoteRecord:
            row = session.scalars(select(Remote).where(Remote.name == chosen)).one_or_none()
            if row is not None:
                if (row.type, row.prefix, row.push_command) == (type, prefix, push_command):
                    row.description = description or row.description
                    return _record(row)
                raise ConflictError(
                    f"there is another remote {chosen}: {row.type} {row.prefix}", hint="choose a --name"
                )
            row = Remote(
                name=chosen, type=type, prefix=prefix, description=description, push_command=push_command
            )
            session.add(row)
            session.flush()
            return _record(row)

        return self._database.write(work)

    def list(self) -> builtins.list[RemoteRecord]:
        """All remotes, the oldest first."""
        with self._database.read() as session:
            return [_record(row) for row in session.scalars(select(Remote).order_by(Remote.id))]

    def get(self, name: str) -> RemoteRecord:
        """One remote.

        Raises:
            NotFoundError: There is none of this name.
        """
        with self._database.read() as session:
            return _record(find_remote(session, name))

    def remove(self, name: str) -> RemoteRecord:
        """Forget a remote; what was pushed to it stays there.

        Raises:
            NotFoundError: There is none of this name.
        """

        def work(session: Session) -> RemoteRecord:
            row = find_remote(session, name)
            record = _record(row)
            session.delete(row)
            return record

        return self._database.write(work)

    def status(self, names: builtins.list[str] | None = None) -> builtins.list[RemoteStatus]:
        """What is on each remote, or on some.

        Raises:
            NotFoundError: There is no remote of a name.
        """
        with self._database.read() as session:
            rows = (
                [find_remote(session, name) for name in names]
                if names
                else list(session.scalars(select(Remote).order_by(Remote.id)))
            )
            return [_status(session, row) for row in rows]


def find_remote(session: Session, name: str) -> Remote:
    """The row of a remote; NotFoundError with the nearest name."""
    row = session.scalars(select(Remote).where(Remote.name == name)).one_or_none()
    if row is None:
        near = nearest(name, list(session.scalars(select(Remote.name))))
        raise NotFoundError(
            f"there is no remote {name}", hint=f"did you mean {near}?" if near else "refgenie remote list"
        )
    return row


def _status(session: Session, remote: Remote) -> RemoteStatus:
    rows = session.execute(
        select(StagedAsset.digest, PushIntent.digest, PushIntent.status, PushIntent.message).outerjoin(
            PushIntent, (PushIntent.staged_asset_id == StagedAsset.id) & (PushIntent.remote_id == remote.id)
        )
    ).tuples()
    counts: Counter[str] = Counter()
    messages: builtins.list[str] = []
    for staged, pushed, status, message in rows:
        state = status if status and (status != "pushed" or pushed == staged) else "pending"
        counts[state] += 1
        if state == "failed" and message:
            messages.append(message)
    return RemoteStatus(
        remote.name, counts["pushed"], counts["pending"], counts["failed"], tuple(dict.fromkeys(messages))
    )


def _record(row: Remote) -> RemoteRecord:
    return RemoteRecord(
        row.id, row.name, row.type, row.prefix, row.description, row.push_command, row.created_at
    )


def _check(kind: str, prefix: str) -> None:
    if kind not in TYPES:
        raise InvalidInputError(f"remote type {kind!r} is unknown", hint=f"one of {', '.join(TYPES)}")
    allowed = NATIVE if kind == "s3" else (kind,)
    try:
        parts = urlsplit(prefix)
        is_usable = parts.scheme in allowed and bool(parts.hostname)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise InvalidInputError(
            f"{without_credentials(prefix)!r} is no prefix of a remote of type {kind}",
            hint=f"it begins with {allowed[0]}://",
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InvalidInputError(
            "a prefix holds no credentials and no query: paths are put behind it",
            hint="credentials come from the environment, e.g. AWS_ACCESS_KEY_ID",
        )


def _checked_name(name: str) -> str:
    try:
        return check_asset_name(name)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{name!r} cannot name a remote: {error.message.rpartition(': ')[2]}", hint="choose a --name"
        ) from error


def _name_of(prefix: str) -> str:
    parts = urlsplit(prefix)
    text = f"{parts.netloc}{parts.path}".strip("/")
    return "".join(c if c.isascii() and (c.isalnum() or c in "._~-") else "-" for c in text).lstrip(".-")
