"""An installation of refgenie in a folder of its own, and the environment that leads to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Command

SCRIPTS = Path(sys.executable).parent
USERS_VARIABLES = re.compile(r"REFGENIE_|POSTGRES_|DATA_CHANNELS_")


@dataclass(frozen=True)
class Installation:
    """A home folder; ``database_config`` names a registry elsewhere."""

    home: Path
    database_config: Path | None = None

    @property
    def env(self) -> dict[str, str]:
        """The environment without the user's own settings."""
        kept = {name: value for name, value in os.environ.items() if not USERS_VARIABLES.match(name)}
        kept["REFGENIE_HOME_PATH"] = str(self.home)
        if self.database_config is not None:
            kept["REFGENIE_DB_CONFIG_PATH"] = str(self.database_config)
        return kept

    @property
    def store(self) -> Path:
        """The RefgetStore."""
        return self.home / "genomes" / ".refget_store"

    @property
    def registry(self) -> Path:
        """The SQLite file."""
        return self.home / "refgenie"

    def refgenie(self, *arguments: str | Path) -> str:
        """Run a command; its standard output without the last line end."""
        ended = subprocess.run(
            [SCRIPTS / "refgenie", *map(str, arguments)],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(f"refgenie {arguments} ended with {ended.returncode}: {ended.stderr}")
        return ended.stdout.rstrip("\n")

    def python(
        self, script: str, *arguments: str | Path, environment: Mapping[str, str] | None = None
    ) -> str:
        """Run a Python script for this installation; what it prints, without the last line end.

        Args:
            script: The program's text.
            arguments: What it finds in ``sys.argv``.
            environment: Variables besides ``env``.
        """
        ended = subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)],
            env={**self.env, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(f"a script of the measurement failed: {ended.stderr}")
        return ended.stdout.rstrip("\n")

    def command(self, *arguments: str | Path) -> Command:
        """A command of refgenie to be measured."""
        return Command([SCRIPTS / "refgenie", *arguments], env=self.env)

    def flushed(self, *arguments: str | Path) -> list[str | Path]:
        """Arguments of a shell that runs refgenie and flushes the genome folder's disk."""
        return then_flushed([SCRIPTS / "refgenie", *arguments], self.home)

    def with_genome(self, fasta: Path, name: str = "bench") -> Installation:
        """Initialise it with one genome and its asset ``fasta``."""
        self.refgenie("init")
        self.refgenie("genome", "init", "--fasta", fasta, "--name", name)
        self.refgenie("build", f"{name}/fasta")
        return self


def then_flushed(arguments: list[str | Path], folder: Path) -> list[str | Path]:
    """Run a program and flush the folder's disk: both sides of a comparison end on the disk."""
    return ["sh", "-c", '"$@" && sync -f "$0"', folder, *arguments]
