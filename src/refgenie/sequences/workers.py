"""Starting the engine's processes, hearing what they answer, ending them whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO, Any

from refgenie import errors
from refgenie.errors import InvalidInputError, RefgenieError

_PROGRAM = "refgenie.sequences.engine_process"


class Worker:
    """One process of the engine; leaving the block ends it."""

    def __init__(self, job: dict[str, Any]) -> None:
        # A file, not a pipe: nobody reads it while the process runs.
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _PROGRAM, json.dumps(job), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is not None or self._process.poll() is None:
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait()
        self._said.close()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def tell(self, message: dict[str, Any]) -> None:
        """Send one line of JSON."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def answers(self) -> Iterator[dict[str, Any]]:
        """What the process says, until it ends.

        Raises:
            RefgenieError: What it failed with; also where it died without a word.
        """
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "error" in message:
                raise _error(message)
            yield message
        if self._process.wait() != 0:
            raise self._died()

    def answers_to_one(self) -> Iterator[dict[str, Any]]:
        """What the process says to one message, up to and with the answer that it is done."""
        for message in self.answers():
            yield message
            if "done" in message:
                return
        raise self._died()

    def answer(self, key: str) -> Any:
        """The next answer that has this key."""
        for message in self.answers():
            if key in message:
                return message[key]
        raise self._died()

    def _died(self) -> RefgenieError:
        self._said.seek(0)
        last = self._said.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
        return InvalidInputError(
            f"the sequence engine ended unexpectedly (status {self._process.returncode})"
            + (f": {last[-1]}" if last else "")
        )


def _error(message: dict[str, Any]) -> RefgenieError:
    kind = getattr(errors, message["error"], RefgenieError)
    assert issubclass(kind, RefgenieError)
    return kind(message["message"], hint=message["hint"])
