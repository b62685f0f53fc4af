"""The tables behind bot/conversation/passive_replies.py and the channels' small memory. Times: milliseconds UTC."""

import sqlalchemy as sa

from bot.store.tables import metadata

memory = sa.Table(
    "reelbot_memory",  # the channels' tokens and references of uploaded files
    metadata,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
    sa.Column("until", sa.BigInteger),  # gone then; null: stays
)

answers = sa.Table(
    "reelbot_answers",  # what a callback is answered with: the same for each repeat of its message
    metadata,
    sa.Column("origin", sa.String, primary_key=True),  # the inbox row's
    sa.Column("reply", sa.JSON(none_as_null=True)),  # null: not decided yet
    sa.Column("at", sa.BigInteger, nullable=False),  # when it was first asked
)

codes = sa.Table(
    "reelbot_codes",  # short names of a person's jobs
    metadata,
    sa.Column("user", sa.String, primary_key=True),
    sa.Column("code", sa.String, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("job_id", sa.String, nullable=False, unique=True),
)

outbox = sa.Table(
    "reelbot_outbox",  # what waits for a person's next message
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("user", sa.String, nullable=False, index=True),
    sa.Column("job_id", sa.String, unique=True),  # null: an answer that came too late
    sa.Column("text", sa.String),
    sa.Column("ref", sa.String),  # the chat's reference of the uploaded video
    sa.Column("until", sa.BigInteger),  # how long that is good
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("handed", sa.String),  # origin of the message whose answer it was
)

allowances = sa.Table(
    "reelbot_allowances",  # how often the bot may speak to a person unasked
    metadata,
    sa.Column("user", sa.String, primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),  # message | tap
    sa.Column("remaining", sa.Integer, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)
