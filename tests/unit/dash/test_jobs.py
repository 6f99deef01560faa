"""Jobs: submitted, followed, cancelled, and there after a restart."""

from __future__ import annotations

import html
import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from refgenie.core.progress_file import FileProgress
from refgenie.errors import ConflictError, NotFoundError
from refgenie.server.dash.jobs import Jobs
from support.assemblies import chromosomes, write_fasta
from support.dashboard import HEADER, RunningDashboard, dashboard, wait_for

SLOW = {
    "name": "slow",
    "version": "1.0",
    "description": "Writes a file, after a long time",
    "output_asset_class": "slow",
    "input_params": {"seconds": {"description": "How long", "default": "0"}},
    "command_templates": [
        "echo began; sleep {{ values.params['seconds'] }}; echo done > {{ values.output_folder }}/slow.txt"
    ],
}


@pytest.fixture(scope="module")
def genome(dash: RunningDashboard, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A genome and a recipe that takes as long as it is told."""
    fasta = write_fasta(tmp_path_factory.mktemp("fasta") / "g.fa", list(chromosomes().items())[:2])
    digest: str = dash.refgenie.genome.initialize_genome(fasta, ["g"]).digest
    keys = {"slow": {"value": "slow.txt", "type": "file", "description": "text"}}
    dash.refgenie.asset_class.add({"name": "slow", "version": "1.0", "description": "x", "seek_keys": keys})
    dash.refgenie.recipe.add(SLOW)
    return digest


def build(dash: RunningDashboard, seconds: str, name: str = "v1", **more: str) -> dict[str, str]:
    return {"genome": "g", "group": "slow", "recipe": "slow", "asset": name, "param.seconds": seconds, **more}


def test_a_build_ends_in_an_asset(dash: RunningDashboard, genome: str) -> None:
    job = dash.ended(dash.job("/do/build", build(dash, "0")))
    assert job.state == "succeeded", dash.log(job)
    assert job.target == f"{genome}/slow"
    page = dash.get(f"/jobs/{job.id}", accept="text/html").text
    assert "/assets/g/slow/v1" in page
    assert dash.refgenie.asset.get("g", "slow", "v1").size == 5
    assert "began" in dash.get(f"/log/{genome}/slow/v1").text


def test_a_failed_job_says_why(dash: RunningDashboard, genome: str) -> None:
    job = dash.ended(dash.job("/do/build", build(dash, "no number", "bad")))
    assert (job.state, job.code) == ("failed", 8)
    page = dash.get(f"/jobs/{job.id}", accept="text/html").text
    assert "It ended with code 8" in page
    assert "invalid time interval" in dash.log(job)


def test_a_cancelled_build_leaves_nothing(dash: RunningDashboard, genome: str) -> None:
    job = dash.job("/do/build", build(dash, "300", "never"))
    child = wait_for(lambda: dash.jobs.get(job.id).child, "the command")
    wait_for(lambda: len(psutil.Process(child).children(recursive=True)) > 0, "the build's own command")
    family = psutil.Process(child).children(recursive=True)
    assert dash.post(f"/jobs/{job.id}/cancel").status_code == 200
    assert dash.ended(job).state == "cancelled"
    psutil.wait_procs(family, timeout=10)
    assert not [process for process in family if process.is_running()]
    with pytest.raises(NotFoundError):
        dash.refgenie.asset.get("g", "slow", "never")
    work = dash.refgenie.folders.work
    assert not work.exists() or not list(work.rglob("slow.txt"))


def test_one_job_at_a_time_writes_one_asset(dash: RunningDashboard, genome: str) -> None:
    first = dash.job("/do/build", build(dash, "300", "a"))
    wait_for(lambda: dash.jobs.get(first.id).child, "the first job")
    second = dash.job("/do/build", build(dash, "0", "a", force="1"))
    elsewhere = dash.ended(dash.job("/do/doctor"))
    assert elsewhere.state in {"succeeded", "failed"}
    assert dash.jobs.get(second.id).state == "waiting"
    assert dash.post(f"/jobs/{first.id}/cancel").status_code == 200
    assert dash.ended(first).state == "cancelled"
    assert dash.ended(second).state == "succeeded", dash.log(second)


def test_the_same_job_twice_is_one_and_a_waiting_one_can_be_cancelled(
    dash: RunningDashboard, genome: str
) -> None:
    first = dash.job("/do/build", build(dash, "300", "b"))
    assert dash.job("/do/build", build(dash, "300", "b")).id == first.id
    waiting = dash.job("/do/build", build(dash, "301", "b"))
    with pytest.raises(ConflictError):
        dash.jobs.remove(first.id)
    dash.jobs.cancel(waiting.id)
    assert dash.jobs.get(waiting.id).state == "cancelled"
    dash.jobs.cancel(first.id)
    assert dash.ended(first).state == "cancelled"
    assert dash.post(f"/jobs/{waiting.id}/remove").json() == {"go": "/jobs"}
    assert dash.get(f"/jobs/{waiting.id}", accept="text/html").status_code == 404


def test_events_tell_log_and_state_until_the_end(dash: RunningDashboard, genome: str) -> None:
    job = dash.job("/do/build", build(dash, "1", "events"))
    seen: dict[str, list[object]] = {}
    with httpx.stream("GET", f"{dash.url}/jobs/{job.id}/events", timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                seen.setdefault(name, []).append(json.loads(line.removeprefix("data: ")))
            if name == "end" and not line:
                break
    assert [entry["state"] for entry in seen["state"] if isinstance(entry, dict)][-1] == "succeeded"
    assert "began" in "".join(str(text) for text in seen["log"])


def test_a_job_is_cancelled_before_its_command_began(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs")
    job = jobs.submit("wait", "wait", "x", ["--version"])
    folder = tmp_path / "jobs" / job.id
    (folder / "claimed").touch()  # a dashboard has taken it up; its runner has said nothing yet
    assert jobs.get(job.id).state == "running"
    jobs.cancel(job.id)
    subprocess.run([sys.executable, "-m", "refgenie.server.dash.runner", str(folder)], check=True)
    assert jobs.get(job.id).state == "cancelled"


def test_a_job_that_cannot_be_started_says_so_and_the_next_one_is_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs(tmp_path / "jobs")
    jobs.start()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", str(tmp_path / "no-python"))
            lost = jobs.submit("version", "version", "x", ["--version"])
            wait_for(lambda: jobs.get(lost.id).is_ended, "the job")
        assert jobs.get(lost.id).state == "failed"
        assert "No such file" in jobs.file(lost.id, "log").read_text()
        later = jobs.submit("version", "version", "x", ["--help"])
        wait_for(lambda: jobs.get(later.id).is_ended, "the next job")
        assert jobs.get(later.id).state == "succeeded"
    finally:
        jobs.stop()


def test_a_jobs_command_can_be_copied(dash: RunningDashboard, genome: str) -> None:
    job = dash.ended(dash.job("/do/genome", {"fasta": "/none/my genome.fa", "name": "other"}))
    page = html.unescape(dash.get(f"/jobs/{job.id}", accept="text/html").text)
    assert "refgenie genome init '--fasta=/none/my genome.fa' --name=other" in page


def test_jobs_outlive_the_dashboard(dash: RunningDashboard, genome: str) -> None:
    with dashboard(dash.refgenie) as first:
        job = first.job("/do/build", build(dash, "2", "outlived"))
        wait_for(lambda: first.jobs.get(job.id).child, "the command")
        child = first.jobs.get(job.id).child
        jobs = Jobs(first.jobs._folder)
    assert child is not None
    # `dashboard` cancels what has not ended: what a later one reads of it is what was written.
    assert jobs.get(job.id).state == "cancelled"
    with dashboard(dash.refgenie) as second:
        assert second.get(f"/jobs/{job.id}", accept="text/html").status_code == 200
        assert job.id in {
            item["id"] for item in second.get("/jobs", accept="application/json").json()["items"]
        }


def test_a_job_whose_processes_were_killed_is_interrupted(dash: RunningDashboard, genome: str) -> None:
    job = dash.job("/do/build", build(dash, "300", "killed"))
    child = wait_for(lambda: dash.jobs.get(job.id).child, "the command")
    runner = psutil.Process(child).parent()
    assert runner is not None
    runner.send_signal(signal.SIGKILL)
    psutil.Process(child).send_signal(signal.SIGTERM)
    assert dash.ended(job).state == "interrupted"
    assert "ended from outside" in dash.get(f"/jobs/{job.id}", accept="text/html").text


@pytest.mark.parametrize("number", ["nothing", "20261121T000000000000-abcdef", "%2e%2e"])
def test_only_jobs_are_reached_by_their_numbers(dash: RunningDashboard, number: str) -> None:
    for page in ("", "/log", "/events"):
        assert dash.get(f"/jobs/{number}{page}", accept="text/html").status_code == 404


def test_verify_and_doctor_show_their_results(dash: RunningDashboard, genome: str) -> None:
    built = dash.ended(dash.job("/do/build", build(dash, "0", "checked")))
    assert built.state == "succeeded"
    assert dash.ended(dash.job("/do/verify")).state == "succeeded"
    assert "Everything is as it was recorded" in dash.get("/health", accept="text/html").text
    file = Path(dash.refgenie.asset.seek("g", "slow", "checked", absolute=True))
    file.chmod(0o644)
    file.write_text("DONE\n")
    found = dash.ended(dash.job("/do/verify", {"path": "g/slow:checked"}))
    assert found.code == 6
    page = dash.get(f"/jobs/{found.id}", accept="text/html").text
    assert 'href="/health"' in page.partition("<main")[2]
    page = dash.get("/health", accept="text/html").text
    assert "slow.txt" in page
    assert "changed" in page


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/do/build", {"genome": "g"}, 422),
        ("/do/build", {"genome": "g", "group": "--force", "recipe": "slow"}, 422),
        ("/do/build", {"genome": "g", "group": "slow", "recipe": "slow", "deps": "never"}, 422),
        ("/do/build", {"genome": "g", "group": "slow", "recipe": "slow", "threads": "many"}, 422),
        ("/do/pull", {"path": "no path"}, 422),
        ("/do/pull", {"path": "g/slow\n--force"}, 422),
        ("/do/rename", {"path": "g/none:x", "name": "y"}, 404),
        ("/do/alias", {"genome": "g", "alias": "bad name"}, 422),
        ("/do/subscribe", {"url": "nonsense"}, 422),
        ("/do/genome", {"fasta": "/none", "name": "-x"}, 422),
    ],
)
def test_wrong_forms_are_refused(
    dash: RunningDashboard, genome: str, path: str, fields: dict[str, str], status: int
) -> None:
    before = len(dash.jobs.list())
    answer = dash.post(path, fields)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
    assert len(dash.jobs.list()) == before


def test_names_defaults_and_assets_are_changed(dash: RunningDashboard, genome: str) -> None:
    for name in ("one", "two"):
        assert (
            dash.ended(
                dash.job("/do/build", build(dash, "0", name, **{"param.seconds": f"0.0{len(name)}"}))
            ).state
            == "succeeded"
        )
    assert dash.post("/do/alias", {"genome": "g", "alias": "other"}).status_code == 200
    assert dash.refgenie.alias.resolve("other") == genome
    assert dash.post("/do/unalias", {"alias": "other"}).json() == {"go": f"/genomes/{genome}"}
    assert dash.post("/do/describe", {"genome": "g", "species": "Homo sapiens"}).status_code == 200
    assert dash.refgenie.genome.get("g").species_name == "Homo sapiens"
    assert dash.post("/do/default", {"path": "g/slow:two"}).status_code == 200
    assert dash.refgenie.asset.get_default("g", "slow") == "two"
    renamed = dash.post("/do/rename", {"path": "g/slow:two", "name": "zwei"})
    assert renamed.json() == {"go": "/assets/g/slow/zwei"}
    assert dash.post("/do/remove", {"path": "g/slow:zwei"}).status_code == 200
    with pytest.raises(NotFoundError):
        dash.refgenie.asset.get("g", "slow", "zwei")


def test_a_genome_is_brought_in(dash: RunningDashboard, tmp_path: Path) -> None:
    fasta = write_fasta(tmp_path / "new.fa", [("chr1", "ACGTACGT")])
    job = dash.ended(dash.job("/do/genome", {"fasta": str(fasta), "name": "new", "species": "Test species"}))
    assert job.state == "succeeded", dash.log(job)
    assert "Test species" in dash.get("/genomes/new", accept="text/html").text


def test_a_form_that_is_too_large_is_refused(dash: RunningDashboard) -> None:
    answer = httpx.post(f"{dash.url}/do/pull", content=b"a" * 300_000, headers=HEADER)
    assert answer.status_code == 422


def test_progress_is_written_whole_and_goes_with_its_task(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    progress = FileProgress(path)
    with progress.task("hashing", 10) as advance:
        assert json.loads(path.read_text()) == [{"text": "hashing", "done": 0, "total": 10}]
        progress._written = 0.0
        advance(4)
        assert json.loads(path.read_text())[0]["done"] == 4
    assert json.loads(path.read_text()) == []


def test_progress_that_cannot_be_written_ends_no_work(tmp_path: Path) -> None:
    with FileProgress(tmp_path / "none" / "p.json").task("x") as advance:
        advance(1)
    assert list(tmp_path.iterdir()) == []
