"""Registry paths inside a text; imports little, for the fast entry point's sake."""

from __future__ import annotations

import re

from refgenie.core.seek import SCHEME

_UNRESERVED = "A-Za-z0-9._~-"  # RFC 3986 section 2.3

REFERENCE = re.compile(
    rf"{SCHEME}(?P<path>[{_UNRESERVED}]+/[A-Za-z0-9_-]+"
    rf"(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?)?"
    rf"(?::[{_UNRESERVED}]*[A-Za-z0-9_~-])?)"
)
"""A registry path inside a text; a full stop that ends a sentence is no part of it."""
