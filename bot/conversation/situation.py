"""What is known when a message is decided: the dialogue, what is offered there, and which job the message is about."""

from dataclasses import dataclass, replace

from bot.channels.types import Incoming, Message, Toast
from bot.conversation.decisions import Decision
from bot.messages.i18n import translate
from bot.store.dialogues import Dialogue, Draft, Last, Topic
from bot.store.message_map import chat_of
from bot.store.records import Job, JobDraft


@dataclass(frozen=True, slots=True)
class Situation:
    """The situation of one message.

    `offers`: the person's open offers in this chat, oldest first. `quoted`: the job or offer that the message which it
    replies to is about. `at`: when it was sent, milliseconds UTC. `is_fresh`: nothing was offered here or lay on the
    table before, so the message is the whole request. `lone_photos`: a photo without words would reach the bot here.
    `has_cards`: an offer is a card of its own here, which comes after its message was decided.
    """

    incoming: Incoming
    language: str
    dialogue: Dialogue
    offers: tuple[Job, ...]
    quoted: Job | None
    at: int
    is_fresh: bool = False
    lone_photos: bool = True
    has_cards: bool = True

    @property
    def draft(self) -> Draft:
        """Return what lies on the table."""
        return self.dialogue.draft

    @property
    def in_group(self) -> bool:
        """Return whether others read here."""
        return not self.incoming.private

    @property
    def is_typed(self) -> bool:
        """Return whether the sender has just typed the words, or pressed: no forward, no voice, no edit of old ones."""
        return not (self.incoming.forwarded or self.incoming.transcript or self.incoming.edits)

    @property
    def chat(self) -> str | None:
        """Return the chat to which what is shown here is limited; None in a person's own."""
        return chat_of(self.incoming.address) if self.in_group else None

    @property
    def replies_elsewhere(self) -> bool:
        """Return whether the message replies to one of the bot's that is about no job or offer of this person."""
        quoted = self.incoming.quoted
        return quoted is not None and quoted.ours and quoted.ref is not None and self.quoted is None

    @property
    def latest_offer(self) -> Job | None:
        """Return the open offer that was the bot's last word here, or that this message replies to."""
        if self.quoted is not None:
            return next((offer for offer in self.offers if offer.id == self.quoted.id), None)
        last = self.dialogue.last
        if last is None or last.topic != "offer":
            return None
        return next((offer for offer in self.offers if offer.id == last.job), None)

    def say(self, key: str, **facts: object) -> str:
        """Return the sentence in the person's language."""
        return translate(self.language, key, **facts)

    def answer(self, text: str | Message, *, topic: Topic = "else", draft: Draft | None = None) -> Decision:
        """Decide to answer; `draft`: as it is afterwards, unchanged where it is None."""
        message = Message(text) if isinstance(text, str) else text
        return Decision(say=message, dialogue=self.after(topic, draft=draft))

    def toast(self, text: str, *, needed: bool = True) -> Decision:
        """Decide to answer a press for the eyes of who pressed. `needed`: see Toast."""
        return Decision(say=Toast(text, needed))

    def ordered(self, new: JobDraft) -> Decision:
        """Decide to make this a job or an offer; what lies on the table beside it stays there."""
        return Decision(order=new, dialogue=self.after("offer"))

    def after(self, topic: Topic, *, job: str | None = None, draft: Draft | None = None) -> Dialogue:
        """Return the dialogue after the bot has spoken of this."""
        return replace(self.dialogue, last=Last(topic, job), draft=self.draft if draft is None else draft)
