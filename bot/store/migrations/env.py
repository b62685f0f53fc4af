"""Runs the migrations for Alembic, on the open connection that Database.migrate hands over, in one transaction."""

from alembic import context

from bot.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, version_table="reelbot_schema")
with context.begin_transaction():
    context.run_migrations()
