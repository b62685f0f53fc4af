"""Plans an order with what nobody said in it: a person's settings, then the group's, then the operator's defaults.

The order of precedence, field by field: the words of the message, the person's settings, those of the group that it
was written in, the operator's default model, the catalogue's defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.channels.protocol import ChannelManifest, ChannelPort
from bot.channels.types import Incoming
from bot.conversation.generation_options import GenerationOptions, merged
from bot.conversation.setting_fields import options_of
from bot.store import Store
from core import pricing
from core.catalogue import Model
from core.errors import BadRequest
from core.pricing import SourceFacts
from core.types import Adjustment, Mode, Plan

_NO_SUCH_SOUND = frozenset({"source_not_supported", "audio_too_short"})
_NOTES = {"duration": "duration_s"}  # an adjustment's field -> the option's name, where they differ


@dataclass(frozen=True, slots=True)
class MadeOf:
    """What a film is made of: the first source as far as it is known, the mode, how many pictures of a list."""

    source: SourceFacts | None = None
    mode: Mode = Mode.TEXT_TO_VIDEO
    references: int = 1


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
        self,
        incoming: Incoming,
        prompt: str,
        options: GenerationOptions,
        *,
        source: SourceFacts | None,
        mode: Mode | None = None,
        references: int = 1,
    ) -> Plan:
        """Plan the order. `mode`: other than that of one source. Raises BadRequest, as core.pricing.plan does."""
        preferred = await self.preferred(incoming)
        made_of = MadeOf(source, mode or (source.kind.mode if source else Mode.TEXT_TO_VIDEO), max(1, references))
        return plan_with(prompt, options, preferred, default_model=self._default_model, made_of=made_of)


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
    made_of: MadeOf,
) -> Plan:
    """Plan with settings beneath the options.

    A setting that the model or the source has no place for is left out without a word: nobody asked for it now. One
    that becomes the nearest value is named, as it is for an option. Raises BadRequest.
    """
    try:
        plan = _plan_with_stand_in(prompt, options, preferred, default_model, made_of)
    except BadRequest as error:
        of_setting = error.facts.get("option") == "aspect_ratio" and options.aspect_ratio is None
        if error.code != "bad_option" or not of_setting or preferred.aspect_ratio is None:
            raise
        anywhere = replace(preferred, aspect_ratio=None)
        return plan_with(prompt, options, anywhere, default_model=default_model, made_of=made_of)
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
    made_of: MadeOf,
) -> Plan:
    """Plan with another model, aloud, where fal does not take the one that nobody named now, or that takes no sound.

    Raises BadRequest.
    """
    asked = merged(options, preferred)
    try:
        return _plan(prompt, asked, default_model, made_of)
    except BadRequest as error:
        if error.code in _NO_SUCH_SOUND and made_of.mode is Mode.AUDIO_TO_VIDEO:
            other = _with_sound_instead(asked.model or default_model, options)
            if other is None:
                raise
            plan = _plan(prompt, replace(asked, model=other.key), default_model, made_of)
            note = Adjustment("model", pricing.find(asked.model or default_model).name, other.name)
            return replace(plan, adjustments=(note, *plan.adjustments))
        instead = str(error.facts.get("instead_key") or "")
        if error.code != "model_unavailable" or not instead or options.model is not None:
            raise
        plan = _plan(prompt, replace(asked, model=instead), default_model, made_of)
        note = Adjustment("model_unavailable", str(error.facts["model"]), str(error.facts["instead"]))
        return replace(plan, adjustments=(note, *plan.adjustments))


def _with_sound_instead(model: str, options: GenerationOptions) -> Model | None:
    """Return the model that takes any recording in the place of this one; None where this one was named now."""
    is_named = options.model is not None and not pricing.is_tier(options.model)
    other = None if is_named else pricing.sound_model()
    return None if other is None or other.key == pricing.find(model).key else other


def _plan(prompt: str, options: GenerationOptions, default_model: str, made_of: MadeOf) -> Plan:
    return pricing.plan(
        prompt,
        model=options.model or default_model,
        mode=made_of.mode,
        duration=options.duration_s,
        resolution=options.resolution,
        aspect_ratio=options.aspect_ratio,
        seed=options.seed,
        sound=options.sound,
        source=made_of.source,
        references=made_of.references,
    )
