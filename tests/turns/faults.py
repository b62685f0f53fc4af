"""Known faults, put back into a worker: what the machine must find. Each is one that this bot once had, or nearly."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.channels.telegram import intake
from bot.channels.telegram.parsing import incoming_from
from bot.channels.types import Incoming
from bot.conversation import offering, talk
from bot.conversation.decisions import Decision
from bot.conversation.draft_changes import with_attachment
from bot.conversation.ordering import OrderService
from bot.conversation.situation import Situation
from bot.conversation.words import Meaning, meaning_of
from bot.store import job_orders


def _any_offer() -> None:
    async def agreed(self: Any, situation: Situation) -> Decision:
        offer = situation.offers[0] if situation.offers else None
        decision: Decision = await self._jobs.confirm(situation, offer)
        return decision

    talk.Talk.agreed = agreed  # type: ignore[method-assign]


def _twice() -> None:
    job_orders.check_repeat_tx = lambda *_args, **_more: None  # type: ignore[attr-defined]


def _forwarded() -> None:
    def own(*given: Any, **more: Any) -> Incoming | None:
        found = incoming_from(*given, **more)
        return found if found is None else replace(found, forwarded=False)

    intake.incoming_from = own  # type: ignore[attr-defined]


def _every_chat() -> None:
    Situation.chat = property(lambda _self: None)  # type: ignore[assignment, method-assign]


def _thanks() -> None:
    def loose(text: str) -> Meaning | None:
        found = meaning_of(text)
        return Meaning.YES if found in {Meaning.VAGUE, Meaning.THANKS} else found

    talk.meaning_of = loose  # type: ignore[attr-defined]


def _without_photo() -> None:
    offering.with_attachment = lambda situation, _: with_attachment(situation, None)  # type: ignore[attr-defined, assignment]


def _only_first_photo() -> None:
    def cut(plan: Callable[..., Any]) -> Callable[..., Any]:
        async def found(*given: Any, **more: Any) -> Any:
            way = await plan(*given, **more)
            return replace(way, sources=way.sources[:1]) if way is not None and way.joint else way

        return found

    OrderService.way = cut(OrderService.way)  # type: ignore[method-assign]
    OrderService.way_by_another = cut(OrderService.way_by_another)  # type: ignore[method-assign]


FAULTS: dict[str, Callable[[], None]] = {
    "a yes takes any offer": _any_offer,
    "a button buys twice": _twice,
    "a forward orders": _forwarded,
    "a group is told of every chat": _every_chat,
    "thanks is a yes": _thanks,
    "a photo is left out": _without_photo,
    "the second photo is left out": _only_first_photo,
}
