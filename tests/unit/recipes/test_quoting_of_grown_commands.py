"""Commands grown at random from bash's grammar: a hostile value in them never runs."""

from __future__ import annotations

import random
import subprocess

import pytest

from refgenie.errors import InvalidInputError
from refgenie.recipes.shell_quoting import Argument, mark, place

HOLE = "@"
HOSTILE = [
    "$(touch RAN)",
    "`touch RAN`",
    "'; touch RAN; '",
    '"; touch RAN; "',
    "; touch RAN",
    "\n touch RAN\n",
    "x[$(touch RAN)]",
    "\nE\ntouch RAN\n",
    "\\'; touch RAN #",
    "}; touch RAN; {",
    ")) touch RAN",
    ") touch RAN",
    "|touch RAN",
    '\\"; touch RAN #',
]


class Grower:
    """Grows commands; each choice is one production of the grammar."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def some(self, *choices):
        return self.random.choice(choices)()

    def double_quoted(self, depth: int) -> str:
        plain = ("t'", "\\$", "\\\\", '\\"', "$x", "#", "(", ")", "$", HOLE, HOLE)
        inner = (
            lambda: self.random.choice(plain),
            lambda: f"$({self.command(depth - 1)})",
            lambda: f"${{x:-{self.random.choice(['', HOLE, 'q', chr(39)])}}}",
        )
        return '"' + "".join(self.some(*inner) for _ in range(self.random.randint(0, 3))) + '"'

    def piece(self, depth: int) -> str:
        plain = (HOLE, HOLE, "a", "'s#\"$('", "\\'", "\\\\", "$'a\\'b'", "$x", "$$", "a#b", "=")
        plain += (f"'{HOLE}'", f"$'{HOLE}'", "$", "\\", "{a,b}", "${#x}", "$((1+(2)))")
        grown = (
            lambda: self.random.choice(plain),
            lambda: self.random.choice(plain),
            lambda: self.double_quoted(depth),
            lambda: f"$({self.command(depth - 1)})",
            lambda: f"<({self.command(depth - 1)})",
            lambda: f"`echo {self.random.choice(['a', HOLE])}`",
            lambda: f"${{x%%'{HOLE}'}}",
        )
        return self.some(*grown) if depth > 0 else self.random.choice(plain)

    def simple(self, depth: int) -> str:
        words = (
            "".join(self.piece(depth) for _ in range(self.random.randint(1, 3)))
            for _ in range(self.random.randint(1, 3))
        )
        return self.random.choice(["echo ", "printf %s ", "x="]) + " ".join(words)

    def command(self, depth: int) -> str:
        if depth <= 0:
            return self.simple(0)
        below = lambda: self.command(depth - 1)  # noqa: E731
        return self.some(
            lambda: self.simple(depth),
            lambda: below() + self.random.choice(["; ", " && ", " || ", " | ", "\n"]) + below(),
            lambda: f"( {below()} )",
            lambda: f"{{ {below()}; }}",
            lambda: f"case {HOLE} in a) {below()};; (*) {below()};; esac",
            lambda: f"{self.simple(0)} # it's {HOLE}\n{below()}",
            lambda: f"cat <<E\n{HOLE} it's \"$x\nE\n{below()}",
            lambda: f"cat <<'E' | cat\n {HOLE} ' \" $( `\nE\n{below()}",
            lambda: f'cat <<-"E"\n\t{HOLE}\'\n\tE\n{below()}',
        )


def write(template: str, value: str) -> str | None:
    try:
        return place(template.replace(HOLE, mark(Argument(value))))
    except InvalidInputError:
        return None


def bash(command: str, *options: str, folder) -> int:
    done = subprocess.run(
        ["bash", *options, "-c", command],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        timeout=20,
    )
    return done.returncode


@pytest.mark.parametrize("seed", range(4))
def test_a_hostile_value_never_runs(seed, tmp_path):
    grower, ran = Grower(seed), 0
    for _ in range(150):
        template, value = grower.command(3), grower.random.choice(HOSTILE)
        harmless, command = write(template, "zz"), write(template, value)
        if HOLE not in template or harmless is None or command is None:
            continue
        assert harmless == template.replace(HOLE, "zz")
        if bash(harmless, "-n", folder=tmp_path) == 0:
            ran += 1
            bash(command, folder=tmp_path)
            assert not (tmp_path / "RAN").exists(), (template, value, command)
    assert ran > 30
