"""Films can be deleted by their owners and sent as files: who was asked, what is wanted, which messages show one."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_SHOWN = """
    UPDATE reelbot_message_map SET film = :yes WHERE EXISTS (
        SELECT 1 FROM reelbot_jobs WHERE reelbot_jobs.id = reelbot_message_map.job_id
        AND reelbot_jobs.chat = reelbot_message_map.chat AND reelbot_jobs.outcome_ref = reelbot_message_map.ref
        AND reelbot_jobs.state = 'delivered' AND reelbot_jobs.send_to IS NULL
    )
"""


def upgrade() -> None:
    op.add_column("reelbot_jobs", sa.Column("delete_asked", sa.BigInteger()))
    op.add_column("reelbot_jobs", sa.Column("file_to", sa.JSON()))
    op.add_column("reelbot_message_map", sa.Column("film", sa.Boolean()))
    op.get_bind().execute(sa.text(_SHOWN), {"yes": True})
