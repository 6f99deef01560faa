"""Commands in containers of Podman."""

from __future__ import annotations

import os

from refgenie.build.commands import Invocation
from refgenie.build.runners import Workplace, ask, refuse_characters
from refgenie.build.runners.docker import DockerRunner


class PodmanRunner(DockerRunner):
    """Podman's command line is Docker's, but for user ids without root and for short names of images."""

    name = "podman"
    package = "podman"
    # By itself it would first wait ten seconds for a command that passes over SIGTERM.
    ending = ("rm", "--force", "--time=0")

    def invocation(self, command: str, workplace: Workplace) -> Invocation:
        """See Runner."""
        for path, _ in workplace.mounts():
            # Its option --mount splits at every comma, quoted or not.
            refuse_characters(path, ',"\n', self.name)
        return super().invocation(command, workplace)

    def _image(self, workplace: Workplace) -> str:
        """As recipes mean it: a name without a registry is Docker Hub's, unless there is such an image here.

        Podman by itself refuses it, or asks which registry is meant.
        """
        image = super()._image(workplace)
        first, slash, _ = image.partition("/")
        if slash and (first == "localhost" or "." in first or ":" in first):
            return image
        if ask((self.name, "image", "exists", image)) is not None:
            return image
        return f"docker.io/{image}" if slash else f"docker.io/library/{image}"

    def _user(self) -> list[str]:
        # Without root, the container's ids are others than the host's unless they are kept.
        return ([] if os.getuid() == 0 else ["--userns=keep-id"]) + super()._user()
