"""In which order requested assets are built, and what has to be made before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from refgenie.build.inputs import lacking_files, resolve_files, resolve_params, wanted_assets
from refgenie.build.naming import Naming, runner_of
from refgenie.build.recipe_choice import ChosenRecipe
from refgenie.build.request import BuildRequest
from refgenie.build.resolution import (
    ResolvedBuild,
    Resolver,
    claimed_fasta,
    without_claimed_fasta,
)
from refgenie.core.names import is_genome_digest
from refgenie.core.records import AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import InvalidInputError, NotFoundError, RefgenieError

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do.

    Attributes:
        action: ``build``, ``pull``, or ``nothing``.
        request: What is built or pulled.
        after: Numbers of the steps that come first; they have lower numbers.
        was_asked: False for what is made because another asset needs it.
        error: Why it cannot be done.
        there: The asset where nothing is to be done: it is there already, and what it is built from is not.
    """

    action: Literal["build", "pull", "nothing"]
    request: BuildRequest
    after: tuple[int, ...] = ()
    was_asked: bool = True
    error: RefgenieError | None = None
    there: AssetRecord | None = None


def order(requests: Sequence[BuildRequest], resolver: Resolver, naming: Naming) -> list[Step]:
    """Put requests in order and add what they need and is not there, each once.

    A request that cannot be done is a step with its error: the others may still be.
    """
    ordering = _Ordering(requests, resolver, naming)
    for request in requests:
        ordering.visit(request, was_asked=True)
    return ordering.steps


class _Ordering:
    """Depth first from what was asked for."""

    def __init__(self, requests: Sequence[BuildRequest], resolver: Resolver, naming: Naming) -> None:
        self._requests = requests
        self._resolver = resolver
        self._naming = naming
        self._makers = {request.genome: request for request in requests if claimed_fasta(request) is not None}
        self._numbers: dict[_Key, int] = {}
        self._trail: list[_Key] = []
        self.steps: list[Step] = []

    def visit(self, request: BuildRequest, *, was_asked: bool) -> int:
        """Number of the step that makes this; steps it needs are added before."""
        key = self._key(request)
        if key in self._numbers:
            return self._numbers[key]
        if key in self._trail:
            names = [*self._trail[self._trail.index(key) :], key]
            circle = " → ".join(group for _, group, _ in names)
            raise InvalidInputError(f"the recipes need each other in a circle: {circle}")
        self._trail.append(key)
        try:
            step = self._step(request)
        except RefgenieError as error:
            step = Step("build", request, error=error)
        self._trail.pop()
        return self._add(key, replace(step, was_asked=was_asked))

    def _step(self, request: BuildRequest) -> Step:
        digest = self._digest(request.genome)
        chosen = self._resolver.choice.choose(request, digest)
        after = []
        if digest is None and request is not self._makers[request.genome]:
            after.append(self.visit(self._makers[request.genome], was_asked=True))
        given, _ = without_claimed_fasta(request, chosen)
        named = replace(request, recipe=chosen.record.name)
        # What was given wrongly is told before hours are spent on what this needs.
        resolve_params(chosen.recipe, given)
        lacking = self._lacking(request, chosen)
        if lacking or lacking_files(chosen.recipe, given):
            there = self._there(given, chosen, digest)
            if there is not None:
                return Step("nothing", named, there=there)
        resolve_files(chosen.recipe, given)
        if lacking and request.deps == "fail":
            raise self._resolver.missing_assets(request, chosen, lacking)
        for key, wanted in wanted_assets(chosen.recipe, request).items():
            if (maker := self._requested(wanted, request)) is not None:
                after.append(self.visit(maker, was_asked=True))
            elif key in lacking:
                after.append(self._make(wanted, chosen.recipe.input_assets[key].asset_class, request))
        return Step("build", named, tuple(dict.fromkeys(after)))

    def _lacking(self, request: BuildRequest, chosen: ChosenRecipe) -> dict[str, RegistryPath]:
        """Input assets that are not there and that no other request makes."""
        return {
            key: wanted
            for key, wanted in wanted_assets(chosen.recipe, request).items()
            if self._requested(wanted, request) is None and not self._is_there(wanted)
        }

    def _there(self, request: BuildRequest, chosen: ChosenRecipe, digest: str | None) -> AssetRecord | None:
        """What is asked for, where it is there whole: pulled, or built from what has gone since."""
        if digest is None or request.force or not self._resolver.has_group(digest, request.group):
            return None
        params = resolve_params(chosen.recipe, request)
        build = ResolvedBuild(request, digest, chosen, params, files={}, assets={})
        try:
            name, _ = self._naming.name(build, runner_of(build))
        except RefgenieError:  # its name cannot be known without what is missing
            return None
        return self._resolver.find_whole(RegistryPath(digest, request.group, asset=name))

    def _make(self, wanted: RegistryPath, asset_class: str, child: BuildRequest) -> int:
        request = BuildRequest(
            genome=wanted.genome,
            group=wanted.group,
            asset=wanted.asset,
            deps=child.deps,
            container=child.container,
            volumes=child.volumes,
            threads=child.threads,
            keep_failed=child.keep_failed,
        )
        if child.deps == "pull":
            key = self._key(request)
            if key in self._numbers:
                return self._numbers[key]
            return self._add(key, Step("pull", request, was_asked=False))
        named = self._resolver.choice.for_class(request, asset_class)
        return self.visit(replace(request, recipe=named), was_asked=False)

    def _add(self, key: _Key, step: Step) -> int:
        self.steps.append(step)
        self._numbers[key] = len(self.steps) - 1
        return self._numbers[key]

    def _requested(self, wanted: RegistryPath, child: BuildRequest) -> BuildRequest | None:
        """The other request that makes what is wanted."""
        for request in self._requests:
            if request is child or request.group != wanted.group:
                continue
            if not self._same_genome(request.genome, wanted.genome):
                continue
            if wanted.asset is None or request.asset in (None, wanted.asset):
                return request
        return None

    def _same_genome(self, one: str, other: str) -> bool:
        return one == other or (self._digest_or_name(one) == self._digest_or_name(other))

    def _is_there(self, wanted: RegistryPath) -> bool:
        return self._digest(wanted.genome) is not None and self._resolver.find_whole(wanted) is not None

    def _digest(self, genome: str) -> str | None:
        """Digest of a genome; None where another step makes it known.

        Raises:
            NotFoundError: It is not known and no step makes it.
        """
        try:
            return self._resolver.genome(genome)
        except NotFoundError as error:
            if genome in self._makers and not is_genome_digest(genome):
                return None
            new = f"refgenie genome init --fasta FILE --name {genome}"
            raise NotFoundError(error.message, hint=f"{error.hint}; or {new}") from error

    def _digest_or_name(self, genome: str) -> str:
        try:
            return self._resolver.genome(genome)
        except NotFoundError:
            return genome

    def _key(self, request: BuildRequest) -> _Key:
        return self._digest_or_name(request.genome), request.group, request.asset or ""
