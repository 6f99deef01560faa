"""What every runner promises: one suite over the host, a real Podman, and recorded Docker and Apptainer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from refgenie.build.commands import run_command
from refgenie.build.runners import Workplace, make_runner
from refgenie.errors import BuildFailedError, InvalidInputError, NotFoundError
from support.containers import IMAGE, docker_over_podman, podman_with_image, record_program

PROGRAMS = ["podman", "docker recorded", "apptainer recorded"]
if shutil.which("docker"):
    PROGRAMS.append("docker")
CONTAINERS = pytest.mark.parametrize("container", PROGRAMS, indirect=True)


@pytest.fixture(scope="session")
def podman_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with podman_with_image(tmp_path_factory.mktemp("podman")) as variables:
        yield variables


@pytest.fixture(scope="session")
def docker_environment(podman_environment, tmp_path_factory) -> Iterator[dict[str, str]]:
    with docker_over_podman(tmp_path_factory.mktemp("docker"), podman_environment) as variables:
        yield variables


@pytest.fixture(params=["host", *PROGRAMS])
def container(request, tmp_path, monkeypatch) -> str:
    """Name of a runner that works here."""
    name, _, recorded = request.param.partition(" ")
    if recorded:
        record_program(tmp_path / "bin", name)
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    elif name != "host":
        for variable, value in request.getfixturevalue(f"{name}_environment").items():
            monkeypatch.setenv(variable, value)
    return name


def recorded(tmp_path: Path, program: str) -> list[list[str]]:
    lines = (tmp_path / "bin" / f"{program}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def workplace(tmp_path) -> Workplace:
    genomes = tmp_path / "genomes"
    scratch, output = genomes / ".work" / "x" / "scratch", genomes / ".work" / "x" / "output"
    for folder in (scratch, output):
        folder.mkdir(parents=True)
    (genomes / "content").write_text("content\n")
    given = tmp_path / "given file"
    given.write_text("given\n")
    return Workplace("b1", scratch, output, genomes, inputs=(given,), image=IMAGE)


def run(name: str | None, workplace: Workplace, command: str) -> tuple[int, str]:
    runner = make_runner(name)
    runner.prepare(workplace)
    said: list[bytes] = []
    use = run_command(runner.invocation(command, workplace), said.append)
    return use.exit_code, b"".join(said).decode()


def test_commands_read_inputs_and_write_output_at_the_same_paths(container, workplace):
    given = workplace.inputs[0]
    code, said = run(
        container,
        workplace,
        f"cat {workplace.genome_folder}/content '{given}' >{workplace.output_folder}/made; pwd;"
        " echo temporary >scratch-file",
    )
    assert (code, said.strip()) == (0, str(workplace.scratch))
    made = workplace.output_folder / "made"
    assert made.read_text() == "content\ngiven\n"
    assert (made.stat().st_uid, made.stat().st_gid) == (os.getuid(), os.getgid())
    assert (workplace.scratch / "scratch-file").exists()


@pytest.mark.parametrize(("command", "code"), [("exit 6", 6), ("false | cat", 1), ("false; true", 1)])
def test_exit_codes_come_through(container, workplace, command, code):
    assert run(container, workplace, command)[0] == code


def test_commands_are_given_as_they_are(container, workplace):
    code, said = run(container, workplace, "printf '<%s>' 'a  b' \"$((1 + 1))\" '$HOME' \"it's\"")
    assert (code, said) == (0, "<a  b><2><$HOME><it's>")


@CONTAINERS
def test_the_environment_of_the_user_does_not_reach_a_container(container, workplace, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "hunter2")
    code, said = run(container, workplace, 'echo "${API_TOKEN:-none} $HOME"')
    assert (code, said.strip()) == (0, f"none {workplace.scratch}")


def test_an_image_is_told_by_its_digest(container, workplace):
    runner = make_runner(container)
    runner.prepare(workplace)
    digest = runner.image_digest(workplace)
    if container == "host":
        assert digest is None
    else:
        assert digest is not None
        assert len(digest.rpartition(":")[2]) == 64


@CONTAINERS
def test_a_runner_whose_program_is_missing_says_so(container, workplace, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NotFoundError, match=f"{container} not found") as caught:
        make_runner(container).prepare(workplace)
    assert "install" in (caught.value.hint or "")


# --- what only a real container shows -------------------------------------------------------


@pytest.fixture
def podman(podman_environment, monkeypatch):
    for name, value in podman_environment.items():
        monkeypatch.setenv(name, value)


def test_a_container_cannot_write_elsewhere(podman, workplace, tmp_path):
    code, said = run("podman", workplace, f"echo x >>{workplace.genome_folder}/content")
    assert code != 0
    assert "Read-only" in said
    assert run("podman", workplace, f"echo x >>'{workplace.inputs[0]}'")[0] != 0
    assert (workplace.genome_folder / "content").read_text() == "content\n"
    hidden = tmp_path / "hidden"
    hidden.write_text("x")
    assert run("podman", workplace, f"cat {hidden}")[0] != 0


def test_a_volume_of_the_user_is_mounted(podman, workplace, tmp_path):
    more = tmp_path / "more"
    more.mkdir()
    (more / "file").write_text("more\n")
    given = Workplace(
        "b1", workplace.scratch, workplace.output_folder, workplace.genome_folder,
        image=IMAGE, volumes=(f"{more}:/more:ro",),
    )  # fmt: skip
    assert run("podman", given, "cat /more/file") == (0, "more\n")


@pytest.mark.parametrize("container", [name for name in PROGRAMS if " " not in name], indirect=True)
def test_an_interrupted_container_is_removed(container, podman, workplace):
    class StopError(Exception):
        pass

    def stop(_: bytes) -> None:
        raise StopError

    runner = make_runner(container)
    started = time.monotonic()
    with pytest.raises(StopError):
        run_command(runner.invocation("trap '' TERM INT; echo go; sleep 300", workplace), stop)
    assert time.monotonic() - started < 30
    assert containers() == ""


@pytest.mark.parametrize("container", [name for name in PROGRAMS if " " not in name], indirect=True)
def test_no_container_is_left(container, podman, workplace):
    assert run(container, workplace, "true")[0] == 0
    assert run(container, workplace, "exit 5")[0] == 5
    assert containers() == ""


def containers() -> str:
    """What containers there are, running or not."""
    return subprocess.run(
        ["podman", "ps", "--all", "--quiet"], check=True, capture_output=True, text=True
    ).stdout


def test_a_build_in_a_container(podman, site):
    site.add_recipe(
        "made",
        "id -u >{{values.output_folder}}/made; cat {{values.assets['fasta']}} >>{{values.output_folder}}/made",
        docker_image=IMAGE,
        input_assets={"fasta": {"asset_class": "fasta"}},
        custom_seek_keys={"version": "busybox | head -1 | awk '{print $2}'"},
        default_asset="{{values.custom_properties.version}}",
    )
    site.build("tiny/fasta", container="podman")
    asset = site.build("tiny/made", container="podman")
    assert asset.name.startswith("v1.")
    assert site.text(asset).startswith(f"{os.getuid()}\n>chr1")
    container = asset.provenance["container"]
    assert (container["runtime"], container["image"]) == ("podman", IMAGE)
    assert len(container["digest"].rpartition(":")[2]) == 64
    assert site.assets.get("tiny", "fasta").provenance["container"] is None, "its recipe has no image"


# --- the arguments of the programs that are not here ----------------------------------------


def test_dockers_arguments(tmp_path, workplace, monkeypatch):
    record_program(tmp_path / "bin", "docker")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    runner = make_runner("docker")
    invocation = runner.invocation("true", workplace)
    arguments = list(invocation.arguments)
    assert arguments[:2] == ["docker", "run"]
    assert f"--user={os.getuid()}:{os.getgid()}" in arguments
    mounts = [word for word in arguments if word.startswith("--mount=")]
    genomes, given = workplace.genome_folder, workplace.inputs[0]
    assert mounts == [
        f"--mount=type=bind,source={genomes},target={genomes},readonly",
        f"--mount=type=bind,source={given},target={given},readonly",
        f"--mount=type=bind,source={workplace.scratch},target={workplace.scratch}",
        f"--mount=type=bind,source={workplace.output_folder},target={workplace.output_folder}",
    ]
    assert arguments[-7:] == ["--entrypoint=bash", IMAGE, "-o", "pipefail", "-e", "-c", "true"]
    name = next(word for word in arguments if word.startswith("--name="))
    assert list(invocation.ending) == ["docker", "rm", "--force", name.removeprefix("--name=")]
    again = runner.invocation("true", workplace)
    assert name not in again.arguments, "two containers of a build have two names"


def test_docker_quotes_a_path_with_a_comma_and_the_others_refuse_it(workplace, tmp_path):
    odd = Workplace("b", tmp_path / "a,b", tmp_path / "a,b", tmp_path / "a,b", image=IMAGE)
    mounts = [w for w in make_runner("docker").invocation("true", odd).arguments if w.startswith("--mount")]
    assert f'"source={tmp_path}/a,b"' in mounts[0]
    for name in ("podman", "apptainer"):
        with pytest.raises(InvalidInputError, match="cannot mount"):
            make_runner(name).invocation("true", odd)


def test_podman_without_root_keeps_the_user_id(workplace, monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: 1234)
    monkeypatch.setattr("os.getgid", lambda: 99)
    arguments = list(make_runner("podman").invocation("true", workplace).arguments)
    assert "--userns=keep-id" in arguments
    assert "--user=1234:99" in arguments


@pytest.mark.parametrize(
    ("image", "meant"),
    [
        (IMAGE, IMAGE),
        ("refgenie-test:1", "refgenie-test:1"),
        ("quay.io/biocontainers/bwa:1", "quay.io/biocontainers/bwa:1"),
        ("example/tool", "docker.io/example/tool"),
        ("tool:2", "docker.io/library/tool:2"),
    ],
)
def test_podman_takes_images_from_where_docker_does(podman, workplace, image, meant):
    arguments = make_runner("podman").invocation("true", replace(workplace, image=image)).arguments
    assert arguments[arguments.index("--entrypoint=bash") + 1] == meant


def test_apptainers_arguments(tmp_path, workplace, monkeypatch):
    record_program(tmp_path / "bin", "apptainer")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert run("apptainer", workplace, "true") == (0, "")
    pull, execution = recorded(tmp_path, "apptainer")
    image = str(workplace.scratch / "image.sif")
    assert pull == ["pull", "--force", image, f"docker://{IMAGE}"]
    genomes = workplace.genome_folder
    assert execution[:4] == ["exec", "--containall", "--cleanenv", "--no-home"]
    assert f"--bind={genomes}:{genomes}:ro" in execution
    assert f"--bind={workplace.output_folder}:{workplace.output_folder}:rw" in execution
    assert execution[execution.index(image) + 1 :] == [
        "env", f"HOME={workplace.scratch}", "bash", "-o", "pipefail", "-e", "-c", "true",
    ]  # fmt: skip


def test_apptainer_takes_an_image_file(tmp_path, workplace, monkeypatch):
    record_program(tmp_path / "bin", "apptainer")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    image = tmp_path / "tool.sif"
    image.write_text("image")
    given = Workplace(
        "b", workplace.scratch, workplace.output_folder, workplace.genome_folder, image=str(image)
    )
    assert run("apptainer", given, "true") == (0, "")
    assert [words[0] for words in recorded(tmp_path, "apptainer")] == ["exec"]


def test_apptainer_that_cannot_pull_says_why(tmp_path, workplace, monkeypatch):
    program = tmp_path / "bin" / "apptainer"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'FATAL: no such image' >&2\nexit 255\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(BuildFailedError, match="no such image"):
        make_runner("apptainer").prepare(workplace)


def test_a_third_partys_runner_is_found_by_its_entry_point(monkeypatch):
    class Entry:
        name = "kube"

        def load(self):
            return lambda: "a runner"

    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Entry()])
    assert make_runner("kube") == "a runner"
