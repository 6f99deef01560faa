"""What the environment says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from refgenie.core.layout import Folders
from refgenie.errors import InvalidInputError

VARIABLES: dict[str, str] = {
    "REFGENIE_HOME_PATH": "Base folder of all files of refgenie",
    "REFGENIE_LOG_LEVEL": "How much is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL",
    "REFGENIE_GENOME_FOLDER": "Folder of the genomes' assets and sequences",
    "REFGENIE_GENOME_ARCHIVE_FOLDER": "Folder of the staged assets that a server serves",
    "REFGENIE_GENOME_STAGE_FOLDER": "Another name of REFGENIE_GENOME_ARCHIVE_FOLDER",
    "REFGENIE_DB_CONFIG_PATH": "The YAML file that says where the registry is",
    "REFGENIE_REFGET_STORE_URL": "A remote RefgetStore; read by `serve` and `genome sync`",
    "REFGENIE_BRIDGE_MODE": "What web sites may ask of the dashboard: off, read or full",
    "REFGENIE_BRIDGE_ORIGINS": "Origins of those sites, comma-separated; unset: those of subscribed servers",
    "DATA_CHANNELS_CONFIG_PATH": "The YAML file of the channels that a server aggregates",
    "DOWNLOAD_COUNT_DUMP_JOB_INTERVAL_SECONDS": "Seconds between two writings of download counts",
    "REFGENIE_SENDFILE": "`x-accel:/internal`: the server leaves the bodies of files to nginx",
    "REFGENIE_ACCESS_LOG": "How the server logs requests: line, json or off",
    "REFGENIE_REQUEST_TIMEOUT_SECONDS": "Seconds until an answer of the server must have begun",
    "REFGENIE_MAX_BODY_BYTES": "Bytes of the body of a request to the server",
    "REFGENIE_DATA_CHANNELS_INTERVAL_SECONDS": "Seconds between two readings of the aggregated channels",
    "REFGET_STORE_HTTP_URL": "Address of the sequence store that the server tells its clients",
    "POSTGRES_HOST": "Host of the registry where no database configuration file exists",
    "POSTGRES_PORT": "Its port",
    "POSTGRES_DB": "Its database",
    "POSTGRES_USER": "Its user",
    "POSTGRES_PASSWORD": "Its password",
}
"""Environment variables and what they mean; the reference in the documentation is made from this."""

DEFAULTS: dict[str, str] = {
    "REFGENIE_HOME_PATH": "~/.refgenie",
    "REFGENIE_LOG_LEVEL": "INFO",
    "REFGENIE_GENOME_FOLDER": "$REFGENIE_HOME_PATH/genomes",
    "REFGENIE_GENOME_ARCHIVE_FOLDER": "$REFGENIE_HOME_PATH/archives",
    "REFGENIE_DB_CONFIG_PATH": "$REFGENIE_HOME_PATH/refgenie_db_config.yaml",
    "REFGENIE_BRIDGE_MODE": "read",
    "DOWNLOAD_COUNT_DUMP_JOB_INTERVAL_SECONDS": "60",
    "REFGENIE_ACCESS_LOG": "line",
    "REFGENIE_REQUEST_TIMEOUT_SECONDS": "60",
    "REFGENIE_MAX_BODY_BYTES": "8388608",
    "REFGENIE_DATA_CHANNELS_INTERVAL_SECONDS": "300",
    "POSTGRES_PORT": "5432",
    "POSTGRES_DB": "refgenie",
    "POSTGRES_USER": "postgres",
}

_OTHER_NAMES = {"REFGENIE_GENOME_ARCHIVE_FOLDER": "REFGENIE_GENOME_STAGE_FOLDER"}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def _absolute(text: str) -> Path:
    expanded = os.path.expanduser(os.path.expandvars(text))  # noqa: PTH111 - variables come first
    return Path(os.path.abspath(expanded))  # noqa: PTH100 - links in the path are the user's choice


def value_of(variable: str) -> str | None:
    """What a variable says now: its default where it is not set, None where it has none; paths absolute."""
    env = os.environ
    text = env.get(variable) or env.get(_OTHER_NAMES.get(variable, "")) or DEFAULTS.get(variable)
    if text is None or not variable.endswith(("_PATH", "_FOLDER")):
        return text
    if variable != "REFGENIE_HOME_PATH":
        text = text.replace("$REFGENIE_HOME_PATH", value_of("REFGENIE_HOME_PATH") or "")
    return str(_absolute(text))


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment, read once.

    Attributes:
        home: Base folder.
        log_level: One of LOG_LEVELS.
        genome_folder: As the caller or the environment says, else None (the registry may know).
        archive_folder: Likewise.
        database_config_path: The database's YAML file.
        refget_store_url: Remote RefgetStore of a server, or None.
        data_channels_config_path: The server's aggregated channels, or None.
        download_count_interval: Seconds.
    """

    home: Path
    log_level: str
    genome_folder: Path | None
    archive_folder: Path | None
    database_config_path: Path
    refget_store_url: str | None
    data_channels_config_path: Path | None
    download_count_interval: float

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        genome_folder: Path | str | None = None,
        archive_folder: Path | str | None = None,
        database_config_path: Path | str | None = None,
        log_level: str | None = None,
    ) -> Settings:
        """Read the environment; arguments win over it.

        Raises:
            InvalidInputError: The log level or the interval cannot be read.
        """
        env = os.environ if environ is None else environ

        def first(*names: str) -> str | None:
            return next((env[name] for name in names if env.get(name)), None)

        def path(given: Path | str | None, *names: str) -> Path | None:
            text = str(given) if given is not None else first(*names)
            return _absolute(text) if text else None

        home = _absolute(first("REFGENIE_HOME_PATH") or DEFAULTS["REFGENIE_HOME_PATH"])
        level = (log_level or first("REFGENIE_LOG_LEVEL") or DEFAULTS["REFGENIE_LOG_LEVEL"]).upper()
        if level not in LOG_LEVELS:
            raise InvalidInputError(f"log level {level!r} is unknown", hint=f"one of {', '.join(LOG_LEVELS)}")
        interval = first("DOWNLOAD_COUNT_DUMP_JOB_INTERVAL_SECONDS") or "60"
        try:
            seconds = float(interval)
        except ValueError as error:
            raise InvalidInputError(
                f"DOWNLOAD_COUNT_DUMP_JOB_INTERVAL_SECONDS is no number: {interval!r}"
            ) from error
        return cls(
            home=home,
            log_level=level,
            genome_folder=path(genome_folder, "REFGENIE_GENOME_FOLDER"),
            archive_folder=path(
                archive_folder, "REFGENIE_GENOME_ARCHIVE_FOLDER", "REFGENIE_GENOME_STAGE_FOLDER"
            ),
            database_config_path=path(database_config_path, "REFGENIE_DB_CONFIG_PATH")
            or home / "refgenie_db_config.yaml",
            refget_store_url=first("REFGENIE_REFGET_STORE_URL"),
            data_channels_config_path=path(None, "DATA_CHANNELS_CONFIG_PATH"),
            download_count_interval=seconds,
        )

    def folders(self, stored_genome: str | None = None, stored_archive: str | None = None) -> Folders:
        """The folders by the rule of precedence; ``stored_*`` are the registry's configuration row."""
        genome = self.genome_folder or (Path(stored_genome) if stored_genome else None)
        archive = self.archive_folder or (Path(stored_archive) if stored_archive else None)
        return Folders(genome or self.home / "genomes", archive or self.home / "archives")
