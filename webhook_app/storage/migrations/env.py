"""Alembic's entry: migrate over the connection that the caller hands in."""

from alembic import context

from webhook_app.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
