"""Finds what a registry path means on the subscribed servers: the genome's identity first."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from refgenie.core.names import is_genome_digest
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import ConflictError, NetworkError, NotFoundError, RefgenieError
from refgenie.transfer.clients import ServerClient, silent_last
from refgenie.transfer.fetching import Supplier
from refgenie.transfer.offers import Offer, OfferedAsset

_log = logging.getLogger("refgenie")


class Genomes(Protocol):
    """Resolves genomes' names."""

    def resolve(self, genome: str) -> str:
        """Digest of the genome; NotFoundError."""
        ...


@dataclass
class Search:
    """What became of asking servers, one after the other.

    Attributes:
        digest: The genome, as soon as it is known.
        conflicts: Servers that name another genome so, and that genome.
        failures: Servers that could not be used, and why.
        knows_genome: Whether a server has the genome.
    """

    path: RegistryPath
    digest: str | None
    conflicts: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[str, RefgenieError]] = field(default_factory=list)
    knows_genome: bool = False
    asked: int = 0

    def error(self) -> RefgenieError:
        """Why nothing was found."""
        path = self.path
        if self.conflicts:
            url, digest = self.conflicts[0]
            return ConflictError(
                f"{path.genome} is {self.digest} here and {digest} on {url}",
                hint=f"refgenie pull {digest}/{path.group}, or give that genome another alias",
            )
        if self.failures and len(self.failures) == self.asked:
            url, failure = self.failures[0]
            kinds = {type(failure) for _, failure in self.failures}
            kind = kinds.pop() if len(kinds) == 1 else NetworkError
            return kind(f"no server could be asked; {url}: {failure.message}", hint=failure.hint)
        dead = "".join(f"; {url} could not be asked" for url, _ in self.failures)
        if not self.knows_genome:
            return NotFoundError(
                f"no subscribed server has the genome {path.genome}{dead}", hint="refgenie listr"
            )
        shown = f"{path.group}:{path.asset}" if path.asset else path.group
        return NotFoundError(
            f"no subscribed server has {shown} of {path.genome}{dead}",
            hint=f"refgenie listr -g {path.genome}",
        )


class Locator:
    """Asks servers in their order."""

    def __init__(self, aliases: Genomes) -> None:
        self._aliases = aliases

    def local_digest(self, genome: str) -> str | None:
        """The genome that is meant here, or None where it is not known here."""
        try:
            return self._aliases.resolve(genome)
        except NotFoundError:
            return genome if is_genome_digest(genome) else None

    def first(self, path: RegistryPath, clients: Sequence[ServerClient]) -> Supplier:
        """The first server that serves the asset, else the first that describes it.

        Raises:
            RefgenieError: None does; see Search.error.
        """
        search = Search(path, self.local_digest(path.genome))
        described: Supplier | None = None
        for client in silent_last(clients):
            supplier = self._ask(search, client, None)
            if supplier is not None and supplier.asset.modes:
                return supplier
            described = described or supplier
        if described is None:
            raise search.error()
        return described

    def more(self, path: RegistryPath, first: Supplier, clients: Sequence[ServerClient]) -> list[Supplier]:
        """The servers after the first that have the same asset."""
        search = Search(path, first.asset.genome_digest)
        rest = clients[clients.index(first.offer.client) + 1 :]
        found = [self._ask(search, client, first.asset) for client in silent_last(rest)]
        return [supplier for supplier in found if supplier is not None and supplier.asset.modes]

    def _ask(self, search: Search, client: ServerClient, like: OfferedAsset | None) -> Supplier | None:
        search.asked += 1
        offer = Offer(client)
        try:
            if not self._is_genome(search, offer):
                return None
            assert search.digest is not None
            name = like.name if like else search.path.asset
            asset = offer.asset(search.digest, search.path.group, name)
            if asset is None or (like is not None and asset.digest != like.digest):
                return None
            return Supplier(offer, asset, offer.archive(asset))
        except RefgenieError as error:
            if isinstance(error, NotFoundError):
                return None
            search.failures.append((offer.url, error))
            _log.warning("%s: %s", offer.url, error.message)
            return None

    @staticmethod
    def _is_genome(search: Search, offer: Offer) -> bool:
        """Whether the server has the genome; its name there must not be another genome's."""
        named = digest_on(offer, search.path.genome, search.digest)
        if named is None:
            return False
        if search.digest is None:
            search.digest = named
        elif named != search.digest:
            search.conflicts.append((offer.url, named))
            _log.warning(
                "%s names %s %s, which is %s here; it is not asked",
                offer.url,
                named,
                search.path.genome,
                search.digest,
            )
            return False
        search.knows_genome = True
        return True


def digest_on(offer: Offer, genome: str, here: str | None) -> str | None:
    """The genome that a server has under a name, else the one that has the name here, if it has that."""
    named = offer.resolve(genome)
    if named is None and here is not None and offer.genome(here) is not None:
        return here
    return named
