"""The console script in a child process, in a home of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.fork_server import fork_server

SCRIPTS = Path(sys.executable).parent
STARTUP = re.compile(r"PYTHON|LANG|LC_|TMP|TZ")
"""Variables that an interpreter reads when it starts: such a command is started as a user does."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output as the JSON document that it must be."""
        return json.loads(self.stdout)

    def succeeded(self) -> Outcome:
        """Itself, after an assertion that shows what the command said."""
        assert self.code == 0, f"exit code {self.code}\n{self.stdout}\n{self.stderr}"
        return self


@dataclass(frozen=True)
class Console:
    """Runs ``refgenie`` as a user does; call it with the command's arguments.

    Attributes:
        home: REFGENIE_HOME_PATH of the commands.
    """

    home: Path

    @property
    def genome_folder(self) -> Path:
        """Where the commands keep genomes, by default."""
        return self.home / "genomes"

    @property
    def archive_folder(self) -> Path:
        """Where the commands keep archives, by default."""
        return self.home / "archives"

    @property
    def database_config(self) -> Path:
        """The database's configuration file of the commands."""
        return self.home / "refgenie_db_config.yaml"

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Environment of the commands: this home, and the scripts of this interpreter first."""
        return {
            **os.environ,
            "REFGENIE_HOME_PATH": str(self.home),
            "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
            **(extra or {}),
        }

    def start(
        self,
        *arguments: str | Path,
        program: str = "refgenie",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        **options: Any,
    ) -> subprocess.Popen[str]:
        """Start a command and return at once; the caller waits for it or ends it."""
        return subprocess.Popen(
            [SCRIPTS / program, *map(str, arguments)],
            env=self.environment(env),
            cwd=cwd or self.home.parent,
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )

    def __call__(
        self,
        *arguments: str | Path,
        program: str = "refgenie",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str | None = None,
        timeout: float = 120,
    ) -> Outcome:
        """Run a command to its end; standard input is empty unless it is given."""
        words = [str(argument) for argument in arguments]
        environment, folder = self.environment(env), cwd or self.home.parent
        if program == "refgenie" and not any(STARTUP.match(name) for name in env or ()):
            return Outcome(*fork_server().run(words, environment, folder, stdin or "", timeout))
        ended = subprocess.run(
            [SCRIPTS / program, *words],
            env=environment,
            cwd=folder,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Outcome(ended.returncode, ended.stdout, ended.stderr)
