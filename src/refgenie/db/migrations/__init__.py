"""Alembic's migrations: one tree for both engines, batch mode for SQLite."""

HEAD = "0002"
"""The revision that this program works with; a test compares it with Alembic's own head."""
