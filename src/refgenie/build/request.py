"""What is asked of a build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from refgenie.core.registry_path import RegistryPath

ParameterValue = str | int | float | bool | None
Dependencies = Literal["fail", "build", "pull"]


@dataclass(frozen=True, slots=True)
class BuildParams:
    """What a recipe is given; its own defaults stand for what is left out.

    Attributes:
        assets: Name of the recipe's input asset to registry path; the genome may be left out.
        files: Name of the recipe's input file to path.
        params: Name of the recipe's parameter to value.
    """

    assets: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str | Path] = field(default_factory=dict)
    params: Mapping[str, ParameterValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """One asset to build.

    Attributes:
        genome: Alias or digest. An alias that is not known is made with ``files["fasta"]`` where the
            group is ``fasta``.
        group: Asset group.
        asset: Asset name; None is the recipe's ``default_asset``, else ``default``.
        recipe: Recipe's name; None is the one named like the group, else the only one that makes
            the group's asset class.
        recipe_version: None is the highest.
        params: Input assets, files and parameters.
        deps: What to do where an input asset is missing: ``fail``, or ``build`` or ``pull`` it first.
        container: ``docker``, ``podman``, ``apptainer`` or another registered runner; None is the host.
        volumes: Further volumes of the container, in the container program's own syntax.
        threads: Sets the recipe's parameter ``threads`` (or ``cores``) where it has one.
        source: Address that the input comes from, for the provenance.
        test: Also run the recipe's test commands.
        force: Build again what is there already.
        keep_failed: Keep the output of a build that fails, beside its log.
    """

    genome: str
    group: str
    asset: str | None = None
    recipe: str | None = None
    recipe_version: str | None = None
    params: BuildParams = BuildParams()
    deps: Dependencies = "fail"
    container: str | None = None
    volumes: tuple[str, ...] = ()
    threads: int | None = None
    source: str | None = None
    test: bool = False
    force: bool = False
    keep_failed: bool = False

    @property
    def registry_path(self) -> str:
        """What is asked for, as a user writes it."""
        return str(RegistryPath(self.genome, self.group, asset=self.asset))
