"""Jinja2 templates of recipes: commands, custom seek keys, asset names and test commands.

Templates are rendered in a sandbox, undefined names are errors. What is put into a command is
data: it is shell-quoted to fit the place where it stands (see ``shell_quoting``). The rules
are those of formats.md, section Recipe.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refgenie.errors import InvalidInputError
from refgenie.recipes.jinja_delimiters import hide_shell_braces, show_shell_braces
from refgenie.recipes.shell_quoting import Argument, Words, bare, mark, place

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

ParameterValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class InputAsset:
    """An input asset as a template sees it; as a string it is ``seek_path``.

    Attributes:
        name: Asset name.
        digest: Asset digest (SHA-256, hex).
        path: Absolute path of the asset's folder.
        seek_path: Absolute path of its default seek key.
        seek_keys_dict: Seek key to path relative to the genome folder (plain values as they are).
    """

    name: str
    digest: str
    path: Path
    seek_path: Path
    seek_keys_dict: Mapping[str, str]

    def __str__(self) -> str:
        return str(self.seek_path)


@dataclass(frozen=True, slots=True)
class BuildValues:
    """What the templates of one build are rendered with.

    Attributes:
        genome_digest: Sequence collection digest.
        asset_group_name: Group of the asset that is built.
        asset_name: Name of the asset; empty while ``default_asset`` is rendered.
        genome_alias: The alias that the build was asked with, else the digest.
        output_folder: Absolute folder that the commands write into.
        genome_folder: Absolute path.
        refget_store_path: Absolute path.
        params: Parameters as given, or their defaults.
        files: Absolute paths of the input files.
        assets: Input assets.
        custom_properties: First lines of the custom seek keys' commands; empty until they have run.
    """

    genome_digest: str
    asset_group_name: str
    asset_name: str
    genome_alias: str
    output_folder: Path
    genome_folder: Path
    refget_store_path: Path
    params: Mapping[str, ParameterValue] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    assets: Mapping[str, InputAsset] = field(default_factory=dict)
    custom_properties: Mapping[str, str] = field(default_factory=dict)

    def variables(self) -> dict[str, Any]:
        """The template variables, each under its bare name."""
        properties = dict(self.custom_properties)
        return {
            "genome_digest": self.genome_digest,
            "asset_group_name": self.asset_group_name,
            "asset_name": self.asset_name,
            "genome": self.genome_alias,
            "genome_alias": self.genome_alias,
            "output_folder": str(self.output_folder),
            "asset_outfolder": str(self.output_folder),
            "genome_folder": str(self.genome_folder),
            "refget_store_path": str(self.refget_store_path),
            "params": {key: _parameter(value) for key, value in self.params.items()},
            "files": {key: str(path) for key, path in self.files.items()},
            "assets": dict(self.assets),
            "custom_properties": properties,
            "custom_seek_keys": properties,
        }


def render_command(template: str, values: BuildValues) -> str:
    """Render one shell command; every value in it is quoted to fit its place.

    Raises:
        InvalidInputError: Syntax error, undefined name, forbidden access, or a value that cannot
            be quoted where the template puts it.
    """
    return place(_render(template, values.variables()))


def render_test_command(template: str, values: BuildValues) -> str:
    """Render one of ``test.commands``, which also know ``{output_dir}``, ``{genome}`` and ``{<parameter>}``.

    In braces ``{genome}`` is the digest; ``{{genome}}`` is the template variable.
    """
    variables = values.variables()
    braced = {key: f'params["{key}"]' for key in values.params if re.fullmatch(r"[\w.-]+", key)}
    braced |= {"output_dir": "output_folder", "genome": "genome_digest"}
    names = "|".join(re.escape(name) for name in sorted(braced, key=len, reverse=True))
    expanded = re.sub(
        rf"(?<![${{]){{({names})}}(?!}})",
        lambda match: "{{" + braced[match[1]] + "}}",
        template,
    )
    return place(_render(expanded, variables))


def render_text(template: str, values: BuildValues) -> str:
    """Render a template that is no command (``default_asset``); nothing is quoted.

    Raises:
        InvalidInputError: Syntax error, undefined name or forbidden access.
    """
    return bare(_render(template, values.variables())).strip()


def check_template(template: str) -> None:
    """Raise InvalidInputError where the template is no valid Jinja2."""
    from jinja2 import TemplateSyntaxError

    _refuse_nul(template, "the template")
    try:
        _environment().parse(hide_shell_braces(template))
    except TemplateSyntaxError as error:
        raise _invalid(template, f"line {error.lineno}: {error.message}") from error


def programs_of(commands: Sequence[str]) -> list[str]:
    """The program that each rendered command starts with, without shell built-ins, in order."""
    from refgenie.recipes.programs import first_programs

    return first_programs(commands)


class _ParameterText(str):
    """A parameter's text: split into shell words when it is put into a command."""

    __slots__ = ()


class _Bare(str):
    """Text that a recipe put in with ``| raw``: part of the command."""

    __slots__ = ()


def _parameter(value: ParameterValue) -> ParameterValue:
    if isinstance(value, bool):
        return _ParameterText(str(value).lower())
    return _ParameterText(value) if isinstance(value, str) else value


def _raw(value: object) -> _Bare:
    return _Bare("" if value is None else value)


def _finalize(value: object) -> str:
    """What a ``{{ … }}`` leaves in the text: its value, marked so that it can be quoted later."""
    if value is None:
        return ""
    if isinstance(value, _Bare):
        return str(value)
    text = str(value)
    if "\0" in text:
        # Only a block that the template itself captured ({% set x %}…) holds marks.
        return text
    return mark(Words(text) if isinstance(value, _ParameterText) else Argument(text))


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def finalize(value: object) -> str:
        if isinstance(value, StrictUndefined):
            str(value)  # raises UndefinedError with the name
        return _finalize(value)

    class RecipeEnvironment(ImmutableSandboxedEnvironment):
        """Where ``params.copy`` is asked for, the parameter is meant, not the dictionary's method."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, Mapping) and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    environment = RecipeEnvironment(
        undefined=StrictUndefined, finalize=finalize, keep_trailing_newline=True, autoescape=False
    )
    environment.filters["raw"] = _raw
    return environment


def _render(template: str, variables: dict[str, Any]) -> str:
    from jinja2 import TemplateError

    _refuse_nul(variables)
    _refuse_nul(template, "the template")
    try:
        rendered = (
            _environment().from_string(hide_shell_braces(template)).render(values=variables, **variables)
        )
    except TemplateError as error:
        raise _invalid(template, error.message or type(error).__name__) from error
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise _invalid(template, str(error)) from error
    return show_shell_braces(rendered)


def _refuse_nul(value: object, name: str = "") -> None:
    if isinstance(value, Mapping):
        for key, member in value.items():
            _refuse_nul(member, f"{name}.{key}" if name else str(key))
    elif isinstance(value, str) and "\0" in value:
        raise InvalidInputError(f"{name} holds a NUL character")


def _invalid(template: str, reason: str) -> InvalidInputError:
    shown = template.strip().splitlines()[0] if template.strip() else template
    return InvalidInputError(
        f"template cannot be rendered: {reason} (in: {shown[:200]})",
        hint="braces meant for the shell or awk can be kept from Jinja with a space: { {",
    )
