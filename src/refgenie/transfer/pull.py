"""Pull: brings assets from the subscribed servers, one or many."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from refgenie.core.records import AssetRecord
from refgenie.core.registry_path import RegistryPath
from refgenie.errors import NotFoundError, RefgenieError
from refgenie.transfer.clients import ServerClient
from refgenie.transfer.offers import Offer
from refgenie.transfer.pull_options import Confirm, PullOptions, PullResult, Slots
from refgenie.transfer.pulling import Pulling

__all__ = ["PullOptions", "PullResult", "PullService"]

_log = logging.getLogger("refgenie")


class PullService:
    """Pulls assets.

    Args:
        pulling: Pulls one asset.
        find_clients: The clients of the servers to ask, in their order.
    """

    def __init__(self, pulling: Pulling, find_clients: Callable[[], list[ServerClient]]) -> None:
        self._pulling = pulling
        self._find_clients = find_clients

    def of(self, clients: Sequence[ServerClient]) -> PullService:
        """The same from other servers."""
        return PullService(self._pulling, lambda: list(clients))

    def pull(
        self,
        alias_name: str,
        asset_group_name: str,
        asset_name: str | None = None,
        *,
        options: PullOptions | None = None,
        confirm: Confirm | None = None,
    ) -> AssetRecord:
        """Pull one asset; nothing is fetched where it is here already.

        Args:
            alias_name: Alias or digest of the genome.
            asset_group_name: Asset group.
            asset_name: Asset; the server's default one where it is None.
            options: See PullOptions.
            confirm: Asks about a large asset; without it a large asset is left out, unless
                ``options.large`` is ``take``.

        Raises:
            NotFoundError: No server has it, or it is not served (the hint says how to build it).
            ConflictError: The alias names another genome here, or the name another content.
            DigestMismatchError: What was sent is not what was promised; nothing is registered.
            NetworkError: No server could be used; what came is kept and used the next time.
            DiskFullError: There is not enough space.
        """
        path = RegistryPath(alias_name, asset_group_name, asset=asset_name)
        chosen = options or PullOptions()
        result = self._pulling.run(path, self._find_clients(), chosen, confirm, Slots(chosen.jobs))
        if result.asset is None:
            raise NotFoundError(f"{path} was left out: {result.reason}", hint=f"refgenie pull --large {path}")
        return result.asset

    def pull_all(
        self,
        paths: Iterable[RegistryPath],
        *,
        options: PullOptions | None = None,
        confirm: Confirm | None = None,
        done: Callable[[PullResult], None] = lambda _result: None,
    ) -> list[PullResult]:
        """Pull several assets, some at once; one that fails does not stop the others.

        Args:
            paths: The assets.
            options: See PullOptions.
            confirm: Asks about a large asset.
            done: Told each result as soon as it is there; called by one thread at a time.

        Returns:
            A result for each path in its order.
        """
        wanted = list(dict.fromkeys(paths))
        chosen = options or PullOptions()
        clients = self._find_clients()
        slots = Slots(chosen.jobs)
        speaking = threading.Lock()

        def ask(question: str) -> bool:
            with speaking:
                return confirm is not None and confirm(question)

        def run(path: RegistryPath) -> PullResult:
            try:
                result = self._pulling.run(path, clients, chosen, ask if confirm else None, slots)
            except RefgenieError as error:
                result = PullResult(path, "failed", error=error, reason=error.message)
            with speaking:
                done(result)
            return result

        if len(wanted) < 2 or chosen.jobs < 2:
            return [run(path) for path in wanted]
        pool = ThreadPoolExecutor(min(chosen.jobs, len(wanted)), thread_name_prefix="pull")
        try:
            running = [pool.submit(run, path) for path in wanted]
            return [future.result() for future in running]
        except BaseException:
            slots.cancel()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def offered(self, genomes: Sequence[str] = (), groups: Sequence[str] = ()) -> list[RegistryPath]:
        """Assets that servers offer and that can be pulled, in the servers' order; each once.

        Args:
            genomes: Aliases or digests; all of the servers' genomes where none is given.
            groups: Asset groups; all where none is given.

        Raises:
            NotFoundError: A genome or group is on no server.
            NetworkError: No server could be asked.
        """
        found: dict[RegistryPath, None] = {}
        failures: list[RefgenieError] = []
        clients = self._find_clients()
        for client in clients:
            try:
                found |= dict.fromkeys(self._offered_by(Offer(client), genomes, groups))
            except RefgenieError as error:
                _log.warning("%s: %s", client.server_url, error.message)
                failures.append(error)
        if len(failures) == len(clients):
            raise failures[0]
        lacking = [name for name in genomes if name not in {path.genome for path in found}]
        lacking += [name for name in groups if name not in {path.group for path in found}]
        if lacking:
            raise NotFoundError(f"no server has anything of {', '.join(lacking)}", hint="refgenie listr")
        return list(found)

    def _offered_by(
        self, offer: Offer, genomes: Sequence[str], groups: Sequence[str]
    ) -> Iterable[RegistryPath]:
        asked: dict[str | None, str | None] = {
            self._pulling.genome_on(offer, genome): genome for genome in genomes
        }
        for digest, name in (asked or {None: None}).items():
            if name is not None and digest is None:
                continue
            for asset in offer.assets(digest):
                if asset.modes and (not groups or asset.group in groups):
                    yield RegistryPath(name or asset.genome_digest, asset.group, asset=asset.name)
