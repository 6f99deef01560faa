"""``refgenie-build-fasta STORE DIGEST OUTFOLDER``: what the recipe ``fasta`` calls."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from refgenie.core.names import is_genome_digest
from refgenie.core.progress import NoProgress
from refgenie.errors import InterruptedByUserError, NotFoundError, RefgenieError


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a collection of a store as FASTA with its index and lengths; answers the exit code."""
    parser = argparse.ArgumentParser(
        prog="refgenie-build-fasta",
        description="Write DIGEST.fa, DIGEST.fa.fai and DIGEST.chrom.sizes from a RefgetStore.",
    )
    parser.add_argument("store", type=Path, metavar="STORE", help="folder of the RefgetStore")
    parser.add_argument("digest", metavar="DIGEST", help="sequence collection digest")
    parser.add_argument("folder", type=Path, metavar="OUTFOLDER", help="where the files are written")
    parser.add_argument(
        "--case",
        choices=["keep", "upper"],
        default="keep",
        help="keep: masked residues in lower case as they were imported (default)",
    )
    given = parser.parse_args([_positional(text) for text in arguments or sys.argv[1:]])
    try:
        _export(given.store, given.digest.strip(), given.folder, given.case)
    except KeyboardInterrupt:
        return InterruptedByUserError.exit_code
    except RefgenieError as error:
        sys.stderr.write(f"Error: {error.message}\n")
        if error.hint:
            sys.stderr.write(f"Hint: {error.hint}\n")
        return error.exit_code
    return 0


def _positional(text: str) -> str:
    """Keep argparse from taking a digest that begins with ``-`` for an option."""
    return f" {text}" if text.startswith("-") and is_genome_digest(text) else text


def _export(store: Path, digest: str, folder: Path, case: str) -> None:
    from refgenie.sequences.export import export_fasta
    from refgenie.sequences.store_files import StoreFiles

    files = StoreFiles(store)
    if not files.listed(digest):
        files.read_manifest()
        raise NotFoundError(f"the store {store} has no sequence collection {digest}")
    export_fasta(files, digest, folder, case="upper" if case == "upper" else "keep", progress=NoProgress())


if __name__ == "__main__":
    sys.exit(main())
