"""The tables behind a conversation: what lies on the table in each dialogue, and which message is about which job."""

import sqlalchemy as sa

from bot.store.tables import metadata

dialogues = sa.Table(
    "reelbot_dialogues",  # one person in one chat and topic
    metadata,
    sa.Column("key", sa.String, primary_key=True),  # see Dialogue.key
    sa.Column("user", sa.String, nullable=False, index=True),
    sa.Column("draft", sa.JSON(none_as_null=True)),  # words and sources that are not ordered yet
    sa.Column("last", sa.JSON(none_as_null=True)),  # what the bot said last there
    sa.Column("changed", sa.BigInteger, nullable=False, index=True),
)

message_map = sa.Table(
    "reelbot_message_map",  # messages of the bot about a job, and the person's message that ordered it
    metadata,
    sa.Column("chat", sa.String, primary_key=True),  # telegram:42
    sa.Column("ref", sa.String, primary_key=True),  # the chat's reference of the message
    sa.Column("job_id", sa.String, nullable=False, index=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("film", sa.Boolean),  # true: it shows the film or brings its file, and goes with it
)
