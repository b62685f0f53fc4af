"""Alembic's entry: always handed an open connection by Database.migrate, inside one transaction."""

from alembic import context

from bot.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, version_table="reelbot_schema")
with context.begin_transaction():
    context.run_migrations()
