"""The lengths of a genome's sequences as bars."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest

from markupsafe import Markup

from refgenie.sequences.model import SequenceInfo
from refgenie.server.web.pictures.svg import cut, label, picture, shape
from refgenie.server.web.wording import bases, number

_BARS = 25
_ROW = 18
_NAME = 150
_WIDTH = 720
_ROOM = 90


def draw_lengths(sequences: Sequence[SequenceInfo]) -> Markup | None:
    """Bars of the longest sequences in the genome's order, and one of all others together."""
    if not sequences:
        return None
    longest = set(nlargest(_BARS, range(len(sequences)), key=lambda place: (sequences[place].length, -place)))
    bars = [(sequences[place].name, sequences[place].length, "bar") for place in sorted(longest)]
    rest = len(sequences) - len(bars)
    if rest:
        others = sum(entry.length for place, entry in enumerate(sequences) if place not in longest)
        bars.append((f"{number(rest)} others", others, "bar other"))
    most = max(length for _, length, _ in bars) or 1
    parts = []
    for row, (name, length, kind) in enumerate(bars):
        y = row * _ROW
        width = max(1.0, (_WIDTH - _NAME - _ROOM) * length / most)
        parts += [
            label(_NAME - 8, y + 13, cut(name, _NAME - 8), anchor="end"),
            shape("rect", x=_NAME, y=y + 3, width=width, height=_ROW - 6, rx=2, class_=kind),
            label(_NAME + width + 6, y + 13, bases(length), class_="faint"),
        ]
    title = f"Lengths of {number(len(sequences))} sequences; the longest has {number(most)} residues"
    return picture(_WIDTH, len(bars) * _ROW + 4, title, parts)
