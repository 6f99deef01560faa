"""The store's collection aliases of the namespace ``refgenie``: the truth in local mode.

Any tool that opens the store resolves the same names. The file is the engine's format: alias,
tab, collection digest, one per line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from refgenie.core.locks import STORE_LOCK, Locks
from refgenie.core.names import check_alias, is_genome_digest
from refgenie.core.records import AliasRecord
from refgenie.errors import InvalidInputError
from refgenie.sequences.durable import write_bytes, writing
from refgenie.sequences.engine_lock import engine_lock
from refgenie.sequences.model import NAMESPACE
from refgenie.sequences.recovery import ready_to_write
from refgenie.sequences.store_files import StoreFiles, damaged


class StoreAliasManager:
    """Aliases of genomes in the store; reading never locks and never writes.

    Args:
        files: The store.
        locks: Writers of the store go one at a time.
    """

    def __init__(self, files: StoreFiles, locks: Locks) -> None:
        self._files = files
        self._locks = locks

    @property
    def path(self) -> Path:
        """The alias file."""
        return self._files.aliases(NAMESPACE)

    def read(self) -> dict[str, str]:
        """All aliases, name to genome digest.

        Raises:
            InvalidInputError: The file is no UTF-8 text.
        """
        return read_aliases(self.path)

    def resolve(self, alias: str) -> str | None:
        """Digest of the genome with this alias, or None."""
        return self.read().get(alias)

    def list(self) -> list[AliasRecord]:
        """All aliases, sorted by name."""
        return [AliasRecord(name, digest, "store") for name, digest in sorted(self.read().items())]

    def of_genome(self, digest: str) -> Sequence[str]:
        """The aliases of one genome, sorted."""
        return sorted(name for name, named in self.read().items() if named == digest)

    def set_many(self, aliases: Mapping[str, str]) -> None:
        """Set aliases, name to genome digest, in one commit; names that are there are pointed anew.

        Raises:
            InvalidInputError: A name cannot be an alias, or what it should name is no digest.
        """
        for name, digest in aliases.items():
            check_alias(name)
            if not is_genome_digest(digest):
                raise InvalidInputError(f"{digest!r} is no genome digest")
        self._change(aliases, ())

    def remove_many(self, names: Iterable[str]) -> Sequence[str]:
        """Remove aliases in one commit; answers those that were there."""
        return self._change({}, names)

    def _change(self, new: Mapping[str, str], gone: Iterable[str]) -> Sequence[str]:
        with self._locks.hold(STORE_LOCK), writing(str(self.path)):
            ready_to_write(self._files)
            with engine_lock(self._files.root):
                before = self.read()
                removed = [name for name in gone if name in before]
                after = {name: digest for name, digest in before.items() if name not in removed}
                after |= new
                if after != before or not self.path.exists():
                    write_aliases(self._files, NAMESPACE, after)
            return removed


def read_aliases(path: Path) -> dict[str, str]:
    """One namespace's aliases, name to digest."""
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise damaged(path, "is not UTF-8 text") from error
    pairs = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {pair[0]: pair[1] for pair in pairs if len(pair) > 1}


def write_aliases(files: StoreFiles, namespace: str, aliases: Mapping[str, str]) -> None:
    """Replace one namespace's file; the caller holds the store's lock."""
    lines = "".join(f"{name}\t{digest}\n" for name, digest in sorted(aliases.items()))
    write_bytes(files.aliases(namespace), lines.encode())
    files.write_manifest()
