"""What is decided about one message: an answer, a new job or offer, and the dialogue as it is afterwards."""

from dataclasses import dataclass, replace

import sqlalchemy as sa

from bot.channels.types import Message, Toast
from bot.store.database import Connection
from bot.store.dialogues import Dialogue, Draft, Last, write_dialogue_tx
from bot.store.job_orders import drop_offers_tx
from bot.store.records import JobDraft, State
from bot.store.tables import jobs


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision: all of it is written in one transaction, with the message it is about.

    `say`: the answer; None: nothing, or the new job's own card says it. `order`: a new job, or an offer where it has a
    question. `drops`: offers that end unbought. `dialogue`: as it is afterwards; None: unchanged.
    """

    say: Message | Toast | None = None
    order: JobDraft | None = None
    drops: tuple[str, ...] = ()
    dialogue: Dialogue | None = None

    def write_tx(self, tx: Connection) -> None:
        """Write what the decision changes beside jobs that it makes."""
        drop_offers_tx(tx, self.drops)
        if self.dialogue is not None:
            write_dialogue_tx(tx, self.dialogue)

    def write_ordered_tx(self, tx: Connection, job_id: str) -> None:
        """Write the same where `order` became this job: an offer is the bot's last word, an order uses up the draft."""
        drop_offers_tx(tx, self.drops)
        state = tx.execute(sa.select(jobs.c.state).where(jobs.c.id == job_id)).scalar()
        offered = state == State.AWAITING_CONFIRMATION
        if self.dialogue is not None:
            last = Last("offer" if offered else "else", job_id)
            draft = self.dialogue.draft if offered else Draft()
            write_dialogue_tx(tx, replace(self.dialogue, last=last, draft=draft))


NOTHING = Decision()
"""Nothing is said and nothing changes."""
