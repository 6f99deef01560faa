"""Container programs: a real Podman with an image made from a local root file system, and recorders."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import programs

IMAGE = "localhost/refgenie-test:1"
_CONFIGURATION = """[containers]
default_ulimits=["nofile=20000:20000","nproc=4096:4096"]
netns="none"
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
lock_type="file"
tmp_dir="{folder}/libpod"
"""
"""Locks and state of this storage's own: processes that test at once would wait for each other's."""
_STORAGE = """[storage]
driver="vfs"
runroot="{folder}/run"
graphroot="{folder}/graph"
"""


def make_root(folder: Path) -> None:
    """A root file system with bash and busybox's programs, taken from this machine."""
    busybox = programs.require_program("busybox")
    for name in ("bin", "lib", "lib64", "tmp", "etc", "proc", "sys", "dev"):
        (folder / name).mkdir(parents=True)
    shutil.copy(busybox, folder / "bin" / "busybox")
    for name in subprocess.check_output([busybox, "--list"], text=True).split():
        if name not in {"busybox", "bash"}:
            (folder / "bin" / name).symlink_to("busybox")
    for binary in ("/bin/bash", str(busybox)):
        _copy_with_libraries(Path(binary).resolve(), folder)
    shutil.copy(Path("/bin/bash").resolve(), folder / "bin" / "bash")
    (folder / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")


def _copy_with_libraries(binary: Path, folder: Path) -> None:
    listed = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout
    for word in listed.split():
        if word.startswith("/") and Path(word).exists():
            target = folder / word.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, target)


@contextmanager
def podman_with_image(folder: Path) -> Iterator[dict[str, str]]:
    """Environment variables under which ``podman`` works and has the image, in storage of its own.

    The storage lies in a short path: the sockets below it must not be longer than the system permits.
    """
    podman = programs.require_program("podman", "runc")
    if os.geteuid() != 0:
        programs.unavailable("podman with runc is tested as the superuser")
    root = folder / "root"
    make_root(root)
    folder = Path(tempfile.mkdtemp(prefix="rg", dir="/tmp"))
    (folder / "containers.conf").write_text(_CONFIGURATION.format(folder=folder))
    (folder / "storage.conf").write_text(_STORAGE.format(folder=folder))
    variables = {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "PATH": f"{os.environ['PATH']}:{programs.SYSTEM_FOLDERS}",
    }
    environment = {**os.environ, **variables}
    try:
        with (folder / "root.tar").open("wb") as archive:
            subprocess.run(["tar", "-C", root, "-c", "."], check=True, stdout=archive)
        made = subprocess.run(
            [podman, "import", folder / "root.tar", IMAGE],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode:
            programs.unavailable(f"podman cannot make an image: {made.stderr.strip()[-300:]}")
        tried = subprocess.run(
            [podman, "run", "--rm", IMAGE, "true"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if tried.returncode:
            programs.unavailable(f"podman cannot run a container: {tried.stderr.strip()[-300:]}")
        yield variables
    finally:
        subprocess.run([podman, "rm", "--all", "--force"], env=environment, capture_output=True, check=False)
        for mounted in (folder / "graph", folder / "run"):
            subprocess.run(["umount", "-l", mounted / "overlay"], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def docker_over_podman(folder: Path, variables: dict[str, str]) -> Iterator[dict[str, str]]:
    """Environment variables under which the real ``docker`` command speaks to this Podman."""
    docker, podman = programs.require_program("docker"), programs.require_program("podman")
    socket = folder / "docker.sock"
    service = subprocess.Popen(
        [podman, "system", "service", "--time=0", f"unix://{socket}"],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    spoken = {**variables, "DOCKER_HOST": f"unix://{socket}"}
    try:
        for _ in range(200):
            if socket.exists():
                break
            time.sleep(0.05)
        tried = subprocess.run(
            [docker, "run", "--rm", IMAGE, "true"],
            env={**os.environ, **spoken}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if tried.returncode:
            programs.unavailable(f"docker cannot use podman: {tried.stderr.strip()[-300:]}")
        yield spoken
    finally:
        service.terminate()
        service.wait()


_RECORDER = """#!{python}
import json, os, subprocess, sys
with open({record!r}, "a") as record:
    record.write(json.dumps(sys.argv[1:]) + "\\n")
words = sys.argv[1:]
if words[:2] == ["image", "inspect"]:
    print("example.org/tool@sha256:" + "a" * 64)
elif words[0] == "pull":
    open(words[-2], "w").write("image")
elif "bash" in words or "--entrypoint=bash" in words:
    home = next((w.split("=", 2)[-1] for w in words if w.startswith(("--env=HOME=", "HOME="))), None)
    folder = next(w.split("=", 1)[1] for w in words if w.startswith(("--workdir=", "--pwd=")))
    command = words[words.index("-o"):]
    environment = {{"PATH": os.environ["PATH"], "HOME": home or ""}}
    sys.exit(subprocess.run(["bash", *command], cwd=folder, env=environment).returncode)
"""


def record_program(folder: Path, name: str) -> Path:
    """A program of this name that records its arguments and runs the command on the host."""
    folder.mkdir(exist_ok=True)
    record = folder / f"{name}.jsonl"
    program = folder / name
    program.write_text(_RECORDER.format(python=sys.executable, record=str(record)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return record
