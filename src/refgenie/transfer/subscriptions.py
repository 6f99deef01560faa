"""Which servers are asked, and in which order."""

from __future__ import annotations

import builtins
import logging
import threading
from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from refgenie.core.addresses import without_credentials
from refgenie.core.progress import Progress
from refgenie.db.database import Database
from refgenie.db.models import Server
from refgenie.errors import NetworkError, NotFoundError, NotPermittedError, RefgenieError
from refgenie.transfer.clients import HttpServerClient, ServerClient, check_clients, normalized_url
from refgenie.transfer.http import Patience, UnreachableError

_log = logging.getLogger("refgenie")

REQUIRED_OPERATIONS = frozenset({"v4_alias", "v4_assets", "v4_asset_files"})


class Clients:
    """Clients of servers by address: injected ones, else ours over HTTP; each is made once."""

    def __init__(
        self,
        injected: Mapping[str, ServerClient] | None = None,
        progress: Progress | None = None,
        patience: Patience | None = None,
    ) -> None:
        check_clients(injected or {})
        self._injected = {url.rstrip("/"): client for url, client in (injected or {}).items()}
        self._progress = progress
        self._patience = patience
        self._made: dict[str, HttpServerClient] = {}
        self._lock = threading.Lock()

    def of(self, url: str) -> ServerClient:
        """The client of a server.

        Raises:
            InvalidInputError: The address is none of a server.
        """
        injected = self._injected.get(url.rstrip("/"))
        if injected is not None:
            return injected
        address = normalized_url(url)
        with self._lock:
            if address not in self._made:
                self._made[address] = HttpServerClient(
                    address, progress=self._progress, patience=self._patience
                )
            return self._made[address]

    @property
    def injected_urls(self) -> tuple[str, ...]:
        """Addresses of the injected clients."""
        return tuple(self._injected)

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for client in self._made.values():
                client.close()
            self._made.clear()


class SubscriptionService:
    """The subscribed servers."""

    def __init__(self, database: Database, clients: Clients) -> None:
        self._database = database
        self._clients = clients

    def list(self) -> builtins.list[str]:
        """Addresses in the order in which they are asked, without credentials."""
        return [without_credentials(address) for address in self._addresses()]

    def _addresses(self) -> builtins.list[str]:
        with self._database.read() as session:
            return list(session.scalars(select(Server.url).order_by(Server.id)))

    def clients(self, urls: Iterable[str] | None = None) -> builtins.list[ServerClient]:
        """Clients of these servers, else of the subscribed ones; injected ones need no subscription.

        Args:
            urls: Without credentials they get those of their subscriptions.

        Raises:
            NotFoundError: None is subscribed.
        """
        subscribed = self._addresses()
        known = {without_credentials(address): address for address in subscribed}
        wanted = [known.get(url.rstrip("/"), url) for url in urls or ()] or subscribed
        if not wanted:
            wanted = list(self._clients.injected_urls)
        if not wanted:
            raise NotFoundError("no server is subscribed", hint="refgenie subscribe URL")
        return [self._clients.of(url) for url in dict.fromkeys(wanted)]

    def subscribe(self, urls: Iterable[str] | str) -> builtins.list[str]:
        """Add servers, all or none; an address with other credentials replaces those of its server.

        Each is asked for its OpenAPI document first. One that cannot be reached now is added, with a
        warning in the log; one that answers must be a refgenie server.

        Returns:
            The addresses that were new, without credentials.

        Raises:
            InvalidInputError: Something is no address of a server.
            NetworkError: A server answers and is no refgenie server of the v4 interface.
            NotPermittedError: A server lets nobody in, or not with these credentials.
        """
        addresses = [normalized_url(url) for url in _several(urls)]
        for address in addresses:
            check_server(self._clients.of(address))

        def add(session: Session) -> builtins.list[str]:
            known = {without_credentials(row.url): row for row in session.scalars(select(Server))}
            fresh = []
            for address in addresses:
                shown = without_credentials(address)
                if shown in known:
                    known[shown].url = address if address != shown else known[shown].url
                    continue
                known[shown] = Server(url=address)
                session.add(known[shown])
                fresh.append(shown)
            return fresh

        return self._database.write(add)

    def unsubscribe(self, urls: Iterable[str] | str) -> builtins.list[str]:
        """Remove servers, all or none.

        Raises:
            NotFoundError: One is not subscribed.
        """
        addresses = [without_credentials(url.strip().rstrip("/")) for url in _several(urls)]

        def remove(session: Session) -> builtins.list[str]:
            rows = {without_credentials(row.url): row for row in session.scalars(select(Server))}
            unknown = [address for address in addresses if address not in rows]
            if unknown:
                raise NotFoundError(f"not subscribed: {', '.join(unknown)}", hint="refgenie config get")
            for address in dict.fromkeys(addresses):
                session.delete(rows[address])
            return addresses

        return self._database.write(remove)


def check_server(client: ServerClient) -> None:
    """Refuse what answers and is no refgenie server; what does not answer is warned about.

    Raises:
        NetworkError: It is another web server, or a refgenie server of the legacy v3 interface.
    """
    if not isinstance(client, HttpServerClient):
        return
    client.ask_again()
    try:
        operations = client.operations
    except RefgenieError as error:
        if isinstance(error, UnreachableError):
            _log.warning(
                "%s cannot be reached now (%s); it is subscribed all the same", client.server_url, error
            )
            return
        if isinstance(error, NotPermittedError):
            raise
        if _is_legacy(client):
            raise _legacy(client.server_url) from error
        raise NetworkError(
            f"{client.server_url} is no refgenie server: {error.message}", hint="check the address"
        ) from error
    if operations.keys() >= REQUIRED_OPERATIONS:
        return
    if any("/v3/" in path for path in operations.values()) or _is_legacy(client):
        raise _legacy(client.server_url)
    raise NetworkError(f"{client.server_url} is no refgenie server", hint="check the address")


def _is_legacy(client: HttpServerClient) -> bool:
    """Whether the server answers as those of the v3 interface do."""
    return client.answers("/v3/genomes/list") or client.answers("/v3/openapi.json")


def _legacy(url: str) -> NetworkError:
    return NetworkError(
        f"{url} is a server of the legacy v3 interface, this program speaks v4",
        hint="ask its operators for a v4 address",
    )


def _several(urls: Iterable[str] | str) -> list[str]:
    return [urls] if isinstance(urls, str) else list(urls)
