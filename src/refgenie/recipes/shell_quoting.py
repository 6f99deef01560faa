"""Putting values into shell commands as data, never as code.

A template's values reach the rendered text as marks. ``place`` reads that text as bash would,
so far as is needed to know in which quotes, here-document or comment each mark stands, and
writes the value so that bash reads it back unchanged there. Where that cannot be promised
(inside backticks, ``${…}`` and arithmetic) only values that need no quotes are let in.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from refgenie.errors import InvalidInputError

_MARK = re.compile(r"\0<([aw]):([0-9a-f]*)>")
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]*\Z")
_INTEGER = re.compile(r"-?[0-9]+\Z")
_HEREDOC = re.compile(r"<<(-?)[ \t]*((?:'[^'\n]*'|\"[^\"\n]*\"|\\.|[^\s'\"\\;&|()<>])+)")
_SPECIAL = re.compile(r"\$[$?!#*@0-9-]")
"""Parameters of one character; in ``$$'x'`` the quotes are plain ones."""
_WORD_ENDS = frozenset(" \t\n;&|()<>")


@dataclass(frozen=True, slots=True)
class Argument:
    """One shell word, or a piece of one."""

    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """A parameter: shell words, each of which becomes an argument."""

    text: str


Value = Argument | Words


def mark(value: Value) -> str:
    """A stand-in for the value in a rendered text."""
    kind = "w" if isinstance(value, Words) else "a"
    return f"\0<{kind}:{value.text.encode('utf-8', 'surrogateescape').hex()}>"


def bare(marked: str) -> str:
    """The text with every value as it is."""
    return _MARK.sub(lambda found: _value(found).text, marked)


def place(marked: str) -> str:
    """The command with every value quoted for the place where it stands.

    Raises:
        InvalidInputError: A value stands where it cannot be quoted, or a parameter's quotes are
            not closed.
    """
    return _Command(marked).written()


def _value(found: re.Match[str]) -> Value:
    text = bytes.fromhex(found[2]).decode("utf-8", "surrogateescape")
    return Words(text) if found[1] == "w" else Argument(text)


class _Place(Enum):
    """Where in a command the reader is."""

    COMMAND = auto()  # the command itself, or $(…), <(…)
    BACKTICK = auto()
    SINGLE = auto()  # '…'
    ANSI = auto()  # $'…'
    DOUBLE = auto()  # "…"
    BRACE = auto()  # ${…}
    ARITHMETIC = auto()  # $((…)), ((…))


_QUOTES = frozenset({_Place.SINGLE, _Place.ANSI, _Place.DOUBLE})


@dataclass(slots=True)
class _Frame:
    place: _Place
    parentheses: int = 0
    cases: int = 0  # open `case … esac`, whose patterns end in a lone ')'


class _Command:
    """Reads a command from left to right and writes it with its values quoted."""

    def __init__(self, marked: str) -> None:
        self._text = marked
        self._at = 0
        self._out: list[str] = []
        self._frames = [_Frame(_Place.COMMAND)]
        self._word = ""
        self._escaping = ""  # the '\' or '$' right before, which would change what a quote means
        self._heredocs: list[tuple[str, bool, bool]] = []  # delimiter, tabs stripped, quoted
        self._quoted_a_value = False
        self._readers: dict[_Place, Callable[[str], None]] = {
            _Place.COMMAND: self._read_command,
            _Place.BACKTICK: self._read_command,
            _Place.SINGLE: self._read_single,
            _Place.ANSI: self._read_ansi,
            _Place.DOUBLE: self._read_double,
            _Place.BRACE: self._read_brace,
            _Place.ARITHMETIC: self._read_arithmetic,
        }

    def written(self) -> str:
        while self._at < len(self._text):
            if found := _MARK.match(self._text, self._at):
                self._out.append(self._quoted(_value(found)))
                self._at = found.end()
                self._word += "\0"
                self._escaping = ""
            else:
                self._escaping = ""
                self._readers[self._frames[-1].place](self._text[self._at])
        if len(self._frames) > 1 and self._quoted_a_value:
            raise InvalidInputError(
                f"quotes or parentheses of the command are not closed: {bare(self._text)[:200]}"
            )
        return "".join(self._out)

    # -- what a value becomes

    def _quoted(self, value: Value) -> str:
        text = value.text
        self._refuse_where_unquotable(text)
        if not _PLAIN.match(text):
            self._quoted_a_value = True
        here = self._frames[-1].place
        if here is _Place.SINGLE:
            return text.replace("'", "'\\''")
        if here is _Place.ANSI:
            return text.replace("\\", "\\\\").replace("'", "\\'")
        if here is _Place.DOUBLE:
            return re.sub(r'([\\"$`])', r"\\\1", text)
        if isinstance(value, Argument):
            return text if here in {_Place.BRACE, _Place.ARITHMETIC} else shlex.quote(text)
        return " ".join(shlex.quote(word) for word in _split(text))

    def _refuse_where_unquotable(self, text: str) -> None:
        if self._escaping and not _PLAIN.match(text):
            raise _unquotable(text, f"right after {self._escaping}")
        if any(frame.place is _Place.BACKTICK for frame in self._frames) and not _PLAIN.match(text):
            raise _unquotable(text, "inside backticks", hint="write $(…) instead of `…`")
        for frame in reversed(self._frames):
            if frame.place is _Place.BRACE and not _PLAIN.match(text):
                raise _unquotable(text, "inside ${…}")
            if frame.place is _Place.ARITHMETIC and not _INTEGER.match(text):
                raise _unquotable(text, "inside arithmetic, where only whole numbers can stand")
            if frame.place not in _QUOTES:
                return

    # -- reading, one character or construct at a time

    def _take(self, count: int = 1) -> None:
        self._out.append(self._text[self._at : self._at + count])
        self._at += count

    def _push(self, place: _Place, opener_length: int) -> None:
        self._take(opener_length)
        self._frames.append(_Frame(place))
        self._word = ""

    def _pop(self, closer_length: int = 1) -> None:
        self._take(closer_length)
        if len(self._frames) > 1:
            self._frames.pop()
        self._word += "\0"

    def _starts(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _read_backslash(self) -> None:
        if _MARK.match(self._text, self._at + 1):
            self._take()
            self._escaping = "a backslash"
        else:
            self._take(2)
            self._word += "\0"

    def _read_dollar(self, *, quotes: bool) -> None:
        if quotes and self._starts("$'"):
            self._push(_Place.ANSI, 2)
        elif self._starts("$(("):
            self._push(_Place.ARITHMETIC, 3)
        elif self._starts("$("):
            self._push(_Place.COMMAND, 2)
        elif self._starts("${"):
            self._push(_Place.BRACE, 2)
        elif _SPECIAL.match(self._text, self._at):
            self._take(2)
            self._word += "\0"
        else:
            self._take()
            self._word += "$"
            self._escaping = "a dollar sign"

    def _read_backtick(self) -> None:
        depth = next((n for n, frame in enumerate(self._frames) if frame.place is _Place.BACKTICK), None)
        if depth is None:
            self._push(_Place.BACKTICK, 1)
        else:
            self._take()
            del self._frames[depth:]

    def _read_command(self, character: str) -> None:
        if character == "#" and not self._word:
            self._read_comment()
        elif character == "\\":
            self._read_backslash()
        elif character == "'":
            self._push(_Place.SINGLE, 1)
        elif character == '"':
            self._push(_Place.DOUBLE, 1)
        elif character == "$":
            self._read_dollar(quotes=True)
        elif character == "`":
            self._read_backtick()
        elif character in _WORD_ENDS:
            self._read_word_end(character)
        else:
            self._take()
            self._word += character

    def _read_word_end(self, character: str) -> None:
        frame = self._frames[-1]
        if self._word == "case":
            frame.cases += 1
        elif self._word == "esac":
            frame.cases = max(0, frame.cases - 1)
        at_word_start = not self._word
        self._word = ""
        if self._starts("<(") or self._starts(">("):
            self._push(_Place.COMMAND, 2)
        elif self._starts("<<<"):
            self._take(3)
        elif character == "<" and (found := _HEREDOC.match(self._text, self._at)):
            delimiter = re.sub(r"['\"\\]", "", found[2])
            self._heredocs.append((delimiter, found[1] == "-", delimiter != found[2]))
            self._take(found.end() - self._at)
        elif self._starts("((") and at_word_start:
            self._push(_Place.ARITHMETIC, 2)
        elif character == "(":
            frame.parentheses += 1
            self._take()
        elif character == ")":
            self._read_closing_parenthesis(frame)
        elif character == "\n":
            self._take()
            self._read_heredocs()
        else:
            self._take()

    def _read_closing_parenthesis(self, frame: _Frame) -> None:
        if frame.parentheses:
            frame.parentheses -= 1
            self._take()
        elif len(self._frames) > 1 and frame.place is _Place.COMMAND and not frame.cases:
            self._pop()
        else:
            self._take()

    def _read_single(self, character: str) -> None:
        if character == "'":
            self._pop()
        else:
            self._take()

    def _read_ansi(self, character: str) -> None:
        if character == "\\":
            self._read_backslash()
        else:
            self._read_single(character)

    def _read_double(self, character: str) -> None:
        if character == '"':
            self._pop()
        elif character == "\\":
            self._read_backslash()
        elif character == "$":
            self._read_dollar(quotes=False)
        elif character == "`":
            self._read_backtick()
        else:
            self._take()

    def _read_brace(self, character: str) -> None:
        within_double = any(frame.place is _Place.DOUBLE for frame in self._frames[:-1])
        if character == "}":
            self._pop()
        elif character == "'" and not within_double:
            self._push(_Place.SINGLE, 1)
        elif character == '"':
            self._push(_Place.DOUBLE, 1)
        elif character == "\\":
            self._read_backslash()
        elif character == "$":
            self._read_dollar(quotes=not within_double)
        elif character == "`":
            self._read_backtick()
        else:
            self._take()

    def _read_arithmetic(self, character: str) -> None:
        frame = self._frames[-1]
        if not frame.parentheses and self._starts("))"):
            self._pop(2)
            return
        if character == "$":
            self._read_dollar(quotes=False)
        elif character == "`":
            self._read_backtick()
        else:
            frame.parentheses += {"(": 1, ")": -1}.get(character, 0)
            self._take()

    def _read_comment(self) -> None:
        end = self._text.find("\n", self._at)
        end = len(self._text) if end < 0 else end
        comment = _MARK.sub(lambda found: re.sub(r"\s+", " ", _value(found).text), self._text[self._at : end])
        self._out.append(comment)
        self._at = end

    def _read_heredocs(self) -> None:
        for delimiter, strips_tabs, quoted in self._heredocs:
            expands = False
            while self._at < len(self._text):
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end + 1
                source = self._text[self._at : end]
                self._at = end
                line = source.rstrip("\n")
                if (line.lstrip("\t") if strips_tabs else line) == delimiter:
                    self._out.append(source)
                    break
                expands = expands or re.search(r"\$[({]|`", line) is not None
                written = _heredoc_line(source, quoted=quoted, expands=expands)
                if written.strip() == delimiter:
                    raise _unquotable(delimiter, "as a line of a here-document that it would end")
                self._out.append(written)
        self._heredocs.clear()


def _heredoc_line(line: str, *, quoted: bool, expands: bool) -> str:
    def insert(found: re.Match[str]) -> str:
        text = _value(found).text
        if "\n" in text:
            raise _unquotable(text, "in a here-document")
        if quoted:
            return text
        before = line[: found.start()]
        if not _PLAIN.match(text) and (expands or before.endswith(("\\", "$"))):
            raise _unquotable(text, "in a here-document that holds other expansions")
        return re.sub(r"([\\$`])", r"\\\1", text)

    return _MARK.sub(insert, line)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InvalidInputError(
            f"parameter {text!r} cannot be split into words: {error}",
            hint="close its quotes, or put a backslash before a quote that is meant as such",
        ) from error


def _unquotable(text: str, where: str, *, hint: str | None = None) -> InvalidInputError:
    return InvalidInputError(f"{text!r} cannot be put into the command {where}", hint=hint)
