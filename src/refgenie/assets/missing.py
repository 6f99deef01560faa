"""Says what is not there, what is nearest to it, and which command brings it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.assets import lookup
from refgenie.core.names import nearest
from refgenie.core.registry_path import RegistryPath
from refgenie.db.models import AssetGroup, Genome
from refgenie.errors import NotFoundError


def missing(session: Session, path: RegistryPath, genome_digest: str) -> NotFoundError:
    """The error for a registry path that could not be followed.

    Args:
        session: A reading session.
        path: As it was asked for.
        genome_digest: What its genome was resolved to.
    """
    if session.get(Genome, genome_digest) is None:
        return NotFoundError(f"genome {path.genome!r} is unknown", hint="refgenie alias get")
    group = lookup.find_group(session, genome_digest, path.group)
    if group is None:
        known = session.scalars(select(AssetGroup.name).where(AssetGroup.genome_digest == genome_digest))
        return NotFoundError(
            f"genome {path.genome} has no asset group {path.group!r}{_known(path.group, list(known))}",
            hint=_bring(path),
        )
    asset = lookup.find_asset(session, genome_digest, path.group, path.asset)
    if asset is None:
        names = [entry.name for entry in group.assets]
        if path.asset is None:
            return NotFoundError(
                f"{path.genome}/{path.group} has no default asset{_known('', names)}",
                hint=f"refgenie default {path.genome}/{path.group}:{min(names)}" if names else _bring(path),
            )
        return NotFoundError(
            f"{path.genome}/{path.group} has no asset {path.asset!r}{_known(path.asset, names)}",
            hint=_bring(path),
        )
    keys = [key.name for key in asset.seek_keys]
    shown = str(RegistryPath(path.genome, path.group, asset=path.asset))
    wanted = path.seek_key or ""
    close = nearest(wanted, keys)
    return NotFoundError(
        f"{shown} has no seek key {wanted!r}{_known(wanted, keys)}",
        hint=(
            f"refgenie seek {RegistryPath(path.genome, path.group, close, path.asset)}"
            if close
            else f"refgenie asset show {shown}"
        ),
    )


def _bring(path: RegistryPath) -> str:
    shown = RegistryPath(path.genome, path.group, asset=path.asset)
    return f"refgenie pull {shown}, or refgenie build {shown}"


def _known(name: str, known: list[str]) -> str:
    close = nearest(name, known)
    if close is not None:
        return f"; did you mean {close!r}?"
    if not known:
        return "; it has none"
    shown = sorted(known)[:10]
    more = f" and {len(known) - len(shown)} more" if len(known) > len(shown) else ""
    return f"; known: {', '.join(shown)}{more}"
