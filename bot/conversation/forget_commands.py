"""Decides about a person's wish that everything is forgotten: it is asked about once, with what would go.

A yes is the button, or typed with the command; it counts for ten minutes. In a group it is about what the person had
made there, and nothing else.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

from bot.channels.types import Action, Message
from bot.conversation import commands
from bot.conversation.decisions import Decision
from bot.conversation.situation import Situation
from bot.conversation.words import Meaning, meaning_of
from bot.messages.callback_data import data_for
from bot.store import Store
from bot.store.database import Connection
from bot.store.forgotten import forget_tx

AtFal = Literal["goes", "refused", "stays"]
"""What becomes of what fal keeps of a person's orders: it is deleted there, or fal does not let us, or nobody asks."""


class ForgetCommands:
    """The decisions about /forget."""

    def __init__(
        self,
        *,
        store: Store,
        due: Callable[[], None],
        forgotten: Callable[[], None],
        at_fal: Callable[[], Awaitable[AtFal]],
    ) -> None:
        """`due` is told that jobs are to be removed, `forgotten` that a person is to be forgotten."""
        self._store = store
        self._due = due
        self._forgotten = forgotten
        self._at_fal = at_fal

    async def decide(self, situation: Situation, answer: str | None) -> Decision:
        """Ask, or do what was answered."""
        user, chat = situation.incoming.user, situation.chat or ""
        if answer == "no":
            await self._store.forgotten.ask(user, chat, asked=False)
            return situation.answer(situation.say("forget-kept"))
        question = await self._question(situation, user, chat)
        if answer is None or not situation.is_typed:
            return await self._ask(user, chat, question)
        running, at_fal = (await self._store.forgotten.holding(user, chat)).running, await self._at_fal()

        def act(tx: Connection) -> Decision:
            if not forget_tx(tx, user, chat, origin=situation.incoming.origin):
                return Decision(afterwards=self._asking(user, chat), say=question.say, dialogue=question.dialogue)
            facts = {"running": running, "place": "group" if chat else "all", "fal": at_fal}
            done = Message(situation.say("forgotten-now", **facts), only_for=situation.incoming.sender_id)
            return Decision(say=done, spent=True, afterwards=self._wake)

        return Decision(act=act)

    async def _question(self, situation: Situation, user: str, chat: str) -> Decision:
        holding = await self._store.forgotten.holding(user, chat)
        facts = {"films": holding.films, "orders": holding.orders, "running": holding.running}
        facts_of_place = {"place": "group" if chat else "all", "fal": await self._at_fal()}
        yes = Action(situation.say("button-forget"), data_for("forget", "yes"), danger=True)
        no = Action(situation.say("button-forget-no"), data_for("forget", "no"))
        text = situation.say("forget-ask", **facts_of_place, **facts)
        return Decision(
            say=Message(text, (yes, no), only_for=situation.incoming.sender_id), dialogue=situation.after("forget")
        )

    async def _ask(self, user: str, chat: str, question: Decision) -> Decision:
        """Ask; asked anew, the time for the yes begins again."""
        await self._store.forgotten.ask(user, chat)
        return question

    def _asking(self, user: str, chat: str) -> Callable[[], Awaitable[None]]:
        async def ask() -> None:
            await self._store.forgotten.ask(user, chat)

        return ask

    async def _wake(self) -> None:
        self._due()
        self._forgotten()


def about_forgetting(situation: Situation, command: commands.Command | None) -> commands.Command | None:
    """Return what a bare yes or no means right after the question whether to forget everything: no offer is meant.

    A yes is asked for by the button or with the command, since it cannot be taken back.
    """
    last = situation.dialogue.last
    if last is None or last.topic != "forget" or situation.quoted is not None:
        return command
    meaning = meaning_of(situation.incoming.text)
    if meaning is Meaning.NO or (isinstance(command, commands.Cancel) and command.job is None):
        return commands.Forget("no")
    if meaning in {Meaning.YES, Meaning.VAGUE} or (isinstance(command, commands.Confirm) and command.job is None):
        return commands.Forget()
    return command
