"""The few shapes that the pictures are made of; every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

CHARACTER = 7.2
"""Width of a character of the pictures' type, in pixels; they are set in a fixed-width face."""


def cut(text: str, width: float) -> str:
    """The text, shortened in its middle to what fits."""
    most = max(4, int(width / CHARACTER))
    if len(text) <= most:
        return text
    tail = (most - 1) // 3
    return f"{text[: most - 1 - tail]}…{text[-tail:]}"


def attributes(values: dict[str, object]) -> str:
    """`` name="value"`` of each that has a value; ``class_`` is ``class``."""
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for name, value in values.items()
        if value is not None
    )


def _plain(value: object) -> object:
    return f"{value:.1f}" if isinstance(value, float) else value


def shape(tag: str, /, *inner: Markup | str, **values: object) -> Markup:
    """An element."""
    content = Markup("").join(escape(part) for part in inner)
    return Markup(f"<{tag}{attributes(values)}>{content}</{tag}>")  # noqa: S704 - built of escaped parts


def label(x: float, y: float, text: str, *, class_: str = "", anchor: str | None = None) -> Markup:
    """A text; ``y`` is its base line."""
    return shape("text", text, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def link(address: str, *inner: Markup) -> Markup:
    """What leads to another page."""
    return shape("a", *inner, href=address)


def picture(
    width: float, height: float, title: str, parts: Iterable[Markup], *, interactive: bool = False
) -> Markup:
    """The whole; ``title`` is what a screen reader says of it."""
    return shape(
        "svg",
        shape("title", title),
        *parts,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role=None if interactive else "img",
        aria_label=title,
        class_="picture",
    )
