"""Programs that a recipe needs and the machine has not, with the packages that bring them."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence

from refgenie.build.runners.host import search_path
from refgenie.errors import NotFoundError

PACKAGES: dict[str, tuple[str | None, str | None]] = {
    "STAR": ("rna-star", "star"),
    "bedtools": ("bedtools", "bedtools"),
    "bgzip": ("tabix", "htslib"),
    "bismark_genome_preparation": ("bismark", "bismark"),
    "bowtie-build": ("bowtie", "bowtie"),
    "bowtie2-build": ("bowtie2", "bowtie2"),
    "bwa": ("bwa", "bwa"),
    "bwa-mem2": (None, "bwa-mem2"),
    "curl": ("curl", "curl"),
    "faToTwoBit": (None, "ucsc-fatotwobit"),
    "gffread": ("gffread", "gffread"),
    "gtfToGenePred": (None, "ucsc-gtftogenepred"),
    "hisat2-build": ("hisat2", "hisat2"),
    "kallisto": ("kallisto", "kallisto"),
    "minimap2": ("minimap2", "minimap2"),
    "salmon": ("salmon", "salmon"),
    "samtools": ("samtools", "samtools"),
    "tabix": ("tabix", "htslib"),
    "wget": ("wget", "wget"),
}
"""Program to its package in Debian and in bioconda or conda-forge."""


def require_programs(commands: Sequence[str], *, image: str | None) -> None:
    """Name the first program that the rendered commands call and that is not there.

    Args:
        commands: Rendered shell commands.
        image: The recipe's container image, which has the program: it goes into the hint.

    Raises:
        NotFoundError: A program is not on the PATH.
    """
    from refgenie.recipes.templates import programs_of

    path = search_path()
    for program in programs_of(commands):
        if shutil.which(program, path=path) is None:
            raise NotFoundError(f"{program} not found", hint=_hint(program, image))


def _hint(program: str, image: str | None) -> str:
    debian, conda = PACKAGES.get(program.rsplit("/", 1)[-1], (None, None))
    ways = []
    if image:
        ways.append("--container docker, podman or apptainer runs the recipe's image " + shlex.quote(image))
    if debian:
        ways.append(f"apt install {debian}")
    if conda:
        ways.append(f"conda install -c bioconda {conda}")
    return "; or ".join(ways or [f"install {program}, or put its folder on the PATH"])
