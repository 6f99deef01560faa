"""Genomes out of a fixed seed: the same bytes on every machine."""

from __future__ import annotations

import gzip
import random
import shutil
from pathlib import Path

LINE = 60
BASES = bytes(b"ACGT"[number % 4] for number in range(256))
MASK_SPACING = 600
"""Residues between two starts of soft-masked intervals, on average: half of the human genome is masked."""
GAP = 10_000
"""Length of the run of N at both ends of each chromosome."""


def write_genome(path: Path, total: int, chromosomes: int = 24, seed: int = 1) -> Path:
    """Write a soft-masked FASTA file of about ``total`` residues, the chromosomes of falling size."""
    chance = random.Random(seed)
    weights = [1 / (number + 4) for number in range(chromosomes)]
    with path.open("wb") as fasta:
        for number, weight in enumerate(weights, start=1):
            length = int(total * weight / sum(weights))
            fasta.write(b">chr%d a chromosome of no living thing\n" % number)
            write_lines(fasta, chromosome(length, chance))
    return path


def chromosome(length: int, chance: random.Random) -> bytes:
    """Random residues with gaps at the ends and lower case intervals."""
    residues = bytearray(chance.randbytes(length).translate(BASES))
    gap = min(GAP, length // 10)
    residues[:gap] = residues[length - gap :] = b"N" * gap
    start = gap
    while (start := start + 1 + int(chance.expovariate(1 / MASK_SPACING))) < length - gap:
        end = min(start + 1 + int(chance.expovariate(2 / MASK_SPACING)), length - gap)
        residues[start:end] = residues[start:end].lower()
    return bytes(residues)


def write_lines(fasta: object, residues: bytes) -> None:
    """Write residues in lines of 60."""
    lines = b"\n".join(residues[at : at + LINE] for at in range(0, len(residues), LINE))
    fasta.write(lines + b"\n")  # type: ignore[attr-defined]


def write_contigs(path: Path, count: int, length: int, seed: int) -> Path:
    """Write a FASTA file of many short sequences."""
    chance = random.Random(seed)
    with path.open("wb") as fasta:
        for number in range(count):
            fasta.write(b">contig%d\n" % number)
            write_lines(fasta, chance.randbytes(length).translate(BASES))
    return path


def gzipped(path: Path) -> Path:
    """The file beside itself, compressed."""
    packed = path.with_name(f"{path.name}.gz")
    with path.open("rb") as plain, gzip.open(packed, "wb", compresslevel=6) as target:
        shutil.copyfileobj(plain, target, 1 << 20)
    return packed


def write_noise(path: Path, size: int, seed: int = 3) -> Path:
    """Write a file of random bytes: no compressor and no file system makes it smaller."""
    chance = random.Random(seed)
    with path.open("wb") as file:
        for at in range(0, size, 1 << 24):
            file.write(chance.randbytes(min(1 << 24, size - at)))
    return path
