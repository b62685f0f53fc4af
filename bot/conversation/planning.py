"""Plans an order with what nobody said in it: a person's settings, then the group's, then the operator's defaults.

The order of precedence, field by field: the words of the message, the person's settings, those of the group that it
was written in, the operator's default model, the catalogue's defaults.
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.channels.protocol import ChannelManifest, ChannelPort
from bot.channels.types import Incoming
from bot.conversation.generation_options import GenerationOptions, merged
from bot.conversation.setting_fields import options_of
from bot.store import Store
from core import pricing
from core.errors import BadRequest
from core.pricing import SourceFacts
from core.types import Adjustment, Mode, Plan

_NOTES = {"duration": "duration_s"}  # an adjustment's field -> the option's name, where they differ


class Planner:
    """The planner of orders. `default_model`: the operator's."""

    def __init__(self, *, store: Store, channels: Mapping[str, ChannelPort], default_model: str) -> None:
        self._store = store
        self._channels = channels
        self._default_model = default_model

    def group_of(self, incoming: Incoming) -> str | None:
        """Return the id of the group that a message was written in (`telegram:-100123`), None in a chat of two."""
        channel = self._channels.get(incoming.address.channel)
        return group_of(incoming, channel.manifest) if channel is not None else None

    async def preferred(self, incoming: Incoming) -> GenerationOptions:
        """Return what is set for an order of this person in this chat."""
        group = self.group_of(incoming)
        owners = [incoming.user] if group in {None, incoming.user} else [incoming.user, str(group)]
        found = GenerationOptions()
        for stored in await self._store.preferences.of(*owners):
            found = merged(found, options_of(stored))
        return found

    async def plan(
        self, incoming: Incoming, prompt: str, options: GenerationOptions, *, source: SourceFacts | None
    ) -> Plan:
        """Plan the order. Raises BadRequest, as core.pricing.plan does."""
        preferred = await self.preferred(incoming)
        return plan_with(prompt, options, preferred, default_model=self._default_model, source=source)


def group_of(incoming: Incoming, manifest: ChannelManifest) -> str | None:
    """Return the id of the message's group; None in a chat of two."""
    address = incoming.address
    return f"{address.channel}:{address.chat_id}" if manifest.is_group(address.chat_id) else None


def plan_with(
    prompt: str,
    options: GenerationOptions,
    preferred: GenerationOptions,
    *,
    default_model: str,
    source: SourceFacts | None,
) -> Plan:
    """Plan with settings beneath the options.

    A setting that the model or the source has no place for is left out without a word: nobody asked for it now. One
    that becomes the nearest value is named, as it is for an option. Raises BadRequest.
    """
    try:
        plan = _plan_with_stand_in(prompt, options, preferred, default_model, source)
    except BadRequest as error:
        of_setting = error.facts.get("option") == "aspect_ratio" and options.aspect_ratio is None
        if error.code != "bad_option" or not of_setting or preferred.aspect_ratio is None:
            raise
        return plan_with(
            prompt, options, replace(preferred, aspect_ratio=None), default_model=default_model, source=source
        )
    asked = [
        each
        for each in plan.adjustments
        if each.applied is not None or getattr(options, _NOTES.get(each.field, each.field), None) is not None
    ]
    return replace(plan, adjustments=tuple(asked))


def _plan_with_stand_in(
    prompt: str,
    options: GenerationOptions,
    preferred: GenerationOptions,
    default_model: str,
    source: SourceFacts | None,
) -> Plan:
    """Plan with another model, aloud, where fal does not take the one that nobody named now. Raises BadRequest."""
    asked = merged(options, preferred)
    try:
        return _plan(prompt, asked, default_model, source)
    except BadRequest as error:
        instead = str(error.facts.get("instead_key") or "")
        if error.code != "model_unavailable" or not instead or options.model is not None:
            raise
        plan = _plan(prompt, replace(asked, model=instead), default_model, source)
        note = Adjustment("model", str(error.facts["model"]), str(error.facts["instead"]))
        return replace(plan, adjustments=(note, *plan.adjustments))


def _plan(prompt: str, options: GenerationOptions, default_model: str, source: SourceFacts | None) -> Plan:
    return pricing.plan(
        prompt,
        model=options.model or default_model,
        mode=source.kind.mode if source else Mode.TEXT_TO_VIDEO,
        duration=options.duration_s,
        resolution=options.resolution,
        aspect_ratio=options.aspect_ratio,
        seed=options.seed,
        sound=options.sound,
        source=source,
    )
