"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Answer every confirmation with yes.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Do it all the same; replace what is there.")]
Genomes = Annotated[
    list[str] | None,
    typer.Option("-g", "--genome", help="Only of this genome (alias or digest); may be repeated."),
]
Paths = Annotated[
    list[str], typer.Argument(metavar="PATH...", help="Registry paths: genome/group[.seek_key][:asset].")
]
Path = Annotated[str, typer.Argument(metavar="PATH", help="Registry path: genome/group[.seek_key][:asset].")]
