"""Asset classes and recipes as their YAML describes them (formats.md), in canonical form.

Unknown top-level keys are kept: channels carry metadata that is not ours.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from refgenie.core.names import check_seek_key
from refgenie.core.seek import PATH_TYPES
from refgenie.errors import InvalidInputError

SeekKeyType = Literal[
    "file", "directory", "prefix", "string", "integer", "number", "boolean", "array", "object", "null"
]
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+~-]*\Z")


def _text(value: object) -> object:
    # YAML reads an unquoted 1.0 as a number.
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _name(value: str) -> str:
    if not _NAME.match(value) or len(value) > 200:
        raise ValueError("letters, digits, '.', '_', '+', '~' and '-' only, at most 200")
    return value


def _mapping(value: object) -> object:
    return {} if value is None else value


def _entries(value: object) -> object:
    """A mapping whose entries may be empty (``fasta:``)."""
    if isinstance(value, Mapping):
        return {key: {} if entry is None else entry for key, entry in value.items()}
    return _mapping(value)


def _list(value: object) -> object:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def _prose(value: object) -> object:
    return "" if value is None else _text(value)


Prose = Annotated[str, BeforeValidator(_prose)]
Scalar = str | int | float | bool | None
_Model = TypeVar("_Model", bound="_Definition")


class _Part(BaseModel):
    """A part of a definition; what is not known in it is kept too."""

    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="constants")

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        return {
            key: value
            for key, value in written.items()
            if key == "value" or (value is not None and value != [])
        }


class SeekKey(_Part):
    """A named handle to a file, directory, prefix or plain value of an asset.

    Attributes:
        value: Template; ``{genome}`` is the digest, ``{<parameter>}`` a parameter, any other name in
            braces a wildcard.
        optional: Whether the key may be absent after a build.
    """

    value: Any
    type: SeekKeyType = "file"
    description: Prose = ""
    optional: bool = False

    @model_validator(mode="after")
    def _stays_in_the_asset(self) -> SeekKey:
        if self.type not in PATH_TYPES:
            return self
        if not isinstance(self.value, str) or not self.value:
            raise ValueError(f"value of a {self.type} must be a text")
        if self.value.startswith("/") or ".." in self.value.split("/"):
            raise ValueError(f"value {self.value!r} leaves the asset's folder")
        return self


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks where YAML can."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = "|" if "\n" in data else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)


class _Definition(BaseModel):
    """What asset classes and recipes have in common."""

    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="constants")

    name: Annotated[str, BeforeValidator(_text)]
    version: Annotated[str, BeforeValidator(_text)]

    @field_validator("name", "version")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        return _name(value)

    @classmethod
    def from_definition(cls: type[_Model], definition: Mapping[str, Any]) -> _Model:
        """Read the canonical form, as it is kept in the registry.

        Raises:
            InvalidInputError: Names every field that is wrong.
        """
        name = definition.get("name", "without a name")
        try:
            model = cls.model_validate(dict(definition))
            _check_storable(model.definition())
        except ValidationError as error:
            faults = "; ".join(_fault(entry) for entry in error.errors())
            raise InvalidInputError(f"{_kind(cls)} {name}: {faults}") from None
        except (ValueError, TypeError) as error:
            raise InvalidInputError(f"{_kind(cls)} {name}: {error}") from None
        return model

    def definition(self) -> dict[str, Any]:
        """The canonical form: known keys in their order, then the others; empty ones left out."""
        document: dict[str, Any] = self.model_dump(mode="json")
        required = {key for key, field in type(self).model_fields.items() if field.is_required()}
        return {
            key: value
            for key, value in document.items()
            if key in required or value not in (None, [], {}, "")
        }

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical form as JSON with sorted keys."""
        text = json.dumps(self.definition(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def yaml(self) -> str:
        """The canonical form as YAML; commands of several lines stand as such."""
        document = self.definition()
        # PyYAML folds these line breaks of Unicode, and reads spaces in their place.
        plain = re.search("[\x85\u2028\u2029\ufeff]", json.dumps(document, ensure_ascii=False)) is None
        return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=plain, width=10_000)


class AssetClass(_Definition):
    """What kind of thing an asset is: its seek keys, and how it is served.

    Attributes:
        serving_modes: ``file``, ``archive``, ``none``.
        seek_keys: Own seek keys; those of ``parents`` come before and are overridden.
        parents: Names, absolute paths or URLs of asset classes.
    """

    description: Prose = ""
    serving_modes: Annotated[list[Literal["file", "archive", "none"]], BeforeValidator(_list)] = Field(
        default=["file"]
    )
    seek_keys: Annotated[dict[str, SeekKey], BeforeValidator(_mapping)] = Field(default={})
    parents: Annotated[list[str], BeforeValidator(_list)] = Field(default=[])

    @field_validator("serving_modes")
    @classmethod
    def _has_a_mode(cls, modes: list[str]) -> list[str]:
        return modes or ["file"]

    @field_validator("seek_keys")
    @classmethod
    def _keys_are_names(cls, keys: dict[str, SeekKey]) -> dict[str, SeekKey]:
        for key in keys:
            try:
                check_seek_key(key)
            except InvalidInputError as error:
                raise ValueError(error.message) from None
        return keys


class InputFile(_Part):
    """A file that the user gives (``--files k=…``)."""

    description: Prose = ""
    default: Annotated[str | None, BeforeValidator(_text)] = None


class InputParameter(_Part):
    """A value that the user may give (``--params k=…``)."""

    description: Prose = ""
    default: Scalar = None


class Colocate(_Part):
    """A seek key of an input asset whose files are put into the output folder first."""

    source_key: str


class InputAssetSlot(_Part):
    """An asset that the recipe needs (``--assets k=registry path``).

    Attributes:
        default: Registry path; the genome may be left out. None is the group named like the class.
    """

    asset_class: str
    description: Prose = ""
    default: str | None = None
    colocate: Annotated[list[Colocate], BeforeValidator(_list)] = Field(default=[])


class RecipeTest(_Part):
    """What is run after a build with ``--test``."""

    commands: Annotated[list[str], BeforeValidator(_list)] = Field(default=[])


class Recipe(_Definition):
    """How an asset is built, in the canonical dialect."""

    description: Annotated[str, BeforeValidator(_text)]
    output_asset_class: str
    input_files: Annotated[dict[str, InputFile], BeforeValidator(_entries)] = Field(default={})
    input_params: Annotated[dict[str, InputParameter], BeforeValidator(_entries)] = Field(default={})
    input_assets: Annotated[dict[str, InputAssetSlot], BeforeValidator(_entries)] = Field(default={})
    command_templates: Annotated[list[str], BeforeValidator(_list)] = Field(min_length=1)
    docker_image: str | None = None
    custom_seek_keys: Annotated[dict[str, str], BeforeValidator(_mapping)] = Field(default={})
    default_asset: Annotated[str | None, BeforeValidator(_text)] = None
    tags: Annotated[list[Any], BeforeValidator(_list)] = Field(default=[])
    outputs: Any = None
    test: RecipeTest | None = None
    resources: Annotated[dict[str, Any], BeforeValidator(_mapping)] = Field(default={})
    metadata: Annotated[dict[str, Any], BeforeValidator(_mapping)] = Field(default={})

    @field_validator("output_asset_class")
    @classmethod
    def _names_a_class(cls, value: str) -> str:
        return _name(value)

    @field_validator("command_templates", "custom_seek_keys", "default_asset")
    @classmethod
    def _templates_are_jinja(cls, value: Any) -> Any:
        from refgenie.recipes.templates import check_template

        templates = list(value.values()) if isinstance(value, dict) else value
        for template in [templates] if isinstance(templates, str) else templates or []:
            try:
                check_template(template)
            except InvalidInputError as error:
                raise ValueError(error.message) from None
        return value


def _check_storable(definition: dict[str, Any]) -> None:
    """Refuse what JSON, UTF-8 or a registry cannot keep: infinity, lone surrogates, NUL."""
    text = json.dumps(definition, allow_nan=False, ensure_ascii=False)
    text.encode()
    if _NUL.search(text):
        raise ValueError("holds a NUL character")


def _kind(cls: type[BaseModel]) -> str:
    return "asset class" if issubclass(cls, AssetClass) else "recipe"


def _fault(entry: Any) -> str:
    place = ".".join(str(part) for part in entry["loc"])
    message = str(entry["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
