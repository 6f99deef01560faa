"""The console script ``refgenie-mcp``: the tools over standard input and output."""

from __future__ import annotations

import argparse
import sys

from refgenie.errors import NotFoundError, RefgenieError


def main() -> None:
    """Answer an assistant until it closes its end."""
    parser = argparse.ArgumentParser(
        prog="refgenie-mcp",
        description="Read-only tools over the local registry for assistants, by the Model Context Protocol "
        "on standard input and output.",
    )
    parser.parse_args()
    try:
        _serve()
    except RefgenieError as error:
        sys.stderr.write(f"error: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"hint: {error.hint}\n")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _serve() -> None:
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise NotFoundError("refgenie-mcp needs mcp", hint="pip install 'refgenie[mcp]'")
    from refgenie.api import Refgenie
    from refgenie.mcp.tools import create_mcp

    with Refgenie(suppress_migrations=True) as refgenie:
        create_mcp(refgenie).run("stdio")


if __name__ == "__main__":
    main()
