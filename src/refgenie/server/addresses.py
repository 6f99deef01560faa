"""Addresses on this server, as the client knows it."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Request


def base_address(request: Request) -> str:
    """This server's address, without a slash at its end."""
    return str(request.base_url).rstrip("/")


def file_address(request: Request, digest: str, path: str) -> str:
    """Address of a file of an asset that is served file by file."""
    return f"{base_address(request)}/v4/assets/{digest}/files/{quote(path)}"
