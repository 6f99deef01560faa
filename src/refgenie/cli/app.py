"""The whole command line; `hot` answers the commonest reading commands without loading it.

Every group of commands is one module with a function ``register(app, add_group)``.
"""

from __future__ import annotations

import io
import signal
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from types import FrameType
from typing import Annotated

import typer

from refgenie.cli import failure
from refgenie.cli.dashes import let_digests_begin_with_dashes
from refgenie.cli.state import STATE


def _version(wanted: bool) -> None:
    if wanted:
        from refgenie import __version__

        typer.echo(f"refgenie {__version__}")
        raise typer.Exit


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


COMMANDS = {
    "setup": ("init", "config", "purge", "db"),
    "genomes": ("genome", "alias"),
    "sequences": ("getseq", "compare"),
    "assets": ("list", "seek", "add", "remove", "rename", "id", "default", "populate", "asset"),
    "build": ("build",),
    "recipes": ("asset-class", "asset_class", "recipe", "data-channel", "data_channel"),
    "transfer": ("subscribe", "unsubscribe", "listr", "seekr", "populater", "pull", "mirror"),
    "staging": ("stage", "remote", "push"),
    "serve": ("serve",),
    "dash": ("dash",),
    "upkeep": ("verify", "doctor", "gc"),
}
"""The modules of command groups, in the order of the help text, and the words that call them."""


@cache
def application(module: str | None = None) -> typer.Typer:
    """The command line; of one module's commands alone where it is named, which is made sooner."""
    app = typer.Typer(
        name="refgenie",
        help="Manage reference genome assets: build, pull, find and serve them by sequence digest.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    )
    app.callback()(_options)

    def add_group(group: typer.Typer, name: str, *, also: str | None = None) -> None:
        app.add_typer(group, name=name)
        if also is not None:
            app.add_typer(group, name=also, hidden=True)

    for name in COMMANDS if module is None else (module,):
        import_module(f"refgenie.cli.{name}").register(app, add_group)
    let_digests_begin_with_dashes(app)
    return app


def _module_of(arguments: Sequence[str]) -> str | None:
    """The module of the command that is called, where the first word says it."""
    word = arguments[0] if arguments else ""
    return next((module for module, words in COMMANDS.items() if word in words), None)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    # A batch system ends jobs by SIGTERM: it is to clean up as Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # file names that are no UTF-8 come out as they are
    try:
        words = sys.argv[1:] if arguments is None else arguments
        try:
            code = application(_module_of(words))(words, standalone_mode=False, prog_name="refgenie")
        except typer.Exit as leave:
            code = leave.exit_code
        sys.stdout.flush()
        if code == failure.INTERRUPTED:  # what the parser makes of an interrupt
            return failure.report(KeyboardInterrupt(), debug=False)
    except typer.Abort:  # what the parser makes of an end of the input
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
