"""What the documentation shows for systemd is a unit that systemd takes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

DOCUMENT = Path(__file__).parents[3] / "docs" / "how-to" / "deploy.md"


def test_systemd_takes_the_unit(require_program: Callable[..., Path], tmp_path: Path) -> None:
    analyze = require_program("systemd-analyze")
    found = re.search(r"```ini\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    # The program and the user are not on this machine; everything else is checked as it stands.
    text = found[1].replace("/opt/refgenie/bin/refgenie", "/bin/true").replace("User=refgenie", "User=root")
    unit = tmp_path / "refgenie.service"
    unit.write_text(text)
    checked = subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, timeout=60, check=False
    )
    own = [line for line in checked.stderr.splitlines() if "refgenie.service" in line]
    assert own == []
