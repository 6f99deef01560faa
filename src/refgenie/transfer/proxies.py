"""Requests by way of the proxies that the environment names (``https_proxy``, ``no_proxy`` …)."""

from __future__ import annotations

import threading
from urllib.request import getproxies, proxy_bypass

import httpx

from refgenie.core.addresses import without_credentials
from refgenie.errors import InvalidInputError


class EnvironmentTransport(httpx.BaseTransport):
    """Sends each request through the proxy for its address, or straight to it.

    The library does so itself only where it is given no transport, and the retries need one. One request
    may be redirected from a server of the same network to a bucket beyond the proxy.
    """

    def __init__(self, limits: httpx.Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._made: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx.

        Raises:
            InvalidInputError: The environment names a proxy that cannot be used.
        """
        return self._through(proxy_for(request.url)).handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        for transport in self._made.values():
            transport.close()

    def _through(self, proxy: str | None) -> httpx.HTTPTransport:
        with self._lock:
            if proxy not in self._made:
                try:
                    self._made[proxy] = httpx.HTTPTransport(limits=self._limits, proxy=proxy)
                except (ImportError, ValueError, httpx.InvalidURL) as error:
                    raise InvalidInputError(
                        f"the environment names a proxy that cannot be used, "
                        f"{without_credentials(proxy or '')}: {error}",
                        hint="set https_proxy to http://host:port, or name the server in no_proxy",
                    ) from error
            return self._made[proxy]


def proxy_for(url: httpx.URL) -> str | None:
    """The proxy that the environment names for an address, or None."""
    known = getproxies()
    proxy = known.get(url.scheme) or known.get("all")
    if not proxy or proxy_bypass(url.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
