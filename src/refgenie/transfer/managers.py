"""The services of this room, wired once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from refgenie.core.layout import Folders
from refgenie.core.locks import Locks
from refgenie.core.progress import Progress
from refgenie.errors import RefgenieError

if TYPE_CHECKING:
    from refgenie.assets.publish import Publisher
    from refgenie.assets.service import AssetService
    from refgenie.db.database import Database
    from refgenie.genomes.aliases import AliasService
    from refgenie.genomes.service import GenomeService
    from refgenie.sequences.model import StoreMode
    from refgenie.transfer.catalog import RemoteCatalog
    from refgenie.transfer.clients import ServerClient
    from refgenie.transfer.mirror import MirrorService
    from refgenie.transfer.pull import PullService
    from refgenie.transfer.push import PushService
    from refgenie.transfer.remotes import RemoteService
    from refgenie.transfer.staging import StageService
    from refgenie.transfer.subscriptions import Clients, SubscriptionService


class Registry(Protocol):
    """What transfer needs of the composition root; ``Refgenie`` is one."""

    progress: Progress
    server_clients_mapping: dict[str, Any]

    @property
    def database(self) -> Database: ...  # noqa: D102
    @property
    def folders(self) -> Folders: ...  # noqa: D102
    @property
    def locks(self) -> Locks: ...  # noqa: D102
    @property
    def mode(self) -> StoreMode: ...  # noqa: D102
    @property
    def alias(self) -> AliasService: ...  # noqa: D102
    @property
    def genome(self) -> GenomeService: ...  # noqa: D102
    @property
    def asset(self) -> AssetService: ...  # noqa: D102
    @property
    def publisher(self) -> Publisher: ...  # noqa: D102


class Transfers:
    """Everything between two machines; nothing is opened before it is used."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @cached_property
    def clients(self) -> Clients:
        """Clients of servers."""
        from refgenie.transfer.subscriptions import Clients

        return Clients(self._injected, self._registry.progress)

    @property
    def _injected(self) -> Mapping[str, Any]:
        return self._registry.server_clients_mapping

    @cached_property
    def subscriptions(self) -> SubscriptionService:
        """Subscribed servers."""
        from refgenie.transfer.subscriptions import SubscriptionService

        return SubscriptionService(self._registry.database, self.clients)

    @cached_property
    def stage(self) -> StageService:
        """What is served and pushed."""
        from refgenie.transfer.staging import StageService

        registry = self._registry
        return StageService(
            registry.database,
            registry.folders,
            registry.asset,
            registry.alias,
            registry.locks,
            registry.progress,
        )

    @cached_property
    def pulls(self) -> PullService:
        """Brings assets from servers."""
        from refgenie.transfer.pull import PullService
        from refgenie.transfer.pulling import Pulling

        registry = self._registry
        pulling = Pulling(
            registry.database,
            registry.folders,
            registry.mode,
            registry.alias,
            registry.genome,
            registry.publisher,
            registry.locks,
            registry.progress,
            # What was staged of the replaced content would be served under the new digest.
            replaced=self.stage.refresh,
        )
        return PullService(pulling, self.subscriptions.clients)

    @cached_property
    def remote(self) -> RemoteService:
        """Storage that is pushed to."""
        from refgenie.transfer.remotes import RemoteService

        return RemoteService(self._registry.database)

    @cached_property
    def pushes(self) -> PushService:
        """Uploads what is staged."""
        from refgenie.transfer.push import PushService

        registry = self._registry
        return PushService(
            registry.database, registry.folders, registry.alias, registry.locks, registry.progress
        )

    @cached_property
    def catalog(self) -> RemoteCatalog:
        """What servers offer."""
        from refgenie.transfer.catalog import RemoteCatalog

        return RemoteCatalog(self.find_clients)

    def find_clients(self, urls: Iterable[str] | None = None) -> list[ServerClient]:
        """Clients of these servers, for which no registry is needed, else of the subscribed ones."""
        named = list(urls or ())
        try:
            return self.subscriptions.clients(named)
        except RefgenieError:
            if not named:
                raise
        return [self.clients.of(url) for url in dict.fromkeys(named)]

    @cached_property
    def mirror(self) -> MirrorService:
        """Keeps a copy of a server."""
        from refgenie.transfer.mirror import MirrorService

        return MirrorService(self.pulls, self.stage, self.find_clients, self._registry.alias)

    def close(self) -> None:
        """Close connections to servers."""
        if "clients" in self.__dict__:
            self.clients.close()
