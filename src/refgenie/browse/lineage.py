"""What an asset was built from, and what was built from it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.browse.assets import AssetRow, asset_rows, rows_of_assets
from refgenie.browse.view import RegistryView
from refgenie.db.models import Asset, AssetParent

MOST_NODES = 40
STEPS = 4


@dataclass(frozen=True, slots=True)
class Relative:
    """An asset in the picture of descent.

    Attributes:
        key: Names it in the picture's edges.
        step: 0 the asset itself, negative what it was built from, positive what was built from it.
        label: Registry path.
        digest: Content digest.
        asset: The asset, None where it is not here (any more).
    """

    key: str
    step: int
    label: str
    digest: str
    asset: AssetRow | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """Relatives, and the edges (parent, child, name of the input) between them.

    ``cut`` tells that there are more than are listed.
    """

    relatives: tuple[Relative, ...]
    edges: tuple[tuple[str, str, str], ...]
    cut: bool


def lineage(view: RegistryView, number: int) -> Lineage:
    """The asset with this number and its relatives up to STEPS away, at most MOST_NODES."""
    with view.database.read() as session:
        return _Walk(view, session).run(number)


class _Walk:
    def __init__(self, view: RegistryView, session: Session) -> None:
        self._view = view
        self._session = session
        self._found: dict[str, Relative] = {}
        self._edges: dict[tuple[str, str], str] = {}
        self._cut = False

    def run(self, number: int) -> Lineage:
        self._place(self._load([number]), 0)
        self._walk([number], -1)
        self._walk([number], 1)
        return Lineage(
            tuple(self._found.values()),
            tuple((parent, child, name) for (parent, child), name in self._edges.items()),
            self._cut,
        )

    def _walk(self, numbers: list[int], direction: int) -> None:
        for step in range(1, STEPS + 1):
            found = self._step(numbers, step * direction)
            if not found:
                return
            numbers = found
        self._cut = self._cut or bool(self._links(numbers, direction))

    def _links(self, numbers: list[int], direction: int) -> list[AssetParent]:
        column = AssetParent.asset_id if direction < 0 else AssetParent.parent_id
        statement = (
            select(AssetParent).where(column.in_(numbers)).order_by(AssetParent.asset_id, AssetParent.key)
        )
        return list(self._session.scalars(statement.limit(4 * MOST_NODES)))

    def _step(self, numbers: list[int], step: int) -> list[int]:
        links = self._links(numbers, step)
        others = [link.parent_id if step < 0 else link.asset_id for link in links]
        rows = self._load([number for number in others if number is not None])
        shown = {row.id for row in rows}
        self._place(rows, step)
        for link in links:
            child = f"a{link.asset_id}"
            if step > 0 and link.asset_id not in shown:
                continue
            if link.parent_id is not None and (step > 0 or link.parent_id in shown):
                parent = f"a{link.parent_id}"
            else:
                parent = f"d{link.digest}"
                self._add(Relative(parent, step, link.registry_path, link.digest, None))
            if parent in self._found and child in self._found:
                self._edges.setdefault((parent, child), link.key)
        return [
            number for number in dict.fromkeys(others) if number is not None and f"a{number}" in self._found
        ]

    def _place(self, rows: list[AssetRow], step: int) -> None:
        for row in rows:
            self._add(Relative(f"a{row.id}", step, row.path, row.digest, row))

    def _add(self, relative: Relative) -> None:
        if relative.key in self._found:
            return
        if len(self._found) >= MOST_NODES:
            self._cut = True
            return
        self._found[relative.key] = relative

    def _load(self, numbers: list[int]) -> list[AssetRow]:
        statement = rows_of_assets().where(Asset.id.in_(numbers[: 4 * MOST_NODES]), self._view.condition())
        return asset_rows(
            self._view, self._session, self._session.execute(statement.order_by(Asset.id)).all()
        )
