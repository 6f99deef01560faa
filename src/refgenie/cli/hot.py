"""Entry point: answers the commonest reading commands at once, loads the rest only otherwise.

Pipelines call ``seek`` and its like thousands of times, and most of the time of a full
command line is spent on imports. Here a plain, successful call is answered by one SQL
statement; whatever is unusual (an option, an error, a registry that is not current) is left
to the full command line, which gives the same answers, errors and exit codes. Only the
standard library's cheap modules are imported here.
"""

from __future__ import annotations

import os
import sys

from refgenie.cli.plain_registry import PlainRegistry, Unusual
from refgenie.core import seek as rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main() -> None:
    """Run the command line of ``sys.argv``."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # started with it closed, as some schedulers do
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 - light, to the end
    arguments = sys.argv[1:]
    command = _COMMANDS.get(arguments[0]) if arguments else None
    if command is not None and _is_plain_environment():
        try:
            # What is no UTF-8 comes out as it went in.
            answer = command(arguments[1:]).encode(sys.stdout.encoding, "surrogateescape")
        except Exception:  # noqa: BLE001 - the full command line finds and words the error
            answer = None
        if answer is not None:
            _print_and_leave(answer)
    sys.exit(_run_in_full())


def _run_in_full() -> int:
    import gc

    # Most of what a command makes is modules and classes, which stay: looking through them for
    # garbage at the usual rate takes a tenth of its start.
    gc.set_threshold(50_000, 20, 100)
    try:
        from refgenie.cli.app import run

        code = run()
    except KeyboardInterrupt:  # before the command line could take it
        sys.stderr.write("error: interrupted\n")
        return 130
    # The interpreter looks through all objects several times while it ends: a fifth of a second
    # for what the system frees anyway.
    gc.freeze()
    return code


def _is_plain_environment() -> bool:
    level = os.environ.get("REFGENIE_LOG_LEVEL")
    return not level or level.upper() in {"INFO", "WARNING", "ERROR", "CRITICAL"}


def _print_and_leave(answer: bytes) -> None:
    try:
        sys.stdout.buffer.write(answer)
        sys.stdout.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        sys.stderr.write(f"error: cannot write the answer: {error.strerror}\n")
        os._exit(9)
    os._exit(0)  # nothing is open that the interpreter's own shutdown would save


def _seek(arguments: Sequence[str]) -> str:
    options = {argument for argument in arguments if argument.startswith("-")}
    if not options <= {"--abs", "-e", "--check-exists"}:
        raise Unusual
    paths = [argument for argument in arguments if not argument.startswith("-")]
    if not paths:
        raise Unusual
    registry = PlainRegistry()
    must_exist = bool(options & {"-e", "--check-exists"})
    return "".join(
        f"{_seek_one(registry, path, absolute='--abs' in options, must_exist=must_exist)}\n" for path in paths
    )


def _seek_one(registry: PlainRegistry, path: str, *, absolute: bool, must_exist: bool) -> str:
    split = rules.split_plain(path)
    if split is None:
        raise Unusual
    name, group, seek_key, asset = split
    digest, alias = registry.genome(name)
    values = {"genome": digest, "group": group}
    found = (
        registry.rows(registry.seek_default, values)
        if asset is None
        else registry.rows(registry.seek_named, {**values, "asset": asset})
    )
    return rules.answer(
        found, registry.genome_folder, alias, seek_key, absolute=absolute, must_exist=must_exist
    )


def _populate(arguments: Sequence[str]) -> str:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        raise Unusual
    text = arguments[0]
    if rules.SCHEME not in text:
        return f"{text}\n"
    from refgenie.core.references import REFERENCE

    registry = PlainRegistry()
    return (
        REFERENCE.sub(
            lambda found: _seek_one(registry, found["path"], absolute=False, must_exist=False), text
        )
        + "\n"
    )


def _getseq(arguments: Sequence[str]) -> str:
    if len(arguments) != 2 or any(argument.startswith("-") for argument in arguments):
        raise Unusual
    registry = PlainRegistry()
    digest, _ = registry.genome(arguments[0])
    from refgenie.core.region_text import split
    from refgenie.sequences import fast

    store = f"{registry.genome_folder}/{rules.STORE}"
    region = split(arguments[1], lambda name: fast.has_sequence(store, digest, name))
    residues = fast.fetch(store, digest, *region) if region else ""
    if not residues:
        raise Unusual
    return f"{residues}\n"


_COMMANDS: dict[str, Callable[[Sequence[str]], str]] = {
    "seek": _seek,
    "getseq": _getseq,
    "populate": _populate,
}


if __name__ == "__main__":
    main()
