"""Write reads.fq: single-end reads drawn from lambda_virus.fa, the same ones every time.

Each read is 75 bases of either strand with a substitution in about one base of a hundred. Its name
gives the truth: 0-based start on the forward strand, and the strand.

    python examples/simulate_reads.py > examples/reads.fq
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

GENOME = Path(__file__).with_name("lambda_virus.fa")
READS = 300
LENGTH = 75
ERROR_RATE = 0.01
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def simulate(sequence: str, chance: random.Random) -> Iterator[str]:
    """FASTQ records of the reads."""
    for number in range(READS):
        start = chance.randrange(len(sequence) - LENGTH + 1)
        read = sequence[start : start + LENGTH]
        strand = chance.choice("+-")
        if strand == "-":
            read = read.translate(COMPLEMENT)[::-1]
        bases = "".join(
            chance.choice("ACGT".replace(base, "")) if chance.random() < ERROR_RATE else base for base in read
        )
        yield f"@read{number}:{start}:{strand}\n{bases}\n+\n{'I' * LENGTH}\n"


def main() -> None:
    """Print all reads."""
    lines = GENOME.read_text(encoding="ascii").splitlines()
    sequence = "".join(line for line in lines if not line.startswith(">"))
    sys.stdout.writelines(simulate(sequence, random.Random(20260101)))  # noqa: S311 - no secret


if __name__ == "__main__":
    main()
