"""Addresses are shown without credentials."""

from __future__ import annotations

import pytest

from refgenie.core.addresses import without_credentials


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://site/store", "https://site/store"),
        ("https://ada:secret@site:8000/a@b?c=@", "https://site:8000/a@b?c=@"),
        ("s3://key:secret@bucket/folder", "s3://bucket/folder"),
        ("http://[", "http://["),
        ("http://ada:secret@[", "["),
        ("not an address", "not an address"),
    ],
)
def test_without_credentials(address: str, shown: str) -> None:
    assert without_credentials(address) == shown
