"""Downloads that survive interruptions: resumed where they stopped, from wherever the file is.

What arrived lies in a partial file that is named by the wanted SHA-256, so that a later run goes on with
it. One thread writes it, and the caller reads the same bytes while they arrive, to hash and unpack them.
"""

from __future__ import annotations

import io
import json
import logging
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from refgenie.core.progress import Advance
from refgenie.errors import DigestMismatchError, InterruptedByUserError, NetworkError, RefgenieError
from refgenie.sequences.durable import writing
from refgenie.transfer.sources import Body, Source, Wanted

_log = logging.getLogger("refgenie")

T = TypeVar("T")

_STALLS = 2
"""How often in a row a source may break off without having sent anything."""
_BREAKS = 200
_PAUSE = 0.2


def part_of(folder: Path, sha256: str) -> Path:
    """The partial file of what has this SHA-256 (hex)."""
    return folder / f"{sha256}.part"


def present_bytes(folder: Path, sha256: str, size: int) -> int:
    """Bytes of a file of ``size`` bytes that an earlier run left."""
    try:
        return min(part_of(folder, sha256).stat().st_size, size)
    except OSError:
        return 0


class Arriving(io.RawIOBase):
    """The bytes of a download in their order; a read waits for what has not come yet."""

    def __init__(self, path: Path, size: int, cancelled: threading.Event) -> None:
        self._cancelled = cancelled
        self._handle = path.open("rb", buffering=0)
        self._size = size
        self._condition = threading.Condition()
        self._available = 0
        self._position = 0
        self._error: BaseException | None = None
        self._aborted = False

    @property
    def is_wanted(self) -> bool:
        """Whether anybody still reads."""
        return not (self._aborted or self._cancelled.is_set())

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        """Fill a part of the buffer; 0 at the end of the file.

        Raises:
            RefgenieError: The download failed.
        """
        with self._condition:
            while self._position >= self._available and self._position < self._size:
                if self._error is not None:
                    raise self._error
                if self._cancelled.is_set():
                    raise InterruptedByUserError("the download was given up")
                if self._aborted:
                    return 0
                self._condition.wait(0.2)
            ready = self._available - self._position
        if ready <= 0:
            return 0
        count = self._handle.readinto(memoryview(buffer)[:ready]) or 0
        self._position += count
        return count

    def arrived(self, position: int) -> None:
        """The file is there up to this byte."""
        with self._condition:
            self._available = position
            self._condition.notify_all()

    def failed(self, error: BaseException) -> None:
        """Nothing more will come."""
        with self._condition:
            self._error = error
            self._condition.notify_all()

    def abort(self) -> None:
        """No more is wanted."""
        with self._condition:
            self._aborted = True
            self._condition.notify_all()

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than anybody reads."""
        with self._condition:
            self._condition.wait_for(lambda: not self.is_wanted, seconds)

    def close(self) -> None:
        """Close the file."""
        self._handle.close()
        super().close()


class Download:
    """One wanted file, its partial file, and the sources that have it in order of preference."""

    def __init__(
        self,
        wanted: Wanted,
        sources: Sequence[Source],
        folder: Path,
        cancelled: threading.Event | None = None,
    ) -> None:
        self._cancelled = cancelled or threading.Event()
        self.wanted = wanted
        self._sources = list(sources)
        self._folder = folder
        self.partial = part_of(folder, wanted.sha256)
        self._validators_file = folder / f"{wanted.sha256}.tags"

    @property
    def present(self) -> int:
        """Bytes that an earlier run left."""
        return present_bytes(self._folder, self.wanted.sha256, self.wanted.size)

    def run(self, consume: Callable[[Arriving], T], advance: Advance = lambda _count: None) -> T:
        """Fetch the file while ``consume`` reads it, and return what that returns.

        ``consume`` raises DigestMismatchError where the bytes are not the wanted ones; then what came
        is thrown away and fetched again: whole where a part was from an earlier run, else from
        the sources that had no share in it. ``consume`` starts anew each time.

        Raises:
            DigestMismatchError: No source has the wanted bytes; nothing is kept.
            NetworkError: No source could be used; what came is kept for a later run.
            DiskFullError: No space left.
        """
        sources = list(self._sources)
        if not sources:
            raise NetworkError(f"nobody has {self.wanted.name}")
        while True:
            was_resumed = self.present > 0
            used: set[str] = set()
            try:
                return self._attempt(sources, used, consume, advance)
            except DigestMismatchError as error:
                advance(-self.present)
                self.discard()
                if not was_resumed:
                    sources = [source for source in sources if source.name not in used]
                if not sources:
                    raise
                _log.warning("%s; fetching %s again", error.message, self.wanted.name)

    def discard(self) -> None:
        """Forget what came."""
        self.partial.unlink(missing_ok=True)
        self._validators_file.unlink(missing_ok=True)

    def _attempt(
        self,
        sources: Sequence[Source],
        used: set[str],
        consume: Callable[[Arriving], T],
        advance: Advance,
    ) -> T:
        with writing(str(self.partial)):
            self.partial.parent.mkdir(parents=True, exist_ok=True)
            with self.partial.open("ab") as handle:
                handle.truncate(self.present)
        arriving = Arriving(self.partial, self.wanted.size, self._cancelled)
        # A daemon: a body that is awaited must not hold up the end of an interrupted program.
        writer = threading.Thread(
            target=self._write, args=(arriving, sources, used, advance), name="download", daemon=True
        )
        writer.start()
        try:
            result = consume(arriving)
        except BaseException:
            arriving.abort()
            writer.join(timeout=1)
            raise
        else:
            writer.join()
        finally:
            arriving.close()
        return result

    def _write(self, arriving: Arriving, sources: Sequence[Source], used: set[str], advance: Advance) -> None:
        try:
            with writing(str(self.partial)), self.partial.open("r+b", buffering=0) as handle:
                handle.seek(0, io.SEEK_END)
                arriving.arrived(handle.tell())
                advance(handle.tell())
                _Writing(self, handle, arriving, used, advance).from_any(sources)
        except BaseException as error:  # noqa: BLE001 - the reader raises it
            arriving.failed(error)

    def read_validators(self) -> dict[str, str]:
        """Entity tags under which the partial file's bytes came, by source."""
        with suppress(OSError, ValueError):
            found = json.loads(self._validators_file.read_text(encoding="utf-8"))
            if isinstance(found, dict):
                return {str(key): str(value) for key, value in found.items()}
        return {}

    def keep_validator(self, source: str, validator: str) -> None:
        """Keep an entity tag for a later run."""
        known = self.read_validators()
        if known.get(source) != validator:
            self._validators_file.write_text(json.dumps({**known, source: validator}), encoding="utf-8")


