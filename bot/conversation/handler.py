"""Decides about one message: what it is, and whose decision that is. Access was checked before it came here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.channels.protocol import ChannelPort
from bot.channels.types import Action, Incoming, Message
from bot.conversation import commands, idea_list, price_list
from bot.conversation.admin_handler import AdminHandler
from bot.conversation.admission import Right
from bot.conversation.answer_language import answer_language
from bot.conversation.balance import BalanceHandler
from bot.conversation.command_parser import parse_message
from bot.conversation.decisions import NOTHING, Decision
from bot.conversation.edits import Edits
from bot.conversation.film_commands import FilmCommands
from bot.conversation.forget_commands import ForgetCommands, about_forgetting
from bot.conversation.job_commands import JobCommands
from bot.conversation.offering import Offering
from bot.conversation.ordering import OrderService
from bot.conversation.scene_phrases import phrase_in
from bot.conversation.second_commands import second_command
from bot.conversation.settings_handler import SettingsHandler
from bot.conversation.situation import Situation
from bot.conversation.source_prober import SourceProber
from bot.conversation.talk import Talk
from bot.conversation.words import Meaning, meaning_of
from bot.messages import job_lists, languages
from bot.messages.callback_data import data_for
from bot.messages.i18n import translate
from bot.messages.languages import LANGUAGES
from bot.messages.spoken import as_spoken
from bot.store import Store
from bot.store.database import Connection, now_ms
from bot.store.message_map import chat_of
from bot.store.people import choose_language_tx
from bot.store.records import Destination, Job, State
from bot.store.stored import UnreadableJob

_HERE = (State.AWAITING_CONFIRMATION,)
_ON_A_JOB = (
    commands.ShowStatus, commands.Cancel, commands.Confirm, commands.Again, commands.OtherModel, commands.AnotherTake,
    commands.OriginalFile, commands.DeleteFilm, commands.ContinueFilm, commands.EnlargeFilm, commands.MakeFull,
    commands.SwitchSound, commands.MoreOfFilm,
)  # fmt: skip


class MessageHandler:
    """The handler of all messages."""

    def __init__(
        self,
        *,
        store: Store,
        orders: OrderService,
        channels: Mapping[str, ChannelPort],
        send_again: Callable[[Job, Destination | None], Awaitable[bool]],
        send_original: Callable[[Job, Destination], Awaitable[bool]],
        ask_fal_now: Callable[[str], Awaitable[None]],
        due: Callable[[], None],
        forget: ForgetCommands,
        right: Callable[[Incoming], Awaitable[Right | None]],
        balance: BalanceHandler,
        settings: SettingsHandler,
        admin: AdminHandler,
    ) -> None:
        self._store = store
        self._channels = channels
        self._send_again = send_again
        self._right = right
        self._balance = balance
        self._settings = settings
        self._admin = admin
        self.prober = SourceProber(store=store, channels=channels)
        self._jobs = JobCommands(store=store, orders=orders, send_again=send_again, ask_fal_now=ask_fal_now)
        self._films = FilmCommands(
            store=store, orders=orders, jobs=self._jobs, channels=channels, send_original=send_original, due=due
        )
        self._forget = forget
        self._offering = Offering(orders, self._films.changed)
        self._talk = Talk(
            orders=orders, jobs=self._jobs, offering=self._offering, bring=self.bring, of_film=self._films.changed
        )
        self._edits = Edits(store=store, orders=orders)

    async def language(self, incoming: Incoming) -> str:
        """Return the language to answer in, the person's, the group's or the chat's, as its chat speaks it."""
        language = await answer_language(self._store, incoming)
        channel = self._channels.get(incoming.address.channel)
        return language if channel is None else as_spoken(language, channel.limits)

    async def bring(self, incoming: Incoming) -> bool:
        """Send the person's finished videos that wait, to where they have just spoken; whether there are any."""
        here = None if incoming.private else chat_of(incoming.address)  # a group gets nothing of another chat
        waiting = await self._store.jobs.find(user=incoming.user, states=[State.UNDELIVERED], chat=here)
        for job in waiting:
            await self._send_again(job, Destination(incoming.address))
        return bool(waiting)

    async def help_for_admins(self, incoming: Incoming, language: str) -> str:
        """Return what /help says to admins beyond the rest, in private; nothing for anybody else."""
        if incoming.address.chat_id != incoming.sender_id or await self._right(incoming) is None:
            return ""
        return "\n\n" + translate(language, "operator-help")

    async def handle(self, message: commands.ParsedMessage) -> Decision:
        """Decide what to do about this message."""
        incoming = await self.prober.known(message.incoming)
        situation = await self.situation(incoming)
        try:
            return await self._decide(situation, message.command)
        except UnreadableJob as error:
            return situation.answer(situation.say("job-unreadable", job=error.job_id))

    async def gather(self, message: commands.ParsedMessage) -> Decision:
        """Put a photo on the table after which more are coming at once: the last one's answer speaks of all."""
        situation = await self.situation(await self.prober.known(message.incoming))
        return self._offering.gather(situation, message.command)

    async def situation(self, incoming: Incoming) -> Situation:
        """Read what is known when this message is decided."""
        offers = await self._store.jobs.find(user=incoming.user, states=_HERE)
        here = tuple(job for job in offers if job.address == incoming.address)
        dialogue = await self._store.dialogues.of(incoming)
        channel = self._channels.get(incoming.address.channel)
        return Situation(
            incoming=incoming,
            language=await self.language(incoming),
            dialogue=dialogue,
            offers=here,
            quoted=await self._quoted(incoming),
            at=incoming.at or now_ms(),
            is_fresh=not here and dialogue.draft.is_empty,
            lone_photos=incoming.private or channel is None or channel.limits.lone_photos,
            has_cards=channel is not None and not channel.limits.passive_replies,
        )

    async def quote(self, incoming: Incoming) -> str | None:
        """Return the price at which this message would be ordered as it stands; see Talk.quote. It changes nothing."""
        if second_command(incoming) is not None:
            return None
        return await self._talk.quote(await self.situation(incoming), parse_message(incoming).command)

    async def _quoted(self, incoming: Incoming) -> Job | None:
        """Find the person's own job or offer that the message replied to is about."""
        if incoming.quoted is None:
            return None
        job_id = await self._store.message_map.job_of(incoming.address, incoming.quoted.ref)
        job = await self._store.jobs.get(job_id) if job_id is not None else None
        return job if job is not None and job.user == incoming.user else None

    async def _decide(self, situation: Situation, command: commands.Command | None) -> Decision:
        incoming = situation.incoming
        if incoming.pressed is not None:
            return await self._pressed(situation, command)
        if incoming.membership is not None:
            return await self._membership(situation)
        if incoming.private and not self._channels[incoming.address.channel].limits.passive_replies:
            await self.bring(incoming)
        if incoming.edits is not None:
            decided = await self._edits.decide(situation, command)
            if decided is not None:
                return decided
        if incoming.other is not None and not isinstance(command, commands.MakeVideo):
            return await self._talk.unusable(situation)
        command = about_forgetting(situation, _about_deletion(situation, command))
        refused = self._refuse_second(situation, command) or await self._of_another(situation, command)
        return refused or await self._commanded(situation, command)

    async def _of_another(self, situation: Situation, command: commands.Command | None) -> Decision | None:
        """Decide about a command that replies to a message on somebody else's job; None: it does not.

        It is about that job and no other: never about the sender's own.
        """
        incoming = situation.incoming
        is_about_job = isinstance(command, _ON_A_JOB) and command.job is None and situation.quoted is None
        if not is_about_job or command is None or incoming.quoted is None:
            return None
        job_id = await self._store.message_map.job_of(incoming.address, incoming.quoted.ref)
        job = await self._store.jobs.get(job_id) if job_id is not None else None
        if job is None:
            return None
        acting = await self._acting_for(incoming, job, command)
        if acting is not None:
            return await self._commanded(await self.situation(acting), command)
        return Decision(say=Message(situation.say("toast-not-yours"), only_for=incoming.sender_id))

    def _refuse_second(self, situation: Situation, command: commands.Command | None) -> Decision | None:
        """Decide to do nothing about a message with two commands in it; None: it has but one."""
        second = second_command(situation.incoming) if command is not None else None
        if second is None:
            return None
        return self._offering.keep(situation).answer(situation.say("second-command", second=job_lists.short(second)))

    async def _pressed(self, situation: Situation, command: commands.Command | None) -> Decision:
        if command is None:
            return situation.toast(situation.say("toast-gone"))
        job_id = getattr(command, "job", None)
        if job_id is not None:
            job = await self._store.jobs.get(job_id)
            if job is None:
                return situation.toast(situation.say("toast-gone"))
            if job.user != situation.incoming.user:
                acting = await self._acting_for(situation.incoming, job, command)
                if acting is None:
                    return situation.toast(situation.say("toast-not-yours"))
                situation = await self.situation(acting)
        return await self._commanded(situation, command)

    async def _acting_for(self, pressed: Incoming, job: Job, command: commands.Command) -> Incoming | None:
        """Return the press as its job's owner's, where an admin of the group may press for them; None: they may not.

        Admins may refuse and stop what was asked for in their group. Buy they may only what an anonymous admin, who
        presses as a person, was offered.
        """
        if job.address.chat_id != pressed.address.chat_id:
            return None
        of_group = job.user == chat_of(pressed.address)
        if not (of_group or isinstance(command, commands.Cancel)):
            return None
        channel = self._channels[pressed.address.channel]
        if not await channel.is_admin_of(pressed.address, pressed.sender_id):
            return None
        return replace(pressed, sender_id=job.incoming.sender_id)

    async def _membership(self, situation: Situation) -> Decision:
        incoming = situation.incoming
        if incoming.membership == "unblocked":
            await self.bring(incoming)
        if incoming.membership != "added":
            return NOTHING
        obstacle = await self._channels[incoming.address.channel].obstacle(incoming.address)
        return Decision(
            say=Message(situation.say("group-greeting", id=chat_of(incoming.address), missing=obstacle or ""))
        )

    async def _commanded(self, situation: Situation, command: commands.Command | None) -> Decision:
        if not isinstance(command, commands.PlainText | commands.MakeVideo | None):
            situation = self._offering.keep(situation)
        match command:
            case None:
                return NOTHING
            case commands.PlainText():
                return await self._talk.words(situation, command)
            case commands.MakeVideo():
                return await self._offering.order(situation, command)
            case commands.Confirm(job=None, sure=sure):
                return await (self._talk.agreed(situation) if sure else self._jobs.confirm(situation, None))
            case commands.ChangeSettings(request=wanted):
                return _answered(situation, await self._settings.handle(situation.incoming, wanted, situation.language))
            case commands.Administer(request=asked):
                return _answered(situation, await self._admin.handle(situation.incoming, asked, situation.language))
            case commands.ChooseLanguage(language=chosen):
                return await self._choose_language(situation, chosen)
            case commands.ShowBalance():
                balance = await self._balance.handle(situation.incoming, situation.language)
                return _answered(situation, Decision(say=balance))
            case _:
                decided = await self._about_job(situation, command)
                return situation.answer(await self._plain(command, situation)) if decided is None else decided

    async def _about_job(self, situation: Situation, command: commands.Command) -> Decision | None:
        if isinstance(command, commands.Forget):
            return await self._forget.decide(situation, command.answer)
        if isinstance(command, commands.ShowIdeas) and command.phrase is not None:
            return await self._talk.phrase(situation, phrase_in(command.phrase, situation.language))
        if isinstance(command, commands.FilmCommand):
            return await self._films.decide(situation, command)
        return await self._jobs.decide(situation, command)

    async def _plain(self, command: commands.Command, situation: Situation) -> Message:
        """Answer a command that needs nothing but words."""
        match command:
            case commands.ShowModels():
                return job_lists.models(situation.language)
            case commands.ShowIdeas():
                return idea_list.ideas(situation.language)
            case commands.ShowPrice(options=options):
                return price_list.prices(options, situation.language)
            case commands.Start():
                return Message(situation.say("start"))
            case commands.Unknown(word=word, suggestion=suggestion):
                if suggestion:
                    return Message(situation.say("unknown-command-suggestion", word=word, suggestion=suggestion))
                return Message(situation.say("unknown-command", word=word))
            case _:
                more = await self.help_for_admins(situation.incoming, situation.language)
                return Message(situation.say("help") + more)

    async def _choose_language(self, situation: Situation, wanted: str | None) -> Decision:
        language = situation.language
        buttons = tuple(Action(languages.row(code).name, data_for("lang", code)) for code in LANGUAGES)
        if wanted is None:
            return situation.answer(Message(translate(language, "language-choose"), buttons))
        if wanted not in LANGUAGES:
            return situation.answer(Message(translate(language, "language-unknown", asked=wanted), buttons))
        chosen = situation.answer(translate(wanted, "language-set"))

        def act(tx: Connection) -> Decision:
            choose_language_tx(tx, situation.incoming.user, wanted)
            return chosen

        return Decision(act=act)


def _answered(situation: Situation, decided: Decision) -> Decision:
    """Return the decision as one after which an offer is no longer our last word, if it says something."""

    def spoken(each: Decision) -> Decision:
        return replace(each, dialogue=situation.after("else")) if isinstance(each.say, Message) else each

    return decided.mapped(spoken)


def _about_deletion(situation: Situation, command: commands.Command | None) -> commands.Command | None:
    """Return what a bare yes or no means right after the question whether to delete a film: no offer is meant.

    A no keeps the film; a yes is asked for by the button or with the code, since it cannot be taken back.
    """
    last = situation.dialogue.last
    if last is None or last.topic != "delete" or last.job is None or situation.quoted is not None:
        return command
    meaning = meaning_of(situation.incoming.text)
    if meaning is Meaning.NO or (isinstance(command, commands.Cancel) and command.job is None):
        return commands.DeleteFilm(last.job, "no")
    if meaning in {Meaning.YES, Meaning.VAGUE} or (isinstance(command, commands.Confirm) and command.job is None):
        return commands.DeleteFilm(last.job)
    return command
