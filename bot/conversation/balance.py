"""Answers /balance: a person's dollars are told in the private chat only; in a group only the group's own."""

from collections.abc import Awaitable, Callable, Mapping

from bot.channels.protocol import ChannelPort
from bot.channels.types import Action, Incoming, Message, SendError
from bot.conversation.planning import Planner
from bot.messages import job_messages
from bot.messages.i18n import translate
from bot.messages.openings import opening_button
from bot.store import Store
from bot.store.ledger import Caps
from bot.store.message_map import chat_of


class BalanceHandler:
    """The handler of /balance."""

    def __init__(
        self,
        *,
        store: Store,
        planner: Planner,
        channels: Mapping[str, ChannelPort],
        caps: Caps,
        is_admin: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._planner = planner
        self._channels = channels
        self._caps = caps
        self._is_admin = is_admin

    async def handle(self, incoming: Incoming, language: str) -> Message:
        """Say what was spent and may still be spent, where nobody else reads it."""
        group = self._planner.group_of(incoming)
        if group is None and incoming.private:
            return await self._own(incoming, language)
        lines = [await self._of_group(group, language)] if group is not None else []
        buttons: tuple[Action, ...] = ()
        if group is None or not (incoming.anonymous or self._speaks_as_chat(incoming)):
            arrives = await self._tell_in_private(incoming, language)
            lines.append(translate(language, "balance-told" if arrives else "balance-ask-in-private"))
            buttons = () if arrives else await self._opening(incoming, language)
        return Message("\n".join(lines), buttons)

    def _speaks_as_chat(self, incoming: Incoming) -> bool:
        """Return whether the sender is no person: the group itself, or a channel, whose purse is the group's."""
        return self._channels[incoming.address.channel].manifest.is_group(incoming.sender_id)

    async def _opening(self, incoming: Incoming, language: str) -> tuple[Action, ...]:
        """Return the button by which somebody who has ordered something opens the bot."""
        newest = await self._store.jobs.find(user=incoming.user, newest=1)
        if not newest:
            return ()
        channel = self._channels[incoming.address.channel]
        button = await opening_button(channel, incoming.sender_id, newest[0].id, language, once=False)
        return () if button is None else (button,)

    async def _own(self, incoming: Incoming, language: str) -> Message:
        standing = await self._store.ledger.standing(incoming.user)
        lines = [job_messages.balance(language, standing, self._caps.user_micro)]
        if await self._is_admin(incoming.user):
            everybody = await self._store.ledger.standing()
            lines.append(job_messages.balance(language, everybody, self._caps.all_micro, key="balance-all"))
        return Message("\n".join(lines))

    async def _of_group(self, group: str, language: str) -> str:
        standing, cap_micro = await self._store.ledger.group_standing(group, self._caps)
        if cap_micro is None:
            return translate(language, "balance-group-no-cap")
        return job_messages.balance(language, standing, cap_micro, key="balance-group")

    async def _tell_in_private(self, incoming: Incoming, language: str) -> bool:
        """Send it to the person's own chat. False where there is none, or it does not take it."""
        channel = self._channels[incoming.address.channel]
        own_chat = channel.private(incoming.sender_id)
        if own_chat is None:
            return False
        await self._store.dialogues.spoke(incoming.user, chat=chat_of(own_chat))
        try:
            await channel.show(own_chat, await self._own(incoming, language))
        except SendError:
            return False
        return True
