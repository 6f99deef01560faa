"""What is staged, remotes, what was pushed, download counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON()


def upgrade() -> None:
    op.create_table(
        "download_count",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "digest", name=op.f("pk_download_count")),
    )
    op.create_table(
        "remote",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("push_command", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote")),
        sa.UniqueConstraint("name", name=op.f("uq_remote_name")),
    )
    op.create_table(
        "staged_asset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("directory_contents", DOCUMENT, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["asset.id"],
            name=op.f("fk_staged_asset_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staged_asset")),
        sa.UniqueConstraint("asset_id", "mode", name=op.f("uq_staged_asset_asset_id_mode")),
    )
    op.create_index(op.f("ix_staged_asset_digest"), "staged_asset", ["digest"], unique=False)
    op.create_index(op.f("ix_staged_asset_path"), "staged_asset", ["path"], unique=False)
    op.create_table(
        "push_intent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staged_asset_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["remote_id"], ["remote.id"], name=op.f("fk_push_intent_remote_id_remote"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staged_asset_id"],
            ["staged_asset.id"],
            name=op.f("fk_push_intent_staged_asset_id_staged_asset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_intent")),
        sa.UniqueConstraint(
            "staged_asset_id", "remote_id", name=op.f("uq_push_intent_staged_asset_id_remote_id")
        ),
    )
    op.create_index(op.f("ix_push_intent_remote_id"), "push_intent", ["remote_id"], unique=False)
    op.create_index(op.f("ix_push_intent_status"), "push_intent", ["status"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_push_intent_status"), table_name="push_intent")
    op.drop_index(op.f("ix_push_intent_remote_id"), table_name="push_intent")
    op.drop_table("push_intent")
    op.drop_index(op.f("ix_staged_asset_path"), table_name="staged_asset")
    op.drop_index(op.f("ix_staged_asset_digest"), table_name="staged_asset")
    op.drop_table("staged_asset")
    op.drop_table("remote")
    op.drop_table("download_count")
