"""Addresses as they are shown to others."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

_CLOUD = "/latest/api/token"
"""Where a library for S3 asks the machine's cloud, once the environment has no credentials."""


def lacks_credentials(failure: Exception) -> bool:
    """Whether a request to an object store failed since nothing says who asks."""
    return _CLOUD in str(failure)


OBJECT_STORE_CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; a public bucket is read with AWS_SKIP_SIGNATURE=true"
)
"""What to do then."""


def without_credentials(address: str) -> str:
    """The address without a user name and password; what is no address stays without them, too."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.rpartition("@")[2]
    if "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
