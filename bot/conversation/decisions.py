"""What is decided about one message: an answer, a new job or offer, what is done, and the dialogue afterwards."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.channels.types import Message, Toast
from bot.store.database import Connection
from bot.store.dialogues import Dialogue, Draft, Last, write_dialogue_tx, write_ordered_dialogue_tx
from bot.store.job_orders import drop_offers_tx
from bot.store.records import JobDraft


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision: all of it is written in one transaction, with the message it is about.

    `say`: the answer; None: nothing, or the new job's own card says it. `order`: a new job, or an offer where it has a
    question. `drops`: offers that end unbought. `dialogue`: as it is afterwards; None: unchanged. `left`: what an order
    that is no offer leaves on the table; None: all of it. `spent`: the button that was pressed has done what it can.
    `act`: what is done in that transaction, a yes or a cancel; what it returns takes the place of this decision.
    `afterwards`: what is told to others once all of that is written; a process that dies before leaves it undone.
    """

    say: Message | Toast | None = None
    order: JobDraft | None = None
    drops: tuple[str, ...] = ()
    dialogue: Dialogue | None = None
    left: Draft | None = None
    spent: bool = False
    act: Callable[[Connection], "Decision"] | None = None
    afterwards: Callable[[], Awaitable[None]] | None = None

    def decided_tx(self, tx: Connection) -> "Decision":
        """Do what is to be done and write what changes; return what came of it. Raises OrderInstead."""
        decided = self
        while decided.act is not None:
            decided = decided.act(tx)
        if decided is not self and decided.order is not None:
            raise OrderInstead(decided)
        decided.write_tx(tx)
        return decided

    def write_tx(self, tx: Connection) -> None:
        """Write what the decision changes beside jobs that it makes."""
        drop_offers_tx(tx, self.drops)
        if self.dialogue is not None:
            write_dialogue_tx(tx, self.dialogue)

    def write_ordered_tx(self, tx: Connection, job_id: str) -> None:
        """Write the same where `order` became this job: an offer is the bot's last word."""
        drop_offers_tx(tx, self.drops)
        if self.dialogue is not None:
            write_ordered_dialogue_tx(tx, self.dialogue, job_id, left=self.left)

    def refused(self, answer: Message) -> "Decision":
        """Return the decision where its order is not made, and this is said: an offer that stands, or anything else."""
        last = Last("offer" if answer.job_id is not None else "else", answer.job_id)
        dialogue = replace(self.dialogue, last=last) if self.dialogue is not None else None
        return replace(self, order=None, say=answer, dialogue=dialogue)

    def mapped(self, change: Callable[["Decision"], "Decision"]) -> "Decision":
        """Return the decision changed by this, also where only its act will say what it is."""
        act = self.act
        return change(self) if act is None else replace(self, act=lambda tx: act(tx).mapped(change))


class OrderInstead(Exception):
    """An exception that rolls an act back: a new order takes its place, which has a transaction of its own."""

    def __init__(self, decision: Decision) -> None:
        super().__init__()
        self.decision = decision


NOTHING = Decision()
"""Nothing is said and nothing changes."""
