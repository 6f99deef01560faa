"""Builds of assets: planned, run one after the other, each whole or not at all."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from refgenie.build.interruption import Interruption
from refgenie.build.job import BuildJob, Site
from refgenie.build.naming import Naming, runner_of
from refgenie.build.order import Step, order
from refgenie.build.planning import PlannedBuild, Planning
from refgenie.build.recipe_choice import RecipeChoice
from refgenie.build.request import BuildParams, BuildRequest
from refgenie.build.resolution import Resolver, claimed_fasta, without_claimed_fasta
from refgenie.core.layout import Folders
from refgenie.core.locks import Locks, asset_lock
from refgenie.core.names import is_genome_digest
from refgenie.core.progress import NoProgress, Progress
from refgenie.core.records import AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.db.database import Database
from refgenie.errors import (
    DigestMismatchError,
    InterruptedByUserError,
    InvalidInputError,
    LockedError,
    NotFoundError,
    NotPermittedError,
    RefgenieError,
)
from refgenie.genomes.initialization import own_store

if TYPE_CHECKING:
    from refgenie.assets.publish import Publisher
    from refgenie.assets.service import AssetService
    from refgenie.genomes.aliases import AliasService
    from refgenie.genomes.service import GenomeService
    from refgenie.recipes.asset_classes import AssetClassService
    from refgenie.recipes.recipes import RecipeRequirements, RecipeService
    from refgenie.sequences.model import StoreMode

logger = logging.getLogger("refgenie.build")

PATIENCE = 7 * 24 * 3600.0
"""Seconds that a build waits for another process that builds, pulls or removes the same asset."""

_FIRST_PAUSE, _LAST_PAUSE = 0.02, 1.0

Pull = Callable[[RegistryPath], object]
"""Pulls an asset from a subscribed server; ``transfer`` provides it."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How one step of a call ended.

    Attributes:
        registry_path: As it was asked for.
        asset: The asset, None where it failed.
        error: Why it failed.
        was_made: False where the asset was there already.
        was_asked: False for what was made because another asset needs it.
    """

    registry_path: str
    asset: AssetRecord | None
    error: RefgenieError | None
    was_made: bool
    was_asked: bool


class BuildService:
    """Plans and runs builds; safe to call from several threads and processes."""

    def __init__(
        self,
        database: Database,
        folders: Folders,
        aliases: AliasService,
        genomes: GenomeService,
        mode: StoreMode,
        assets: AssetService,
        publisher: Publisher,
        recipes: RecipeService,
        classes: AssetClassService,
        locks: Locks,
        progress: Progress | None = None,
        pull: Pull | None = None,
    ) -> None:
        self._folders = folders
        self._naming = Naming(folders)
        self._genomes = genomes
        self._mode = mode
        self._recipes = recipes
        self._locks = locks
        self._progress = progress or NoProgress()
        self._pull = pull
        self._site = Site(database, folders, mode, publisher, self._progress)
        self._resolver = Resolver(folders, aliases, assets, classes, RecipeChoice(database, recipes, classes))

    # --- asking -----------------------------------------------------------------------------

    def requests(self, paths: Sequence[str], params: BuildParams, **options: Any) -> list[BuildRequest]:
        """One request per registry path; each recipe gets of ``params`` what it knows.

        Args:
            paths: ``genome/group[:asset]``.
            params: What is given for all of them together.
            **options: Further fields of BuildRequest, the same for all.

        Raises:
            InvalidInputError: A path is none, names a seek key, or something is given that no
                recipe knows.
        """
        requests = []
        for text in paths:
            path = RegistryPath.parse(text)
            if path.seek_key is not None:
                raise InvalidInputError(
                    f"{text!r} names a seek key; assets are built whole",
                    hint=f"refgenie build {RegistryPath(path.genome, path.group, asset=path.asset)}",
                )
            requests.append(
                BuildRequest(genome=path.genome, group=path.group, asset=path.asset, params=params, **options)
            )
        return requests if len(requests) < 2 else self._distribute(requests, params)

    def _distribute(self, requests: list[BuildRequest], params: BuildParams) -> list[BuildRequest]:
        used: set[str] = set()

        def part(kind: str, given: Mapping[str, Any], known: Mapping[str, Any] | set[str]) -> dict[str, Any]:
            taken = {key: value for key, value in given.items() if key in known}
            used.update(f"{kind} {key}" for key in taken)
            return taken

        distributed = []
        for request in requests:
            try:
                recipe = self._resolver.choice.choose(request, self._known_genome(request.genome)).recipe
            except RefgenieError:
                distributed.append(request)  # fails for its own reason when its turn comes
                continue
            files = {*recipe.input_files, *(("fasta",) if request.group == "fasta" else ())}
            own = BuildParams(
                assets=part("input asset", params.assets, recipe.input_assets),
                files=part("input file", params.files, files),
                params=part("parameter", params.params, recipe.input_params),
            )
            distributed.append(replace(request, params=own))
        given = [
            *(f"input asset {key}" for key in params.assets),
            *(f"input file {key}" for key in params.files),
            *(f"parameter {key}" for key in params.params),
        ]
        unused = [name for name in given if name not in used]
        if unused:
            raise InvalidInputError(f"none of the recipes has the {', '.join(unused)}")
        return distributed

    def requirements(self, request: BuildRequest) -> RecipeRequirements:
        """What the recipe of a request wants to be given.

        Raises:
            NotFoundError: There is no such recipe.
        """
        chosen = self._resolver.choice.choose(request, self._known_genome(request.genome))
        return self._recipes.requirements(chosen.record.name, chosen.record.version)

    def plan(self, requests: Sequence[BuildRequest]) -> list[PlannedBuild]:
        """What building would do, in order, with the commands that would run; nothing is changed.

        Raises:
            RefgenieError: What the first step that cannot be done would raise.
        """
        steps = self._possible_steps(requests)
        planning = Planning(self._resolver, self._folders, self._mode, self._naming.ask_properties)
        return [planning.describe(step) for step in steps]

    def snakefile(
        self, requests: Sequence[BuildRequest], *, stage: bool = False, push_to: Iterable[str] = ()
    ) -> str:
        """The same as the text of a Snakefile with a rule for each step; nothing is changed.

        Args:
            requests: What is to be built.
            stage: The rules also stage what was asked for.
            push_to: Remotes that they push it to.

        Raises:
            RefgenieError: What the first step that cannot be done would raise.
        """
        from refgenie.build.snakefile import Task, snakefile

        tasks = []
        for step in self._possible_steps(requests):
            recipe = None
            if step.action == "build":
                genome = self._known_genome(step.request.genome)
                recipe = self._resolver.choice.choose(step.request, genome).recipe
            tasks.append(Task(step, recipe))
        return snakefile(tasks, stage=stage, push_to=push_to)

    def _possible_steps(self, requests: Sequence[BuildRequest]) -> list[Step]:
        steps = order(requests, self._resolver, self._naming)
        for step in steps:
            if step.error is not None:
                raise step.error
        return steps

    # --- building ---------------------------------------------------------------------------

    def build(self, request: BuildRequest) -> AssetRecord:
        """Build one asset, with what it needs first where ``deps`` says so.

        Returns:
            The asset; the one that is there already unless ``force``.

        Raises:
            BuildFailedError: A command failed or its output does not fit the asset class.
            NotFoundError: Genome, recipe, input or program is not there.
            InterruptedByUserError: A signal ended it; nothing of it is registered.
        """
        results = self.build_all([request])
        for result in results:
            if result.error is not None:
                raise result.error
        asset = results[-1].asset
        assert asset is not None
        return asset

    def build_all(self, requests: Sequence[BuildRequest]) -> list[BuildResult]:
        """Build several assets in the order of their dependencies.

        One that fails does not keep the others from being tried, except those that are built from it.

        Raises:
            InterruptedByUserError: A signal ended it; what was built before stays.
        """
        results: list[BuildResult] = []
        with Interruption() as interruption:
            for step in order(requests, self._resolver, self._naming):
                failed = [results[number] for number in step.after if results[number].error is not None]
                results.append(self._take_step(step, failed, interruption))
        return results

    def _take_step(self, step: Step, failed: list[BuildResult], interruption: Interruption) -> BuildResult:
        path = step.request.registry_path
        try:
            if step.error is not None:
                raise step.error
            if failed and failed[0].error is not None:
                cause = failed[0].error
                raise type(cause)(
                    f"{path} was not built, since {failed[0].registry_path} failed: {cause.message}",
                    hint=cause.hint,
                )
            if step.there is not None:
                asset, was_made = step.there, False
            elif step.action == "pull":
                asset, was_made = self._pull_asset(step.request), True
            else:
                asset, was_made = self._build_one(step.request, interruption)
        except InterruptedByUserError:
            raise
        except RefgenieError as error:
            return BuildResult(path, None, error, was_made=False, was_asked=step.was_asked)
        return BuildResult(path, asset, None, was_made, step.was_asked)

    def _pull_asset(self, request: BuildRequest) -> AssetRecord:
        path = RegistryPath(request.genome, request.group, asset=request.asset)
        if self._pull is None:
            raise NotPermittedError(f"{path} cannot be pulled here", hint=f"refgenie pull {path}")
        self._pull(path)
        asset = self._resolver.find(path)
        if asset is None:
            raise NotFoundError(f"{path} was not pulled")
        return asset

    def _build_one(self, request: BuildRequest, interruption: Interruption) -> tuple[AssetRecord, bool]:
        self._make_genome(request)
        build = self._resolver.resolve(request)
        runner = runner_of(build)
        name, properties = self._naming.name(build, runner)
        path = RegistryPath(build.genome_digest, request.group, asset=name)
        for _ in self._patience(path):
            if (there := self._there(path, request)) is not None:
                return there, False
            with ExitStack() as stack:
                if not self._is_our_turn(stack, path):
                    continue
                # Another process may have built it in this moment, or replaced an input.
                if (there := self._there(path, request)) is not None:
                    return there, False
                build = self._resolver.resolve(request)
                return BuildJob(self._site, build, name, runner, properties).run(interruption), True
        raise LockedError(f"another process works on {path} for more than {PATIENCE / 3600:g} hours")

    def _patience(self, path: RegistryPath) -> Iterator[None]:
        """Attempts, more and more seldom: hundreds may wait for hours for one build."""
        deadline, pause = time.monotonic() + PATIENCE, _FIRST_PAUSE
        yield
        logger.info("waiting for another process that works on %s", path)
        while time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(pause * 1.5, _LAST_PAUSE)
            yield

    def _is_our_turn(self, stack: ExitStack, path: RegistryPath) -> bool:
        """Hold the asset's lock until the stack ends, where no other process does."""
        try:
            stack.enter_context(self._locks.hold(asset_lock(path.genome, path.group, path.asset or ""), 0))
        except LockedError:
            return False
        return True

    def _there(self, path: RegistryPath, request: BuildRequest) -> AssetRecord | None:
        found = None if request.force else self._resolver.find_whole(path)
        if found is not None:
            logger.debug("%s/%s:%s is built already", request.genome, path.group, path.asset)
        return found

    # --- what comes before a build ------------------------------------------------------------

    def _known_genome(self, genome: str) -> str | None:
        try:
            return self._resolver.genome(genome)
        except NotFoundError:
            return None

    def _make_genome(self, request: BuildRequest) -> None:
        """Make an unknown genome of the FASTA file that was given; a known one must be that file's."""
        fasta = claimed_fasta(request)
        if fasta is None:
            return
        known = self._known_genome(request.genome)
        if known is None and not is_genome_digest(request.genome):
            logger.info("initializing the genome %s from %s", request.genome, fasta)
            self._genomes.initialize_genome(fasta, [request.genome], progress=self._progress)
            return
        if known is None:
            return  # an unknown digest is told by whoever resolves it
        chosen = self._resolver.choice.choose(request, known)
        _, claim = without_claimed_fasta(request, chosen)
        if claim is not None and own_store(self._mode).digest_fasta(claim) != known:
            raise DigestMismatchError(
                f"{fasta} does not hold the sequences of the genome {request.genome} ({known})",
                hint="give another name to another genome",
            )
