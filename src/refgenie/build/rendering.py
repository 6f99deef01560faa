"""The commands of a recipe with a build's values in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refgenie.build.resolution import ResolvedBuild

if TYPE_CHECKING:
    from refgenie.recipes.templates import BuildValues


def render_questions(build: ResolvedBuild, values: BuildValues) -> dict[str, str]:
    """The commands of the recipe's custom seek keys."""
    from refgenie.recipes.templates import render_command

    return {
        name: render_command(command, values)
        for name, command in build.chosen.recipe.custom_seek_keys.items()
    }


def render_commands(build: ResolvedBuild, values: BuildValues) -> list[str]:
    """The recipe's commands."""
    from refgenie.recipes.templates import render_command

    return [render_command(template, values) for template in build.chosen.recipe.command_templates]


def render_tests(build: ResolvedBuild, values: BuildValues) -> list[str]:
    """The recipe's test commands."""
    from refgenie.recipes.templates import render_test_command

    test = build.chosen.recipe.test
    return [render_test_command(command, values) for command in (test.commands if test else ())]
