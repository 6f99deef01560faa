"""A data channel of two asset classes and two recipes, as pages of a server or files of a folder."""

from __future__ import annotations

import pytest


def asset_class(name, **changes):
    key = {"value": "{genome}.x", "type": "file"}
    return {"name": name, "version": "1.0", "seek_keys": {name: key}} | changes


def recipe(name, makes="a", **changes):
    return {
        "name": name,
        "version": "1.0",
        "description": "d",
        "output_asset_class": makes,
        "command_templates": ["true"],
    } | changes


INDEX = {
    "asset_class": {"dir": "asset_classes", "files": ["a.yaml", "b.yaml"]},
    "recipe": {"dir": "recipes", "files": ["a.yaml", "b/recipe.yaml"]},
}


def pages(**changes):
    files = {
        "index.yaml": INDEX,
        "asset_classes/a.yaml": asset_class("a"),
        "asset_classes/b.yaml": asset_class("b", parents=["a"]),
        "recipes/a.yaml": recipe("a"),
        "recipes/b/recipe.yaml": recipe("b", "b"),
    }
    return files | changes


EVIL = [
    "../secret.yaml",
    "x/../../secret.yaml",
    "/secret.yaml",
    "//evil.example/secret.yaml",
    "http://evil.example/secret.yaml",
    "file:///etc/passwd",
    "..\\secret.yaml",
    "~/secret.yaml",
    "a\nb",
    "..",
    ".",
]


one_registry = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Site:
    """Paths and what is answered to them: YAML, bytes, or a function of the request handler."""

    def __init__(self, port, files, requests):
        self.url = f"http://127.0.0.1:{port}"
        self.files = files
        self.requests = requests


def redirect(target):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def nothing_is_registered(classes, recipes, channels):
    assert classes.list() == []
    assert recipes.list() == []
    assert channels.get("main").synced_at is None
