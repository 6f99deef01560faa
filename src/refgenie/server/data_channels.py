"""The server's aggregated data channels (formats.md, Data channel): many channels shown as one."""

from __future__ import annotations

import asyncio
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from refgenie.channels.fetch import fetch
from refgenie.errors import InvalidInputError, NotFoundError, RefgenieError
from refgenie.recipes.collection import Index, checked_path, read_index
from refgenie.recipes.documents import parse, read_file

LOGGER = logging.getLogger("refgenie.server")

SEPARATOR = "__"
"""Stands between a channel's name and a file's path."""
_PARALLEL = 8
_FIRST_READING = 30.0
"""Seconds that a request waits for the first reading of the indices."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*\Z")


class ConfiguredChannel(BaseModel):
    """A channel as the configuration file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=200)
    protocol: Literal["http", "https"]
    index_url: str = Field(min_length=1)

    @model_validator(mode="after")
    def _usable(self) -> ConfiguredChannel:
        if SEPARATOR in self.name or not _NAME.match(self.name):
            raise ValueError(
                f"name {self.name!r}: letters, digits, '.', '_', '~' and '-', and no '{SEPARATOR}' in it"
            )
        parts = urlsplit(self.index_url)
        if parts.scheme != self.protocol or not parts.netloc:
            raise ValueError(f"index_url {self.index_url!r} is no {self.protocol} address")
        return self


_CHANNELS = TypeAdapter(dict[str, ConfiguredChannel])


def read_configuration(path: Path) -> dict[str, ConfiguredChannel]:
    """The channels that a configuration file lists, by their keys.

    Raises:
        NotFoundError: There is no such file.
        InvalidInputError: It is empty, no YAML mapping, or a channel in it is wrong; with a line for
            each fault.
    """
    data = read_file(path)
    if not data.strip():
        raise InvalidInputError(f"{path} is empty: it lists no data channels")
    content = parse(data, str(path))
    try:
        channels = _CHANNELS.validate_python(content)
    except ValidationError as error:
        faults = "".join(
            f"\n  {'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise InvalidInputError(f"{path} is no list of data channels:{faults}") from error
    if not channels:
        raise InvalidInputError(f"{path} lists no data channels")
    names = [channel.name for channel in channels.values()]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInputError(f"{path}: two data channels have the name {name!r}")
    return channels


@dataclass(frozen=True, slots=True)
class ReadChannel:
    """A channel and what its index said last; ``fault`` says why there is no newer one."""

    key: str
    configured: ConfiguredChannel
    index: Index | None
    fault: str | None


class AggregatedChannels:
    """The channels of a configuration file; their indices are read at intervals.

    Args:
        path: The file, None where the server has no channels.

    Raises:
        InvalidInputError, NotFoundError: See read_configuration.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._configured = {} if path is None else read_configuration(path)
        self._channels: dict[str, ReadChannel] = {}
        self._read_once = Event()
        self._refreshing = Lock()
        if path is None:
            self._read_once.set()

    def refresh(self) -> None:
        """Read the configuration and all indices again; what cannot be read stays as it was."""
        if self._path is None:
            return
        with self._refreshing:
            try:
                self._configured = read_configuration(self._path)
            except RefgenieError as error:
                LOGGER.warning("data channels stay as they were: %s", error.message)
            with ThreadPoolExecutor(_PARALLEL) as pool:
                found = list(pool.map(self._read, self._configured, self._configured.values()))
            self._channels = {channel.configured.name: channel for channel in found}
            self._read_once.set()

    async def refresh_always(self, interval: float) -> None:
        """Refresh now and at every interval (seconds), until cancelled."""
        while self._path is not None:
            try:
                await asyncio.to_thread(self.refresh)
            except Exception:  # the next reading may go well
                LOGGER.exception("data channels stay as they were")
            await asyncio.sleep(max(interval, 0.05))

    def all(self) -> list[ReadChannel]:
        """Every channel, in the order of the configuration file."""
        self._wait()
        return list(self._channels.values())

    def index(self) -> dict[str, dict[str, list[str]]]:
        """One index of all channels' files, named ``<channel>__<path>``."""
        classes, recipes = [], []
        for channel in self.all():
            if channel.index is not None:
                classes += [_joined(channel, path) for path in channel.index.asset_classes]
                recipes += [_joined(channel, path) for path in channel.index.recipes]
        return {"asset_class": {"files": classes}, "recipe": {"files": recipes}}

    def address(self, name: str) -> str:
        """Where a file of the common index is.

        Args:
            name: ``<channel>__<path>``; the path may also be one that the channel's index does not
                list (a parent class), and stays in the folder of that index.

        Raises:
            NotFoundError: There is no such channel, or the path leaves its folder.
        """
        self._wait()
        channel, separator, path = name.partition(SEPARATOR)
        found = self._channels.get(channel)
        if not separator or found is None:
            raise NotFoundError(f"this server has no data channel {channel!r}")
        try:
            inside = checked_path(path, origin=found.configured.index_url)
        except InvalidInputError as error:
            raise NotFoundError(error.message) from error
        return urljoin(found.configured.index_url, ".") + quote(inside)

    def _wait(self) -> None:
        self._read_once.wait(_FIRST_READING)

    def _read(self, key: str, configured: ConfiguredChannel) -> ReadChannel:
        try:
            index = read_index(fetch(configured.index_url), configured.index_url)
        except RefgenieError as error:
            before = self._channels.get(configured.name)
            same = before is not None and before.configured == configured
            if before is None or before.fault is None:
                LOGGER.warning("data channel %s: %s", configured.name, error.message)
            return ReadChannel(key, configured, before.index if before and same else None, error.message)
        return ReadChannel(key, configured, index, None)


def _joined(channel: ReadChannel, path: str) -> str:
    return f"{channel.configured.name}{SEPARATOR}{path}"
