"""What Python users import to write a client of their own; needs nothing of the ``server`` extra."""

from refgenie.transfer.clients import ServerClient

__all__ = ["ServerClient"]
