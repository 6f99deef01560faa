"""serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from refgenie.errors import NotFoundError


def register(app: typer.Typer, _add_group: Callable[..., None]) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="Port.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=1024, help="Processes that answer.")] = 1,
    reload: Annotated[
        bool, typer.Option("--reload", "-r", help="Start anew when the program changes; for developers.")
    ] = False,
) -> None:
    """Serve the registry's staged assets, sequence collections and sequences by HTTP."""
    try:
        from refgenie.server.serve import serve as run
    except ModuleNotFoundError as error:
        raise NotFoundError(
            f"the server needs {error.name}", hint="pip install 'refgenie[server]'"
        ) from error
    run(host=host, port=port, workers=workers, reload=reload)
