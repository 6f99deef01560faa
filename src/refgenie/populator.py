"""Pre-submission functions for looper: registry paths in its namespaces become paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def looper_refgenie_populate_local(namespaces: Mapping[str, Any]) -> dict[str, Any]:
    """Replace every ``refgenie://genome/group[.key][:asset]`` in looper's namespaces by its local path.

    In a pipeline interface::

        pre_submit:
          python_functions:
            - refgenie.populator.looper_refgenie_populate_local

    Args:
        namespaces: What looper hands a pre-submission function: ``pipeline``, ``sample`` and so on.

    Returns:
        The same namespaces, populated; looper merges them into its own.

    Raises:
        NotFoundError: A registry path names nothing that is here; all of them are named.
    """
    from refgenie.api import Refgenie

    with Refgenie(suppress_migrations=True) as rg:
        populated: dict[str, Any] = rg.populate(dict(namespaces))
        return populated
