"""Keeps other web sites out of the dashboard.

Three things are checked before any route is reached: the ``Host`` header names this machine (a name that
an attacker's DNS points here is refused), requests of other origins reach the bridge alone, and what
changes something carries a header that no foreign page can set without being asked first.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refgenie.server.dash.bridge import LOOPBACK, Bridge
from refgenie.server.failure import failure

HEADER = "x-refgenie-dashboard"
"""The header of requests that change something; its value does not matter."""
MCP = "/mcp"
"""Read-only, and asked by programs that know nothing of the header."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PREFLIGHT_AGE = "600"


class Guard:
    """The dashboard's ASGI middleware."""

    def __init__(self, app: ASGIApp, bridge: Bridge) -> None:
        self._app = app
        self._bridge = bridge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # there are no web sockets here
        headers = Headers(scope=scope)
        if not names_this_machine(headers.get("host", "")):
            refusal = failure(421, "this dashboard answers on localhost alone", code="not_permitted")
            await refusal(scope, receive, send)
            return
        origin = headers.get("origin")
        if origin is not None and not _is_own(origin, headers["host"]):
            await self._foreign(origin, headers, scope, receive, send)
            return
        refused = _refuse(scope["method"], scope["path"], headers, origin)
        await (refused or self._app)(scope, receive, send)

    async def _foreign(
        self, origin: str, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        path, method = scope["path"], scope["method"]
        preflight = method == "OPTIONS" and "access-control-request-method" in headers
        wanted = headers["access-control-request-method"] if preflight else method
        if not await run_in_threadpool(self._bridge.admits, origin, wanted, path):
            await failure(403, "this origin may not do this here", code="not_permitted")(scope, receive, send)
        elif preflight:
            await Response(status_code=204, headers=_preflight(origin, wanted, headers))(scope, receive, send)
        elif method not in _SAFE and HEADER not in headers:
            await failure(403, f"the header {HEADER} is missing", code="not_permitted")(scope, receive, send)
        else:
            await self._app(scope, receive, _sharing(send, origin))


def _refuse(method: str, path: str, headers: Headers, origin: str | None) -> Response | None:
    """The refusal of a request without a foreign Origin header, if it is to be refused."""
    site = headers.get("sec-fetch-site", "none")
    if site in {"cross-site", "same-site"} and not (
        method in _SAFE and headers.get("sec-fetch-mode") == "navigate"
    ):
        return failure(403, "another site asked for this", code="not_permitted")
    if method in _SAFE or path == MCP:
        return None
    if HEADER not in headers:
        return failure(403, f"the header {HEADER} is missing", code="not_permitted")
    if origin is None and site not in {"same-origin", "none"}:
        return failure(403, "another site asked for this", code="not_permitted")
    return None


def names_this_machine(host: str) -> bool:
    """Whether a Host header names the loopback interface."""
    try:
        return urlsplit(f"//{host}").hostname in LOOPBACK and "@" not in host and "/" not in host
    except ValueError:
        return False


def _is_own(origin: str, host: str) -> bool:
    return origin.lower() == f"http://{host.lower()}"


def _preflight(origin: str, method: str, headers: Headers) -> dict[str, str]:
    answer = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": method,
        "Access-Control-Allow-Headers": f"content-type, {HEADER}",
        "Access-Control-Max-Age": _PREFLIGHT_AGE,
        "Vary": "Origin",
    }
    # Pages of the public network that ask a machine of the local one: Private Network Access, and its
    # successor Local Network Access, want the machine's consent in so many words.
    for kind in ("private", "local"):
        if f"access-control-request-{kind}-network" in headers:
            answer[f"Access-Control-Allow-{kind.capitalize()}-Network"] = "true"
    return answer


def _sharing(send: Send, origin: str) -> Send:
    """Let the page of this origin read the answer."""

    async def shared(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = origin
            headers.add_vary_header("Origin")
        await send(message)

    return shared
