"""Builds as a Snakefile, for Snakemake to run: many at a time, on one machine or on a cluster.

Each rule makes one asset by a command of refgenie, after the rules of what it is built from. That a
rule is done is kept as an empty file below ``built/`` in Snakemake's working folder; the asset's own
files are the registry's, and their paths are known only once they are there.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from refgenie import __version__
from refgenie.build.inputs import THREAD_PARAMETERS
from refgenie.build.order import Step
from refgenie.build.request import BuildRequest
from refgenie.core.paths import absolute

if TYPE_CHECKING:
    from refgenie.recipes.models import Recipe

_HEADER = f"""\
# Made by refgenie {__version__}. Run it: snakemake --cores 8
# What has a file below built/ is done; remove that file to have it done again."""


@dataclass(frozen=True, slots=True)
class Task:
    """One step of a plan.

    Attributes:
        step: What is done, and after what.
        recipe: How it is built; None where it is pulled.
    """

    step: Step
    recipe: Recipe | None


def snakefile(tasks: Sequence[Task], *, stage: bool = False, push_to: Iterable[str] = ()) -> str:
    """The Snakefile's text.

    Args:
        tasks: In their order, as ``Step.after`` counts them.
        stage: Also stage what was asked for, once it is built.
        push_to: Remotes that it is then pushed to.
    """
    served = [*(["--stage"] if stage else []), *(f"--push-to={remote}" for remote in push_to)]
    signs = [_sign(task.step) for task in tasks]
    wanted = [sign for sign, task in zip(signs, tasks, strict=True) if sign and task.step.was_asked]
    rules = [_rule("all", [*_entries("input", wanted)])]
    names = _rule_names(tasks)
    for task, name, sign in zip(tasks, names, signs, strict=True):
        if sign is None:
            continue
        needs = [needed for number in task.step.after if (needed := signs[number]) is not None]
        command = _command(task, served if task.step.was_asked else [])
        rules.append(
            _rule(
                name,
                [
                    *_entries("input", needs),
                    *_block("output", [f"touch({_literal(sign)})"]),
                    *_claims(task),
                    f"shell: {_literal(command)}",
                ],
            )
        )
    return "\n\n\n".join([_HEADER, *rules]) + "\n"


def _sign(step: Step) -> str | None:
    """The file that says that a step is done; None where nothing is to be done."""
    return None if step.action == "nothing" else f"built/{step.request.registry_path}"


def _rule_names(tasks: Iterable[Task]) -> list[str]:
    names: list[str] = []
    for task in tasks:
        name = f"{task.step.action}_" + re.sub(r"\W", "_", task.step.request.registry_path, flags=re.ASCII)
        names.append(name if name not in names else f"{name}_{len(names)}")
    return names


def _rule(name: str, body: Sequence[str]) -> str:
    return "\n".join([f"rule {name}:", *(f"    {line}" for line in body)])


def _block(key: str, lines: Sequence[str]) -> list[str]:
    return [f"{key}:", *(f"    {line}," for line in lines)] if lines else []


def _entries(key: str, texts: Iterable[str]) -> list[str]:
    return _block(key, [_literal(text) for text in texts])


def _literal(text: str) -> str:
    """A text as Python writes it, in which Snakemake finds no wildcard."""
    return json.dumps(text, ensure_ascii=False)


def _claims(task: Task) -> Iterator[str]:
    """Threads and resources that a cluster has to set aside."""
    if task.recipe is None:
        return
    yield f"threads: {_threads(task.recipe, task.step.request)}"
    others = {key: value for key, value in task.recipe.resources.items() if key not in THREAD_PARAMETERS}
    known = {key: value for key, value in others.items() if _is_resource(key, value)}
    yield from _block("resources", [f"{key}={json.dumps(value)}" for key, value in known.items()])
    if strange := {key: value for key, value in others.items() if key not in known}:
        yield f"# resources of the recipe that Snakemake does not know: {json.dumps(strange)}"


def _is_resource(name: str, value: object) -> bool:
    is_name = name.isidentifier() and not iskeyword(name) and not name.startswith("_")
    return is_name and isinstance(value, str | int | float) and not isinstance(value, bool)


def _threads(recipe: Recipe, request: BuildRequest) -> int:
    """Threads of the rule: as asked for, else as the recipe's resources or its parameter say, else 1."""
    own = [name for name in THREAD_PARAMETERS if name in recipe.input_params]
    said: list[Any] = [request.params.params.get(name) for name in own]
    said += [request.threads for _ in own]
    said += [recipe.resources.get(name) for name in THREAD_PARAMETERS]
    said += [recipe.input_params[name].default for name in own]
    return next((int(value) for value in said if re.fullmatch(r"[1-9][0-9]{0,5}", str(value))), 1)


def _command(task: Task, served: Iterable[str]) -> str:
    """The shell command of a rule, its braces doubled, which are Snakemake's own."""
    request, recipe = task.step.request, task.recipe
    if recipe is None:
        words, threads = ["refgenie", "pull", "--large", request.registry_path], ""
    else:
        words = ["refgenie", "build", request.registry_path, *_options(request), *served]
        takes_threads = any(
            name in recipe.input_params and name not in request.params.params for name in THREAD_PARAMETERS
        )
        threads = " --threads={threads}" if takes_threads else ""
    return shlex.join(words).replace("{", "{{").replace("}", "}}") + threads


def _options(request: BuildRequest) -> Iterator[str]:
    """Options of ``refgenie build`` that say what the request says."""
    given = request.params
    files = {key: absolute(path) for key, path in given.files.items()}
    for option, values in (("assets", given.assets), ("files", files), ("params", given.params)):
        yield from (f"--{option}={key}={value}" for key, value in values.items())
    for option, value in (
        ("recipe", request.recipe),
        ("recipe-version", request.recipe_version),
        ("container", request.container),
        ("source", request.source),
    ):
        if value is not None:
            yield f"--{option}={value}"
    yield from (f"--volume={volume}" for volume in request.volumes)
    flags = {"--test": request.test, "--force": request.force, "--keep-failed": request.keep_failed}
    yield from (flag for flag, is_set in flags.items() if is_set)
