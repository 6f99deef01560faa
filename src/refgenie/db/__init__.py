"""The registry: engine, sessions, tables, migrations, locks.

The only room that knows SQLite from PostgreSQL.
"""
