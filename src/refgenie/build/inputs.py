"""A recipe's inputs: parameters, files and assets, as given or by default."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from refgenie.build.request import BuildRequest, ParameterValue
from refgenie.core import seek
from refgenie.core.names import nearest
from refgenie.core.records import AssetRecord, ParentRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from refgenie.recipes.models import InputAssetSlot, Recipe
    from refgenie.recipes.templates import InputAsset

THREAD_PARAMETERS = ("threads", "cores")


@dataclass(frozen=True, slots=True)
class ResolvedAsset:
    """An input asset that is there.

    Attributes:
        key: The recipe's name for it.
        wanted: As it was asked for.
        record: What the registry knows of it.
        value: As templates see it.
    """

    key: str
    wanted: RegistryPath
    record: AssetRecord
    value: InputAsset

    def parent(self) -> ParentRecord:
        """What is recorded with the asset that is built from it."""
        return ParentRecord(self.key, self.record.digest, self.record.registry_path, self.record.id)


def resolve_params(recipe: Recipe, request: BuildRequest) -> dict[str, ParameterValue]:
    """Parameters as given, or their defaults.

    Raises:
        InvalidInputError: The recipe has no such parameter.
    """
    _refuse_unknown("parameter", request.params.params, recipe.input_params, recipe)
    values: dict[str, ParameterValue] = {
        name: parameter.default for name, parameter in recipe.input_params.items()
    }
    if request.threads is not None:
        name = next((name for name in THREAD_PARAMETERS if name in values), None)
        if name is not None:
            values[name] = request.threads
    values.update(request.params.params)
    return values


def resolve_files(recipe: Recipe, request: BuildRequest) -> dict[str, Path]:
    """Input files, absolute.

    Raises:
        InvalidInputError: The recipe has no such file, or one was not given.
        NotFoundError: A file is not there or cannot be read.
    """
    lacking = lacking_files(recipe, request)
    if lacking:
        options = {name: f"--files {name}=FILE" for name in lacking}
        meant = {name: recipe.input_files[name].description for name in lacking}
        named = [options[name] + (f" ({meant[name]})" if meant[name] else "") for name in lacking]
        raise InvalidInputError(
            f"the recipe {recipe.name} needs {', '.join(named)}",
            hint=f"refgenie build {request.registry_path} {' '.join(options.values())}",
        )
    return {
        name: readable_file(request.params.files.get(name, wanted.default or ""), f"input file {name}")
        for name, wanted in recipe.input_files.items()
    }


def lacking_files(recipe: Recipe, request: BuildRequest) -> list[str]:
    """Input files that were not given and have no default.

    Raises:
        InvalidInputError: One was given that the recipe does not have.
    """
    _refuse_unknown("input file", request.params.files, recipe.input_files, recipe)
    return [
        name
        for name, wanted in recipe.input_files.items()
        if not str(request.params.files.get(name, wanted.default or ""))
    ]


def readable_file(given: str | Path, what: str) -> Path:
    """The absolute path of a regular file or folder that can be read.

    Raises:
        NotFoundError: It is not there.
        InvalidInputError: It cannot be read.
    """
    path = Path(os.path.abspath(os.path.expanduser(given)))  # noqa: PTH100, PTH111 - links stay
    if not path.exists():
        raise NotFoundError(f"{what}: no file {path}")
    if not os.access(path, os.R_OK):
        raise InvalidInputError(f"{what}: {path} cannot be read")
    return path


def wanted_assets(recipe: Recipe, request: BuildRequest) -> dict[str, RegistryPath]:
    """Which input assets the recipe is to get, whether they are there or not.

    Raises:
        InvalidInputError: The recipe has no such input asset, or the registry path is none.
    """
    _refuse_unknown("input asset", request.params.assets, recipe.input_assets, recipe)
    return {
        key: _registry_path(
            request.params.assets.get(key) or slot.default or slot.asset_class, request.genome
        )
        for key, slot in recipe.input_assets.items()
    }


def _registry_path(text: str, genome: str) -> RegistryPath:
    return RegistryPath.parse(text if "/" in text else f"{genome}/{text}")


def check_class(key: str, slot: InputAssetSlot, record: AssetRecord, kinds: Iterable[str]) -> None:
    """Refuse an input asset of another class; ``kinds`` are its class and that one's ancestors.

    Raises:
        InvalidInputError: It is neither of the class nor of one derived from it.
    """
    if slot.asset_class not in set(kinds):
        raise InvalidInputError(
            f"input asset {key} must be of the class {slot.asset_class}; "
            f"{record.asset_group_name}:{record.name} is of the class {record.asset_class_name}"
        )


def as_template_value(wanted: RegistryPath, record: AssetRecord, genome_folder: Path) -> InputAsset:
    """An input asset as templates see it.

    Raises:
        NotFoundError: It has no such seek key.
    """
    from refgenie.recipes.templates import InputAsset

    folder = str(genome_folder)
    rows = _seek_rows(record)
    chosen = seek.choose_key(rows, wanted.seek_key)
    if chosen is None and wanted.seek_key is not None:
        raise NotFoundError(
            f"{wanted} has no seek key {wanted.seek_key}",
            hint=f"it has {', '.join(key.name for key in record.seek_keys) or 'none'}",
        )
    relative = {
        row.key: os.path.relpath(seek.locate(row, row, folder, None), folder)
        if row.type in seek.PATH_TYPES
        else row.value or ""
        for row in rows
        if row.key is not None
    }
    return InputAsset(
        name=record.name,
        digest=record.digest,
        path=genome_folder / record.path,
        seek_path=Path(seek.locate(rows[0], chosen, folder, None)),
        seek_keys_dict=relative,
    )


def _seek_rows(record: AssetRecord) -> list[seek.SeekRow]:
    def row(key: str | None, value: str | None, kind: str | None) -> seek.SeekRow:
        return seek.SeekRow(
            record.genome_digest,
            record.asset_group_name,
            record.name,
            record.digest,
            record.path if record.external else None,
            record.asset_class_name,
            key,
            value,
            kind,
        )

    return [row(key.name, key.value, key.type) for key in record.seek_keys] or [row(None, None, None)]


def _refuse_unknown(
    kind: str, given: Mapping[str, object], known: Mapping[str, object], recipe: Recipe
) -> None:
    for name in given:
        if name not in known:
            like = nearest(name, list(known))
            raise InvalidInputError(
                f"the recipe {recipe.name} has no {kind} {name!r}"
                + (f"; it has {', '.join(known)}" if known else "; it has none"),
                hint=f"did you mean {like}?" if like else None,
            )
