"""Refgenie: what Python users, command line, server and MCP share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refgenie.build.request import BuildParams, BuildRequest
from refgenie.core.records import AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.services import Services

if TYPE_CHECKING:
    from refgenie.sequences import Fault

__all__ = ["BuildParams", "Refgenie"]


class Refgenie(Services):
    """A registry of reference genome assets, and everything that can be done with it.

    Nothing is opened before it is used, and all managers are safe to call from several threads.
    The managers are ``genome``, ``alias``, ``asset_class``, ``recipe``, ``asset``, ``sources``,
    ``stage``, ``remote`` and ``configuration``.

    Example:
        >>> from refgenie import Refgenie
        >>> with Refgenie() as rg:                                    # doctest: +SKIP
        ...     rg.asset.seek("hg38", "bwa_index")
    """

    def init(self) -> list[str]:
        """Create what is missing: configuration file, folders, registry, store, bundled recipes.

        Returns:
            A line for each thing that was made; empty where all was there.
        """
        from refgenie.setup import initialize

        with self._wiring:
            return initialize(self)

    def purge(self, *, files: bool = False) -> None:
        """Remove all records of the registry, and with ``files`` all files of assets and sequences."""
        from refgenie.setup import purge

        purge(self, files=files)

    def build_asset(
        self,
        recipe_name: str | None = None,
        *,
        genome_name: str,
        asset_group_name: str,
        asset_name: str | None = None,
        recipe_version: str | None = None,
        params: BuildParams | None = None,
        stage: bool = False,
        **options: Any,
    ) -> AssetRecord:
        """Build one asset.

        Args:
            recipe_name: Recipe; by default the one named like the group.
            genome_name: Alias or digest of the genome.
            asset_group_name: Group that the asset goes into.
            asset_name: Its name; by default the recipe's, else ``default``.
            recipe_version: By default the highest one.
            params: Input assets, files and parameters.
            stage: Stage the asset for the server afterwards.
            **options: Further fields of BuildRequest (``force``, ``deps``, ``container`` …).

        Raises:
            BuildFailedError: A command failed or its output does not fit the asset class.
            NotFoundError: Genome, recipe, input or program is not there.
        """
        record = self.builds.build(
            BuildRequest(
                genome=genome_name,
                group=asset_group_name,
                asset=asset_name,
                recipe=recipe_name,
                recipe_version=recipe_version,
                params=params or BuildParams(),
                **options,
            )
        )
        if stage:
            self.stage.add(genome_name, asset_group_name, record.name)
        return record

    def getseq(self, genome: str, region: str, **options: Any) -> str:
        """Residues of a region, ``chr1:0-1000`` (0-based, half-open); see SequenceRetrieval."""
        return self.sequences.fetch(genome, region, **options)

    def verify_sequences(
        self, genomes: Iterable[str] | None = None, *, repair_from: Path | str | None = None
    ) -> list[Fault]:
        """Compute the digests of stored sequences again, of all genomes or of some.

        Args:
            genomes: Aliases or digests.
            repair_from: A FASTA file or remote store that damaged sequences are restored from.

        Raises:
            NotFoundError: A genome is unknown.
            NotPermittedError: This is a server's registry, which owns no store.
        """
        mode = self._local_mode()
        digests = [self.alias.resolve(genome) for genome in genomes] if genomes is not None else [None]
        return [
            fault
            for digest in digests
            for fault in mode.verify(digest, repair_from=repair_from, progress=self.progress)
        ]

    def pull(
        self, alias_name: str, asset_group_name: str, asset_name: str | None = None, **options: Any
    ) -> AssetRecord:
        """Pull one asset from the subscribed servers; nothing is fetched where it is here already.

        Args:
            alias_name: Alias or digest of the genome.
            asset_group_name: Asset group.
            asset_name: Asset; the server's default one where it is None.
            **options: Fields of PullOptions (``force``, ``init``, ``large`` …).

        Raises:
            NotFoundError, ConflictError, DigestMismatchError, NetworkError: See PullService.
        """
        from refgenie.transfer.pull import PullOptions

        return self.transfers.pulls.pull(
            alias_name, asset_group_name, asset_name, options=PullOptions(**options)
        )

    def push(self, **options: Any) -> Any:
        """Upload what is staged and not yet on the remotes; see PushService.push."""
        return self.transfers.pushes.push(**options)

    def seekr(
        self,
        genome_name: str,
        asset_group_name: str,
        asset_name: str | None = None,
        seek_key_name: str | None = None,
        remote_class: str | None = None,
    ) -> str:
        """Remote URI of a seek key; see RemoteCatalog.seek."""
        path = RegistryPath(genome_name, asset_group_name, seek_key_name, asset_name)
        return self.transfers.catalog.seek(path, remote_class=remote_class)

    def populater(self, text_or_mapping: Any, remote_class: str | None = None) -> Any:
        """Replace every ``refgenie://genome/group[.key][:asset]`` by its remote URI."""
        return self.transfers.catalog.populate(text_or_mapping, remote_class=remote_class)

    def populate(self, text_or_mapping: Any) -> Any:
        """Replace every ``refgenie://genome/group[.key][:asset]`` by its local path."""
        return self.asset.populate(text_or_mapping)

    def set_genome_alias(
        self, alias_name: str, genome_digest: str, genome_description: str | None = None
    ) -> None:
        """Give a genome a name, and a description where one is given."""
        self.alias.set([alias_name], genome_digest)
        if genome_description is not None:
            self.genome.set_metadata(genome_digest, description=genome_description)
