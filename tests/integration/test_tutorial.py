"""The tutorials' commands, run in order by a shell in new homes, print what the pages show."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL

from support.console import Console
from support.fork_server import fork_server
from support.postgres import free_port, write_database_config
from support.s3 import s3_server
from support.tutorial import Step, exported, files, steps

REPOSITORY = Path(__file__).resolve().parents[2]
TUTORIALS = REPOSITORY / "docs" / "tutorials"
HOW_TO = REPOSITORY / "docs" / "how-to"
STRICT = ("bash", "-euo", "pipefail", "-c")


def test_tutorial(run_cli: Console, tmp_path: Path, require_program: Callable[..., Path]) -> None:
    require_program("bwa", "bowtie2", "samtools", "bash")
    copy_examples(tmp_path, "lambda_virus.fa", "reads.fq")
    for step in steps(TUTORIALS / "first-genome.md"):
        run(step, tmp_path, run_cli.environment())


@pytest.fixture
def shell(run_cli: Console, tmp_path: Path) -> dict[str, str]:
    """Environment of a shell in which ``refgenie`` starts quickly (see support.fork_server)."""
    return quick(run_cli.environment(), tmp_path / "quick")


def quick(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment with a ``refgenie`` in front that is a fork."""
    folder.mkdir()
    fork_server().script(folder)
    return {**environment, "PATH": f"{folder}{os.pathsep}{environment['PATH']}"}


def test_genomes(run_cli: Console, shell: Mapping[str, str], tmp_path: Path) -> None:
    copy_examples(tmp_path, "lambda_virus.fa")
    run_cli("init").succeeded()
    run_cli("genome", "init", "--fasta", "lambda_virus.fa", "--name", "lambda", cwd=tmp_path).succeeded()
    for step in steps(HOW_TO / "genomes.md"):
        run(step, tmp_path, shell)


def test_write_a_recipe(run_cli: Console, shell: Mapping[str, str], tmp_path: Path) -> None:
    page = HOW_TO / "write-a-recipe.md"
    copy_examples(tmp_path, "lambda_virus.fa")
    run_cli("init").succeeded()
    run_cli("build", "lambda/fasta", "--files", "fasta=lambda_virus.fa", cwd=tmp_path).succeeded()
    for name, content in files(page).items():
        (tmp_path / name).write_text(content)
    for step in steps(page):
        run(step, tmp_path, shell)


@pytest.mark.postgres
def test_site_and_laptop(
    empty_postgres_url: URL, tmp_path: Path, require_program: Callable[..., Path]
) -> None:
    """Two homes: a site with PostgreSQL, an S3 store and a server of two workers; and a laptop."""
    require_program("bwa", "samtools", "bash")
    page = TUTORIALS / "site-and-laptop.md"
    site, laptop = Console(tmp_path / "site" / "home"), Console(tmp_path / "laptop" / "home")
    for console in (site, laptop):
        console.home.mkdir(parents=True)
    copy_examples(tmp_path / "site", "lambda_virus.fa", "reads.fq")
    copy_examples(tmp_path / "laptop", "reads.fq")
    port = str(free_port())
    names = {"site:8000": f"127.0.0.1:{port}", "--port 8000": f"--port {port}", "0.0.0.0": "127.0.0.1"}
    log = tmp_path / "server.log"

    with s3_server() as store, ExitStack() as servers:
        store.bucket("references")
        settings = {**store.environment, **registry_settings(empty_postgres_url, site)}
        if empty_postgres_url.host:
            assert exported(page) == settings.keys()
        environments = {"site": site.environment(settings), "laptop": laptop.environment()}
        shells = {
            machine: quick(environment, tmp_path / machine / "quick")
            for machine, environment in environments.items()
        }
        for step in (step.renamed(names) for step in steps(page)):
            folder = tmp_path / step.machine
            if step.in_background:
                environment = environments[step.machine]
                servers.enter_context(serving(step, folder, environment, f"http://127.0.0.1:{port}", log))
                shutil.copy(tmp_path / "site" / "reads.cram", tmp_path / "laptop")
            else:
                run(step, folder, shells[step.machine])
        pushed = store.keys("references")

    residues = "".join((REPOSITORY / "examples" / "lambda_virus.fa").read_text().splitlines()[1:])
    md5 = hashlib.md5(residues.encode(), usedforsecurity=False).hexdigest()
    assert f'"GET /sequence/{md5}" 200' in log.read_text(), "samtools did not ask the server"
    assert any(key.endswith(".fa.fai") for key in pushed)


def copy_examples(folder: Path, *names: str) -> None:
    """Put these files of the repository's examples into the folder."""
    for name in names:
        shutil.copy(REPOSITORY / "examples" / name, folder)


def registry_settings(url: URL, console: Console) -> dict[str, str]:
    """Environment that names the registry; a server on a Unix socket needs the file instead."""
    if url.host is None:
        write_database_config(console.database_config, url)
        return {}
    return {
        "POSTGRES_HOST": url.host,
        "POSTGRES_PORT": str(url.port),
        "POSTGRES_DB": url.database or "",
        "POSTGRES_USER": url.username or "",
        "POSTGRES_PASSWORD": url.password or "",
    }


def run(step: Step, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command to its end and compare."""
    ended = subprocess.run(
        [*STRICT, step.command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    said = f"$ {step.command}\n{ended.stdout}"
    assert ended.returncode == 0, said
    assert step.matches(ended.stdout), f"{said}\nbut the page shows\n{step.shown}"


@contextmanager
def serving(
    step: Step, folder: Path, environment: Mapping[str, str], address: str, log: Path
) -> Iterator[None]:
    """Run a page's server, what it says into ``log``, until the block ends."""
    with log.open("w") as handle:
        server = subprocess.Popen(
            [*STRICT, f"exec {step.command.removesuffix(' &')}"],
            cwd=folder,
            env=environment,
            stdout=handle,
            stderr=handle,
        )
    try:
        deadline = time.monotonic() + 90
        while not answers(f"{address}/healthcheck"):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        code = server.wait(60)
    assert code == 0, log.read_text()


def answers(address: str) -> bool:
    """Whether something answers there."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.mark.parametrize(
    ("shown", "output", "fits"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a\n...\nc\n", "a\nb1\nb2\nc\n", True),
        ("...\n", "anything", True),
        ("", "", True),
        ("", "more than nothing", False),
        (".../x.fa", "/home/x.fb", False),
    ],
)
def test_shown_output_is_compared(shown: str, output: str, fits: bool) -> None:
    assert Step("true", shown).matches(output) is fits


def test_every_command_of_a_page_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n\n```console\n$ one \\\n  more\nshown\n$ two\n```\n\n```bash\nno\n```\n")
    assert steps(page) == [Step("one \\\n  more", "shown\n"), Step("two", "")]


def test_what_a_page_says_of_machines_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nexport A=1 B=…\nexport C=http://c/\n```\n\n"
        '```console title="site"\n$ serve http://site:1 &\n```\n\n```console\n$ two\nat site:1\n```\n'
    )
    first, second = steps(page)
    assert (first.machine, first.in_background) == ("site", True)
    assert (second.machine, second.in_background) == ("", False)
    assert second.renamed({"site:1": "here:2"}) == Step("two", "at here:2\n")
    assert exported(page) == {"A", "B", "C"}
