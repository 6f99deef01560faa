"""Which of the two faces the pages have: a server's web site, or the dashboard of one's own registry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Face:
    """What differs between the two.

    Attributes:
        name: ``server`` or ``dashboard``.
        is_local: Whether things can be changed, and paths on this machine are shown.
        navigation: Address and text of the links in the header.
    """

    name: str
    is_local: bool
    navigation: tuple[tuple[str, str], ...]


SERVER = Face(
    "server",
    False,
    (
        ("/genomes", "Genomes"),
        ("/assets", "Assets"),
        ("/compare", "Compare"),
        ("/sequences", "Sequences"),
        ("/asset-classes", "Classes"),
        ("/recipes", "Recipes"),
        ("/channels", "Channels"),
        ("/api", "API"),
    ),
)
DASHBOARD = Face(
    "dashboard",
    True,
    (
        ("/genomes", "Genomes"),
        ("/assets", "Assets"),
        ("/remote", "Get assets"),
        ("/build", "Build"),
        ("/jobs", "Jobs"),
        ("/compare", "Compare"),
        ("/sequences", "Sequences"),
        ("/recipes", "Recipes"),
        ("/health", "Health"),
        ("/settings", "Settings"),
    ),
)
