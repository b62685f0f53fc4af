"""Migrations of our tables, by Alembic."""
