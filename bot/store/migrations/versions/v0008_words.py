"""Stored words that have changed: an error's code, and the fields of what was adjusted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Replace names within the JSON texts. What a person wrote is not met: its own quotes stand escaped there."""
    _replace("error", '"code": "not_delivered"', '"code": "submit_not_sent"')
    _replace("adjustments", '"asked": ', '"requested": ')
    _replace("adjustments", '"used": ', '"applied": ')


def _replace(column: str, old: str, new: str) -> None:
    jobs = sa.table("reelbot_jobs", sa.column("id"), sa.column(column, sa.JSON))
    text = sa.cast(jobs.c[column], sa.Text)
    changed = sa.func.replace(text, old, new)
    is_json = op.get_bind().dialect.name == "postgresql"
    value = sa.cast(changed, sa.JSON) if is_json else changed
    op.execute(jobs.update().where(text.like(f"%{old}%")).values({column: value}))
