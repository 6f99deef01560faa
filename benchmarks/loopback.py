"""Servers on loopback, each as long as a block lasts: ours, nginx, S3."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.installation import SCRIPTS, Installation

START_TIMEOUT = 60.0
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian has the programs of servers; not on everyone's path."""

NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
worker_processes 1;
events {{}}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
"""
S3 = """
import logging, sys, time, boto3
from moto.server import ThreadedMotoServer
port = int(sys.argv[1])
logging.getLogger("werkzeug").setLevel(logging.ERROR)
ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False).start()
boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}").create_bucket(Bucket=sys.argv[2])
print("ready", flush=True)
while True:
    time.sleep(60)
"""
S3_KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Server:
    """A running server: its address, and the number of its process."""

    url: str
    pid: int


@contextlib.contextmanager
def serving(site: Installation) -> Iterator[Server]:
    """``refgenie serve`` of an installation."""
    port = free_port()
    process = subprocess.Popen(
        [SCRIPTS / "refgenie", "serve", "--port", str(port)],
        env=site.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with ended(process):
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/healthcheck", process)
        yield Server(url, process.pid)


@contextlib.contextmanager
def nginx(folder: Path, root: Path) -> Iterator[Server]:
    """Debian's nginx with one worker that serves the files below ``root`` with sendfile."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}")
    if program is None:
        raise RuntimeError("nginx is not installed: it is the yardstick of downloads")
    folder.mkdir()
    port = free_port()
    # As root its worker would be another user, who may not read a private temporary folder.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port, root=root, user=user))
    process = subprocess.Popen(
        [program, "-p", folder, "-c", configuration], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with ended(process):
        url = f"http://127.0.0.1:{port}"
        wait_for(url, process)
        yield Server(url, process.pid)


@contextlib.contextmanager
def s3(bucket: str) -> Iterator[dict[str, str]]:
    """Moto's S3 server with an empty bucket; the environment that leads clients to it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", S3, str(port), bucket],
        env={**os.environ, **S3_KEYS},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with ended(process):
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("moto's S3 server does not start")
        url = f"http://127.0.0.1:{port}"
        yield {**S3_KEYS, "AWS_REGION": S3_KEYS["AWS_DEFAULT_REGION"], "AWS_ENDPOINT_URL": url}


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process with the block, by force where it does not go by itself."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return when a server answers anything, be it a refusal.

    Raises:
        RuntimeError: Its process ended, or it does not answer in time.
    """
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{url} does not answer")
