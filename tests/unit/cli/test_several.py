"""Commands that are asked for several things."""

from __future__ import annotations

import pytest

from refgenie.cli.several import each
from refgenie.errors import InterruptedByUserError, NotFoundError


def test_an_interrupt_ends_all_where_another_failure_does_not() -> None:
    tried: list[str] = []

    def fail(name: str) -> None:
        tried.append(name)
        raise InterruptedByUserError(name) if name == "b" else NotFoundError(name)

    with pytest.raises(InterruptedByUserError):
        each(["a", "b", "c"], fail)
    assert tried == ["a", "b"]
