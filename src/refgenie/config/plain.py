"""Reads the flat YAML that `init` writes without loading a YAML library, which is slow to start.

It imports nothing: the fast entry point of the command line uses it.
"""

from __future__ import annotations

_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./~-+=@")
_DIGITS = frozenset("0123456789")
_NUMBERS = _DIGITS | frozenset("_.-+eETtZz")
_NO_TEXT = frozenset({"~", ".inf", ".nan", "true", "false", "yes", "no", "on", "off", "null"})


def read_flat(text: str) -> dict[str, str] | None:
    """The mapping of a YAML text of plain ``key: word`` lines; None where it is anything more.

    A word may be a whole number, stand in quotes, or be one ``${VARIABLE}``, which is left as it is.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        key, separator, value = line.partition(": ")
        word = _word(value.strip())
        if not separator or not key.isidentifier() or key in found or word is None:
            return None
        found[key] = word
    return found


def _word(value: str) -> str | None:
    quoted = len(value) > 1 and value[0] in "\"'" and value[0] == value[-1]
    word = value[1:-1] if quoted else value
    if word.startswith("${") and word.endswith("}") and word[2:-1].isidentifier():
        return word
    if not word or not _WORD.issuperset(word):
        return None
    # Words that YAML reads as something else than a text are no words, but for whole numbers.
    if quoted or (word[0] != "0" and _DIGITS.issuperset(word)):
        return word
    if (
        word.lstrip(".")[:1] in _DIGITS
    ):  # a number, or a date, has one point at most and no other letters than these
        is_text = word.count(".") > 1 or not _NUMBERS.issuperset(word)
        return word if is_text and word[0] not in "0." else None
    return word if (word[0].isalpha() or word[0] in "/~.") and word.lower() not in _NO_TEXT else None
