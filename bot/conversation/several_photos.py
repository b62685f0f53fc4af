"""Decides what is offered of several photos: a film from the first to the second, of what all show, of each, of one.

What fits their number comes first where the model of choice can make it; else that model makes a film of the first, and
what other models make of all of them stands beside it, by name. Whoever says what they want gets that first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.channels.types import AttachmentRef, Incoming, Message
from bot.conversation import commands
from bot.conversation.ordering import OfferReason, OrderService
from bot.messages import job_messages
from bot.store.records import JobDraft, Way
from core.errors import BadRequest
from core.types import Adjustment, Mode

Joint = Literal["frames", "likeness"]
_MODES: dict[Joint, Mode] = {"frames": Mode.FRAMES_TO_VIDEO, "likeness": Mode.REFERENCE_TO_VIDEO}
_OF_MANY: tuple[Joint, ...] = ("likeness",)
_A_PAIR = 2
_UNABLE = frozenset({"source_not_supported", "too_many_pictures", "model_retired", "model_unavailable"})


@dataclass(frozen=True, slots=True)
class _Found:
    """What can be made: by the model of choice itself, and by others of what that cannot."""

    first: Way
    own: dict[str, Way]
    others: dict[str, Way]


class SeveralPhotos:
    """The offers of several photos."""

    def __init__(self, orders: OrderService) -> None:
        self._orders = orders

    async def offer(
        self,
        incoming: Incoming,
        command: commands.MakeVideo,
        language: str,
        photos: Sequence[AttachmentRef],
        *,
        other: tuple[str, commands.MakeVideo] | None = None,
    ) -> JobDraft | Message:
        """Build the offer of these photos with its ways; a text where nothing can be made of them.

        `other`: other words that it may be made with, and the name of that way.
        """
        incoming = replace(incoming, attachment=photos[0], also=tuple(photos[1:]))
        problem = self._orders.size_problem(incoming, language)
        if problem is not None:
            return Message(problem)
        wish = command.options.photos
        try:
            found = await self._found(incoming, command, photos)
        except BadRequest as error:
            return Message(job_messages.error_message(language, error.code, error.facts))
        made_first = _first_of(found, wish)
        mode = _MODES.get(made_first)  # type: ignore[call-overload]
        joint = replace(incoming, also=incoming.also if mode is not None else ())
        why = _reason(found, made_first, wish)
        new = await self._orders.draft(joint, command, language, why=why, mode=mode)
        if isinstance(new, Message):
            return new
        ways = _ordered(found, made_first)
        if other is not None:
            sources = photos if mode is not None else photos[:1]
            with_other = replace(other[1], options=replace(other[1].options, photos=None))
            ways = [*ways, *await self._if_any(other[0], incoming, with_other, sources, mode)]
        adjusted = _not_as_wished(wish, made_first, len(photos))
        plan = replace(new.plan, adjustments=(*new.plan.adjustments, *adjusted))
        return replace(new, plan=plan, ways=tuple(ways))

    async def _found(self, incoming: Incoming, command: commands.MakeVideo, photos: Sequence[AttachmentRef]) -> _Found:
        """Plan everything that can be made of them. Raises BadRequest where not even the first alone can."""
        first = await self._orders.way("first", incoming, command, photos[:1])
        own: dict[str, Way] = {}
        others: dict[str, Way] = {}
        for kind in _MODES if len(photos) == _A_PAIR else _OF_MANY:
            try:
                own[kind] = await self._orders.way(kind, incoming, command, photos, mode=_MODES[kind])
            except BadRequest as error:
                if error.code not in _UNABLE:
                    continue
                way = await self._orders.way_by_another(
                    kind, incoming, command, photos, mode=_MODES[kind], price_micro=first.price_micro
                )
                if way is not None:
                    others[kind] = way
        own["each"] = await self._orders.way("each", incoming, command, photos)
        return _Found(first, own, others)

    async def _if_any(
        self,
        key: str,
        incoming: Incoming,
        command: commands.MakeVideo,
        sources: Sequence[AttachmentRef],
        mode: Mode | None,
    ) -> list[Way]:
        try:
            return [await self._orders.way(key, incoming, command, sources, mode=mode)]
        except BadRequest:
            return []


def _first_of(found: _Found, wish: str | None) -> str:
    """Return what a plain yes makes: what was wished, else what fits the number, else a film of the first alone."""
    if wish in found.own or wish == "first":
        return str(wish)
    if wish in found.others:
        return "first"
    return next((kind for kind in _MODES if kind in found.own), "first")


def _reason(found: _Found, made_first: str, wish: str | None) -> OfferReason:
    reasons: dict[str, OfferReason] = {"frames": "frames", "likeness": "likeness", "each": "each"}
    if made_first in reasons:
        return reasons[made_first]
    return "many" if wish == "first" or not found.others else "unable"


def _ordered(found: _Found, made_first: str) -> list[Way]:
    """Return the ways in the order in which they are shown.

    Another model is named only where that of choice makes no film of all of them, or was asked for what it cannot do.
    """
    everything = {**found.own, "first": found.first}
    needs_others = not any(kind in found.own for kind in _MODES)
    ways = []
    for key in (*_MODES, "each", "first"):
        way = everything.get(key) or (found.others.get(key) if needs_others else None)
        if way is not None and (key == "each" or key != made_first):
            ways.append(way)
    return ways


def _not_as_wished(wish: str | None, made_first: str, count: int) -> tuple[Adjustment, ...]:
    """Return that what was asked for is not what a plain yes makes, where the question does not say so."""
    if wish is None or wish in {made_first, "first", "each"}:
        return ()
    why = "_two" if wish == "frames" and count == _A_PAIR else ""  # so it is not their number
    return (Adjustment(f"photos_{wish}{why}", wish, f"{count}"),)
