"""The registry of one person or site: genomes, classes, recipes, assets, builds, channels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON()


def upgrade() -> None:
    op.create_table(
        "build",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("genome_digest", sa.String(length=64), nullable=False),
        sa.Column("asset_group_name", sa.String(length=255), nullable=False),
        sa.Column("asset_name", sa.String(length=255), nullable=False),
        sa.Column("recipe_name", sa.String(length=255), nullable=False),
        sa.Column("recipe_version", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_build")),
    )
    op.create_index(op.f("ix_build_genome_digest"), "build", ["genome_digest"], unique=False)
    op.create_table(
        "configuration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("genome_folder", sa.Text(), nullable=False),
        sa.Column("genome_archive_folder", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_configuration")),
    )
    op.create_table(
        "data_channel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("index_address", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_channel")),
        sa.UniqueConstraint("name", name=op.f("uq_data_channel_name")),
    )
    op.create_table(
        "genome",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("species_name", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("masking", sa.String(length=8), nullable=False),
        sa.Column("sequences", sa.BigInteger(), nullable=True),
        sa.Column("total_length", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_genome")),
    )
    op.create_index(op.f("ix_genome_species_name"), "genome", ["species_name"], unique=False)
    op.create_table(
        "registry_state",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_registry_state")),
    )
    op.create_table(
        "server",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server")),
        sa.UniqueConstraint("url", name=op.f("uq_server_url")),
    )
    op.create_table(
        "alias",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("genome_digest", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["genome_digest"],
            ["genome.digest"],
            name=op.f("fk_alias_genome_digest_genome"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_alias")),
    )
    op.create_index(op.f("ix_alias_genome_digest"), "alias", ["genome_digest"], unique=False)
    op.create_table(
        "asset_class",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("serving_modes", DOCUMENT, nullable=False),
        sa.Column("seek_keys", DOCUMENT, nullable=False),
        sa.Column("definition", DOCUMENT, nullable=False),
        sa.Column("data_channel_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["data_channel_id"],
            ["data_channel.id"],
            name=op.f("fk_asset_class_data_channel_id_data_channel"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_class")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_asset_class_name_version")),
    )
    op.create_index(op.f("ix_asset_class_data_channel_id"), "asset_class", ["data_channel_id"], unique=False)
    op.create_table(
        "recipe",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("output_asset_class", sa.String(length=255), nullable=False),
        sa.Column("definition", DOCUMENT, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("data_channel_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["data_channel_id"],
            ["data_channel.id"],
            name=op.f("fk_recipe_data_channel_id_data_channel"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipe")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_recipe_name_version")),
    )
    op.create_index(op.f("ix_recipe_data_channel_id"), "recipe", ["data_channel_id"], unique=False)
    op.create_index(op.f("ix_recipe_output_asset_class"), "recipe", ["output_asset_class"], unique=False)
    op.create_table(
        "asset_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("genome_digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("asset_class_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_class_id"],
            ["asset_class.id"],
            name=op.f("fk_asset_group_asset_class_id_asset_class"),
        ),
        sa.ForeignKeyConstraint(
            ["genome_digest"],
            ["genome.digest"],
            name=op.f("fk_asset_group_genome_digest_genome"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_group")),
        sa.UniqueConstraint("genome_digest", "name", name=op.f("uq_asset_group_genome_digest_name")),
    )
    op.create_index(op.f("ix_asset_group_asset_class_id"), "asset_group", ["asset_class_id"], unique=False)
    op.create_index(op.f("ix_asset_group_name"), "asset_group", ["name"], unique=False)
    op.create_table(
        "asset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asset_group_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("external_path", sa.Text(), nullable=True),
        sa.Column("recipe_id", sa.Integer(), nullable=True),
        sa.Column("custom_properties", DOCUMENT, nullable=False),
        sa.Column("provenance", DOCUMENT, nullable=True),
        sa.Column("build_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_group_id"],
            ["asset_group.id"],
            name=op.f("fk_asset_asset_group_id_asset_group"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipe.id"], name=op.f("fk_asset_recipe_id_recipe")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset")),
        sa.UniqueConstraint("asset_group_id", "name", name=op.f("uq_asset_asset_group_id_name")),
    )
    op.create_index(op.f("ix_asset_digest"), "asset", ["digest"], unique=False)
    op.create_index(op.f("ix_asset_name"), "asset", ["name"], unique=False)
    op.create_index(op.f("ix_asset_recipe_id"), "asset", ["recipe_id"], unique=False)
    op.create_index(
        "uq_asset_default",
        "asset",
        ["asset_group_id"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "asset_file",
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["asset.id"],
            name=op.f("fk_asset_file_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("asset_id", "path", name=op.f("pk_asset_file")),
    )
    op.create_index(op.f("ix_asset_file_sha256"), "asset_file", ["sha256"], unique=False)
    op.create_table(
        "asset_parent",
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("registry_path", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["asset.id"],
            name=op.f("fk_asset_parent_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["asset.id"],
            name=op.f("fk_asset_parent_parent_id_asset"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("asset_id", "key", name=op.f("pk_asset_parent")),
    )
    op.create_index(op.f("ix_asset_parent_digest"), "asset_parent", ["digest"], unique=False)
    op.create_index(op.f("ix_asset_parent_parent_id"), "asset_parent", ["parent_id"], unique=False)
    op.create_table(
        "asset_seek_key",
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["asset.id"],
            name=op.f("fk_asset_seek_key_asset_id_asset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("asset_id", "name", name=op.f("pk_asset_seek_key")),
    )


def downgrade() -> None:
    op.drop_table("asset_seek_key")
    op.drop_index(op.f("ix_asset_parent_parent_id"), table_name="asset_parent")
    op.drop_index(op.f("ix_asset_parent_digest"), table_name="asset_parent")
    op.drop_table("asset_parent")
    op.drop_index(op.f("ix_asset_file_sha256"), table_name="asset_file")
    op.drop_table("asset_file")
    op.drop_index(
        "uq_asset_default",
        table_name="asset",
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.drop_index(op.f("ix_asset_recipe_id"), table_name="asset")
    op.drop_index(op.f("ix_asset_name"), table_name="asset")
    op.drop_index(op.f("ix_asset_digest"), table_name="asset")
    op.drop_table("asset")
    op.drop_index(op.f("ix_asset_group_name"), table_name="asset_group")
    op.drop_index(op.f("ix_asset_group_asset_class_id"), table_name="asset_group")
    op.drop_table("asset_group")
    op.drop_index(op.f("ix_recipe_output_asset_class"), table_name="recipe")
    op.drop_index(op.f("ix_recipe_data_channel_id"), table_name="recipe")
    op.drop_table("recipe")
    op.drop_index(op.f("ix_asset_class_data_channel_id"), table_name="asset_class")
    op.drop_table("asset_class")
    op.drop_index(op.f("ix_alias_genome_digest"), table_name="alias")
    op.drop_table("alias")
    op.drop_table("server")
    op.drop_table("registry_state")
    op.drop_index(op.f("ix_genome_species_name"), table_name="genome")
    op.drop_table("genome")
    op.drop_table("data_channel")
    op.drop_table("configuration")
    op.drop_index(op.f("ix_build_genome_digest"), table_name="build")
    op.drop_table("build")
