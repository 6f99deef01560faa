"""Reads a region of a packed DNA sequence without the engine, whose import takes longer than all else.

``getseq`` is called thousands of times by pipelines, and most of its time would be the loading of
the engine's library. The two packed alphabets of DNA (gtars, encoding ``Encoded``) are read here;
everything else is the engine's. A test compares both on random sequences.
"""

from __future__ import annotations

_TWO_BITS = {ord(f"{digit:x}"): "TCAG"[digit >> 2] + "TCAG"[digit & 3] for digit in range(16)}
"""A hexadecimal digit is two residues."""
_THREE_BITS = {ord("01234567"[digit]): residue for digit, residue in enumerate("ACGTNRY")}
"""An octal digit is one residue; the eighth code is none."""


def read(path: str, alphabet: str, length: int, start: int, end: int) -> str | None:
    """Residues [start, end) of a packed sequence of ``length`` residues.

    Args:
        path: The sequence's file in a store whose mode is ``Encoded``.
        alphabet: As the store's index has it.
        length: Residues in all.
        start: First position, 0-based.
        end: Position after the last, at most ``length``.

    Returns:
        None where this is no packed DNA, or the file has another size: left to the engine.
    """
    if alphabet == "dna2bit":
        bits, group = 2, 4  # residues that fill whole bytes
    elif alphabet == "dna3bit":
        bits, group = 3, 8
    else:
        return None
    first, last = start // group, -(-end // group)
    width = bits * group // 8
    with open(path, "rb", buffering=0) as handle:  # noqa: PTH123 - pathlib is slow to import
        if handle.seek(0, 2) != -(-length * bits // 8):
            return None
        handle.seek(first * width)
        data = handle.read((last - first) * width)
    if bits == 2:
        residues = data.hex().translate(_TWO_BITS)
    else:
        # The last group may be cut short: the file ends with the last residue's byte.
        whole = int.from_bytes(data.ljust((last - first) * width, b"\0"), "big")
        residues = f"{whole:0{(last - first) * group}o}".translate(_THREE_BITS)
    found = residues[start - first * group : end - first * group]
    return found if len(found) == end - start and "7" not in found else None
