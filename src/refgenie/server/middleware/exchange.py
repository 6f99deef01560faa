"""The access log and the metrics: what was asked, how it was answered, how long it took."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refgenie.server.metrics import Metrics
from refgenie.server.settings import AccessLog
from refgenie.server.zero_copy import EXTENSION, ClientGoneError

LOGGER = logging.getLogger("refgenie.access")


class ExchangeLog:
    """Logs and measures every exchange, also one that the client broke off."""

    def __init__(self, app: ASGIApp, style: AccessLog, metrics: Metrics) -> None:
        self._app = app
        self._style = style
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Routes leave a word for the middlewares here; see downloads and routes.
        scope.setdefault("state", {})
        begun = time.perf_counter()
        status, sent = 500, 0

        async def counting(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            elif message["type"] == EXTENSION:
                sent += message["count"]
            await send(message)

        try:
            await self._app(scope, receive, counting)
        except ClientGoneError:
            LOGGER.debug("%s: the client went away", scope["path"])
        finally:
            seconds = time.perf_counter() - begun
            self._metrics.exchange(scope["method"], _route(scope), status, seconds, sent)
            if self._style != "off" and LOGGER.isEnabledFor(logging.INFO):
                LOGGER.info("%s", self._line(scope, status, sent, seconds))

    def _line(self, scope: Scope, status: int, sent: int, seconds: float) -> str:
        client = (scope.get("client") or ("-",))[0]
        query = scope.get("query_string", b"").decode("latin-1")
        target = scope["path"] + (f"?{query}" if query else "")
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        agent = headers.get(b"user-agent", "-")
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        if self._style == "json":
            fields: dict[str, Any] = {
                "time": moment,
                "client": client,
                "method": scope["method"],
                "target": target,
                "status": status,
                "bytes": sent,
                "seconds": round(seconds, 6),
                "range": headers.get(b"range"),
                "user_agent": agent,
            }
            return json.dumps(fields, ensure_ascii=True)
        # What a client sent cannot begin a line of its own, or end the quotes.
        quoted = json.dumps(f"{scope['method']} {target}"), json.dumps(agent)
        return f"{client} [{moment}] {quoted[0]} {status} {sent} {quoted[1]} {seconds:.6f}"


def _route(scope: Scope) -> str:
    """The route's pattern, so that a metric does not have a series for every digest."""
    pattern = scope["state"].get("route") or getattr(scope.get("route"), "path", None)
    return str(pattern) if pattern else "other"
