"""dash: the local dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from refgenie.cli.output import note
from refgenie.cli.state import STATE
from refgenie.errors import ConflictError, NotFoundError

HOST = "127.0.0.1"


def register(app: typer.Typer, _add_group: Callable[..., None]) -> None:
    """Add the command."""
    app.command("dash")(dash)


def dash(
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="Port; 0 is any.")] = 8080,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the browser.")] = False,
    bridge: Annotated[
        str | None,
        typer.Option(help="What web sites may ask of it: off, read or full.", envvar="REFGENIE_BRIDGE_MODE"),
    ] = None,
) -> None:
    """Show the registry in the browser: pull, build and check there. Only this computer reaches it."""
    import socket

    from refgenie.server.dash.settings import DashSettings

    # What can be refused is refused before the second that loading the rest takes.
    settings = DashSettings.load(bridge=bridge)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen()  # until then another dashboard can bind the same port
        except OSError as error:
            raise ConflictError(
                f"cannot listen on port {port}: {error.strerror}", hint=f"refgenie dash --port {port + 1}"
            ) from error
        try:
            import uvicorn

            from refgenie.server.dash.app import create_dash
        except ModuleNotFoundError as error:
            raise NotFoundError(
                f"the dashboard needs {error.name}", hint="pip install 'refgenie[dash]'"
            ) from error
        rg = STATE.writer
        rg.init()
        app = create_dash(rg, settings, mcp=_assistants())
        address = f"http://{HOST}:{listening.getsockname()[1]}/"
        note(f"the dashboard is at {address} (Ctrl+C ends it)")
        if not no_browser:
            _open_soon(address)
        # A page that follows a job keeps its connection: it must not keep the dashboard from ending.
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2, ws="none")
        uvicorn.Server(config).run(sockets=[listening])
    unfinished = [job for job in app.state.dashboard.jobs.list() if not job.is_ended]
    if unfinished:
        note(f"{len(unfinished)} jobs have not ended; the next `refgenie dash` shows them")


def _assistants() -> Any:
    """The read-only tools for assistants at /mcp, where the extra `mcp` is installed."""
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        return None
    from refgenie.mcp.tools import create_http_app

    return create_http_app(STATE.writer)


def _open_soon(address: str) -> None:
    import threading
    import webbrowser

    timer = threading.Timer(0.6, webbrowser.open, [address])
    timer.daemon = True
    timer.start()
