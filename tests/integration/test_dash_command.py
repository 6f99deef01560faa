"""`refgenie dash` as a program: where it listens, how it ends, and what goes on without it."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import yaml

from support.console import Console
from support.dashboard import HEADER, wait_for

SLOW = {
    "name": "slow",
    "version": "1.0",
    "description": "Waits for a file",
    "output_asset_class": "slow",
    "input_params": {"gate": {"description": "The file"}},
    "command_templates": [
        "for i in $(seq 1200); do test -e {{ params['gate'] }} && break; sleep 0.05; done; "
        "echo done > {{ values.output_folder }}/slow.txt"
    ],
}
SLOW_CLASS = {
    "name": "slow",
    "version": "1.0",
    "description": "x",
    "seek_keys": {"slow": {"value": "slow.txt"}},
}


@contextlib.contextmanager
def dash(console: Console, *arguments: str) -> Iterator[str]:
    """The running command's address; it is ended as by Ctrl+C."""
    process = console.start("dash", "--port", "0", "--no-browser", *arguments)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "http://127.0.0.1:" in line, line + process.stderr.read()
        address = line.split()[4].rstrip("/")

        def answers() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"{address}/ping").status_code == 200
            return False

        wait_for(answers, "the dashboard")
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def jobs(address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{address}/jobs?format=json").json()["items"]
    return found


def test_a_job_goes_on_without_the_dashboard_and_the_next_one_shows_it(
    run_cli: Console, tmp_path: Any
) -> None:
    run_cli("init").succeeded()
    for kind, definition in (("asset-class", SLOW_CLASS), ("recipe", SLOW)):
        file = tmp_path / f"{kind}.yaml"
        file.write_text(yaml.safe_dump(definition))
        run_cli(kind, "add", file).succeeded()
    fasta, gate = tmp_path / "g.fa", tmp_path / "gate"
    fasta.write_text(">chr1\nACGTACGT\n")
    run_cli("genome", "init", "--fasta", fasta, "--name", "g").succeeded()
    with dash(run_cli) as address:
        fields = {"genome": "g", "group": "slow", "recipe": "slow", "param.gate": str(gate)}
        assert httpx.post(f"{address}/do/build", data=fields, headers=HEADER).status_code == 200
        wait_for(lambda: jobs(address)[0]["child"], "the build")
    with dash(run_cli) as address:
        assert jobs(address)[0]["state"] == "running"
        gate.touch()
        wait_for(lambda: jobs(address)[0]["ended_at"], "the end of the build")
        assert jobs(address)[0]["state"] == "succeeded"
    assert run_cli("seek", "g/slow", "-e").succeeded().stdout.strip()


def test_it_listens_on_the_loopback_interface_alone_and_ends_quietly(run_cli: Console) -> None:
    run_cli("init").succeeded()
    with dash(run_cli, "--bridge", "off") as address:
        port = int(address.rpartition(":")[2])
        with socket.socket() as other:
            other.bind(("127.0.0.2", port))  # it would be taken if the dashboard listened everywhere
        assert httpx.get(f"{address}/ping").json()["mode"] == "off"
        assert httpx.get(f"{address}/", headers={"accept": "text/html"}).status_code == 200
        busy = run_cli("dash", "--port", str(port), "--no-browser")
        assert busy.code == 4
        assert f"refgenie dash --port {port + 1}" in busy.stderr
    assert run_cli("dash", "--bridge", "all", "--no-browser").code == 5
