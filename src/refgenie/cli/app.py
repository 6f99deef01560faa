"""The whole command line; `hot` answers the commonest reading commands without loading it.

Every group of commands is one module with a function ``register(app)``.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from refgenie.cli import failure
from refgenie.cli.dashes import let_digests_begin_with_dashes
from refgenie.cli.state import STATE

app = typer.Typer(
    name="refgenie",
    help="Manage reference genome assets: build, pull, find and serve them by sequence digest.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from refgenie import __version__

        typer.echo(f"refgenie {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    log_level: Annotated[
        str | None,
        typer.Option(
            help="DEBUG, INFO, WARNING, ERROR or CRITICAL; DEBUG also shows tracebacks.",
            envvar="REFGENIE_LOG_LEVEL",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - handled by the callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    STATE.log_level = log_level
    STATE.start_logging()


def add_group(group: typer.Typer, name: str, *, also: str | None = None) -> None:
    """Add a group of commands, under a second spelling of its name too."""
    app.add_typer(group, name=name)
    if also is not None:
        app.add_typer(group, name=also, hidden=True)


COMMAND_MODULES = (
    "setup",
    "genomes",
    "sequences",
    "assets",
    "build",
    "recipes",
    "transfer",
    "staging",
    "serve",
    "dash",
    "upkeep",
)
"""Modules of command groups, in the order of the help text."""


def _load_commands() -> None:
    from importlib import import_module

    for module in COMMAND_MODULES:
        import_module(f"refgenie.cli.{module}").register(app, add_group)
    let_digests_begin_with_dashes(app)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    # A batch system ends jobs by SIGTERM: it is to clean up as Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = app(arguments, standalone_mode=False, prog_name="refgenie")
        sys.stdout.flush()
    except typer.Exit as leave:
        return leave.exit_code
    except typer.Abort:
        return failure.INTERRUPTED
    except BaseException as error:  # noqa: BLE001 - the one handler
        return _usage(error) or failure.report(error, debug=STATE.debug)
    finally:
        STATE.close()
    return code if isinstance(code, int) else 0


def _usage(error: BaseException) -> int | None:
    """Wrong usage as the parser found it: shown as an error and a hint like any other."""
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if show is None or not isinstance(code, int):
        return None
    context = getattr(error, "ctx", None)
    message = getattr(error, "format_message", lambda: str(error))()
    if message.startswith("Usage: "):  # a group without a command: its help, as the parser gives it
        sys.stderr.write(f"{message}\n")
        return code
    if message:
        sys.stderr.write(f"error: {message}\n")
    if context is not None:
        sys.stderr.write(f"hint: {context.command_path} --help\n")
    return code


_load_commands()
