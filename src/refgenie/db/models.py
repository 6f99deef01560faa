"""The tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no zone, so it is taken off and put on here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Document = JSON
"""A JSON document; PostgreSQL's ``json`` keeps the order of its keys, as ``jsonb`` would not."""


def now() -> datetime:
    """This moment, UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Base of the tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Configuration(Base):
    """One row (id 1): what `init` was told."""

    __tablename__ = "configuration"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    genome_folder: Mapped[str] = mapped_column(Text)
    genome_archive_folder: Mapped[str] = mapped_column(Text)


class RegistryState(Base):
    """Small facts about the registry itself, such as the stamp of the copied alias file."""

    __tablename__ = "registry_state"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Server(Base):
    """A subscribed server; asked in the order of ``id``."""

    __tablename__ = "server"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(Text, unique=True)


class Genome(Base):
    """A genome assembly by its sequence collection digest."""

    __tablename__ = "genome"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    description: Mapped[str | None] = mapped_column(Text)
    species_name: Mapped[str | None] = mapped_column(Text, index=True)
    source: Mapped[str] = mapped_column(String(16), default="local")
    source_url: Mapped[str | None] = mapped_column(Text)
    masking: Mapped[str] = mapped_column(String(8), default="none")
    sequences: Mapped[int | None] = mapped_column(BigInteger)
    total_length: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    aliases: Mapped[list[Alias]] = relationship(
        back_populates="genome", cascade="all, delete-orphan", passive_deletes=True
    )
    asset_groups: Mapped[list[AssetGroup]] = relationship(
        back_populates="genome", cascade="all, delete-orphan", passive_deletes=True
    )


class Alias(Base):
    """A genome's name. ``source``: ``store`` (a copy of the store's) or ``server`` (its own policy)."""

    __tablename__ = "alias"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    genome_digest: Mapped[str] = mapped_column(ForeignKey("genome.digest", ondelete="CASCADE"), index=True)
    source: Mapped[str] = mapped_column(String(16), default="store")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    genome: Mapped[Genome] = relationship(back_populates="aliases")


class DataChannel(Base):
    """A source of asset classes and recipes."""

    __tablename__ = "data_channel"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    type: Mapped[str] = mapped_column(String(8))
    index_address: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    synced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AssetClass(Base):
    """What kind of asset it is: its seek keys (inherited ones resolved) and serving modes."""

    __tablename__ = "asset_class"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(64))
    description: Mapped[str | None] = mapped_column(Text)
    serving_modes: Mapped[list[str]] = mapped_column(Document)
    seek_keys: Mapped[dict[str, dict[str, Any]]] = mapped_column(Document)
    definition: Mapped[dict[str, Any]] = mapped_column(Document)
    data_channel_id: Mapped[int | None] = mapped_column(
        ForeignKey("data_channel.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    data_channel: Mapped[DataChannel | None] = relationship()


class Recipe(Base):
    """How an asset is built; ``definition`` is the canonical dialect."""

    __tablename__ = "recipe"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(64))
    description: Mapped[str | None] = mapped_column(Text)
    output_asset_class: Mapped[str] = mapped_column(String(255), index=True)
    definition: Mapped[dict[str, Any]] = mapped_column(Document)
    sha256: Mapped[str] = mapped_column(String(64))
    data_channel_id: Mapped[int | None] = mapped_column(
        ForeignKey("data_channel.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    data_channel: Mapped[DataChannel | None] = relationship()


class AssetGroup(Base):
    """A genome's assets of one asset class under one name."""

    __tablename__ = "asset_group"
    __table_args__ = (UniqueConstraint("genome_digest", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    genome_digest: Mapped[str] = mapped_column(ForeignKey("genome.digest", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255), index=True)
    asset_class_id: Mapped[int] = mapped_column(ForeignKey("asset_class.id"), index=True)

    genome: Mapped[Genome] = relationship(back_populates="asset_groups")
    asset_class: Mapped[AssetClass] = relationship()
    assets: Mapped[list[Asset]] = relationship(
        back_populates="group", cascade="all, delete-orphan", passive_deletes=True
    )


class Asset(Base):
    """One asset: a name for a content folder (several names may share one)."""

    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("asset_group_id", "name"),
        Index(
            "uq_asset_default",
            "asset_group_id",
            unique=True,
            # The migration says the same to PostgreSQL; said here, every command would load that dialect.
            sqlite_where=text("is_default"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_group_id: Mapped[int] = mapped_column(ForeignKey("asset_group.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255), index=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    description: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    is_default: Mapped[bool] = mapped_column(default=False)
    external_path: Mapped[str | None] = mapped_column(Text)
    recipe_id: Mapped[int | None] = mapped_column(ForeignKey("recipe.id"), index=True)
    custom_properties: Mapped[dict[str, str]] = mapped_column(Document, default=dict)
    provenance: Mapped[dict[str, Any] | None] = mapped_column(Document)
    build_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    group: Mapped[AssetGroup] = relationship(back_populates="assets")
    recipe: Mapped[Recipe | None] = relationship()
    files: Mapped[list[AssetFile]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="AssetFile.path"
    )
    seek_keys: Mapped[list[AssetSeekKey]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="AssetSeekKey.position"
    )
    parents: Mapped[list[AssetParent]] = relationship(
        foreign_keys="AssetParent.asset_id",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="AssetParent.key",
    )


class AssetFile(Base):
    """A file of an asset, relative to its content folder."""

    __tablename__ = "asset_file"

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(Text, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)


class AssetSeekKey(Base):
    """A seek key of an asset, rendered when it was registered (``{genome}`` stands)."""

    __tablename__ = "asset_seek_key"

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    position: Mapped[int] = mapped_column(default=0)
    value: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(16))
    description: Mapped[str | None] = mapped_column(Text)


class AssetParent(Base):
    """From what an asset was built; the parent need not be in this registry (a pulled asset's)."""

    __tablename__ = "asset_parent"

    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    registry_path: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id", ondelete="SET NULL"), index=True)


class Build(Base):
    """One run of a recipe. ``status``: running, succeeded, failed, interrupted."""

    __tablename__ = "build"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    genome_digest: Mapped[str] = mapped_column(String(64), index=True)
    asset_group_name: Mapped[str] = mapped_column(String(255))
    asset_name: Mapped[str] = mapped_column(String(255))
    recipe_name: Mapped[str] = mapped_column(String(255))
    recipe_version: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    message: Mapped[str | None] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column()
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
