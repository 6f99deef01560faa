"""Importing this imports all that command lines and services import, for the forks of a process."""

from __future__ import annotations

import gc
import pkgutil
from importlib import import_module

from sqlalchemy.orm import configure_mappers

import refgenie

PACKAGES = ("alembic.config", "filelock", "gtars.refget", "httpcore", "httpx_retries", "jinja2.sandbox", "psycopg", "psycopg2",
            "rich.progress", "rich.syntax", "rich.table", "sqlalchemy.dialects.postgresql", "yaml")  # fmt: skip
"""What commands import when they need it."""
LEFT_OUT = ("__main__", "server", "mcp", "browse")
"""Modules of refgenie that no command line in a fork needs."""

for name in PACKAGES:
    import_module(name)
for part in pkgutil.iter_modules(refgenie.__path__):
    if part.name in LEFT_OUT:
        continue
    module = import_module(f"refgenie.{part.name}")
    for inner in pkgutil.walk_packages(getattr(module, "__path__", []), f"refgenie.{part.name}."):
        if "migrations" not in inner.name:
            import_module(inner.name)
configure_mappers()
app = import_module("refgenie.cli.app")
for command in app.COMMANDS:
    app.application(command)
gc.collect()
gc.freeze()  # a collection in a fork would write to, and so copy, what they share
