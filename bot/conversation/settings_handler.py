"""Handles /settings: shows and changes what a person, or a group by its admins, has set for orders.

In a private chat the settings are the person's own; in a group they are the group's. A value is stored only after
core.pricing has planned and priced a video with it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.channels.protocol import ChannelPort
from bot.channels.types import Incoming, Message, SendError, Toast
from bot.conversation import settings_messages
from bot.conversation.answer_language import answer_language
from bot.conversation.decisions import Decision
from bot.conversation.generation_options import GenerationOptions
from bot.conversation.planning import Planner
from bot.conversation.setting_fields import BY_NAME, FIELDS, Owner, SettingsRequest, options_of
from bot.messages import job_messages
from bot.messages.i18n import error_text, translate
from bot.store import Store
from bot.store.database import Connection
from bot.store.people import choose_language_tx
from bot.store.preferences import change_preferences_tx
from core import pricing
from core.errors import BadRequest
from core.types import Adjustment, Plan

Changes = dict[str, str | None]
_FIELD_OF = {
    "duration": "seconds",
    "aspect_ratio": "shape",
    "resolution": "resolution",
    "model": "model",
    "sound": "sound",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """Changes that may be stored, and what had to become another value for them."""

    changes: Changes
    adjustments: tuple[Adjustment, ...] = ()


class SettingsHandler:
    """The handler of settings. `default_model`: the operator's."""

    def __init__(
        self,
        *,
        store: Store,
        planner: Planner,
        channels: Mapping[str, ChannelPort],
        default_model: str,
        is_admin: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._planner = planner
        self._channels = channels
        self._default_model = default_model
        self._is_admin = is_admin

    async def handle(self, incoming: Incoming, request: SettingsRequest, language: str) -> Decision:
        """Decide what is set and shown. It says nothing where the keyboard or a toast does already."""
        group = self._planner.group_of(incoming)
        may_change = group is None or await self._is_admin_of(incoming, group)
        if not may_change and (request.changes or incoming.pressed is not None):
            return _refused(incoming, language)
        owner = group or incoming.user
        stored = await self._stored(owner)
        notes: list[str] = []
        changes: Changes = {}
        if request.changes:
            try:
                changes, notes = self._change(stored, "group" if group else "person", dict(request.changes), language)
            except BadRequest as error:
                name = request.changes[0][0]
                return Decision(
                    say=self._page(stored, name, language, note=error_text(language, error.code, error.facts))
                )
            stored = {name: value for name, value in {**stored, **changes}.items() if value is not None}
            if "language" in changes:
                language = await answer_language(self._store, incoming, chosen={owner: changes["language"]})
        if request.page is not None and may_change:
            message = self._page(stored, request.page, language, unknown=request.unknown)
        else:
            if request.unknown:
                notes.append(translate(language, "settings-unknown", asked=request.unknown))
            message = settings_messages.overview(
                stored,
                language,
                of_group=group is not None,
                default_model=self._default_model,
                may_change=may_change,
                notes=notes,
            )
        shown = Decision(say=await self._shown(incoming, message))
        return Decision(act=lambda tx: _changed(tx, owner, changes, shown)) if changes else shown

    async def _is_admin_of(self, incoming: Incoming, group: str) -> bool:
        """Return whether this person may change the group's settings: its admins, also anonymous ones, and ours."""
        if incoming.anonymous or incoming.user == group or await self._is_admin(incoming.user):
            return True
        return await self._channels[incoming.address.channel].is_admin_of(incoming.address, incoming.sender_id)

    def _change(
        self, stored: dict[str, str], kind: Owner, changes: Changes, language: str
    ) -> tuple[Changes, list[str]]:
        """Return what is to be stored and what is to be said of it. Raises BadRequest."""
        changes = {name: value for name, value in changes.items() if kind in BY_NAME[name].owners}
        checked = check(stored, changes, self._default_model)
        notes = [translate(language, "settings-reset" if not any(changes.values()) else "settings-changed")]
        notes += [
            job_messages.adjustment(language, each.field, each.requested, each.applied) for each in checked.adjustments
        ]
        return checked.changes, notes

    def _page(self, stored: dict[str, str], name: str, language: str, *, unknown: str = "", note: str = "") -> Message:
        notes = [note] if note else []
        if unknown:
            notes.append(translate(language, "settings-unknown-value", asked=unknown))
        return settings_messages.page(BY_NAME[name], stored, language, default_model=self._default_model, notes=notes)

    async def _stored(self, owner: str) -> dict[str, str]:
        """Return what the owner has set, as far as the table and the catalogue still know it."""
        (stored,) = await self._store.preferences.of(owner)
        language = await self._store.people.language(owner)
        known = {field.name: value for field in FIELDS if (value := stored.get(field.name)) and field.read(value)}
        return known | ({"language": language} if language else {})

    async def _shown(self, incoming: Incoming, message: Message) -> Message | None:
        """Change the keyboard that was pressed in its place, where the chat can; else answer with the message."""
        channel = self._channels[incoming.address.channel]
        if incoming.pressed is None or incoming.reply_to is None or not channel.limits.edits:
            return message
        try:
            await channel.show(incoming.address, message, replace=incoming.reply_to)
        except SendError:
            return message
        return None


def _refused(incoming: Incoming, language: str) -> Decision:
    """Say that only the group's admins may: to who pressed alone, or in answer to words."""
    text = translate(language, "settings-group-admins")
    return Decision(say=Message(text) if incoming.pressed is None else Toast(text))


def _changed(tx: Connection, owner: str, changes: Changes, shown: Decision) -> Decision:
    """Store what is set."""
    if "language" in changes:
        choose_language_tx(tx, owner, changes["language"])
    change_preferences_tx(tx, owner, {name: value for name, value in changes.items() if name != "language"})
    return shown


def check(stored: dict[str, str], changes: Changes, default_model: str) -> Checked:
    """Plan and price a video with the changed settings. What the model cannot do becomes the nearest that it can.

    A shape that was set before and that a new model does not come near is taken back. Raises BadRequest for a change
    that cannot be had at all.
    """
    wanted = {name: value for name, value in {**stored, **changes}.items() if value is not None}
    options = options_of(wanted)
    try:
        plan = _plan(options, options.model or default_model, may_stand_in=not changes.get("model"))
    except BadRequest as error:
        is_shape = error.code == "bad_option" and error.facts.get("option") == "aspect_ratio"
        if not is_shape or "shape" not in wanted or "shape" in changes:
            raise
        again = check(stored, {**changes, "shape": None}, default_model)
        return Checked(again.changes, (Adjustment("aspect_ratio", wanted["shape"], None), *again.adjustments))
    adjusted = {_FIELD_OF[each.field]: each.applied for each in plan.adjustments if each.field in _FIELD_OF}
    return Checked({**changes, **adjusted}, plan.adjustments)


def _plan(options: GenerationOptions, model: str, *, may_stand_in: bool) -> Plan:
    """Plan a video with these settings.

    `may_stand_in`: another model stands in, unsaid, where fal does not take this one just now. Raises BadRequest.
    """
    try:
        return pricing.plan(
            "price",
            model=model,
            duration=options.duration_s,
            resolution=options.resolution,
            aspect_ratio=options.aspect_ratio,
            sound=options.sound,
        )
    except BadRequest as error:
        instead = str(error.facts.get("instead_key") or "")
        if error.code != "model_unavailable" or not instead or not may_stand_in:
            raise
        return _plan(options, instead, may_stand_in=False)
