"""The tables of what people and groups set, and of who may use the bot. Times: milliseconds UTC."""

import sqlalchemy as sa

from bot.store.tables import metadata

preferences = sa.Table(
    "reelbot_preferences",  # what a person or a group has set for its orders
    metadata,
    sa.Column("owner", sa.String, primary_key=True),  # telegram:42, or a group's telegram:-100
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)

admissions = sa.Table(
    "reelbot_admissions",  # what admins decided in the chat, beside the settings
    metadata,
    sa.Column("id", sa.String, primary_key=True),  # of a person or a group
    sa.Column("allowed", sa.BigInteger),  # when it was let in; null: it was not
    sa.Column("allowed_by", sa.String),
    sa.Column("cap_micro", sa.BigInteger),  # a group's own daily cap; null: the setting's
    sa.Column("admin", sa.BigInteger),  # when this person became an admin by a code of `reelbot setup`; null: not so
)

forgotten = sa.Table(
    "reelbot_forgotten",  # who asked that what they said and had made is forgotten
    metadata,
    sa.Column("user", sa.String, primary_key=True),
    sa.Column("chat", sa.String, primary_key=True),  # only what is of this group; "": everything
    sa.Column("asked", sa.BigInteger),  # when the question was put; null: it is not open
    sa.Column("at", sa.BigInteger),  # everything of until then; null: no yes was said yet
    sa.Column("done", sa.BigInteger),  # when the last of it was gone; null: something is left
)

admin_codes = sa.Table(
    "reelbot_admin_codes",  # the one code that makes its sender an admin, for minutes
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("tried_by", sa.JSON, nullable=False),  # a list of ids, one for each try
    sa.Column("spent_by", sa.String),
)

moves = sa.Table(
    "reelbot_moves",  # groups whose chat has given them another id: what named the old one means the new one
    metadata,
    sa.Column("old", sa.String, primary_key=True),  # telegram:-5
    sa.Column("new", sa.String, nullable=False, index=True),
    sa.Column("at", sa.BigInteger, nullable=False),
)

strangers = sa.Table(
    "reelbot_strangers",  # who asked to be let in: nothing of what they said
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("group_chat", sa.String),  # where they asked, unless alone with the bot
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("announced", sa.BigInteger),  # when the admins were told of this one; null: only counted
)

invitations = sa.Table(
    "reelbot_invitations",  # guests of the web chat
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("series", sa.String),  # stands in the guest's cookies; null: revoked
    sa.Column("digest", sa.String, unique=True),  # of the link's secret, until it is spent
    sa.Column("invited", sa.BigInteger, nullable=False),
    sa.Column("opened", sa.BigInteger),
)
