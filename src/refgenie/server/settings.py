"""What the environment says about the server itself; see `config` for the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from refgenie.config import Settings
from refgenie.errors import InvalidInputError

AccessLog = Literal["line", "json", "off"]
_ACCESS_LOGS = ("line", "json", "off")
X_ACCEL = "x-accel:"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server behaves.

    Attributes:
        download_count_interval: Seconds between two writings of the download counts.
        data_channels_config_path: YAML file of the aggregated data channels, or None.
        data_channels_interval: Seconds between two readings of the channels' indices.
        x_accel: Internal location of nginx to which file bodies are left, without a slash at its
            end, or None where the server sends them itself.
        access_log: ``line`` (one line a request), ``json`` or ``off``.
        request_timeout: Seconds until an answer must have begun; 0 is no limit.
        max_body_size: Bytes of a request's body.
        refget_store_url: Address under which the sequence store is advertised, or None.
    """

    download_count_interval: float = 60.0
    data_channels_config_path: Path | None = None
    data_channels_interval: float = 300.0
    x_accel: str | None = None
    access_log: AccessLog = "line"
    request_timeout: float = 60.0
    max_body_size: int = 8 << 20
    refget_store_url: str | None = None

    @classmethod
    def load(cls, settings: Settings, environ: Mapping[str, str] | None = None) -> ServerSettings:
        """Read the environment.

        Raises:
            InvalidInputError: A variable cannot be read; the message names it.
        """
        env = os.environ if environ is None else environ
        access_log = env.get("REFGENIE_ACCESS_LOG") or "line"
        if access_log not in _ACCESS_LOGS:
            raise InvalidInputError(
                f"REFGENIE_ACCESS_LOG is {access_log!r}", hint=f"one of {', '.join(_ACCESS_LOGS)}"
            )
        return cls(
            download_count_interval=settings.download_count_interval,
            data_channels_config_path=settings.data_channels_config_path,
            data_channels_interval=_number(env, "REFGENIE_DATA_CHANNELS_INTERVAL_SECONDS", 300.0),
            x_accel=_x_accel(env.get("REFGENIE_SENDFILE")),
            access_log=cast("AccessLog", access_log),
            request_timeout=_number(env, "REFGENIE_REQUEST_TIMEOUT_SECONDS", 60.0),
            max_body_size=int(_number(env, "REFGENIE_MAX_BODY_BYTES", 8 << 20)),
            refget_store_url=settings.refget_store_url,
        )


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError as error:
        raise InvalidInputError(f"{name} is no number: {text!r}") from error
    if value < 0 or value != value or value == float("inf"):  # noqa: PLR0124 - NaN
        raise InvalidInputError(f"{name} is not usable: {text!r}")
    return value


def _x_accel(text: str | None) -> str | None:
    if not text:
        return None
    location = text.removeprefix(X_ACCEL)
    if location == text or not location.startswith("/"):
        raise InvalidInputError(
            f"REFGENIE_SENDFILE is {text!r}", hint="export REFGENIE_SENDFILE=x-accel:/internal"
        )
    return location.rstrip("/")
