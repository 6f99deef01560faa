"""What `compare` is given: an alias, a digest, a FASTA file, or ``URL#digest``."""

from __future__ import annotations

import re
from pathlib import Path

from refgenie.core.addresses import without_credentials
from refgenie.core.progress import Progress
from refgenie.errors import NotFoundError, UsageError
from refgenie.genomes.aliases import AliasService
from refgenie.genomes.comparison import Operand
from refgenie.sequences.model import StoreMode

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def read_operand(
    given: str, mode: StoreMode, aliases: AliasService, progress: Progress | None = None
) -> Operand:
    """Find the collection that a text names; a genome's name goes before a file's.

    Raises:
        NotFoundError: It is neither a known genome nor a file.
        UsageError: An address without the collection's digest.
        InvalidInputError: The file is no FASTA.
        NetworkError: The server cannot be reached.
    """
    if _ADDRESS.match(given):
        return _remote(given)
    try:
        digest = aliases.resolve(given)
    except NotFoundError as error:
        path = Path(given)
        if path.exists():
            return _file(given, path, progress)
        if "/" in given:
            raise NotFoundError(f"there is no file and no genome {given}") from None
        raise NotFoundError(f"there is no genome and no file {given}", hint=error.hint) from None
    try:
        return Operand(given, digest, mode.level2(digest))
    except NotFoundError as error:
        raise NotFoundError(
            f"the sequence collection of the genome {given} is not here",
            hint="refgenie genome init --fasta FILE or --remote-url URL brings it in",
        ) from error


def _file(given: str, path: Path, progress: Progress | None) -> Operand:
    from refgenie.genomes.initialization import check_readable
    from refgenie.sequences.fasta_digest import level2_of_fasta
    from refgenie.sequences.seqcol import digest_of_level2

    check_readable(path)
    level2 = level2_of_fasta(path, progress)
    return Operand(given, digest_of_level2(level2), level2)


def _remote(given: str) -> Operand:
    from refgenie.sequences import make_source

    url, mark, digest = given.partition("#")
    if not mark or not digest:
        raise UsageError(
            f"{given} names no collection", hint=f"write {url}#DIGEST; refgenie genome browse {url}"
        )
    return Operand(without_credentials(given), digest, make_source(url).level2(digest))
