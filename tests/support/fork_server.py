"""Runs command lines in forks of one process that has imported refgenie.

Starting an interpreter and importing the command line takes most of a second, and the tests run
thousands of command lines. A fork is a process of its own, with an environment, a working folder
and standard streams of its own; only the start of the interpreter is shared.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

TESTS = Path(__file__).resolve().parent.parent
_MESSAGE = 1 << 20
"""Bytes; more than a command line with its environment takes."""
SCRIPT = "refgenie.cli.hot:main"
"""Entry point of the console script."""
_PROGRAM = """\
#!{python} -IS
import json, os, socket, sys
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect("{address}")
message = dict(arguments=sys.argv[1:], env=dict(os.environ), cwd=os.getcwd(), entry="{entry}")
socket.send_fds(connection, [json.dumps(message).encode()], [0, 1, 2])
connection.recv(1 << 20)
sys.exit(json.loads(connection.recv(1 << 20)))
"""


@cache
def fork_server() -> ForkServer:
    """The one of this test process; it ends with it."""
    server = ForkServer()
    atexit.register(server.close)
    return server


class ForkServer:
    """The process that forks; each command line is asked for over a connection of its own."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._folder = tempfile.mkdtemp(prefix="rgfork")
        self._address = f"{self._folder}/socket"
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listening.bind(self._address)
        listening.listen(200)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.fork_server", str(listening.fileno())],
            cwd=TESTS,
            stdin=subprocess.DEVNULL,
            pass_fds=[listening.fileno()],
        )
        listening.close()

    def run(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        stdin: str = "",
        timeout: float = 120,
        entry: str = SCRIPT,
    ) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a command line of ``refgenie``.

        Args:
            entry: What the process runs: the console script's entry point, or another.

        Raises:
            subprocess.TimeoutExpired: It took longer than ``timeout`` seconds and was killed.
        """
        with ExitStack() as stack:
            given, out, err = streams = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            given.write(stdin.encode())
            given.seek(0)
            connection = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MESSAGE)
            connection.connect(self._address)
            message = {"arguments": list(arguments), "env": dict(env), "cwd": str(cwd), "entry": entry}
            socket.send_fds(connection, [json.dumps(message).encode()], [item.fileno() for item in streams])
            pid = json.loads(connection.recv(_MESSAGE))
            connection.settimeout(timeout)
            try:
                code = json.loads(connection.recv(_MESSAGE))
            except TimeoutError as error:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(
                    list(arguments), timeout, _content(out), _content(err)
                ) from error
            return code, _content(out).decode(), _content(err).decode()

    def script(self, folder: Path) -> Path:
        """A program ``refgenie`` in this folder, for shells: a fork has its streams, and it ends as the fork does."""
        path = folder / "refgenie"
        path.write_text(_PROGRAM.format(python=sys.executable, address=self._address, entry=SCRIPT))
        path.chmod(0o755)
        return path

    def close(self) -> None:
        """End the process; not in a fork of the tests' own process."""
        if os.getpid() == self._owner:
            self._process.terminate()
            self._process.wait()
            shutil.rmtree(self._folder, ignore_errors=True)


def _content(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def main() -> None:
    """Fork a process for each connection until a signal ends this one."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    import_module("support.loaded")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the processes that answer leave no zombies
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(connection)
            os._exit(0)
        connection.close()


def _answer(connection: socket.socket) -> None:
    """Tell the process id of a command line, then its exit code."""
    message, descriptors, _, _ = socket.recv_fds(connection, _MESSAGE, 3)
    child = os.fork()
    if child == 0:
        connection.close()
        _become(json.loads(message), descriptors)
    with suppress(BrokenPipeError):
        connection.send(json.dumps(child).encode())
        connection.send(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _become(message: dict[str, Any], descriptors: list[int]) -> None:
    """Be the command line, from its entry point to its end."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - the old ones remember what they were opened on
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(message["env"])
    os.chdir(message["cwd"])
    sys.argv = ["refgenie", *message["arguments"]]
    module, _, function = message["entry"].partition(":")
    code = 1
    try:
        code = getattr(import_module(module), function)() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