class _Writing:
    """The writing side of one attempt."""

    def __init__(
        self, download: Download, handle: io.FileIO, arriving: Arriving, used: set[str], advance: Advance
    ) -> None:
        self._download = download
        self._wanted = download.wanted
        self._handle = handle
        self._arriving = arriving
        self._used = used
        self._advance = advance
        self._position = handle.tell()

    def from_any(self, sources: Sequence[Source]) -> None:
        """Take the file from the first source that can; the next one goes on where one failed."""
        failure: RefgenieError | None = None
        for source in sources:
            if self._position >= self._wanted.size:
                return
            try:
                self._from(source)
            except DigestMismatchError as error:
                self._used.add(source.name)
                failure = error
            except RefgenieError as error:
                failure = failure if isinstance(failure, DigestMismatchError) else error
            else:
                return
            if len(sources) > 1:
                _log.warning("%s: %s", source.name, failure.message)
        if failure is not None:
            raise failure

    def _from(self, source: Source) -> None:
        stalls = breaks = 0
        while self._position < self._wanted.size:
            before, opened = self._position, False
            try:
                validator = self._download.read_validators().get(source.name) if before else None
                with source.open(self._wanted, before, validator) as body:
                    opened = True
                    self._take(source, body)
            except NetworkError as error:
                stalls = 0 if self._position > before else stalls + 1
                breaks += 1
                # A request that was not answered at all was tried often enough by the client.
                if not opened or stalls >= _STALLS or breaks >= _BREAKS:
                    raise
                _log.debug("%s: %s; going on at byte %d", source.name, error.message, self._position)
                self._arriving.pause(random.uniform(0.5, 1) * _PAUSE * 2**stalls)  # noqa: S311
                if not self._arriving.is_wanted:
                    raise InterruptedByUserError("the download was given up") from error

    def _take(self, source: Source, body: Body) -> None:
        if body.validator is not None:
            self._download.keep_validator(source.name, body.validator)
        known = self._position - body.start
        for chunk in body.chunks:
            if not self._arriving.is_wanted:
                raise InterruptedByUserError("the download was given up")
            fresh = chunk
            if known > 0:  # the source began at 0: what is here already is compared, not written
                seen = chunk[:known]
                self._compare(seen, self._position - known)
                known -= len(seen)
                fresh = chunk[len(seen) :]
            if self._position + len(fresh) > self._wanted.size:
                raise DigestMismatchError(
                    f"{source.name} sends more of {self._wanted.name} than its manifest says"
                )
            if fresh:
                self._used.add(source.name)
                self._put(fresh)
        if self._position < self._wanted.size:
            raise NetworkError(f"{source.name} ended {self._wanted.name} early, at byte {self._position}")

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._handle.write(rest) or 0 :]
        self._position += len(data)
        self._arriving.arrived(self._position)
        self._advance(len(data))

    def _compare(self, data: bytes, offset: int) -> None:
        with self._download.partial.open("rb") as partial:
            partial.seek(offset)
            if partial.read(len(data)) != data:
                raise DigestMismatchError(f"what came of {self._wanted.name} before is not what is sent now")
