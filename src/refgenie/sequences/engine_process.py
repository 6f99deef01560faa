"""The engine in a process of its own: imports, digests and exports that a signal can end.

The engine holds the interpreter lock while it works and heeds no signal, so the work is done in
a child. Its arguments are the job as JSON and the number of its parent; it answers in lines of JSON
on its standard output. It writes to private folders only, so it may be killed at any moment.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import json
import os
import shutil
import signal
import sys
from array import array
from pathlib import Path
from typing import Any

from refgenie.errors import InvalidInputError, RefgenieError
from refgenie.sequences.durable import disk_error, writing
from refgenie.sequences.engine import Decoder, engine_errors, open_store, pieces
from refgenie.sequences.exact import Runs

Job = dict[str, Any]
_TOLD = 1 << 20
"""Residues after which progress is told."""
_LARGEST_WRITE = 2 << 30
"""Bytes; more than any chromosome takes."""


def main() -> int:
    """Do the job that the first argument describes."""
    _die_with_parent(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # The engine prints to the standard output; what it says there is no answer.
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)

    def answer(**message: object) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    job: Job = json.loads(sys.argv[1])
    try:
        _JOBS[job["do"]](job, answer)
    except RefgenieError as error:
        answer(error=type(error).__name__, message=error.message, hint=error.hint)
        return 1
    except BrokenPipeError:
        return 1
    return 0


def _die_with_parent(parent: int) -> None:
    """Ask Linux to end this process when its parent is killed; elsewhere it ends by itself later."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:  # killed before it was asked
        os._exit(1)


def _import(job: Job, answer: Any) -> None:
    """Import the text from a pipe into a fresh store, then read back what the parent asks for."""
    from gtars.refget import RefgetStore

    try:
        with engine_errors("importing the FASTA"):
            store = RefgetStore.on_disk(job["store"])
            store.set_quiet(True)
            answer(ready=True)
            metadata, _ = store.add_sequence_collection_from_fasta(job["fasta"])
            digest = metadata.digest
            del store
    except InvalidInputError as error:
        raise _perhaps_full(error, job["store"]) from error
    answer(collection=digest)
    _digest({}, answer)


def _perhaps_full(error: InvalidInputError, folder: str) -> RefgenieError:
    """The engine does not say why it could not write; what is left on the disk tells."""
    free = shutil.disk_usage(folder).free
    # One write is a whole packed sequence, and the engine removes what it could not finish.
    if free < (_LARGEST_WRITE if "temp file" in error.message else 1 << 20):
        return disk_error(OSError(errno.ENOSPC, ""), folder) or error
    return error


class _Advance:
    """Answers how many more residues are done; not for each of many short sequences."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.rest = 0

    def __call__(self, residues: int) -> None:
        self.rest += residues
        if self.rest >= _TOLD:
            self._answer(advance=self.rest)
            self.rest = 0


def _digest(_job: Job, answer: Any) -> None:
    """Compute the digests of stored sequences again from their bytes, as each line of the input asks.

    A line has the store, and of each sequence digest, length, and where the runs of residues that the
    packed form may not give back are told (``read_back``); it is answered with the digests that fit with
    those runs, those that do not fit, and at last that it is done.
    """
    import gtars.refget  # noqa: F401 - while there is nothing to do yet

    opened, decoder = None, None
    for line in sys.stdin:
        request = json.loads(line)
        if decoder is None or request["store"] != opened:
            opened, decoder = request["store"], Decoder(open_store(request["store"]))
        _digest_some(decoder, request, answer)


def _digest_some(decoder: Decoder, request: Job, answer: Any) -> None:
    advance = _Advance(answer)
    with contextlib.ExitStack() as stack:
        rare = [stack.enter_context(Path(path).open("rb")) for path in request.get("rare") or ()]
        for digest, length, place in request["sequences"]:
            kind = "altered"
            try:
                if _digest_of(decoder, digest, length) == digest:
                    kind = "right"
                elif place and _digest_of(decoder, digest, length, _runs(rare, place)) == digest:
                    kind = "inexact"
            except RefgenieError as error:
                answer(digest=digest, found="unreadable", detail=error.message)
                continue
            if kind != "right":
                answer(digest=digest, found=kind)
            advance(length)
    answer(done=True, advance=advance.rest)


def _runs(rare: list[Any], place: list[int]) -> Runs:
    (spool, table), (at, count) = rare, place
    numbers = array("Q")
    table.seek(at)
    numbers.fromfile(table, count)
    return Runs(spool, numbers[0::3], numbers[1::3], numbers[2::3])


def _digest_of(decoder: Decoder, digest: str, length: int, overlay: Runs | None = None) -> str:
    state = hashlib.sha512()
    for start, end in pieces(0, length):
        residues: bytes | bytearray = decoder.read(digest, start, end).encode()
        if overlay is not None:
            residues = bytearray(residues)
            overlay.apply(residues, start)
        state.update(residues)
    return base64.urlsafe_b64encode(state.digest()[:24]).decode()


def _verify(job: Job, answer: Any) -> None:
    """Compute the digests of a store's sequences again, their residues beside the store included."""
    from refgenie.sequences.reader import Residues
    from refgenie.sequences.store_files import StoreFiles

    work = json.loads(sys.stdin.readline())["sequences"]
    residues = Residues(open_store(job["view"]), StoreFiles(Path(job["store"])))
    advance = _Advance(answer)
    for digest, length in work:
        try:
            state = hashlib.sha512()
            for start, end in pieces(0, length):
                state.update(residues.read(digest, start, end))
            if base64.urlsafe_b64encode(state.digest()[:24]).decode() != digest:
                answer(digest=digest, found="the residues have another digest")
        except RefgenieError as error:
            answer(digest=digest, found=error.message)
        advance(length)
    answer(done=True, advance=advance.rest)


def _export(job: Job, answer: Any) -> None:
    """Write one part of a FASTA file."""
    from refgenie.sequences.export import Part, write_part
    from refgenie.sequences.store_files import StoreFiles

    path = Path(job["path"])
    with writing(str(path)):
        write_part(
            StoreFiles(Path(job["store"])),
            job["collection"],
            path,
            Part(*job["part"]),
            job["keep_case"],
            lambda count: answer(advance=count),
        )


_JOBS = {"import": _import, "digest": _digest, "verify": _verify, "export": _export}

if __name__ == "__main__":
    sys.exit(main())
