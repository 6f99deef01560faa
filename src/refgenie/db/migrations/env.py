"""Alembic's environment: migrates the connection that it is handed."""

from alembic import context

from refgenie.db import transfer_models  # noqa: F401 - registers its tables
from refgenie.db.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=False,  # the caller owns the one transaction, on both engines
)
context.run_migrations()
