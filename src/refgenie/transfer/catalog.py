"""What servers offer: lists, and addresses of files; needs no local registry where servers are named."""

from __future__ import annotations

import builtins
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refgenie.assets.populate import populate
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import NotFoundError, RefgenieError, UsageError
from refgenie.transfer.clients import ServerClient, silent_last
from refgenie.transfer.offers import Offer, OfferedAsset

if TYPE_CHECKING:
    from rich.table import Table

_log = logging.getLogger("refgenie")

REMOTE_CLASSES = ("http", "https", "s3")

FindClients = Callable[[Iterable[str] | None], list[ServerClient]]


@dataclass(frozen=True, slots=True)
class RemoteAsset:
    """An asset of a server.

    Attributes:
        genome: The genome's first alias there, else its digest.
        serving_modes: How it is served; empty where it is only described.
    """

    genome: str
    genome_digest: str
    aliases: tuple[str, ...]
    asset_group_name: str
    name: str
    digest: str
    size: int
    asset_class_name: str
    serving_modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoteListing:
    """What one server offers; ``error`` says why it could not be asked."""

    server: str
    assets: tuple[RemoteAsset, ...] = ()
    error: str | None = None


class RemoteCatalog:
    """Asks servers; a dead one is a warning as long as another answers.

    Args:
        clients: The clients of some servers by address, or of the subscribed ones.
    """

    def __init__(self, clients: FindClients) -> None:
        self._clients = clients

    def list(
        self, genomes: Sequence[str] = (), servers: Iterable[str] | None = None
    ) -> builtins.list[RemoteListing]:
        """What each server offers, in the order in which they are asked.

        Args:
            genomes: Aliases or digests; all where none is given.
            servers: Addresses; the subscribed ones by default.

        Raises:
            NotFoundError: No server has one of the genomes, or none is subscribed.
            NetworkError: Every server is dead.
        """
        listings = []
        known: set[str] = set()
        failures: builtins.list[RefgenieError] = []
        for client in self._clients(servers):
            try:
                listings.append(self._listing(Offer(client), genomes, known))
            except RefgenieError as error:
                _log.warning("%s: %s", client.server_url, error.message)
                failures.append(error)
                listings.append(RemoteListing(client.server_url, error=error.message))
        if len(failures) == len(listings):
            raise failures[0]
        unknown = [genome for genome in genomes if genome not in known]
        if unknown and not failures:
            raise NotFoundError(f"no server has the genome {', '.join(unknown)}", hint="refgenie listr")
        return listings

    def table(self, genomes: Sequence[str] = (), servers: Iterable[str] | None = None) -> Table:
        """What the servers offer as one rich table."""
        from refgenie.core.tables import make_table

        return make_table(
            "Remote refgenie assets",
            ("server", *_COLUMNS),
            [
                (listing.server, *_cells(asset))
                for listing in self.list(genomes, servers)
                for asset in listing.assets
            ],
        )

    def seek(
        self, path: RegistryPath, *, servers: Iterable[str] | None = None, remote_class: str | None = None
    ) -> str:
        """URI of a seek key on the first server that has it.

        Args:
            path: The asset, and its seek key where it is not the default one.
            servers: Addresses; the subscribed ones by default.
            remote_class: ``http``, ``https`` or ``s3``; by default what the server prefers.

        Returns:
            The URI of the file; for a prefix or directory the one that its files' URIs start with.

        Raises:
            NotFoundError: No server has it, or it is served as an archive alone (the hint says how to
                pull it).
            NetworkError: Every server is dead.
        """
        _check_class(remote_class)
        failures: builtins.list[RefgenieError] = []
        missing: RefgenieError | None = None
        for client in silent_last(self._clients(servers)):
            try:
                return self._seek(Offer(client), path, remote_class)
            except NotFoundError as error:
                missing = missing if missing is not None and missing.hint else error
            except RefgenieError as error:
                _log.warning("%s: %s", client.server_url, error.message)
                failures.append(error)
        raise missing or failures[0]

    def populate(
        self, text_or_mapping: Any, *, servers: Iterable[str] | None = None, remote_class: str | None = None
    ) -> Any:
        """Replace every ``refgenie://…`` by its remote URI; all unknown ones are reported together."""
        chosen = list(servers) if servers is not None else None
        return populate(
            text_or_mapping, lambda path: self.seek(path, servers=chosen, remote_class=remote_class)
        )

    def _listing(self, offer: Offer, genomes: Sequence[str], known: set[str]) -> RemoteListing:
        aliases = {
            str(genome.get("digest")): tuple(str(name) for name in genome.get("aliases") or ())
            for genome in offer.genomes()
        }
        if not genomes:
            return RemoteListing(
                offer.url, tuple(_remote_asset(asset, aliases) for asset in _in_order(offer.assets()))
            )
        found: builtins.list[RemoteAsset] = []
        for genome in genomes:
            digest = offer.resolve(genome)
            if digest is not None:
                known.add(genome)
                found += [_remote_asset(asset, aliases) for asset in _in_order(offer.assets(digest))]
        return RemoteListing(offer.url, tuple(found))

    @staticmethod
    def _seek(offer: Offer, path: RegistryPath, remote_class: str | None) -> str:
        digest = offer.resolve(path.genome)
        if digest is None:
            raise NotFoundError(f"{offer.url} has no genome {path.genome}")
        asset = offer.asset(digest, path.group, path.asset)
        if asset is None:
            raise NotFoundError(f"{offer.url} has no asset {path}")
        pulled = RegistryPath(path.genome, path.group, asset=path.asset)
        if "file" not in asset.modes:
            if "archive" in asset.modes:
                raise NotFoundError(f"{path} is served as an archive alone", hint=f"refgenie pull {pulled}")
            raise NotFoundError(f"{path} is not served by {offer.url}", hint=f"refgenie build {pulled}")
        uri = offer.seek(asset, path.seek_key, remote_class).get("uri")
        if not isinstance(uri, str) or not uri:
            raise NotFoundError(
                f"{offer.url} has no {remote_class or ''} address of {path}".replace("  ", " ")
            )
        return uri


