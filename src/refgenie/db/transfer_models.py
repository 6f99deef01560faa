"""The tables of what is staged, where it is pushed to, and how often it was downloaded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from refgenie.db.models import Asset, Base, Document, UtcDateTime, now


class StagedAsset(Base):
    """An asset that is served, in one serving mode.

    ``path`` is relative to the archive folder: in mode ``archive`` the ``.tgz``, in mode ``file`` the
    link to the content folder. ``digest`` is the archive's SHA-256, in mode ``file`` the asset
    digest; ``size`` the archive's bytes, in mode ``file`` those of all files together.
    ``directory_contents`` lists the files, ``[{path, size, sha256}]``, relative to the asset's folder.
    """

    __tablename__ = "staged_asset"
    __table_args__ = (UniqueConstraint("asset_id", "mode"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"))
    mode: Mapped[str] = mapped_column(String(8))
    path: Mapped[str] = mapped_column(Text, index=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    directory_contents: Mapped[list[dict[str, Any]]] = mapped_column(Document)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    asset: Mapped[Asset] = relationship()
    intents: Mapped[list[PushIntent]] = relationship(
        back_populates="staged_asset", cascade="all, delete-orphan", passive_deletes=True
    )


class Remote(Base):
    """Storage that staged assets are pushed to and served from. ``type``: s3, http or https."""

    __tablename__ = "remote"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255), unique=True)
    type: Mapped[str] = mapped_column(String(8))
    prefix: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    push_command: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    intents: Mapped[list[PushIntent]] = relationship(
        back_populates="remote", cascade="all, delete-orphan", passive_deletes=True
    )


class PushIntent(Base):
    """That a staged asset shall be on a remote, and whether it is.

    ``status``: pending, pushed (``updated_at`` says when, ``digest`` what) or failed (``message``
    says why). A staged asset whose digest is another than the pushed one is pending again.
    """

    __tablename__ = "push_intent"
    __table_args__ = (UniqueConstraint("staged_asset_id", "remote_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staged_asset_id: Mapped[int] = mapped_column(ForeignKey("staged_asset.id", ondelete="CASCADE"))
    remote_id: Mapped[int] = mapped_column(ForeignKey("remote.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(String(8), default="pending", index=True)
    digest: Mapped[str] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    staged_asset: Mapped[StagedAsset] = relationship(back_populates="intents")
    remote: Mapped[Remote] = relationship(back_populates="intents")


class DownloadCount(Base):
    """How often something was downloaded. ``kind``: ``asset`` (its digest) or ``archive`` (likewise)."""

    __tablename__ = "download_count"

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger, default=0)
