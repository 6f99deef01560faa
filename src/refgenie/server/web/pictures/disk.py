"""What takes the disk: a bar for each genome, parted by asset group."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from refgenie.browse.totals import GenomeUse
from refgenie.server.web.pictures.svg import CHARACTER, cut, label, picture, shape
from refgenie.server.web.wording import size

_ROW = 26
_NAME = 160
_WIDTH = 760
_ROOM = 90
_COLOURS = 8
"""Colours of the style sheet; the smaller groups share the last one."""


def draw_disk_use(use: Sequence[GenomeUse]) -> Markup | None:
    """A bar for each genome, a part for each of its larger groups."""
    most = max((entry.bytes for entry in use), default=0)
    if not most:
        return None
    parts = []
    for row, entry in enumerate(use):
        y = row * _ROW
        scale = (_WIDTH - _NAME - _ROOM) / most
        parts.append(label(_NAME - 8, y + 17, cut(entry.name, _NAME - 8), anchor="end"))
        x = float(_NAME)
        for colour, (group, used) in enumerate(_parts(entry)):
            width = max(1.0, used * scale)
            parts.append(
                shape(
                    "rect",
                    shape("title", f"{entry.name}/{group}: {size(used)}"),
                    x=x,
                    y=y + 4,
                    width=width,
                    height=_ROW - 8,
                    class_=f"part c{colour}",
                )
            )
            if len(group) * CHARACTER < width - 8:
                parts.append(label(x + 5, y + 17, group, class_="on-part"))
            x += width
        parts.append(label(x + 6, y + 17, size(entry.bytes), class_="faint"))
    return picture(_WIDTH, len(use) * _ROW + 4, "Disk use by genome and asset group", parts)


def _parts(entry: GenomeUse) -> list[tuple[str, int]]:
    if not entry.groups:
        return [("all groups", entry.bytes)]
    shown = list(entry.groups[: _COLOURS - 1])
    rest = entry.groups[_COLOURS - 1 :]
    if rest:
        shown.append((f"{len(rest)} more groups", sum(used for _, used in rest)))
    return shown
