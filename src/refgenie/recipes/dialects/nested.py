"""The nested dialect: inputs under ``inputs``, and other names for five keys.

Recipes in use mix its names with canonical ones, so each key is read for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refgenie.errors import InvalidInputError

_RENAMED = {
    "command_template_list": "command_templates",
    "container": "docker_image",
    "custom_properties": "custom_seek_keys",
    "default_tag": "default_asset",
}
_INPUTS = {"files": "input_files", "params": "input_params", "assets": "input_assets"}


class NestedDialect:
    """``inputs``, ``command_template_list``, ``container``, ``custom_properties``, ``default_tag``."""

    name = "nested"

    def recognises(self, document: Mapping[str, Any]) -> bool:
        """Whether any of its own keys is there."""
        return "inputs" in document or any(key in document for key in _RENAMED)

    def to_canonical(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Rename each of its keys, in place."""
        canonical: dict[str, Any] = {}
        for key, value in document.items():
            if key == "inputs":
                for name, given in _inputs(value).items():
                    _put(canonical, document, name, given, said=f"inputs.{name}")
            elif key in _RENAMED:
                _put(canonical, document, _RENAMED[key], value, said=key)
            else:
                canonical.setdefault(key, value)
        return canonical

    def from_canonical(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Its own names for the canonical keys."""
        theirs = {canonical: key for key, canonical in _RENAMED.items()}
        nested: dict[str, Any] = {}
        for key, value in document.items():
            if key not in _INPUTS.values():
                nested[theirs.get(key, key)] = value
        inputs = {key: document[name] for key, name in _INPUTS.items() if name in document}
        return nested | {"inputs": inputs}


def _inputs(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidInputError("recipe: inputs is no mapping")
    if unknown := set(value) - set(_INPUTS):
        names = ", ".join(sorted(map(str, unknown)))
        raise InvalidInputError(f"recipe: inputs has unknown parts: {names}")
    return {_INPUTS[key]: given for key, given in value.items()}


def _put(canonical: dict[str, Any], document: Mapping[str, Any], name: str, value: Any, *, said: str) -> None:
    other = document.get(name)
    if value and other and other != value:
        raise InvalidInputError(f"recipe: {said} and {name} say different things")
    canonical[name] = value or other
