"""What pages of other origins may ask of the dashboard."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from refgenie.server.dash.settings import DashSettings, origin_of

PING = "/ping"
ASSETS = "/bridge/assets/"
PULL = "/bridge/pull"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Bridge:
    """Decides which origin may do what.

    Args:
        settings: The mode, and the origins where they were listed.
        servers: Addresses of the subscribed servers, asked where no origins were listed.
    """

    def __init__(self, settings: DashSettings, servers: Callable[[], list[str]]) -> None:
        self._settings = settings
        self._servers = servers

    @property
    def mode(self) -> str:
        """``off``, ``read`` or ``full``."""
        return self._settings.bridge_mode

    @property
    def capabilities(self) -> list[str]:
        """What a listed origin may do."""
        return {"off": [], "read": ["ping", "assets"], "full": ["ping", "assets", "pull"]}[self.mode]

    def origins(self) -> frozenset[str]:
        """The origins that may use the bridge."""
        if self._settings.bridge_origins is not None:
            return self._settings.bridge_origins
        return frozenset(origin for url in self._servers() if (origin := _trusted_origin(url)))

    def admits(self, origin: str, method: str, path: str) -> bool:
        """Whether a page of this origin may make this request."""
        if path == PULL:
            wanted = "pull" if method == "POST" else None
        elif path == PING or path.startswith(ASSETS):
            wanted = "assets" if method in {"GET", "HEAD"} else None
        else:
            wanted = None
        return wanted in self.capabilities and origin in self.origins()

    @staticmethod
    def is_for(path: str) -> bool:
        """Whether an address belongs to the bridge."""
        return path in {PING, PULL} or path.startswith(ASSETS)


def _trusted_origin(url: str) -> str | None:
    """A subscribed server's origin, where nobody on the way can pretend to be it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or not (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    ):
        return None
    return origin_of(parts.scheme, parts.hostname, port)
