"""Figures of a running server in the text format of Prometheus."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from refgenie.server.downloads import Download

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""Folder in which the workers of one server keep their figures, so that each can show the sum."""

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


class Metrics:
    """The figures of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._exchanges = Counter(
            "refgenie_http_requests",
            "Requests that were answered",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "refgenie_http_request_seconds",
            "Seconds from request to the end of the answer",
            ["route"],
            buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600),
            registry=self._registry,
        )
        self._bytes = Counter(
            "refgenie_http_response_bytes",
            "Bytes of the answers' bodies",
            ["route"],
            registry=self._registry,
        )
        self._downloads = Counter(
            "refgenie_downloads", "Finished downloads, redirected ones too", ["kind"], registry=self._registry
        )

    def exchange(self, method: str, route: str, status: int, seconds: float, sent: int) -> None:
        """Count one request."""
        self._exchanges.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        self._bytes.labels(route).inc(sent)

    def download(self, download: Download) -> None:
        """Count one download (a handler, see downloads)."""
        self._downloads.labels("file" if download.archive_digest is None else "archive").inc()

    def text(self) -> bytes:
        """All figures, of all workers where there are several."""
        if not os.environ.get(MULTIPROCESS):
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
