"""Replaces ``refgenie://…`` references in texts and in nested mappings and lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from refgenie.core.registry_path import REFERENCE, RegistryPath
from refgenie.errors import InvalidInputError, NotFoundError


def populate(value: Any, resolve: Callable[[RegistryPath], str]) -> Any:
    """A copy of the value in which every reference is replaced by what ``resolve`` answers.

    Args:
        value: A text, or mappings, lists and tuples of texts, however deep; keys of mappings and values
            of other types stay as they are.
        resolve: The path or URI of one registry path; asked once for each.

    Raises:
        NotFoundError: Names every reference that is unknown or is no registry path; nothing is returned.
    """
    answers: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for reference in dict.fromkeys(_references(value)):
        try:
            answers[reference] = resolve(RegistryPath.parse(reference))
        except (NotFoundError, InvalidInputError) as error:
            unknown[reference] = error.message
    if unknown:
        raise NotFoundError(
            f"{len(unknown)} unknown reference{'s' if len(unknown) > 1 else ''}: "
            + "; ".join(f"refgenie://{reference} ({reason})" for reference, reason in unknown.items()),
            hint="refgenie list",
        )
    return _replaced(value, answers)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        for match in REFERENCE.finditer(value):
            yield match["path"]
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _references(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _references(child)


def _replaced(value: Any, answers: Mapping[str, str]) -> Any:
    def answer(match: re.Match[str]) -> str:
        return answers[match["path"]]

    if isinstance(value, str):
        return REFERENCE.sub(answer, value)
    if isinstance(value, Mapping):
        return {key: _replaced(child, answers) for key, child in value.items()}
    if isinstance(value, list):
        return [_replaced(child, answers) for child in value]
    if isinstance(value, tuple):
        return tuple(_replaced(child, answers) for child in value)
    return value
