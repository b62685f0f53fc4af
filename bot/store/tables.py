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
    sa.Column("outcome_ref", sa.String),  # reference of the message that gave the outcome; null while none did
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False, index=True),
    sa.Column("rendering_since", sa.BigInteger),
    sa.Column("reserved_micro", sa.BigInteger, nullable=False, default=0),  # what the ledger holds for it now
    sa.Column("charge", sa.String),  # none | yes | possibly: what the ledger says it cost in the end; null: open
    sa.Column("question", sa.JSON),  # {"why": see records.py, "job"}: what a person has to agree to first
    sa.Column("chat", sa.String, index=True),  # telegram:42, the chat that asked for it
    sa.Column("ways", sa.JSON(none_as_null=True)),  # of an offer: how else it can be taken; see Way in records.py
    sa.Column("send_to", sa.JSON(none_as_null=True)),  # where its outcome goes, if not to the chat that asked for it
    sa.Column("replaced_ref", sa.String),  # messages whose place its card has taken, until they are gone; with spaces
    sa.Column("again_of", sa.String, index=True),  # the job that this one repeats
    sa.Column("fallback", sa.String),  # what the repeat does better: shorter-prompt | wide-photo
    sa.Column("model_name", sa.String),  # as shown to people: a model may leave the catalogue before its films do
    sa.Column("usual_render_s", sa.Float),  # by the catalogue of the day it was ordered
    sa.Column("odd_since", sa.BigInteger),  # since when fal's answers about it say nothing
    sa.Column("odd", sa.String),  # what was odd last, in words without addresses
    sa.Column("due", sa.BigInteger),  # the work of its state is to be begun then (work.py); null: not by itself
    sa.Column("owner", sa.String),  # who works on it, until lease_until; null: nobody
    sa.Column(
        "epoch", sa.Integer, nullable=False, default=0
    ),  # how often it was taken: what an old owner writes is void
    sa.Column("lease_until", sa.BigInteger),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),  # tries of the work that it asks for
    sa.Column("lapses", sa.Integer, nullable=False, default=0),  # owners in a row that ended without a word
    sa.Column("billed_nano", sa.BigInteger),  # what fal itself says it charged, in nano-dollars; null: unknown
    sa.Column("bill_after", sa.BigInteger),  # fal's billing events are asked for it not before then
    sa.Column("group_chat", sa.String),  # telegram:-100123: the group it was ordered in, whose cap counts, too
    sa.Column("delete_asked", sa.BigInteger),  # when its owner was asked whether to delete the film
    sa.Column("file_to", sa.JSON(none_as_null=True)),  # where the original is to be sent as a file; null once it was
    sa.Column("purse", sa.String),  # who pays, where that is not the user: a group, for one who writes as a channel
    sa.Column("forgotten", sa.BigInteger),  # since when its words are gone: its owner asked for that
    sa.Column("follows", sa.String),  # the job whose film it goes on from, enlarges, makes whole
    sa.Column("step", sa.JSON(none_as_null=True)),  # what it does with that film; see FilmStep in records.py
    sa.Index(
        "ix_reelbot_jobs_follows",
        "follows",
        sqlite_where=sa.text("follows IS NOT NULL"),
        postgresql_where=sa.text("follows IS NOT NULL"),
    ),
    sa.Index(
        "ix_reelbot_jobs_due",
        "due",
        sqlite_where=sa.text("due IS NOT NULL"),
        postgresql_where=sa.text("due IS NOT NULL"),
    ),
    sa.Index(
        "ix_reelbot_jobs_lease",
        "lease_until",
        sqlite_where=sa.text("lease_until IS NOT NULL"),
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    ),
    sa.Index(
        "ix_reelbot_jobs_group",
        "group_chat",
        sqlite_where=sa.text("group_chat IS NOT NULL"),
        postgresql_where=sa.text("group_chat IS NOT NULL"),
    ),
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
    sa.Column("body", sa.Text),  # exactly what was posted: the search for a lost order compares every field of it
    sa.Column("claimed", sa.BigInteger),  # when this attempt was claimed; null in rows of 0.1.0
    sa.Column("answered", sa.BigInteger),  # when its POST ended, with an answer or without
    sa.Column(
        "known_by", sa.String
    ),  # what named the request: answer | receipt | webhook | list; lent: see evidence.py
    sa.Column(
        "search_until", sa.BigInteger
    ),  # refused, perhaps not by fal: the list is asked until a look begun after this
)

# Every 2xx result that fal gave for a job, raw, before anybody read it: a later version may read what this one cannot.
results = sa.Table(
    "reelbot_results",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String, nullable=False, index=True),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("headers", sa.JSON, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("job_id", "digest"),
)

# One row per event of money. Nothing here is ever changed; the sums are what is held and what was spent.
ledger = sa.Table(
    "reelbot_ledger",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String, nullable=False, index=True),
    sa.Column("user", sa.String, nullable=False, index=True),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),  # of a correction: when the purchase was settled
    sa.Column("event", sa.String, nullable=False),  # reserve | adjust | settle | release | hold | correct
    sa.Column("reserved_micro", sa.BigInteger, nullable=False),  # by how much the reservation changed
    sa.Column("spent_micro", sa.BigInteger, nullable=False),
    sa.Column("why", sa.String),
    sa.Column("booked", sa.BigInteger),  # when the row was written, where that is later than `at`
    sa.Column("group_chat", sa.String),  # of the job
    sa.Index(
        "ix_reelbot_ledger_group",
        "group_chat",
        sqlite_where=sa.text("group_chat IS NOT NULL"),
        postgresql_where=sa.text("group_chat IS NOT NULL"),
    ),
)

inbox = sa.Table(
    "reelbot_inbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("origin", sa.String, nullable=False, unique=True),
    sa.Column("chat", sa.String, nullable=False),  # handled in order within one chat
    sa.Column("incoming", sa.JSON, nullable=False),
    sa.Column("state", sa.String, nullable=False, index=True),  # new | done | set_aside
    sa.Column("answer", sa.JSON(none_as_null=True)),  # decided, and to be sent: that is never decided again
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("not_before", sa.BigInteger, nullable=False, default=0),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Index(
        "ix_reelbot_inbox_waiting",  # each chat's first message that waits, however many were handled
        "chat",
        "id",
        sqlite_where=sa.text("state = 'new'"),
        postgresql_where=sa.text("state = 'new'"),
    ),
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

# Who runs jobs here. A worker is alive while its heartbeat is young, by the database's clock.
workers = sa.Table(
    "reelbot_workers",
    metadata,
    sa.Column("owner", sa.String, primary_key=True),
    sa.Column("started", sa.BigInteger, nullable=False),
    sa.Column("stopped", sa.BigInteger),  # when it ended as told
    sa.Column("beat", sa.BigInteger),  # its last heartbeat; null: a worker of 0.1, alive while it holds its lock
)

# What only one process may do at a time, and who does it until when.
roles = sa.Table(
    "reelbot_roles",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)
