"""Known faults, put back into a worker: what the machine must find. Each is one that this bot once had, or nearly."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.channels.telegram import intake
from bot.channels.telegram.parsing import incoming_from
from bot.channels.types import Incoming
from bot.conversation import commands, offering, ordering, talk
from bot.conversation.decisions import Decision
from bot.conversation.draft_changes import with_attachment
from bot.conversation.drafts import with_source
from bot.conversation.film_commands import FilmCommands
from bot.conversation.ordering import OrderService
from bot.conversation.situation import Situation
from bot.conversation.words import Meaning, meaning_of
from bot.messages.next_films import NextFilm
from bot.store import Store, job_orders
from bot.store.dialogues import Draft
from bot.store.job_orders import confirm_tx
from bot.store.jobs import Jobs
from bot.store.records import FILM, State
from bot.store.tables import jobs


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


def _turned_round() -> None:
    def turned(plan: Callable[..., Any]) -> Callable[..., Any]:
        async def found(*given: Any, **more: Any) -> Any:
            way = await plan(*given, **more)
            return replace(way, sources=way.sources[::-1]) if way is not None and way.joint else way

        return found

    OrderService.way = turned(OrderService.way)  # type: ignore[method-assign]
    OrderService.way_by_another = turned(OrderService.way_by_another)  # type: ignore[method-assign]


def _second_instead() -> None:
    def put(draft: Draft, source: Any, *, at: int) -> Draft:
        return with_source(replace(draft, sources=()), source, at=at)

    offering.with_source = put  # type: ignore[attr-defined]


def _confirmed(change: Callable[[Any, str, int], int]) -> None:
    """`change`: what happens to the offer before the yes to it; returns the way that is taken."""

    def confirmed(tx: Any, job_id: str, *, price: Any, caps: Any, way: int = 0) -> Any:
        return confirm_tx(tx, job_id, price=price, caps=caps, way=change(tx, job_id, way))

    ordering.confirm_tx = confirmed  # type: ignore[attr-defined]


def _one_too_many() -> None:
    def longer(tx: Any, job_id: str, way: int) -> int:
        ways = tx.execute(sa.select(jobs.c.ways).where(jobs.c.id == job_id)).scalar() or []
        more = [{**each, "sources": [*each["sources"], each["sources"][-1]]} for each in ways if each["key"] == "each"]
        if more:
            changed = [more[0] if each["key"] == "each" else each for each in ways]
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(ways=changed))
        return way

    _confirmed(longer)


def _only_first_photo() -> None:
    def cut(request: dict[str, Any]) -> dict[str, Any]:
        return {**request, "sources": request["sources"][:1]}

    def shorter(tx: Any, job_id: str, way: int) -> int:
        row = tx.execute(sa.select(jobs.c.ways, jobs.c.request, jobs.c.incoming).where(jobs.c.id == job_id)).one()
        joint = [each["joint"] for each in row.ways or []]
        if (row.incoming.get("also") and way == 0) or (way and joint[way - 1]):
            ways = [{**each, "sources": each["sources"][:1], "request": cut(each["request"])} for each in row.ways]
            values = {"ways": ways, "request": cut(row.request), "incoming": {**row.incoming, "also": []}}
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(**values))
        return way

    _confirmed(shorter)


def _plain_way() -> None:
    _confirmed(lambda _tx, _job, _way: 0)


def _old_offer() -> None:
    def alive(tx: Any, job_id: str, way: int) -> int:
        row = tx.execute(sa.select(jobs.c.state, jobs.c.error).where(jobs.c.id == job_id)).one()
        if (row.error or {}).get("code") == "offer_replaced":
            waits = State.AWAITING_CONFIRMATION
            tx.execute(jobs.update().where(jobs.c.id == job_id).values(state=waits, error=None))
        return way

    _confirmed(alive)


def _of_another(kind: type[Any]) -> None:
    """What a button makes of its film is made of another one, at the price of that."""
    build, decide = FilmCommands.__init__, FilmCommands.decide
    rows: list[Jobs] = []

    def built(self: FilmCommands, *, store: Store, **more: Any) -> None:
        rows.append(store.jobs)
        build(self, store=store, **more)

    async def decided(self: FilmCommands, situation: Situation, command: Any) -> Decision:
        pressed = situation.incoming.pressed is not None
        film = await rows[-1].get(command.job or "") if isinstance(command, kind) and pressed else None
        if film is not None:
            films = await rows[-1].find(user=situation.incoming.user, states=FILM)
            others = [each.id for each in films if each.id != film.id]
            command = replace(command, job=others[-1]) if others else command
        return await decide(self, situation, command)

    FilmCommands.__init__ = built  # type: ignore[method-assign]
    FilmCommands.decide = decided  # type: ignore[method-assign]
    _planned_of_film(lambda found, agreed: (found, agreed if agreed is None else found.usd))


def _planned_of_film(change: Callable[[NextFilm, Any], tuple[NextFilm, Any]]) -> None:
    """`change`: what is made of a film, and the price that is taken for agreed."""
    plain = OrderService.of_film

    def of_film(self: Any, film: Any, found: NextFilm, *given: Any, agreed: Any) -> Any:
        found, agreed = change(found, agreed)
        return plain(self, film, found, *given, agreed=agreed)

    OrderService.of_film = of_film  # type: ignore[method-assign, assignment]


def _other_price() -> None:
    def dearer(found: NextFilm, agreed: Any) -> tuple[NextFilm, Any]:
        if found.step.kind not in {"full", "enhance"} or agreed is None:
            return found, agreed
        quote = replace(found.plan.quote, usd=found.plan.quote.usd + Decimal("0.20"))
        return replace(found, plan=replace(found.plan, quote=quote)), quote.usd

    _planned_of_film(dearer)


def _with_request(kinds: set[str], change: Callable[[Any], Any]) -> None:
    def other(found: NextFilm, agreed: Any) -> tuple[NextFilm, Any]:
        if found.step.kind not in kinds:
            return found, agreed
        return replace(found, plan=replace(found.plan, request=change(found.plan.request))), agreed

    _planned_of_film(other)


def _other_sound() -> None:
    _with_request({"sound", "silent"}, lambda made: replace(made, sound=not made.sound))


def _other_size() -> None:
    sizes = {"1080p": "4k", "4k": "1080p"}
    _with_request({"upscale"}, lambda made: replace(made, resolution=sizes[made.resolution]))


def _other_words() -> None:
    _with_request({"continue"}, lambda made: replace(made, prompt=f"{made.prompt}, and on"))


def _typed_buys() -> None:
    _planned_of_film(lambda found, _: (found, found.usd))


FAULTS: dict[str, Callable[[], None]] = {
    "a yes takes any offer": _any_offer,
    "a button buys twice": _twice,
    "a forward orders": _forwarded,
    "a group is told of every chat": _every_chat,
    "thanks is a yes": _thanks,
    "a photo is left out": _without_photo,
    "the second photo is left out": _only_first_photo,
    "the second photo is the first": _turned_round,
    "a second photo takes the place of the first": _second_instead,
    "one of each is one too many": _one_too_many,
    "every way is the plain one": _plain_way,
    "an offer that was replaced is bought": _old_offer,
    "another film goes on": partial(_of_another, commands.ContinueFilm),
    "another film is enlarged": partial(_of_another, commands.EnlargeFilm),
    "another take of another film": partial(_of_another, commands.AnotherTake),
    "a full film has another price": _other_price,
    "the sound is the other one": _other_sound,
    "the size is the other one": _other_size,
    "a film goes on in other words": _other_words,
    "a typed continue buys": _typed_buys,
}
