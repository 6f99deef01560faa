"""Collections that `refget admin` wrote into the registry's PostgreSQL, beside those of the store."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import Engine, text

from refgenie.core.locks import Locks
from refgenie.core.names import is_genome_digest
from refgenie.sequences.seqcol import compare_level2
from refgenie.sequences.serving.store_backend import (
    ATTRIBUTES,
    StoreBackend,
    compare_posted,
    itemwise,
)

LOGGER = logging.getLogger("refgenie.server")


def open_agent(engine: Engine, locks: Locks) -> Any:
    """Refget's agent on the registry's engine (it makes its tables where they are missing); or None.

    None where the database cannot be written and has no tables of refget.
    """
    from refget.agents import RefgetDBAgent

    try:
        # Several workers start at once, and making tables is not idempotent.
        with locks.hold("refget tables", timeout=60):
            agent = RefgetDBAgent(engine=engine)
            _allow_big_files(engine)
            return agent
    except Exception as error:  # noqa: BLE001 - whatever the agent raises, the store is served
        LOGGER.warning("collections in the database are not served: %s", error)
        return None


def _allow_big_files(engine: Engine) -> None:
    """Refget's column for a file's size has 32 bits: a FASTA of 2 GiB could not be registered."""
    with engine.begin() as connection:
        kind = connection.execute(
            text(
                "SELECT data_type FROM information_schema.columns WHERE table_schema = current_schema()"
                " AND table_name = 'fastadrsobject' AND column_name = 'size'"
            )
        ).scalar()
        if kind == "integer":
            connection.execute(text("ALTER TABLE fastadrsobject ALTER COLUMN size TYPE bigint"))


class UnitedBackend(StoreBackend):
    """The store's collections, then those of refget's database."""

    def __init__(self, mode: Any, agent: Any) -> None:
        super().__init__(mode)
        self.agent = agent

    def contains(self, digest: str) -> bool:
        """Whether there is this collection, in the store or in the database."""
        return self.has(digest) or bool(self._in_database(None, digest))

    def get_collection(self, digest: str, level: int = 2) -> dict[str, Any]:
        """A collection at level 1 or 2."""
        if self.has(digest) or not is_genome_digest(digest):
            return super().get_collection(digest, level)
        found: dict[str, Any] = self.agent.get_collection(digest, level)
        return {name: value for name, value in found.items() if level == 1 or name in ATTRIBUTES}

    def get_collection_itemwise(self, digest: str, limit: int | None = None) -> list[dict[str, Any]]:
        """A collection as one object for each sequence."""
        return itemwise(self.get_collection(digest), limit)

    def get_attribute(self, attribute_name: str, attribute_digest: str) -> list[Any]:
        """An array by its own digest."""
        try:
            return super().get_attribute(attribute_name, attribute_digest)
        except KeyError:
            if attribute_name not in ATTRIBUTES or not is_genome_digest(attribute_digest):
                raise
        try:
            array: list[Any] = self.agent.get_attribute(attribute_name, attribute_digest)
        except AttributeError as error:
            raise KeyError(attribute_digest) from error
        return array

    def compare_digests(self, digest_a: str, digest_b: str) -> dict[str, Any]:
        """The comparison of two collections."""
        a, b = self.get_collection(digest_a), self.get_collection(digest_b)
        return compare_level2(a, b, digests=(digest_a, digest_b), order_of_one=True)

    def compare_digest_with_level2(self, digest: str, level2_b: dict[str, Any]) -> dict[str, Any]:
        """The comparison of a collection with one that the client has."""
        return compare_posted(digest, self.get_collection(digest), level2_b)

    def digests(self, filters: dict[str, str] | None = None) -> list[str]:
        """Collections whose attributes have all of these digests, sorted."""
        return sorted({*super().digests(filters), *self._in_database(filters)})

    def attribute_digests(self, attribute: str) -> set[str]:
        """Digests of one attribute of all collections."""
        found = super().attribute_digests(attribute)
        if attribute not in ATTRIBUTES:
            return found
        from refget.agents import ATTR_TYPE_MAP
        from sqlmodel import Session, select

        with Session(self.agent.engine) as session:
            return found | set(session.exec(select(ATTR_TYPE_MAP[attribute].digest)))

    def collection_count(self) -> int:
        """Number of collections."""
        return len(self.digests())

    def _in_database(self, filters: dict[str, str] | None, digest: str | None = None) -> list[str]:
        from refget.models import SequenceCollection
        from sqlmodel import Session, select

        statement = select(SequenceCollection.digest)
        if digest is not None:
            statement = statement.where(SequenceCollection.digest == digest)
        for name, wanted in (filters or {}).items():
            statement = statement.where(getattr(SequenceCollection, f"{name}_digest") == wanted)
        with Session(self.agent.engine) as session:
            return list(session.exec(statement))
