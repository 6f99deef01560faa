"""Two genomes side by side: a ribbon joins what they share."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from refgenie.browse.alignment import Alignment, Pair
from refgenie.sequences.model import SequenceInfo
from refgenie.server.web.pictures.svg import cut, label, picture, shape
from refgenie.server.web.wording import number

_BLOCKS = 40
_ROW = 17
_NAME = 190
_BLOCK = 12
_GAP = 300
_TOP = 26
_WIDTH = 2 * (_NAME + _BLOCK) + _GAP


@dataclass(frozen=True, slots=True)
class _Side:
    """The sequences of one genome that are drawn: place in its order to row."""

    rows: dict[int, int]
    rest: int


def draw_alignment(alignment: Alignment, a: str, b: str) -> Markup:
    """The longest sequences of both in their order, with those that they share joined."""
    left, right = _choose(alignment)
    parts = [
        label(_NAME - 8, 14, cut(a, _NAME), class_="strong", anchor="end"),
        label(_NAME + 2 * _BLOCK + _GAP + 8, 14, cut(b, _NAME), class_="strong"),
    ]
    blocks = []
    for pair in alignment.pairs:
        row_a = left.rows.get(pair.a_place) if pair.a_place is not None else None
        row_b = right.rows.get(pair.b_place) if pair.b_place is not None else None
        kind = _kind(pair)
        if row_a is not None and row_b is not None:
            parts.append(_ribbon(row_a, row_b, kind, pair))
        if row_a is not None and pair.a is not None:
            blocks += _block(_NAME, row_a, pair.a, kind, left=True)
        if row_b is not None and pair.b is not None:
            blocks += _block(_NAME + _BLOCK + _GAP, row_b, pair.b, kind, left=False)
    rows = max(len(left.rows), len(right.rows))
    y = _TOP + rows * _ROW + 14
    if left.rest:
        blocks.append(label(_NAME - 8, y, f"and {number(left.rest)} more", class_="faint", anchor="end"))
    if right.rest:
        x = _NAME + 2 * _BLOCK + _GAP + 8
        blocks.append(label(x, y, f"and {number(right.rest)} more", class_="faint"))
    counts = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in alignment.counts.items())
    return picture(_WIDTH, y + 8, f"Sequences of {a} and {b}: {counts}", [*parts, *blocks])


def _choose(alignment: Alignment) -> tuple[_Side, _Side]:
    """What is drawn: the longest sequences, of what is shared both partners."""
    longest = sorted(alignment.pairs, key=_length, reverse=True)
    in_a: set[int] = set()
    in_b: set[int] = set()
    for pair in longest:
        if len(in_a) >= _BLOCKS or len(in_b) >= _BLOCKS:
            break
        if pair.a_place is not None:
            in_a.add(pair.a_place)
        if pair.b_place is not None:
            in_b.add(pair.b_place)
    all_a = sum(pair.a is not None for pair in alignment.pairs)
    all_b = sum(pair.b is not None for pair in alignment.pairs)
    return _side(in_a, all_a), _side(in_b, all_b)


def _length(pair: Pair) -> int:
    return max(entry.length for entry in (pair.a, pair.b) if entry is not None)


def _side(places: set[int], total: int) -> _Side:
    return _Side({place: row for row, place in enumerate(sorted(places))}, total - len(places))


def _kind(pair: Pair) -> str:
    return f"{pair.state.replace('_', '-')}{' moved' if pair.moved else ''}"


def _ribbon(row_a: int, row_b: int, kind: str, pair: Pair) -> Markup:
    x1, x2 = _NAME + _BLOCK, _NAME + _BLOCK + _GAP
    y1, y2 = (_TOP + row * _ROW + 2 for row in (row_a, row_b))
    height, middle = _ROW - 5, (x1 + x2) / 2
    path = (
        f"M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2} v{height} "
        f"C{middle},{y2 + height} {middle},{y1 + height} {x1},{y1 + height} z"
    )
    told = f"{pair.a.name if pair.a else ''} – {pair.b.name if pair.b else ''}: {kind.replace('-', ' ')}"
    return shape("path", shape("title", told), d=path, class_=f"ribbon {kind}")


def _block(x: float, row: int, entry: SequenceInfo, kind: str, *, left: bool) -> list[Markup]:
    y = _TOP + row * _ROW
    name = cut(entry.name, _NAME - 12)
    return [
        shape("rect", x=x, y=y + 2, width=_BLOCK, height=_ROW - 5, rx=2, class_=f"block {kind}"),
        label(x - 8, y + 13, name, anchor="end") if left else label(x + _BLOCK + 8, y + 13, name),
    ]
