"""What is decided about one message: an answer, a new job or offer, and the dialogue as it is afterwards."""

from dataclasses import dataclass

from bot.channels.types import Message, Toast
from bot.store.database import Connection
from bot.store.dialogues import Dialogue, write_dialogue_tx, write_ordered_dialogue_tx
from bot.store.job_orders import drop_offers_tx
from bot.store.records import JobDraft


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision: all of it is written in one transaction, with the message it is about.

    `say`: the answer; None: nothing, or the new job's own card says it. `order`: a new job, or an offer where it has a
    question. `drops`: offers that end unbought. `dialogue`: as it is afterwards; None: unchanged. `spent`:
    the button that was pressed has done what it can; so has one that made an order.
    """

    say: Message | Toast | None = None
    order: JobDraft | None = None
    drops: tuple[str, ...] = ()
    dialogue: Dialogue | None = None
    spent: bool = False

    def write_tx(self, tx: Connection) -> None:
        """Write what the decision changes beside jobs that it makes."""
        drop_offers_tx(tx, self.drops)
        if self.dialogue is not None:
            write_dialogue_tx(tx, self.dialogue)

    def write_ordered_tx(self, tx: Connection, job_id: str) -> None:
        """Write the same where `order` became this job: an offer is the bot's last word, an order uses up the draft."""
        drop_offers_tx(tx, self.drops)
        if self.dialogue is not None:
            write_ordered_dialogue_tx(tx, self.dialogue, job_id)


NOTHING = Decision()
"""Nothing is said and nothing changes."""
