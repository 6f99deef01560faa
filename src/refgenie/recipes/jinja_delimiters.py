"""Telling Jinja's delimiters from the braces of shell and awk.

``${#array}``, ``printf '{%s}'`` and ``awk '{{print $1}}'`` hold what Jinja takes for the begin of a
comment, a statement and an expression. A brace pair is Jinja's only where it makes sense as
Jinja; every other one is hidden from Jinja and shown again in the rendered text.
"""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, TemplateSyntaxError, nodes

_HIDDEN = {"{{": "\0[e]", "{%": "\0[s]", "{#": "\0[c]", "{": "\0[b]"}
_BEGIN = re.compile(r"\{+[{%#]")
_STATEMENT = re.compile(
    r"\{%[-+]?\s*(if|elif|else|endif|for|endfor|set|endset|with|endwith|macro|endmacro|filter"
    r"|endfilter|call|endcall|raw|endraw|include|import|from|extends|block|endblock)\b"
)
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}", re.DOTALL)
_OURS = re.compile(r"\{\{[-+]?\s*values\s*[.\[]")


def hide_shell_braces(template: str) -> str:
    """The template with every brace pair that is no Jinja replaced by a mark."""
    parts: list[str] = []
    position = 0
    while found := _BEGIN.search(template, position):
        start = found.end() - 2  # of "{{{ x }}" the last two braces are the delimiter
        parts.append(template[position : found.start()])
        # The others of "{{{ x }}}" would otherwise be taken for the delimiter.
        parts.append(_HIDDEN["{"] * (start - found.start()))
        end = _end_of_jinja(template, start)
        if end is None:
            parts.append(_HIDDEN[template[start : start + 2]])
            position = start + 2
        else:
            parts.append(template[start:end])
            position = end
    parts.append(template[position:])
    return "".join(parts)


def show_shell_braces(rendered: str) -> str:
    """The rendered text with the hidden braces back."""
    for braces, hidden in _HIDDEN.items():
        rendered = rendered.replace(hidden, braces)
    return rendered


def _end_of_jinja(template: str, start: int) -> int | None:
    """Where the Jinja construct that begins at ``start`` ends; None where it is none."""
    kind = template[start : start + 2]
    if kind == "{{":
        return _end_of_expression(template, start)
    if kind == "{#":
        end = template.find("#}", start + 2)
        return None if end < 0 or template[start - 1 : start] == "$" else end + 2
    if raw := _RAW.match(template, start):
        return raw.end()
    end = template.find("%}", start + 2)
    return None if end < 0 or not _STATEMENT.match(template, start) else end + 2


def _end_of_expression(template: str, start: int) -> int | None:
    end = template.find("}}", start + 2)
    while end >= 0:
        # A dictionary's closing braces are followed by the expression's own.
        if _is_expression(template[start : end + 2]):
            return end + 2
        end = template.find("}}", end + 1)
    if _OURS.match(template, start):
        # Meant as Jinja, but wrong: left as it is, so that Jinja says what is wrong.
        return start + 2
    return None


@cache
def _parser() -> Environment:
    return Environment(autoescape=False)  # noqa: S701 - only parses


def _is_expression(text: str) -> bool:
    try:
        body = _parser().parse(text).body
    except TemplateSyntaxError:
        return False
    return (
        len(body) == 1
        and isinstance(body[0], nodes.Output)
        and len(body[0].nodes) == 1
        and not isinstance(body[0].nodes[0], nodes.TemplateData)
    )
