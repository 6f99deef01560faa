"""A dashboard that is shared by the tests of a file: making an installation takes a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.dashboard import RunningDashboard, dashboard, opened


@pytest.fixture(scope="module")
def dash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDashboard]:
    """A running dashboard over an initialized, empty registry."""
    with pytest.MonkeyPatch.context() as patch:
        refgenie = opened(tmp_path_factory.mktemp("dash") / "home", patch)
        with dashboard(refgenie) as found:
            yield found
        refgenie.close()
