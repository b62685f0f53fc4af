"""Handles /admin: answers an admin in the private chat, and does what the words of admin_words.py ask for."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.channels.protocol import ChannelManifest, ChannelPort
from bot.channels.types import Address, Incoming, Message, SendError
from bot.conversation import account_reports
from bot.conversation.access import Access
from bot.conversation.account_reports import AccountReports
from bot.conversation.admin_reports import AdminReports
from bot.conversation.admin_words import WORDS, AdminRequest, Word
from bot.conversation.admission import Right
from bot.conversation.answer_language import zone_of
from bot.conversation.decisions import Decision
from bot.conversation.planning import group_of
from bot.messages import job_messages
from bot.messages.i18n import translate
from bot.messages.languages import LANGUAGES
from bot.store import Store
from bot.store.admissions import allow_tx, remove_tx, set_cap_tx
from bot.store.database import Connection
from bot.store.job_orders import ask_cancel_tx, drop_offers_tx
from bot.store.ledger import Caps
from bot.store.pause import pause_tx, resume_orders_tx
from bot.store.records import ACTIVE, Job, State, micro
from bot.store.stored import UnreadableJob

log = logging.getLogger(__name__)

_BY_NAME = {word.name: word for word in WORDS}


_OWNERS_WORDS = frozenset({"stop", "allow", "remove"})


class AdminHandler:
    """The handler of admins' words."""

    def __init__(
        self,
        *,
        store: Store,
        access: Access,
        right: Callable[[Incoming], Awaitable[Right | None]],
        channels: Mapping[str, ChannelPort],
        manifests: Mapping[str, ChannelManifest],
        caps: Caps,
        tell: Callable[[Job, Message], Awaitable[None]],
        ask_fal_now: Callable[[str], Awaitable[None]],
        due: Callable[[], None],
    ) -> None:
        """Build the handler.

        `manifests`: of all chats there are, also those that are not connected. `tell` brings a message on a job to its
        owner; `due` is called when jobs may leave the queue again.
        """
        self._store = store
        self._access = access
        self._right = right
        self._account_reports = AccountReports(store)
        self._channels = channels
        self._manifests = manifests
        self._caps = caps
        self._tell = tell
        self._ask_fal_now = ask_fal_now
        self._due = due
        self._reports = AdminReports(store=store, access=access, caps=caps)

    async def handle(self, incoming: Incoming, request: AdminRequest, language: str) -> Decision:
        """Decide what is done for an admin and said of it; anybody else is told that it is for admins."""
        if not incoming.private or group_of(incoming, self._manifests[incoming.address.channel]) is not None:
            return _answer(language, "operator-private")
        right = await self._right(incoming)
        if right is None:
            return _answer(language, "operator-only")
        if request.problem and request.word:
            usage = _usage(_BY_NAME[request.word], incoming, language)
            return _answer(language, "operator-lacks", usage=usage)
        if request.problem:
            return _answer(language, "operator-unknown", asked=request.argument, words=_words(incoming, language))
        if right == "account":
            return await self._for_owner(incoming, request, language)
        report = await self._report(incoming, request.word, language)
        return Decision(say=report) if report is not None else await self._act(incoming, request, language)

    async def _for_owner(self, incoming: Incoming, request: AdminRequest, language: str) -> Decision:
        """Decide for whoever has made this account theirs: about it, and about the people of its chat."""
        word, argument = request.word, request.argument
        if word in account_reports.WORDS:
            zone = await zone_of(self._store, incoming)
            words = _words(incoming, language, account_reports.WORDS | _OWNERS_WORDS)
            reports = self._account_reports
            return Decision(say=await reports.report(incoming, word, language, words=words, zone=zone))
        of_this_chat = argument.startswith(f"{incoming.address.channel}:")
        if word == "remove" and of_this_chat:
            return await self._remove(argument, language, let_in_by=incoming.user)
        if (word == "allow" and of_this_chat) or (word == "stop" and await self._is_of_account(argument, incoming)):
            return await self._act(incoming, request, language)
        return _answer(language, "operator-account-only")

    async def _is_of_account(self, job_id: str, incoming: Incoming) -> bool:
        try:
            job = await self._store.jobs.get(job_id)
        except UnreadableJob:
            return False
        return job is not None and account_reports.is_of(job, incoming)

    async def _report(self, incoming: Incoming, word: str, language: str) -> Message | None:
        zone = await zone_of(self._store, incoming)
        match word:
            case "overview":
                return await self._reports.overview(language, _words(incoming, language))
            case "waiting":
                return await self._reports.waiting(language, zone)
            case "running":
                return await self._reports.running(language)
            case "failed":
                return await self._reports.failed(language, zone)
            case "spent":
                return await self._reports.spent(language)
            case "access":
                return await self._reports.access(language, zone)
            case _:
                return None

    async def _act(self, incoming: Incoming, request: AdminRequest, language: str) -> Decision:
        log.info("an admin acts", extra={"user": incoming.user, "word": request.word})
        match request.word:
            case "stop":
                return await self._stop(request.argument, language)
            case "pause":
                return Decision(act=lambda tx: _paused(pause_tx(tx, incoming.user), language))
            case "resume":
                return Decision(act=lambda tx: replace(_resumed(resume_orders_tx(tx), language), afterwards=self._wake))
            case "allow":
                return await self._allow(incoming, request.argument, language)
            case "remove":
                return await self._remove(request.argument, language)
            case _:
                return self._cap(request, language)

    async def _wake(self) -> None:
        self._due()

    async def _stop(self, job_id: str, language: str) -> Decision:
        try:
            job = await self._store.jobs.get(job_id)
        except UnreadableJob:
            return _answer(language, "job-unreadable", job=job_id)
        if job is None:
            return _answer(language, "operator-no-job", job=job_id)
        return Decision(act=lambda tx: self._stop_tx(tx, job, language))

    def _stop_tx(self, tx: Connection, job: Job, language: str) -> Decision:
        if job.state is State.AWAITING_CONFIRMATION:
            verdict = "free" if drop_offers_tx(tx, [job.id]) else ask_cancel_tx(tx, job.id)
        else:
            verdict = ask_cancel_tx(tx, job.id) if job.state in ACTIVE | {State.PARKED} else "late"
        if verdict == "late":
            return _answer(language, "operator-stop-late", job=job.id)
        stopping = ("operator-stopping", "stopping-by-admin")
        key, owner_key = ("operator-stopped", "stopped-by-admin") if verdict == "free" else stopping
        owner = Message(translate(job.language, owner_key, job=job.id), job_id=job.id)

        async def afterwards() -> None:
            if verdict == "running":
                await self._ask_fal_now(job.id)
            await self._tell(job, owner)

        return replace(_answer(language, key, job=job.id), afterwards=afterwards)

    def _problem(self, ident: str, language: str) -> Message | None:
        """Say what is wrong with an id, as far as its chat can tell."""
        channel, _, rest = ident.partition(":")
        manifest = self._manifests.get(channel)
        if manifest is None:
            return Message(translate(language, "operator-no-chat", name=channel, names=", ".join(self._manifests)))
        if manifest.id_problem(rest) is not None:
            return Message(translate(language, "operator-bad-id", id=ident))
        return None

    async def _allow(self, incoming: Incoming, ident: str, language: str) -> Decision:
        problem = self._problem(ident, language)
        if problem is not None:
            return Decision(say=problem)
        if await self._by_setting(ident):
            return _answer(language, "operator-allowed-by-setting", id=ident)

        def act(tx: Connection) -> Decision:
            if not allow_tx(tx, ident, by=incoming.user):
                return _answer(language, "operator-allowed-already", id=ident)
            return replace(_answer(language, "operator-allowed", id=ident), afterwards=lambda: self._welcome(ident))

        return Decision(act=act)

    async def _welcome(self, ident: str) -> None:
        """Tell those who were let in, where the chat takes it now. Without a language of theirs: in each of ours."""
        name, _, rest = ident.partition(":")
        channel = self._channels.get(name)
        if channel is None:
            return
        chosen = await self._store.people.language(ident)
        languages = [chosen] if chosen else LANGUAGES
        text = "\n".join(translate(language, "let-in") for language in languages)
        try:
            await channel.show(Address(name, rest), Message(text))
        except SendError as error:
            log.info("who was let in was not told", extra={"user": ident, "outcome": error.outcome})

    async def _by_setting(self, ident: str) -> bool:
        """Return whether a setting names it, by this id or by one that it had before."""
        former = (await self._store.moves.former([ident])).get(ident, frozenset())
        return any(self._access.allows(each, each) for each in (ident, *former))

    async def _remove(self, ident: str, language: str, *, let_in_by: str | None = None) -> Decision:
        """Shut out whom an admin has let in. `let_in_by`: only whom this person has, who is no admin of the bot."""
        stays = await self._by_setting(ident)

        def act(tx: Connection) -> Decision:
            was_let_in = remove_tx(tx, ident, let_in_by=let_in_by)
            if stays:
                return _answer(language, "operator-setting-allows", id=ident)
            refusal = "operator-not-let-in" if let_in_by is None else "operator-not-let-in-by-you"
            return _answer(language, "operator-removed" if was_let_in else refusal, id=ident)

        return Decision(act=act)

    def _cap(self, request: AdminRequest, language: str) -> Decision:
        group = request.argument
        problem = self._problem(group, language)
        if problem is not None:
            return Decision(say=problem)
        channel, _, chat_id = group.partition(":")
        if not self._manifests[channel].is_group(chat_id):
            return _answer(language, "operator-cap-no-group", id=group)
        cap_micro = None if request.usd is None else micro(request.usd)
        shown = self._caps.group_micro if cap_micro is None else cap_micro
        key = "operator-cap-off" if cap_micro is None else "operator-cap"

        def act(tx: Connection) -> Decision:
            set_cap_tx(tx, group, cap_micro)
            return _answer(language, key, id=group, cap="" if shown is None else job_messages.usd(shown))

        return Decision(act=act)


def _answer(language: str, key: str, **facts: object) -> Decision:
    return Decision(say=Message(translate(language, key, **facts)))


def _paused(paused: bool, language: str) -> Decision:
    return _answer(language, "operator-paused" if paused else "operator-paused-already")


def _resumed(resumed: bool, language: str) -> Decision:
    return _answer(language, "operator-resumed" if resumed else "operator-not-paused")


def _words(incoming: Incoming, language: str, names: frozenset[str] | None = None) -> str:
    """Return how the words are used; `names`: only of these."""
    shown = [word for word in WORDS[1:] if names is None or word.name in names]
    return "\n".join(_usage(word, incoming, language) for word in shown)


def _usage(word: Word, incoming: Incoming, language: str) -> str:
    """Return how this word is used in this chat: with a slash, or bare, and with an id of such a chat."""
    somebody = f"{incoming.address.channel}:…"
    return translate(language, "operator-usage", name=word.name, usage=word.usage, somebody=somebody)
