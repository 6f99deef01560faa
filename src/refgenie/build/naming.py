"""What an asset will be called, known before it is built."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from refgenie.build.build_log import BuildLog
from refgenie.build.execution import Execution
from refgenie.build.missing_programs import require_programs
from refgenie.build.rendering import render_questions
from refgenie.build.resolution import ResolvedBuild
from refgenie.build.runners import Runner, Workplace, make_runner
from refgenie.core.layout import Folders

logger = logging.getLogger("refgenie.build")


class Naming:
    """Renders names by the recipes' templates; for some a recipe's program is asked for its version."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def name(self, build: ResolvedBuild, runner: Runner) -> tuple[str, dict[str, str] | None]:
        """The asset's name, and the custom seek keys where the name needed them.

        Raises:
            InvalidInputError: The template gives what cannot be a name.
            NotFoundError, BuildFailedError: As for ``ask_properties``.
        """
        properties = self.ask_properties(build, runner) if build.name_needs_properties else None
        values = build.values(
            self._folders,
            asset_name="",
            output_folder=self._folders.work,
            custom_properties=properties or {},
        )
        return build.name(values), properties

    def ask_properties(self, build: ResolvedBuild, runner: Runner | None = None) -> dict[str, str]:
        """Run the commands of the recipe's custom seek keys.

        Raises:
            NotFoundError: A program is not there.
            BuildFailedError: A command says nothing.
        """
        runner = runner or runner_of(build)
        recipe = build.chosen.recipe
        with tempfile.TemporaryDirectory(prefix="refgenie-") as folder:
            scratch, output_folder = Path(folder, "scratch"), Path(folder, "output")
            scratch.mkdir()
            output_folder.mkdir()
            values = build.values(
                self._folders, asset_name="", output_folder=output_folder, custom_properties={}
            )
            questions = render_questions(build, values)
            if not runner.is_container:
                require_programs(list(questions.values()), image=recipe.docker_image)
            workplace = Workplace(
                build_id=Path(folder).name.removeprefix("refgenie-"),
                scratch=scratch,
                output_folder=output_folder,
                genome_folder=self._folders.genome_folder,
                inputs=build.places,
                image=recipe.docker_image if runner.is_container else None,
                volumes=build.request.volumes,
            )
            runner.prepare(workplace)
            with BuildLog(Path(folder, "log"), is_kept=False) as log:
                return Execution(build.request.registry_path, runner, workplace, log).ask(questions)


def runner_of(build: ResolvedBuild) -> Runner:
    """Where the build's commands run: as asked for, but on the host where the recipe has no image.

    Raises:
        UsageError: There is no such runner.
    """
    runner = make_runner(build.request.container)
    if runner.is_container and build.chosen.recipe.docker_image is None:
        logger.warning("the recipe %s has no container image: it runs on the host", build.chosen.recipe.name)
        return make_runner(None)
    return runner
