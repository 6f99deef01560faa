"""Write the pages of docs/reference that are made from the program, or check that they are current.

python -m docs.gen            writes them
python -m docs.gen --check    ends with 1 and names the pages that are not what the program says
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from docs.gen import cli, environment, errors, python, rest

REFERENCE = Path(__file__).resolve().parent.parent / "reference"
PAGES = {
    "cli.md": cli.page,
    "environment.md": environment.page,
    "errors.md": errors.page,
    "python.md": python.page,
    "rest.md": rest.page,
}


def main() -> int:
    """Write or check all pages."""
    parser = argparse.ArgumentParser(prog="python -m docs.gen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"not current: {', '.join(stale)}; run: make reference", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
