"""Makes a lost registry anew: genomes and aliases from the store, the rest from the manifests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from refgenie.assets import lookup, manifest
from refgenie.assets.alias_tree import AliasTree
from refgenie.assets.recording import link_parents
from refgenie.assets.restoring import ManifestFaultError, restore
from refgenie.core import layout
from refgenie.core.layout import Folders
from refgenie.db.database import Database
from refgenie.db.models import Alias
from refgenie.errors import RefgenieError
from refgenie.genomes.genome_table import LOCAL, REMOTE, GenomeFacts, register
from refgenie.genomes.initialization import own_store
from refgenie.sequences.model import StoreMode


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What was recorded again.

    Attributes:
        genomes: Number of genomes of the store.
        assets: Number of assets.
        aliases: Number of aliases that the registry has now.
        faults: What could not be recorded, and why; a line each.
    """

    genomes: int
    assets: int
    aliases: int
    faults: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        lines = [f"recorded {self.genomes} genomes, {self.assets} assets, {self.aliases} aliases"]
        return "\n".join([*lines, *self.faults])


def rebuild(
    database: Database,
    folders: Folders,
    sync_aliases: Callable[[], None],
    links: AliasTree,
    mode: StoreMode | None,
) -> RebuildReport:
    """Record what store and manifests know and the registry does not; what it has already stays.

    Genomes come first, since assets belong to them; parents are linked when all assets are there.
    """
    faults: list[str] = []
    genomes = _genomes(database, mode, faults)
    assets = 0
    for key in manifest.walk(folders):
        where = layout.manifest_path(*key)
        with database.read() as session:
            if _is_recorded(session, folders, key):
                continue
        try:
            assets += len(database.write(partial(restore, folders=folders, key=key, defaults=True)))
        except (ManifestFaultError, RefgenieError) as error:
            faults.append(f"{where}: {error}")
    database.write(link_parents)
    if mode is not None and mode.writable:
        sync_aliases()
    links.rebuild()
    with database.read() as session:
        aliases = session.scalar(select(func.count()).select_from(Alias)) or 0
    return RebuildReport(genomes, assets, aliases, tuple(faults))


def _is_recorded(session: Session, folders: Folders, key: manifest.ContentKey) -> bool:
    document = manifest.read(manifest.path_of(folders, key)) or {}
    names = {name.get("name") for name in document.get("names", ())}
    return bool(names) and names <= {asset.name for asset in lookup.sharing(session, *key)}


def _genomes(database: Database, mode: StoreMode | None, faults: list[str]) -> int:
    if mode is None or not mode.writable:
        return 0
    store = own_store(mode)
    facts: list[GenomeFacts] = []
    for digest in store.collections():
        try:
            info = store.collection(digest)
        except RefgenieError as error:
            faults.append(f"genome {digest}: {error}")
            continue
        origin = store.origin(digest)
        facts.append(
            GenomeFacts(
                digest=digest,
                source=REMOTE if origin else LOCAL,
                source_url=origin,
                masking=info.masking,
                sequences=info.sequences,
                total_length=info.total_length,
                species_name=_species(store.fhr(digest)),
            )
        )
    return sum(database.write(lambda session: [register(session, entry) for entry in facts]))


def _species(fhr: dict[str, object] | None) -> str | None:
    """The species of FHR metadata (``taxon.name``)."""
    taxon = (fhr or {}).get("taxon")
    name = taxon.get("name") if isinstance(taxon, dict) else None
    return str(name) if name else None
