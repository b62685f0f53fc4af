"""Our tables, beside the engine's own in one database. Times: milliseconds UTC; money: micro-dollars; all integers."""

import sqlalchemy as sa

metadata = sa.MetaData()

jobs = sa.Table(
    "reelbot_jobs",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("origin", sa.String, nullable=False, unique=True),  # channel:account:chat:event, see engine.py
    sa.Column("user", sa.String, nullable=False, index=True),  # telegram:42
    sa.Column("incoming", sa.JSON, nullable=False),  # the message that asked for it
    sa.Column("language", sa.String, nullable=False),
    sa.Column("request", sa.JSON, nullable=False),  # exactly what is sent to fal; source_url is added when published
    sa.Column("adjustments", sa.JSON, nullable=False),
    sa.Column("price_micro", sa.BigInteger, nullable=False),
    sa.Column("price_up_to", sa.Boolean, nullable=False),
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("fal_position", sa.Integer),
    sa.Column("cancel_asked", sa.Boolean, nullable=False, default=False),
    sa.Column("error", sa.JSON),  # {"code", "facts"}
    sa.Column("video", sa.JSON),  # facts of the finished file: name, size, width, height, duration_s
    sa.Column("status_ref", sa.String),  # the chat's reference of the status message
    sa.Column("status_shown", sa.String),  # its text now, so that it is never edited to what it already says
    sa.Column("told", sa.String),  # reference of the message that gave the outcome; null while none did
    sa.Column("sendings", sa.Integer, nullable=False, default=0),  # series of delivery attempts begun
    sa.Column("send_after", sa.BigInteger),  # an outcome that waits is tried again then
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False, index=True),
    sa.Column("rendering_since", sa.BigInteger),
    sa.Column("reserved_micro", sa.BigInteger, nullable=False, default=0),  # what the ledger holds for it now
    sa.Column("charge", sa.String),  # none | yes | possibly: what the ledger says it cost in the end; null: open
    sa.Column("question", sa.JSON),  # {"why": "price" | "same", "job"}: what a person has to agree to first
    sa.Column("again_of", sa.String),  # the job that this one repeats
    sa.Column("remedy", sa.String),  # what the repeat does better: shorter-prompt | wide-photo
    sa.Column("held_until", sa.BigInteger),  # a shell command works on it itself, until then at least
)

history = sa.Table(
    "reelbot_history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String, nullable=False, index=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("why", sa.String),
)

# The permission to POST: the row is committed before the paid request leaves, and there is never a second one.
submits = sa.Table(
    "reelbot_submits",
    metadata,
    sa.Column("job_id", sa.String, primary_key=True),
    sa.Column("state", sa.String, nullable=False),  # sending | not_sent | accepted | refused
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("handle", sa.JSON),
    sa.Column("request_id", sa.String, index=True),
    sa.Column("hint", sa.String),  # a request id that fal's webhook named before the submit's own answer came
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
)

# One row per event of money. Nothing here is ever changed; the sums are what is held and what was spent.
ledger = sa.Table(
    "reelbot_ledger",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String, nullable=False, index=True),
    sa.Column("user", sa.String, nullable=False, index=True),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("event", sa.String, nullable=False),  # reserve | adjust | settle | release | hold
    sa.Column("reserved_micro", sa.BigInteger, nullable=False),  # by how much the reservation changed
    sa.Column("spent_micro", sa.BigInteger, nullable=False),
    sa.Column("why", sa.String),
)

inbox = sa.Table(
    "reelbot_inbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("origin", sa.String, nullable=False, unique=True),
    sa.Column("chat", sa.String, nullable=False),  # handled in order within one chat
    sa.Column("incoming", sa.JSON, nullable=False),
    sa.Column("state", sa.String, nullable=False, index=True),  # new | done | set_aside
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("not_before", sa.BigInteger, nullable=False, default=0),
    sa.Column("created", sa.BigInteger, nullable=False),
)

people = sa.Table(
    "reelbot_people",
    metadata,
    sa.Column("user", sa.String, primary_key=True),
    sa.Column("language", sa.String),
)

journal = sa.Table(
    "reelbot_journal",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("chat_id", sa.String, nullable=False, index=True),
    sa.Column("change", sa.Integer, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
)

facts = sa.Table(
    "reelbot_facts",  # of this installation: its secret, its folder's mark, when its admins were told what
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)

# On PostgreSQL: who runs jobs here. A worker is alive while it holds the advisory lock named after it (session.py).
workers = sa.Table(
    "reelbot_workers",
    metadata,
    sa.Column("owner", sa.String, primary_key=True),
    sa.Column("started", sa.BigInteger, nullable=False),
    sa.Column("stopped", sa.BigInteger),  # when it ended as told: what it left over is no sign of trouble
)

takeovers = sa.Table(
    "reelbot_takeovers",
    metadata,
    sa.Column("workflow_id", sa.String, primary_key=True),
    sa.Column("times", sa.Integer, nullable=False),  # in quick succession, see store/workers.py
    sa.Column("at", sa.BigInteger, nullable=False),
)
