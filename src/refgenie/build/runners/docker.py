"""Commands in containers of Docker, or of a program with the same command line."""

from __future__ import annotations

import csv
import io
import itertools
import os
import shutil
from pathlib import Path

from refgenie.build.commands import Invocation
from refgenie.build.runners import BASH, Workplace, ask
from refgenie.errors import NotFoundError

_LINGER = 10.0
"""Seconds that the container program's own helpers may take to clean up behind a container."""


class DockerRunner:
    """Runs each command in a container of its own, which is removed afterwards."""

    name = "docker"
    is_container = True
    package = "docker.io"
    ending: tuple[str, ...] = ("rm", "--force")

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def prepare(self, workplace: Workplace) -> None:  # noqa: ARG002
        """See Runner."""
        if shutil.which(self.name) is None:
            raise NotFoundError(f"{self.name} not found", hint=f"install the package {self.package}")

    def invocation(self, command: str, workplace: Workplace) -> Invocation:
        """See Runner."""
        name = f"refgenie-{workplace.build_id}-{next(self._numbers)}"
        arguments = [
            self.name,
            "run",
            # Not --rm: where Podman answers Docker's command line, the exit code is lost with it.
            f"--name={name}",
            *self._user(),
            "--security-opt=label=disable",
            f"--workdir={workplace.scratch}",
            f"--env=HOME={workplace.scratch}",
            "--env=LC_ALL=C",
            *(f"--mount={_mount(path, writable)}" for path, writable in workplace.mounts()),
            *(f"--volume={volume}" for volume in workplace.volumes),
            "--entrypoint=bash",
            self._image(workplace),
            *BASH,
            command,
        ]
        return Invocation(
            arguments=arguments,
            folder=workplace.scratch,
            environment=dict(os.environ),
            ending=(self.name, *self.ending, name),
            linger=_LINGER,
        )

    def image_digest(self, workplace: Workplace) -> str | None:
        """The digest in the image's registry, else the image's own."""
        image = self._image(workplace)
        asked = (self.name, "image", "inspect", "--format")
        found = ask((*asked, "{{range .RepoDigests}}{{println .}}{{end}}", image))
        for line in (found or "").splitlines():
            if not line.startswith("localhost/"):
                return line.strip()
        return ask((*asked, "{{.Id}}", image)) or None

    def _image(self, workplace: Workplace) -> str:
        assert workplace.image is not None
        return workplace.image

    def _user(self) -> list[str]:
        return [f"--user={os.getuid()}:{os.getgid()}"]


def _mount(path: Path, writable: bool) -> str:
    fields = ["type=bind", f"source={path}", f"target={path}"]
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(fields if writable else [*fields, "readonly"])
    return text.getvalue()
