"""Configuration: environment variables, the database's YAML, and one rule of precedence.

A constructor's argument or a command's option wins over the environment, the environment
over what the registry's configuration row holds, and that over the default. The names of
the environment variables can be imported from here; their value is read at that moment, their
default where they are not set, with `~` and `$VARIABLES` expanded.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from refgenie.config.settings import DEFAULTS, VARIABLES, Settings

__all__ = ["DEFAULTS", "VARIABLES", "Settings"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    settings = import_module("refgenie.config.settings")

    if name in __all__:
        return getattr(settings, name)
    if name in settings.VARIABLES:
        return settings.value_of(name)
    raise AttributeError(f"module 'refgenie.config' has no attribute {name!r}")
