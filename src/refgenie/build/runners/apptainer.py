"""Commands in containers of Apptainer (formerly Singularity)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from refgenie.build.commands import Invocation
from refgenie.build.runners import BASH, Workplace, refuse_characters
from refgenie.core.digests import sha256_of
from refgenie.core.paths import absolute
from refgenie.errors import BuildFailedError, NotFoundError


class ApptainerRunner:
    """Runs each command in the image; images of Docker registries are fetched once per build."""

    name = "apptainer"
    is_container = True

    def prepare(self, workplace: Workplace) -> None:
        """See Runner; an image that is no file is pulled into the scratch folder."""
        if shutil.which(self.name) is None:
            raise NotFoundError(f"{self.name} not found", hint="install the package apptainer")
        assert workplace.image is not None
        image = self._image_file(workplace)
        if image.exists():
            return
        address = workplace.image if "://" in workplace.image else f"docker://{workplace.image}"
        pulled = subprocess.run(
            [self.name, "pull", "--force", str(image), address],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if pulled.returncode:
            last = (pulled.stderr or pulled.stdout).strip().splitlines()[-1:]
            raise BuildFailedError(f"{self.name} cannot pull {address}: {''.join(last)}")

    def invocation(self, command: str, workplace: Workplace) -> Invocation:
        """See Runner."""
        binds = []
        for path, writable in workplace.mounts():
            text = refuse_characters(path, ",:", self.name)
            binds.append(f"--bind={text}:{text}:{'rw' if writable else 'ro'}")
        arguments = [
            self.name,
            "exec",
            "--containall",
            "--cleanenv",
            "--no-home",
            f"--pwd={workplace.scratch}",
            "--env=LC_ALL=C",
            *binds,
            *(f"--bind={volume}" for volume in workplace.volumes),
            str(self._image_file(workplace)),
            # --env cannot set HOME there.
            "env",
            f"HOME={workplace.scratch}",
            "bash",
            *BASH,
            command,
        ]
        # Its processes are this user's children: they end by signals, and the user id is right.
        return Invocation(arguments=arguments, folder=workplace.scratch, environment=dict(os.environ))

    def image_digest(self, workplace: Workplace) -> str | None:
        """SHA-256 of the image's file."""
        image = self._image_file(workplace)
        return f"sha256:{sha256_of(image)}" if image.is_file() else None

    @staticmethod
    def _image_file(workplace: Workplace) -> Path:
        assert workplace.image is not None
        given = absolute(workplace.image)
        return given if given.exists() else workplace.scratch / "image.sif"
