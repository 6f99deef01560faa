"""What an asset was built from and what was built from it, as columns of boxes."""

from __future__ import annotations

from collections import defaultdict

from markupsafe import Markup

from refgenie.browse.lineage import Lineage, Relative
from refgenie.server.web.pictures.svg import cut, label, link, picture, shape
from refgenie.server.web.wording import path_part, short

_BOX = 210
_HIGH = 44
_BETWEEN = 70
_ROW = 58


def draw_lineage(lineage: Lineage) -> Markup:
    """The boxes lead to the assets' pages; a dashed one is not here."""
    columns: dict[int, list[Relative]] = defaultdict(list)
    for relative in lineage.relatives:
        columns[relative.step].append(relative)
    most = max(len(column) for column in columns.values())
    places = {}
    for x, step in enumerate(sorted(columns)):
        offset = (most - len(columns[step])) * _ROW / 2
        for y, relative in enumerate(columns[step]):
            places[relative.key] = (x * (_BOX + _BETWEEN) + 1.0, offset + y * _ROW + 6.0)
    lines = [_line(places[parent], places[child], name) for parent, child, name in lineage.edges]
    boxes = [_box(relative, *places[relative.key]) for relative in lineage.relatives]
    subject = next(relative.label for relative in lineage.relatives if relative.step == 0)
    width = len(columns) * (_BOX + _BETWEEN) - _BETWEEN + 2
    title = f"What {subject} was built from, and what was built from it"
    return picture(width, most * _ROW + 4, title, [*lines, *boxes], interactive=True)


def _line(start: tuple[float, float], end: tuple[float, float], name: str) -> Markup:
    x1, y1 = start[0] + _BOX, start[1] + _HIGH / 2
    x2, y2 = end[0], end[1] + _HIGH / 2
    middle = (x1 + x2) / 2
    path = f"M{x1:.0f},{y1:.0f} C{middle:.0f},{y1:.0f} {middle:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"
    return shape("path", shape("title", f"as {name}"), d=path, class_="edge")


def _box(relative: Relative, x: float, y: float) -> Markup:
    row = relative.asset
    kind = "node here" if relative.step == 0 else "node" if row else "node absent"
    second = row.asset_class if row else f"not here · {short(relative.digest, 8)}"
    genome, _, path = relative.label.partition("/")
    first = f"{short(genome, 8) if len(genome) == 32 else genome}/{path}"
    drawn = shape(
        "g",
        shape("title", f"{relative.label} ({second})"),
        shape("rect", x=x, y=y, width=_BOX, height=_HIGH, rx=6),
        label(x + 10, y + 18, cut(first, _BOX - 16), class_="strong"),
        label(x + 10, y + 34, cut(second, _BOX - 16), class_="faint"),
        class_=kind,
    )
    if row is None or relative.step == 0:
        return drawn
    names = f"genome={path_part(row.genome_digest)}&group={path_part(row.group)}&name={path_part(row.name)}"
    return link(f"/assets/{row.digest}?{names}", drawn)
