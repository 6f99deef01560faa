"""Small genomes that are alike in known ways, for comparisons and pictures."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path


def chromosomes() -> dict[str, str]:
    """24 sequences as of a human genome, a ten-thousandth of their length; the same each time."""
    dice = random.Random(38)
    lengths = {f"chr{number}": 24_000 - 900 * number for number in range(1, 23)} | {"chrX": 15_000}
    found = {name: "".join(dice.choices("ACGT", k=length)) for name, length in lengths.items()}
    return {**found, "chrM": "".join(dice.choices("ACGTacgt", k=1600))}


def relative() -> list[tuple[str, str]]:
    """The same without ``chr`` in most names, two of them swapped, one changed, one gone, one added."""
    items = [
        ("MT" if name == "chrM" else name.removeprefix("chr"), text) for name, text in chromosomes().items()
    ]
    items[3], items[4] = items[4], items[3]
    changed = {"2": ("chr2", items[1][1]), "3": ("chr3", items[2][1][:-5])}
    kept = [changed.get(name, (name, text)) for name, text in items if name != "9"]
    return [*kept, ("KI270442.1", "ACGGT" * 400)]


def write_fasta(path: Path, records: Iterable[tuple[str, str]]) -> Path:
    """Write a FASTA file."""
    path.write_text("".join(f">{name}\n{text}\n" for name, text in records))
    return path
