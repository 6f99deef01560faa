"""Reading definitions: YAML as a mapping, from bytes, a file, a URL or a mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from refgenie.core.paths import absolute
from refgenie.errors import InvalidInputError, NotFoundError, UsageError

Fetch = Callable[[str], bytes]
"""Reads what a URL names; raises NetworkError or NotFoundError."""

MAX_BYTES = 4 << 20
MAX_NODES = 200_000
"""Values in a document once its YAML aliases are followed: a few lines of them can stand for billions."""

Source = str | Path | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A definition that was read, with the absolute path or URL that it came from (None: a mapping)."""

    content: dict[str, Any]
    origin: str | None


def is_url(text: object) -> bool:
    """Whether the text is an HTTP address."""
    return isinstance(text, str) and text.lower().startswith(("http://", "https://"))


def read_document(source: Source, fetch: Fetch | None) -> Document:
    """Read a definition from a path, a URL or a mapping.

    Raises:
        InvalidInputError: It is no YAML mapping.
        NotFoundError: There is no such file.
        NetworkError: The address cannot be read.
    """
    if isinstance(source, Mapping):
        return Document(dict(source), None)
    if is_url(source):
        if fetch is None:
            raise UsageError(f"{source} cannot be read here: no way to fetch addresses was given")
        return Document(parse(fetch(str(source)), str(source)), str(source))
    given = str(source).removeprefix("file://")
    path = absolute(given)
    return Document(parse(read_file(path), str(path)), str(path))


def read_file(path: Path) -> bytes:
    """The bytes of a definition's file.

    Raises:
        NotFoundError, InvalidInputError: It is not there, or no file that can be read.
    """
    try:
        if not path.is_file() and path.exists():
            raise InvalidInputError(f"{path} is no file")
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise InvalidInputError(f"{path} has more than {MAX_BYTES >> 20} MiB")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFoundError(f"no file {path}") from error
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error


def parse(data: bytes | str, origin: str) -> dict[str, Any]:
    """Parse YAML whose top level is a mapping; ``origin`` names it in errors."""
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{origin} is no UTF-8 text") from error
    except yaml.YAMLError as error:
        raise InvalidInputError(f"{origin} is no YAML{_where(error)}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{origin} is no usable YAML: {error}") from error
    if not isinstance(content, dict):
        looks = " (it looks like HTML)" if text.lstrip()[:1] == "<" else ""
        raise InvalidInputError(f"{origin} is no YAML mapping{looks}")
    _check_size(content, origin)
    return content


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader that refuses a key that is there twice: one of the two would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key.value, str):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {key.value!r} is there twice", key.start_mark
                    )
                seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f" (line {mark.line + 1}: {problem})" if mark else f": {problem}"


def _check_size(content: object, origin: str) -> None:
    waiting, count = [content], 0
    while waiting:
        value = waiting.pop()
        count += 1
        if count > MAX_NODES:
            raise InvalidInputError(f"{origin} stands for more than {MAX_NODES} values")
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | set | tuple):
            waiting.extend(value)
