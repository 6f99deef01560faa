"""The canonical dialect: every input under its own top-level key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CanonicalDialect:
    """``input_files``, ``input_params``, ``input_assets``, ``command_templates`` and the others."""

    name = "canonical"

    def recognises(self, document: Mapping[str, Any]) -> bool:
        """Whether it has commands under the canonical name."""
        return "command_templates" in document

    def to_canonical(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document as it is."""
        return dict(document)

    def from_canonical(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The document as it is."""
        return dict(document)
