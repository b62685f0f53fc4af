"""Handles /admin: answers an admin in the private chat, and does what the words of admin_words.py ask for."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from bot.channels.protocol import ChannelManifest, ChannelPort
from bot.channels.types import Address, Incoming, Message, SendError
from bot.conversation.access import Access
from bot.conversation.admin_reports import AdminReports
from bot.conversation.admin_words import WORDS, AdminRequest
from bot.conversation.answer_language import zone_of
from bot.conversation.planning import group_of
from bot.messages import job_messages
from bot.messages.i18n import translate
from bot.messages.languages import LANGUAGES
from bot.store import Store
from bot.store.ledger import Caps
from bot.store.records import ACTIVE, Job, State, micro
from bot.store.stored import UnreadableJob

log = logging.getLogger(__name__)

_USAGE = {word.name: word.usage for word in WORDS}


class AdminHandler:
    """The handler of admins' words."""

    def __init__(
        self,
        *,
        store: Store,
        access: Access,
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
        self._channels = channels
        self._manifests = manifests
        self._caps = caps
        self._tell = tell
        self._ask_fal_now = ask_fal_now
        self._due = due
        self._reports = AdminReports(store=store, access=access, caps=caps)

    async def handle(self, incoming: Incoming, request: AdminRequest, language: str) -> Message:
        """Do what an admin asks for and say so; anybody else is told that it is for admins."""
        if not incoming.private or group_of(incoming, self._manifests[incoming.address.channel]) is not None:
            return Message(translate(language, "operator-private"))
        if not self._access.is_admin(incoming.user):
            return Message(translate(language, "operator-only"))
        if request.problem and request.word:
            return Message(translate(language, "operator-lacks", usage=_USAGE[request.word]))
        if request.problem:
            return Message(translate(language, "operator-unknown", asked=request.argument, words=_words()))
        return await self._report(incoming, request.word, language) or await self._act(incoming, request, language)

    async def _report(self, incoming: Incoming, word: str, language: str) -> Message | None:
        zone = await zone_of(self._store, incoming)
        match word:
            case "overview":
                return await self._reports.overview(language, _words())
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

    async def _act(self, incoming: Incoming, request: AdminRequest, language: str) -> Message:
        log.info("an admin acts", extra={"user": incoming.user, "word": request.word})
        match request.word:
            case "stop":
                return await self._stop(request.argument, language)
            case "pause":
                paused = await self._store.pause.begin(incoming.user)
                return Message(translate(language, "operator-paused" if paused else "operator-paused-already"))
            case "resume":
                resumed = await self._store.pause.end()
                self._due()
                return Message(translate(language, "operator-resumed" if resumed else "operator-not-paused"))
            case "allow":
                return await self._allow(incoming, request.argument, language)
            case "remove":
                return await self._remove(request.argument, language)
            case _:
                return await self._cap(request, language)

    async def _stop(self, job_id: str, language: str) -> Message:
        try:
            job = await self._store.jobs.get(job_id)
        except UnreadableJob:
            return Message(translate(language, "job-unreadable", job=job_id))
        if job is None:
            return Message(translate(language, "operator-no-job", job=job_id))
        if job.state is State.AWAITING_CONFIRMATION:
            await self._store.jobs.decline(job.id)
            return await self._stopped(job, language)
        may_stop = job.state in ACTIVE | {State.PARKED}
        verdict = await self._store.jobs.ask_cancel(job.id) if may_stop else "late"
        if verdict == "free":
            return await self._stopped(job, language)
        if verdict == "late":
            return Message(translate(language, "operator-stop-late", job=job.id))
        await self._ask_fal_now(job.id)
        await self._tell(job, Message(translate(job.language, "stopping-by-admin", job=job.id), job_id=job.id))
        return Message(translate(language, "operator-stopping", job=job.id))

    async def _stopped(self, job: Job, language: str) -> Message:
        await self._tell(job, Message(translate(job.language, "stopped-by-admin", job=job.id), job_id=job.id))
        return Message(translate(language, "operator-stopped", job=job.id))

    def _problem(self, ident: str, language: str) -> Message | None:
        """Say what is wrong with an id, as far as its chat can tell."""
        channel, _, rest = ident.partition(":")
        manifest = self._manifests.get(channel)
        if manifest is None:
            return Message(translate(language, "operator-no-chat", name=channel, names=", ".join(self._manifests)))
        if manifest.id_problem(rest) is not None:
            return Message(translate(language, "operator-bad-id", id=ident))
        return None

    async def _allow(self, incoming: Incoming, ident: str, language: str) -> Message:
        problem = self._problem(ident, language)
        if problem is not None:
            return problem
        if await self._by_setting(ident):
            return Message(translate(language, "operator-allowed-by-setting", id=ident))
        if not await self._store.admissions.allow(ident, by=incoming.user):
            return Message(translate(language, "operator-allowed-already", id=ident))
        await self._welcome(ident)
        return Message(translate(language, "operator-allowed", id=ident))

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

    async def _remove(self, ident: str, language: str) -> Message:
        removed = await self._store.admissions.remove(ident)
        if await self._by_setting(ident):
            return Message(translate(language, "operator-setting-allows", id=ident))
        return Message(translate(language, "operator-removed" if removed else "operator-not-let-in", id=ident))

    async def _cap(self, request: AdminRequest, language: str) -> Message:
        group = request.argument
        problem = self._problem(group, language)
        if problem is not None:
            return problem
        channel, _, chat_id = group.partition(":")
        if not self._manifests[channel].is_group(chat_id):
            return Message(translate(language, "operator-cap-no-group", id=group))
        await self._store.admissions.set_cap(group, None if request.usd is None else micro(request.usd))
        if request.usd is not None:
            cap = job_messages.usd(micro(request.usd))
            return Message(translate(language, "operator-cap", id=group, cap=cap))
        of_setting = self._caps.group_micro
        cap = "" if of_setting is None else job_messages.usd(of_setting)
        return Message(translate(language, "operator-cap-off", id=group, cap=cap))


def _words() -> str:
    return "\n".join(word.usage for word in WORDS[1:])
