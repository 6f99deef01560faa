"""The part of the registry that is shown: all of it, or what a server serves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from refgenie.core.names import is_genome_digest
from refgenie.db.database import Database
from refgenie.db.models import Alias, Genome
from refgenie.errors import NotFoundError
from refgenie.sequences.model import SequenceInfo, StoreMode

_KEPT_COLLECTIONS = 4


@dataclass
class RegistryView:
    """A registry as one face shows it.

    Attributes:
        database: The registry.
        mode: The sequences behind it.
        shown: The condition on an asset (joined with its group) that it is shown; None shows all.
    """

    database: Database
    mode: StoreMode
    shown: Callable[[], ColumnElement[bool]] | None = None
    _sequences: dict[str, list[SequenceInfo]] = field(default_factory=dict, repr=False)

    def condition(self) -> ColumnElement[bool]:
        """Which assets are shown."""
        return self.shown() if self.shown is not None else true()

    def names_of(self, session: Session, digests: Iterable[str]) -> dict[str, list[str]]:
        """Names of genomes, sorted; also those that only a remote store has."""
        wanted = list(dict.fromkeys(digests))
        found: dict[str, set[str]] = defaultdict(set)
        statement = select(Alias.genome_digest, Alias.name).where(Alias.genome_digest.in_(wanted))
        for digest, name in session.execute(statement):
            found[digest].add(name)
        if not self.mode.writable:
            for digest in wanted:
                found[digest].update(self.mode.aliases.of_genome(digest))
        return {digest: sorted(found[digest]) for digest in wanted}

    def genomes_named(
        self, condition: ColumnElement[bool], matches: Callable[[str], bool]
    ) -> ColumnElement[bool]:
        """A genome has a name that fits: by ``condition`` in the registry, by ``matches`` elsewhere."""
        in_registry = select(Alias.genome_digest).where(condition)
        if self.mode.writable:
            return Genome.digest.in_(in_registry)
        remote = {item.genome_digest for item in self.mode.aliases.list() if matches(item.name)}
        return or_(Genome.digest.in_(in_registry), Genome.digest.in_(remote))

    def digest_of(self, session: Session, genome: str) -> str:
        """The digest of a registered genome that is named by alias or digest.

        Raises:
            NotFoundError: There is no such genome.
        """
        digest = session.scalar(select(Alias.genome_digest).where(Alias.name == genome))
        if digest is None and is_genome_digest(genome):
            digest = session.scalar(select(Genome.digest).where(Genome.digest == genome))
        if digest is None and not is_genome_digest(genome):
            digest = self.mode.aliases.resolve(genome)
        if digest is None:
            raise NotFoundError(f"there is no genome {genome}", hint=self._nearest(session, genome))
        return digest

    def sequences(self, digest: str) -> list[SequenceInfo]:
        """The sequences of a genome in its order; a few genomes' are kept, for they never change.

        Raises:
            NotFoundError: They are nowhere yet.
        """
        found = self._sequences.get(digest)
        if found is None:
            found = self.mode.sequences(digest)
            while len(self._sequences) >= _KEPT_COLLECTIONS:
                # Another thread may have removed the oldest one in the meantime.
                self._sequences.pop(next(iter(self._sequences), ""), None)
            self._sequences[digest] = found
        return found

    def has_sequences(self, digest: str) -> bool:
        """Whether the genome's sequences are known here."""
        return self.mode.has_collection(digest)

    def contains(self, column: Any, text: str) -> ColumnElement[bool]:
        """The column holds the text, without regard to case; ``%`` and ``_`` stand for themselves."""
        return self._like(column, f"%{_plain(text)}%")

    def starts_with(self, column: Any, text: str) -> ColumnElement[bool]:
        """The column begins with the text, without regard to case."""
        return self._like(column, f"{_plain(text)}%")

    def _like(self, column: Any, pattern: str) -> ColumnElement[bool]:
        # SQLite's LIKE has no regard to case by itself, and is much faster than on lower(column).
        like = column.like if self.database.is_sqlite else column.ilike
        found: ColumnElement[bool] = like(pattern, escape="\\")
        return found

    def _nearest(self, session: Session, name: str) -> str | None:
        from refgenie.core.names import nearest

        start = name[:1]
        names: Sequence[str] = session.scalars(
            select(Alias.name).where(self.starts_with(Alias.name, start)).limit(2000)
        ).all()
        near = nearest(name, list(names))
        return f"did you mean {near}?" if near else None


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
