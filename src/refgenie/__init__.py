"""refgenie: manager of reference genome assets.

The public names are loaded when first used, so that ``import refgenie`` and the
commands that pipelines call thousands of times stay cheap to start.
"""

from __future__ import annotations

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from refgenie.api import BuildParams, Refgenie
    from refgenie.errors import RefgenieError

__version__ = "1.0.0.dev0"

__all__ = ["BuildParams", "Refgenie", "RefgenieError", "__version__"]

_HOMES = {
    "BuildParams": "refgenie.api",
    "Refgenie": "refgenie.api",
    "RefgenieError": "refgenie.errors",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'refgenie' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
