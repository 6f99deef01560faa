"""What a recipe dialect is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class RecipeDialect(Protocol):
    """Reads recipes that are written in other keys than the canonical ones."""

    @property
    def name(self) -> str:
        """Name of the dialect."""
        ...

    def recognises(self, document: Mapping[str, Any]) -> bool:
        """Whether the document is written in this dialect."""
        ...

    def to_canonical(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The same recipe in the canonical keys; unknown top-level keys are kept."""
        ...

    def from_canonical(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A canonical recipe in this dialect's keys."""
        ...
