"""What the dashboard's routes share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request, Response

from refgenie.core.registry_path import RegistryPath
from refgenie.errors import InvalidInputError, NotFoundError
from refgenie.server.answers import json_answer
from refgenie.server.dash.bridge import Bridge
from refgenie.server.dash.jobs import Job, Jobs
from refgenie.server.dash.settings import DashSettings

if TYPE_CHECKING:
    from refgenie.api import Refgenie

_LARGEST_FORM = 1 << 18
REGISTRY = "registry"
"""Target of jobs that look at, or write, more than one asset."""


@dataclass
class Dashboard:
    """The running dashboard."""

    refgenie: Refgenie
    settings: DashSettings
    jobs: Jobs
    bridge: Bridge

    def target(self, path: RegistryPath) -> str:
        """What a job that writes this asset writes: its group, for the asset's name may not be known yet."""
        try:
            genome = self.refgenie.alias.resolve(path.genome)
        except NotFoundError:
            genome = path.genome
        return f"{genome}/{path.group}"

    def submit(
        self, kind: str, path: RegistryPath, options: Sequence[str] = (), *, title: str | None = None
    ) -> Job:
        """Take on a job about one asset."""
        # A digest may begin with "-": what follows "--" is no option.
        command = [kind, *options, "--", str(path)]
        return self.jobs.submit(kind, title or f"{kind} {path}", self.target(path), command)


def dashboard_of(request: Request) -> Dashboard:
    """The running dashboard."""
    dashboard: Dashboard = request.app.state.dashboard
    return dashboard


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form that have a value.

    Raises:
        InvalidInputError: It is too large, or no form.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            raise InvalidInputError("the form is too large")
    try:
        pairs = parse_qsl(body.decode(), strict_parsing=bool(body), max_num_fields=200)
    except ValueError as error:
        raise InvalidInputError(f"this is no form: {error}") from error
    fields = {key: value.strip() for key, value in pairs if value.strip()}
    if any(character in value for value in fields.values() for character in "\x00\r\n"):
        raise InvalidInputError("a field holds a character that no name has")
    return fields


Form = Annotated[dict[str, str], Depends(read_form)]


def required(form: dict[str, str], name: str, what: str) -> str:
    """A field that must be filled in.

    Raises:
        InvalidInputError: It is empty.
    """
    try:
        return form[name]
    except KeyError:
        raise InvalidInputError(f"{what} is missing", hint="fill it in") from None


def go(address: str) -> Response:
    """What the page's script does next: open this address."""
    return json_answer({"go": address})


def job_address(job: Job) -> str:
    """The page of a job."""
    return f"/jobs/{job.id}"