def listing_table(listing: RemoteListing) -> Table:
    """What one server offers as a rich table."""
    from refgenie.core.tables import make_table

    return make_table(listing.server, _COLUMNS, [_cells(asset) for asset in listing.assets])


_COLUMNS = ("genome", "asset group", "asset", "class", "served as", "size")


def _cells(asset: RemoteAsset) -> tuple[str, ...]:
    from refgenie.core.tables import human_size

    return (
        ", ".join(asset.aliases) or asset.genome_digest,
        asset.asset_group_name,
        asset.name,
        asset.asset_class_name,
        ", ".join(asset.serving_modes) or "none",
        human_size(asset.size),
    )


def _check_class(remote_class: str | None) -> None:
    if remote_class is not None and remote_class not in REMOTE_CLASSES:
        raise UsageError(
            f"remote class {remote_class!r} is unknown", hint=f"one of {', '.join(REMOTE_CLASSES)}"
        )


def _in_order(assets: Iterable[OfferedAsset]) -> builtins.list[OfferedAsset]:
    return sorted(assets, key=lambda asset: (asset.genome_digest, asset.group, asset.name))


def _remote_asset(asset: OfferedAsset, aliases: dict[str, tuple[str, ...]]) -> RemoteAsset:
    names = aliases.get(asset.genome_digest, ())
    return RemoteAsset(
        genome=names[0] if names else asset.genome_digest,
        genome_digest=asset.genome_digest,
        aliases=names,
        asset_group_name=asset.group,
        name=asset.name,
        digest=asset.digest,
        size=asset.size,
        asset_class_name=asset.asset_class_name,
        serving_modes=asset.modes,
    )
