"""One conversation for every chat: dialogues with their drafts, offers with several ways, and the message map."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_JOBS = "reelbot_jobs"


def upgrade() -> None:
    for column in (
        sa.Column("chat", sa.String()),
        sa.Column("ways", sa.JSON()),
        sa.Column("replaced_ref", sa.String()),
        sa.Column("send_to", sa.JSON()),
    ):
        op.add_column(_JOBS, column)
    op.create_index(f"ix_{_JOBS}_chat", _JOBS, ["chat"])
    op.add_column("reelbot_inbox", sa.Column("answer", sa.JSON()))
    op.create_table(
        "reelbot_dialogues",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("user", sa.String(), nullable=False, index=True),
        sa.Column("draft", sa.JSON()),
        sa.Column("last", sa.JSON()),
        sa.Column("changed", sa.BigInteger(), nullable=False, index=True),
    )
    op.create_table(
        "reelbot_message_map",
        sa.Column("chat", sa.String(), primary_key=True),
        sa.Column("ref", sa.String(), primary_key=True),
        sa.Column("job_id", sa.String(), nullable=False, index=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    _say_which_chat()
    _keep_what_waits()
    op.drop_table("reelbot_pending")


def _say_which_chat() -> None:
    """Every job's chat, and which messages are about it."""
    bind = op.get_bind()
    jobs = sa.table(
        _JOBS, *(sa.column(name) for name in ("id", "incoming", "chat", "status_ref", "outcome_ref", "changed"))
    )
    mapped = sa.table("reelbot_message_map", *(sa.column(name) for name in ("chat", "ref", "job_id", "at")))
    known: set[tuple[str, str]] = set()
    rows = bind.execute(sa.select(jobs).order_by(jobs.c.changed.desc())).all()
    for row in rows:
        incoming = _read(row.incoming)
        address = incoming.get("address")
        if not isinstance(address, dict):
            continue  # it cannot be read by anybody: see store/unreadable.py
        chat = f"{address.get('channel')}:{address.get('chat_id')}"
        bind.execute(jobs.update().where(jobs.c.id == row.id).values(chat=chat))
        for ref in (row.status_ref, row.outcome_ref, incoming.get("reply_to")):
            if isinstance(ref, str) and ref and (chat, ref) not in known:
                known.add((chat, ref))
                bind.execute(mapped.insert().values(chat=chat, ref=ref, job_id=row.id, at=row.changed))


def _keep_what_waits() -> None:
    """Photos that waited for words lie in their person's draft now."""
    bind = op.get_bind()
    pending = sa.table("reelbot_pending", *(sa.column(name) for name in ("id", "user", "attachment", "at")))
    dialogues = sa.table(
        "reelbot_dialogues",
        *(sa.column(name) for name in ("key", "user", "changed")),
        *(sa.column(name, sa.JSON()) for name in ("draft", "last")),
    )
    drafts: dict[str, dict[str, Any]] = {}
    for row in bind.execute(sa.select(pending).order_by(pending.c.id)):
        draft = drafts.setdefault(row.user, {"sources": []})
        source = {"attachment": _read(row.attachment), "event": f"pending-{row.id}", "at": row.at}
        draft["sources"].append(source)
        draft["at"] = row.at
    for user, draft in drafts.items():
        channel, _, person = user.partition(":")
        key = f"{channel}:{person}::{person}"
        values = {"key": key, "user": user, "draft": draft, "last": {"topic": "source"}, "changed": draft["at"]}
        bind.execute(dialogues.insert().values(**values))


def _read(value: Any) -> dict[str, Any]:
    """Read JSON that a plain query gives as text on SQLite and as a value on PostgreSQL."""
    try:
        read = json.loads(value) if isinstance(value, str | bytes) else value
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
