"""What the documentation shows for systemd and containers is what they take."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from support.containers import IMAGE, podman_with_image

DOCUMENT = Path(__file__).parents[3] / "docs" / "how-to" / "deploy.md"


def test_systemd_takes_the_unit(require_program: Callable[..., Path], tmp_path: Path) -> None:
    analyze = require_program("systemd-analyze")
    found = re.search(r"```ini\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    # The program and the user are not on this machine; everything else is checked as it stands.
    text = found[1].replace("/opt/refgenie/bin/refgenie", "/bin/true").replace("User=refgenie", "User=root")
    unit = tmp_path / "refgenie.service"
    unit.write_text(text)
    checked = subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, timeout=60, check=False
    )
    own = [line for line in checked.stderr.splitlines() if "refgenie.service" in line]
    assert own == []


STAND_INS = {
    "pip": 'test -n "$3"',
    "useradd": "echo refgenie:x:1000:1000::/home/refgenie:/bin/sh >>/etc/passwd",
    "refgenie": 'echo "$@" && echo made >$REFGENIE_HOME_PATH/file && exec stat -c %U $REFGENIE_HOME_PATH/file',
}
"""No registry of images or packages is at hand: programs of the same names in a small image."""


def test_a_container_serves_and_may_write_its_volume(tmp_path: Path) -> None:
    found = re.search(r"```dockerfile\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    lines = found[1].splitlines()
    assert lines[0].startswith("FROM ")
    for name, command in STAND_INS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{command}\n")
        (tmp_path / name).chmod(0o755)
    lines[:1] = [f"FROM {IMAGE}", f"COPY {' '.join(STAND_INS)} /bin/"]
    (tmp_path / "Dockerfile").write_text("\n".join(lines) + "\n")
    with podman_with_image(tmp_path) as variables:

        def podman(*words: str | Path) -> str:
            done = subprocess.run(
                ["podman", *words],
                env={**os.environ, **variables}, capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        podman("build", "--format=docker", "--isolation=chroot", "-t", "site", tmp_path)
        # Podman gives a new volume to the container's user, Docker to the owner of the image's folder.
        mounted = Path(podman("image", "mount", "site").strip())
        owner = (mounted / "data").stat().st_uid
        podman("image", "umount", "site")
        assert owner == 1000
        volume = ("--volume=refgenie:/data", "site")
        assert podman("run", "--rm", *volume, "init").split() == ["init", "refgenie"]
        assert podman("run", "--rm", *volume) == "serve --host 0.0.0.0 --port 8000\nrefgenie\n"
        assert podman("image", "inspect", "--format={{.Config.StopSignal}}", "site").strip() == "SIGTERM"
