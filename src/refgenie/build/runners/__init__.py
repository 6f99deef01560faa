"""Where a build's commands run: on the host, or in a container of the recipe's image.

A runner is a class with the members of ``Runner``. ``RUNNERS`` lists refgenie's own; other
packages add theirs through the entry-point group ``refgenie.runners``, whose names are what
``--container`` takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from refgenie.build.commands import Invocation
from refgenie.errors import InvalidInputError, UsageError

ENTRY_POINTS = "refgenie.runners"


@dataclass(frozen=True, slots=True)
class Workplace:
    """What one build's commands may see; all paths are absolute and the same inside a container.

    Attributes:
        build_id: Distinguishes this build's containers.
        scratch: Working folder and HOME of the commands; writable, no part of the asset.
        output_folder: What the commands write into; writable.
        genome_folder: Readable.
        inputs: Files and folders elsewhere that are readable.
        image: The recipe's image, None on the host.
        volumes: Further volumes that the user gave.
    """

    build_id: str
    scratch: Path
    output_folder: Path
    genome_folder: Path
    inputs: tuple[Path, ...] = ()
    image: str | None = None
    volumes: tuple[str, ...] = ()

    def mounts(self) -> list[tuple[Path, bool]]:
        """Paths that a container is given, whether each is writable; outer folders first."""
        below = self.genome_folder
        elsewhere = sorted({path for path in self.inputs if not path.is_relative_to(below)})
        return [
            (below, False),
            *((path, False) for path in elsewhere),
            (self.scratch, True),
            (self.output_folder, True),
        ]


class Runner(Protocol):
    """Turns a shell command into something that the operating system can run."""

    name: str
    is_container: bool

    def prepare(self, workplace: Workplace) -> None:
        """Check that this runner can run here, and get what it needs.

        Raises:
            NotFoundError: Its program is not there; the hint names the package.
        """
        ...

    def invocation(self, command: str, workplace: Workplace) -> Invocation:
        """The command under ``bash -o pipefail -e``.

        Raises:
            InvalidInputError: A path cannot be given to this kind of container.
        """
        ...

    def image_digest(self, workplace: Workplace) -> str | None:
        """What tells this image from every other; None on the host or where it cannot be known."""
        ...


def _host() -> Runner:
    from refgenie.build.runners.host import HostRunner

    return HostRunner()


def _docker() -> Runner:
    from refgenie.build.runners.docker import DockerRunner

    return DockerRunner()


def _podman() -> Runner:
    from refgenie.build.runners.podman import PodmanRunner

    return PodmanRunner()


def _apptainer() -> Runner:
    from refgenie.build.runners.apptainer import ApptainerRunner

    return ApptainerRunner()


RUNNERS: dict[str, Callable[[], Runner]] = {
    "host": _host,
    "docker": _docker,
    "podman": _podman,
    "apptainer": _apptainer,
}


def make_runner(name: str | None) -> Runner:
    """The runner of this name; None is the host.

    Raises:
        UsageError: There is none; the hint lists those there are.
    """
    made = RUNNERS.get(name or "host")
    if made is not None:
        return made()
    from importlib.metadata import entry_points

    found = {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
    if name in found:
        runner: Runner = found[name].load()()
        return runner
    known = ", ".join([*(known for known in RUNNERS if known != "host"), *sorted(found)])
    raise UsageError(f"no container runner {name!r}", hint=f"one of {known}")


BASH = ("-o", "pipefail", "-e", "-c")
"""How bash is called for a command: a failure in the middle of a pipe or a list is a failure."""


def refuse_characters(path: Path, characters: str, runner: str) -> str:
    """The path as text, where none of these characters is in it.

    Raises:
        InvalidInputError: One is; the container program's options cannot express such a path.
    """
    text = str(path)
    found = [character for character in characters if character in text]
    if found:
        raise InvalidInputError(
            f"{runner} cannot mount {text!r}: {' '.join(map(repr, found))} in a path",
            hint="rename the file or folder, or build on the host",
        )
    return text


def ask(arguments: Sequence[str]) -> str | None:
    """Standard output of a short question to a container program; None where it fails."""
    import subprocess

    try:
        done = subprocess.run(
            list(arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
