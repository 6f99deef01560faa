"""How the dashboard behaves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import urlsplit

from refgenie.errors import InvalidInputError

BridgeMode = Literal["off", "read", "full"]
BRIDGE_MODES = ("off", "read", "full")


@dataclass(frozen=True, slots=True)
class DashSettings:
    """The dashboard's settings.

    Attributes:
        bridge_mode: What pages of other origins may do: nothing, ask what is here, or also submit a pull.
        bridge_origins: Those origins; None means the origins of the subscribed servers.
        poll_seconds: How often files of running jobs are looked at.
    """

    bridge_mode: BridgeMode = "read"
    bridge_origins: frozenset[str] | None = None
    poll_seconds: float = 0.25

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, *, bridge: str | None = None) -> DashSettings:
        """Read the environment; ``bridge`` (the command's option) wins over it.

        Raises:
            InvalidInputError: A value cannot be used.
        """
        env = os.environ if environ is None else environ
        mode = bridge or env.get("REFGENIE_BRIDGE_MODE") or "read"
        if mode not in BRIDGE_MODES:
            known = ", ".join(BRIDGE_MODES)
            raise InvalidInputError(f"bridge mode {mode!r} is unknown", hint=f"one of {known}")
        listed = env.get("REFGENIE_BRIDGE_ORIGINS")
        origins = (
            None
            if listed is None
            else frozenset(read_origin(entry.strip()) for entry in listed.split(",") if entry.strip())
        )
        return cls(bridge_mode=cast("BridgeMode", mode), bridge_origins=origins)


def read_origin(text: str) -> str:
    """An origin as browsers write it: scheme, host, and the port where it is not the scheme's own.

    Raises:
        InvalidInputError: It is none.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise InvalidInputError(f"{text!r} is no origin", hint="write https://refgenomes.example.org")
    return origin_of(parts.scheme, parts.hostname, port)


def origin_of(scheme: str, host: str, port: int | None) -> str:
    """The origin of an address."""
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{shown}" if port in {None, usual} else f"{scheme}://{shown}:{port}"
