"""What child processes do to genomes; a process of ``support.killed`` imports it by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from refgenie.core.layout import Folders
from refgenie.db.database import Database
from support.genome_site import GenomeSite, genome_site


def opened(address: str, folders: Folders) -> GenomeSite:
    """The installation, opened anew: what a process of its own does."""
    return genome_site(Database.from_url(address), folders)


def initialize(address: str, folders: Folders, fasta: Path, names: list[str]) -> None:
    opened(address, folders).genome.initialize_genome(fasta, names, "described")


def name(address: str, folders: Folders, names: list[str], genome: str) -> None:
    opened(address, folders).alias.set(names, genome, force=True, reset=True)


def remove(address: str, folders: Folders, genome: str) -> None:
    opened(address, folders).genome.remove(genome)


def bring_in(number: int, barrier: Any, errors: Any, address: str, folders: Folders, fasta: Path) -> None:
    """Initialize one of four genomes at the same time as others, and name it again."""
    try:
        barrier.wait()
        initialize(address, folders, fasta, [f"genome{number % 4}", f"first{number}"])
        opened(address, folders).alias.set(f"second{number}", f"first{number}")
    except BaseException as error:
        errors.put(f"{number}: {type(error).__name__}: {error}")
        raise
    errors.put("")
