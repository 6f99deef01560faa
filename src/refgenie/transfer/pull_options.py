"""How assets are pulled, and what became of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from refgenie.core.records import AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import RefgenieError

SIZE_CUTOFF = 10 * 10**9
PATIENCE = 7 * 24 * 3600.0
"""Seconds that a pull waits for another process that pulls or builds the same asset."""

Confirm = Callable[[str], bool]
"""Asks the user a question."""


@dataclass(frozen=True, slots=True)
class PullOptions:
    """How assets are pulled.

    Attributes:
        size_cutoff: Bytes; what is bigger is large.
        large: What becomes of large assets: ``ask`` (where somebody can be asked), ``take``, ``skip``.
        batch: Never ask; leave out what would be asked about.
        init: Import the genome's sequences as well.
        force: Fetch again what is here, and replace an asset of this name that has other content.
        update: Replace an asset of this name that has other content; what is current stays.
        skip_asset_class: Use the asset class of this name that is registered here.
        skip_recipe: Register no recipe.
        jobs: Downloads at once.
    """

    size_cutoff: int = SIZE_CUTOFF
    large: Literal["ask", "take", "skip"] = "ask"
    batch: bool = False
    init: bool = False
    force: bool = False
    update: bool = False
    skip_asset_class: bool = False
    skip_recipe: bool = False
    jobs: int = 4


@dataclass(frozen=True, slots=True)
class PullResult:
    """What became of one asset. ``status``: ``pulled``, ``present``, ``skipped`` or ``failed``."""

    path: RegistryPath
    status: str
    asset: AssetRecord | None = None
    reason: str | None = None
    error: RefgenieError | None = None


class Slots:
    """How many downloads of one call run at once, and the way to end them all."""

    def __init__(self, jobs: int) -> None:
        self.semaphore = threading.BoundedSemaphore(max(1, jobs))
        self._events: list[threading.Event] = []
        self._lock = threading.Lock()
        self._is_cancelled = False

    def new_event(self) -> threading.Event:
        """An event that ends the downloads which watch it; set already where all were ended."""
        event = threading.Event()
        with self._lock:
            self._events.append(event)
            if self._is_cancelled:
                event.set()
        return event

    def cancel(self) -> None:
        """End all downloads of the call, and those that it would still begin."""
        with self._lock:
            self._is_cancelled = True
            for event in self._events:
                event.set()
