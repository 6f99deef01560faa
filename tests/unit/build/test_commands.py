"""Supervised commands: what they took, and that nothing of them outlives them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from refgenie.build.commands import CommandUse, Invocation, run_command
from refgenie.build.interruption import Interruption
from refgenie.build.runners import Workplace, make_runner
from refgenie.errors import BuildFailedError, InterruptedByUserError, UsageError


def invocation(command: str, folder: Path) -> Invocation:
    return make_runner(None).invocation(command, Workplace("b", folder, folder, folder))


def run(command: str, folder: Path) -> tuple[CommandUse, bytes]:
    said: list[bytes] = []
    use = run_command(invocation(command, folder), said.append)
    return use, b"".join(said)


def wait_for(path: Path) -> int:
    """The process number that a command wrote into a file."""
    for _ in range(500):
        if path.exists() and path.read_text().strip():
            return int(path.read_text())
        time.sleep(0.01)
    raise AssertionError(f"{path} was not written")


def is_gone(pid: int) -> bool:
    for _ in range(300):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_output_and_errors_are_heard_in_order(tmp_path):
    use, said = run("echo one; echo two >&2; echo three", tmp_path)
    assert (use.exit_code, said) == (0, b"one\ntwo\nthree\n")


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 7", 7), ("kill -9 $$", 137), ("false | cat", 1), ("false; true", 1), ("no-such-program", 127)],
)
def test_exit_codes(tmp_path, command, code):
    assert run(command, tmp_path)[0].exit_code == code


def test_a_command_has_no_input_and_works_in_the_given_folder(tmp_path):
    use, said = run("cat; pwd", tmp_path)
    assert (use.exit_code, said.decode().strip()) == (0, str(tmp_path))


def test_time_and_memory_of_descendants_count(tmp_path):
    allocate = f"{sys.executable} -c 'import time; x = bytes(range(256)) * 400_000; time.sleep(0.05)'"
    use, _ = run(f"( {allocate} )", tmp_path)
    assert 100_000_000 < use.peak_memory_bytes < 400_000_000
    spin = f"{sys.executable} -c 'import time\nwhile time.process_time() < 0.3: pass'"
    use, _ = run(f"bash -c {spin!r}" if '"' in spin else spin, tmp_path)
    assert use.cpu_seconds >= 0.3
    assert use.wall_seconds >= 0.3


def test_what_a_command_leaves_running_is_ended(tmp_path):
    use, _ = run("(setsid sleep 300 & echo $! >left)", tmp_path)
    assert use.exit_code == 0
    assert is_gone(wait_for(tmp_path / "left"))


def test_a_program_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(BuildFailedError, match="/no/such/program"):
        run_command(Invocation(["/no/such/program"], tmp_path, dict(os.environ)), lambda _: None)


def test_an_exception_ends_a_command_that_passes_over_the_first_signal(tmp_path, monkeypatch):
    monkeypatch.setattr("refgenie.build.commands.GRACE", 0.3)

    class StopListeningError(Exception):
        pass

    def hear(_: bytes) -> None:
        raise StopListeningError

    with pytest.raises(StopListeningError):
        run_command(invocation("echo $$ >pid; trap '' TERM; echo go; sleep 300", tmp_path), hear)
    assert is_gone(wait_for(tmp_path / "pid"))


def test_a_signal_is_one_error_and_ends_the_command(tmp_path):
    def hear(_: bytes) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    previous = signal.getsignal(signal.SIGTERM)
    with pytest.raises(InterruptedByUserError, match="SIGTERM"), Interruption():
        run_command(invocation("echo $$ >pid; echo go; sleep 300", tmp_path), hear)
    assert is_gone(wait_for(tmp_path / "pid"))
    assert signal.getsignal(signal.SIGTERM) is previous


def test_a_signal_waits_for_the_end_of_a_deferred_block():
    done = []
    with pytest.raises(InterruptedByUserError), Interruption() as interruption, interruption.deferred():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        done.append(True)
    assert done == [True]


def test_signals_that_are_passed_over_stay_so():
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruption():
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(0.01)
    finally:
        signal.signal(signal.SIGHUP, previous)


def test_kill_9_of_the_caller_ends_the_command(tmp_path):
    script = f"""
import sys
from pathlib import Path
from refgenie.build.commands import run_command
from refgenie.build.runners import Workplace, make_runner
folder = Path({str(tmp_path)!r})
command = "trap '' HUP; setsid sleep 300 & echo $! >inner; echo $$ >outer; wait"
run_command(make_runner(None).invocation(command, Workplace("b", folder, folder, folder)), lambda _: None)
"""
    caller = subprocess.Popen([sys.executable, "-c", script])
    inner, outer = wait_for(tmp_path / "inner"), wait_for(tmp_path / "outer")
    caller.kill()
    caller.wait()
    assert is_gone(inner)
    assert is_gone(outer)


def test_an_unknown_runner_is_told_with_the_known_ones():
    with pytest.raises(UsageError, match="'rkt'") as caught:
        make_runner("rkt")
    assert "docker, podman, apptainer" in (caught.value.hint or "")
