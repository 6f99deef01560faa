"""What aliases, asset groups, asset names and digests look like."""

from __future__ import annotations

import re

from refgenie.errors import InvalidInputError

UNRESERVED = "A-Za-z0-9._~-"
"""Characters that need no escaping in a URI (RFC 3986 section 2.3)."""

# \Z, not $: a trailing newline is no part of a name.
_NAME = re.compile(rf"[A-Za-z0-9_~][{UNRESERVED}]*\Z")
_GROUP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*\Z")
_SEEK_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_GENOME_DIGEST = re.compile(r"[A-Za-z0-9_-]{32}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")

MAX_NAME_LENGTH = 200
"""Longest name; leaves room for the endings that file systems with 255 bytes a name must take."""


def is_genome_digest(text: str) -> bool:
    """Whether the text looks like a sequence collection digest (sha512t24u: 32 base64url characters)."""
    return _GENOME_DIGEST.match(text) is not None


def is_asset_digest(text: str) -> bool:
    """Whether the text looks like an asset digest (SHA-256 in lower case hex)."""
    return _SHA256.match(text) is not None


def _check(pattern: re.Pattern[str], kind: str, text: str, rule: str) -> str:
    if not pattern.match(text):
        raise InvalidInputError(f"{kind} {text!r} is not valid: {rule}")
    if len(text) > MAX_NAME_LENGTH:
        raise InvalidInputError(f"{kind} is longer than {MAX_NAME_LENGTH} characters: {text[:40]}…")
    return text


def check_alias(text: str) -> str:
    """Return the alias, or raise InvalidInputError where it cannot name a genome."""
    _check(
        _NAME,
        "alias",
        text,
        "letters, digits, '.', '_', '~' and '-', not beginning with '.' or '-'",
    )
    if is_genome_digest(text):
        raise InvalidInputError(f"alias {text!r} looks like a genome digest")
    return text


def check_asset_name(text: str) -> str:
    """Return the asset name, or raise InvalidInputError."""
    return _check(
        _NAME,
        "asset name",
        text,
        "letters, digits, '.', '_', '~' and '-', not beginning with '.' or '-'",
    )


def check_group(text: str) -> str:
    """Return the asset group's name, or raise InvalidInputError."""
    return _check(_GROUP, "asset group", text, "letters, digits, '_' and '-', not beginning with '-'")


def check_seek_key(text: str) -> str:
    """Return the seek key's name, or raise InvalidInputError."""
    return _check(_SEEK_KEY, "seek key", text, "letters, digits, '_', '.' and '-'")


def check_genome(text: str) -> str:
    """Return an alias or digest that may stand as a genome in a registry path, or raise."""
    return text if is_genome_digest(text) else check_alias(text)


def nearest(name: str, known: list[str]) -> str | None:
    """The known name that is most like the given one, where one is near enough to suggest.

    Chromosomes of one site are called ``chr1`` and ``1`` at another; ``bwa`` stands for ``bwa_index``.
    """
    from difflib import get_close_matches

    for other in (f"chr{name}", name.removeprefix("chr")):
        if other != name and other in known:
            return other
    found = get_close_matches(name, known, n=1, cutoff=0.6)
    if not found and len(name) > 1:
        found = sorted((entry for entry in known if entry.startswith(name)), key=len)
    return found[0] if found else None
