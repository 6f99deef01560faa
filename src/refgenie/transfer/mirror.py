"""Mirror: keeps a local copy of a server's assets current."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from refgenie.errors import NotFoundError, RefgenieError
from refgenie.genomes.aliases import AliasService
from refgenie.transfer.catalog import FindClients
from refgenie.transfer.offers import Offer
from refgenie.transfer.pull import PullOptions, PullResult, PullService
from refgenie.transfer.staging import StageService

_log = logging.getLogger("refgenie")


@dataclass(frozen=True, slots=True)
class MirrorResult:
    """What became of one asset; ``staged`` whether it is staged here now."""

    pull: PullResult
    staged: bool
    error: RefgenieError | None = None


class MirrorService:
    """Pulls what a server offers and is not here.

    Run again it brings what is new, and ends what was cut off.
    """

    def __init__(
        self, pulls: PullService, stage: StageService, clients: FindClients, aliases: AliasService
    ) -> None:
        self._pulls = pulls
        self._stage = stage
        self._clients = clients
        self._aliases = aliases

    def mirror(
        self,
        url: str,
        genomes: Sequence[str] = (),
        *,
        stage: bool = False,
        options: PullOptions | None = None,
    ) -> list[MirrorResult]:
        """Bring the local copy of a server up to date; what is here under another content is replaced.

        Args:
            url: The server; it need not be subscribed. Credentials of its subscription are used.
            genomes: Aliases or digests; all of the server's by default.
            stage: Stage what was pulled.
            options: How to pull; large assets are taken unless it says otherwise.

        Returns:
            A result for each asset; one that fails does not stop the others.

        Raises:
            NetworkError: The server cannot be asked.
            NotFoundError: It does not have a genome.
        """
        (client,) = self._clients([url])
        offer = Offer(client)
        pulls = self._pulls.of([client])
        chosen = replace(options or PullOptions(large="take"), update=True)
        # By digest: a name that is another genome's here must not keep the content away.
        digests = [self._digest(offer, genome) for genome in genomes]
        results = pulls.pull_all(pulls.offered(digests), options=chosen)
        self._take_names(offer, {result.asset.genome_digest for result in results if result.asset})
        return [self._staged(result) if stage else MirrorResult(result, staged=False) for result in results]

    @staticmethod
    def _digest(offer: Offer, genome: str) -> str:
        digest = offer.resolve(genome)
        if digest is None:
            raise NotFoundError(f"{offer.url} has no genome {genome}", hint=f"refgenie listr -s {offer.url}")
        return digest

    def _take_names(self, offer: Offer, digests: set[str]) -> None:
        """Give the genomes the names that they have there, where they are free here."""
        for genome in offer.genomes():
            digest = str(genome.get("digest"))
            if digest not in digests:
                continue
            missing = set(map(str, genome.get("aliases") or ())) - set(self._aliases.of_genome(digest))
            for name in sorted(missing):
                try:
                    self._aliases.set([name], digest)
                except RefgenieError as error:
                    _log.warning("the alias %s of %s is not taken: %s", name, digest, error.message)

    def _staged(self, result: PullResult) -> MirrorResult:
        if result.asset is None:
            return MirrorResult(result, staged=False)
        asset = result.asset
        try:
            self._stage.add(asset.genome_digest, asset.asset_group_name, asset.name)
        except RefgenieError as error:
            return MirrorResult(result, staged=False, error=error)
        return MirrorResult(result, staged=True)
