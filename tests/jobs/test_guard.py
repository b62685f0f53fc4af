"""A model that dies overnight: it is not sold, offers of it are made anew, what was bought goes on, and it comes back.

And what is not believed: an answer that fails, half of one, and one that takes everything away at once.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bot.jobs.guard import DAY_MS, HOUR_MS
from bot.store import Store
from bot.store.database import now_ms
from bot.store.drifts import LOOKED
from bot.store.records import State
from core import pricing
from core.catalogue import offers
from core.catalogue.drift import Finding, UnitPrice
from core.types import Mode
from tests.bench import Bench
from tests.corpus import jpeg
from tests.fakes.botapi import buttons
from tests.flows.test_money import button, said
from tests.store.test_store import on_store, opened

OnBench = Callable[..., None]
T = Mode.TEXT_TO_VIDEO
HORSE, FAST = "alibaba/happy-horse/text-to-video", "bytedance/seedance-2.0/fast/text-to-video"
LASTS = 10_000
ADMIN: dict[str, Any] = {"admins": "telegram:1", "access": "telegram:42"}


@pytest.fixture(autouse=True)
def nothing_held_back() -> Iterator[None]:
    yield
    offers.hold_back({})


async def look(made: Bench, *, days: int = 1) -> None:
    """A turn of the guard so many days from now, as a night's wait would bring it."""
    await made.app.parts.guard.turn(now_ms() + days * DAY_MS)


async def with_an_admin(made: Bench) -> None:
    """Telegram lets a bot write to nobody who has never written to it."""
    made.telegram.user_says(1, "/models")
    await made.until(lambda: made.telegram.texts(1))


async def alerts(made: Bench, words: str, *, count: int = 1) -> list[str]:
    """What the admin read with these words, once it is so many."""
    await made.until(lambda: sum(words in text for text in made.telegram.texts(1)) >= count)
    return [text for text in made.telegram.texts(1) if words in text]


def test_a_model_dies_overnight_and_comes_back(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/language zh")
        await made.until(lambda: made.telegram.texts(1))
        await look(made)
        made.fal.faults.add("deprecated", times=LASTS, match=HORSE)
        await look(made, days=2)
        (told,) = await alerts(made, "Happy Horse")
        assert "fal 更改了机器人在用的模型" in told
        assert "弃用" in told
        await look(made, days=3)  # nothing new: nothing is said
        made.telegram.user_says(42, "/video a fox --model happy-horse")
        await made.until(lambda: said(made, "not available at the moment"))
        assert said(made, "Happy Horse 1.1")
        assert await made.jobs() == []
        made.telegram.user_says(42, "/models")
        await made.until(lambda: said(made, "in part not just now"))
        made.telegram.user_says(42, "/video a fox")  # nobody named it: another one makes it, aloud
        job = await made.settled(State.DELIVERED)
        assert job.request.model == "happy-horse-1.1"
        assert [each.field for each in job.adjustments] == ["model_unavailable"]
        made.fal.faults.clear()
        await look(made, days=4)
        assert len(await alerts(made, "Happy Horse", count=2)) == 2
        assert len(await alerts(made, "重新开放")) == 1
        assert pricing.plan("a fox").request.model == "happy-horse"

    on_bench(story, **ADMIN)


def test_an_open_offer_is_made_anew_and_what_was_bought_goes_on(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video an owl --model happy-horse")
        bought = await made.settled(State.DELIVERED, State.RENDERING, State.READY, State.UPLOADING)
        made.telegram.user_says(42, "/video a fox --model seedance-2.0-fast 15s")
        await made.until(lambda: said(made, "$3.63"))
        offer = next(job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION)
        for endpoint in (HORSE, FAST):
            made.fal.faults.add("deprecated", times=LASTS, match=endpoint)
        await look(made)
        await button(made, f"yes:{offer.id}")
        made.telegram.presses(42, f"yes:{offer.id}")
        await made.until(lambda: said(made, "cannot be made any more just now"))
        assert made.submits() == 1
        anew = next(job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION)
        assert anew.request.model not in {"seedance-2.0-fast", "happy-horse"}
        assert anew.usd < offer.usd
        assert anew.adjustments[0].field == "model"
        made.telegram.presses(42, f"yes:{anew.id}")
        await made.all_settled(3, State.DELIVERED, State.CANCELLED)
        films = {job.request.prompt: job for job in await made.jobs() if job.state is State.DELIVERED}
        assert films["an owl"].id == bought.id
        assert films["a fox"].id == anew.id
        assert made.submits() == 2

    on_bench(story, **ADMIN)


def test_a_way_and_a_film_of_a_model_that_is_gone_go_on_with_what_stands_in(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video a fox --model wan-2.5")
        film = await made.settled(State.DELIVERED)
        for side in (360, 400):
            made.telegram.user_says(42, "", photo=jpeg((640, side)), album="two")
        await made.at_rest()
        made.telegram.user_says(42, "it opens")
        await made.at_rest()
        (offer,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
        for endpoint in ("minimax/h3-max/image-to-video", "fal-ai/wan-25-preview/image-to-video"):
            made.fal.faults.add("deprecated", times=LASTS, match=endpoint)
        await look(made)
        await button(made, f"yes:{offer.id}.1")
        made.telegram.presses(42, f"yes:{offer.id}.1")
        await made.at_rest()
        (anew,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
        assert (anew.request.mode, len(anew.incoming.sources)) == (Mode.FRAMES_TO_VIDEO, 2)
        assert anew.request.model != "h3-max"
        assert anew.adjustments[0].field == "model_unavailable"
        assert {way.key for way in anew.ways} == {"likeness", "each", "first"}
        made.telegram.user_says(42, "no")
        await made.at_rest()
        data = next(each for message in made.films() for each in buttons(message) if each.startswith("next:"))
        made.telegram.presses(42, data)
        await made.at_rest()
        (longer,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
        assert (longer.follows, longer.request.model) == (film.id, "wan-3.0")
        made.telegram.user_says(42, "continue with kling 3, 10s")
        await made.at_rest()
        (longer,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
        assert (longer.follows, longer.request.model, longer.request.duration_s) == (film.id, "kling-3", 10)
        assert made.submits() == 1

    on_bench(story, **ADMIN)


def test_a_value_that_is_gone_is_cut_and_the_offer_of_it_is_the_nearest(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await with_an_admin(made)
        made.telegram.user_says(42, "/video a fox --model seedance-2.0-fast 15s")
        await made.until(lambda: said(made, "$3.63"))
        (offer,) = await made.jobs()
        made.fal.faults.add("bound_moved", times=LASTS, match=FAST, body={"field": "prompt", "most": 1000})
        made.fal.faults.add("value_gone", times=LASTS, match=FAST, body={"field": "duration", "values": [13, 14, 15]})
        await look(made)
        (told,) = await alerts(made, "The rest of it is still sold")
        assert "Seedance 2.0 Fast, from words: fal does not take duration as it was (13, 14, 15)" in told
        made.telegram.user_says(42, "/video a hen --model seedance-2.0-fast 5s")  # the rest of it
        await made.until(made.films)
        made.telegram.presses(42, f"yes:{offer.id}")
        await made.until(lambda: said(made, "cannot be made any more just now"))
        anew = next(job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION)
        assert (anew.request.model, anew.request.duration_s) == ("seedance-2.0-fast", 12)
        assert anew.usd == Decimal("0.2419") * 12
        assert [(each.field, each.requested, each.applied) for each in anew.adjustments] == [("duration", "15", "12")]

    on_bench(story, **ADMIN)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("models_status", {"status": 502}),
        ("models_status", {"status": 200, "body": {"models": "odd"}}),
        ("empty_list", {}),
        ("half_answer", {}),
    ],
)
def test_a_look_that_fails_changes_nothing_and_is_made_again_in_an_hour(
    on_bench: OnBench, kind: str, more: dict[str, Any]
) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("deprecated", times=LASTS, match=HORSE)
        await look(made)
        before = await made.app.store.drifts.all()
        assert set(before) == {(HORSE, T)}
        made.fal.faults.clear()
        made.fal.faults.add(kind, times=LASTS, **more)
        at = now_ms() + 2 * DAY_MS
        await made.app.parts.guard.turn(at)
        assert await made.app.store.drifts.all() == before
        asked = len(calls(made))
        await made.app.parts.guard.turn(at + HOUR_MS - 1)
        assert len(calls(made)) == asked
        made.fal.faults.clear()
        await made.app.parts.guard.turn(at + HOUR_MS)
        assert await made.app.store.drifts.all() == {}

    on_bench(story, **ADMIN)


def calls(made: Bench) -> list[Any]:
    return [each for each in made.fal.log if each["path"] == "/models"]


def test_all_at_once_is_believed_only_an_hour_later_and_said_both_times(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await with_an_admin(made)
        made.fal.faults.add("all_gone", times=LASTS)
        at = now_ms()
        await made.app.parts.guard.turn(at)
        await alerts(made, "That is not believed yet")
        assert pricing.plan("a fox").request.model == "happy-horse"
        asked = len(calls(made))
        await made.app.parts.guard.turn(at + HOUR_MS - 1)
        assert len(calls(made)) == asked
        await made.app.parts.guard.turn(at + HOUR_MS)
        await alerts(made, "For the second time")
        made.telegram.user_says(42, "/video a fox")
        await made.until(lambda: said(made, "Happy Horse is not available at the moment"))
        made.fal.faults.clear()
        await made.app.parts.guard.turn(at + HOUR_MS + DAY_MS)  # back, all at once, which is good news
        await made.until(lambda: len(offers.held_back()) == 0)

    on_bench(story, **ADMIN)


def test_a_doubt_that_the_second_look_does_not_share_is_over(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await with_an_admin(made)
        made.fal.faults.add("all_gone", times=LASTS)
        at = now_ms()
        await made.app.parts.guard.turn(at)
        await alerts(made, "That is not believed yet")
        made.fal.faults.clear()
        await made.app.parts.guard.turn(at + HOUR_MS)
        assert await made.app.store.drifts.all() == {}
        assert await made.app.store.installation.get(LOOKED) == str(at + HOUR_MS)
        made.fal.faults.add("all_gone", times=LASTS)
        await made.app.parts.guard.turn(at + 2 * DAY_MS)
        await alerts(made, "That is not believed yet", count=2)
        assert await made.app.store.drifts.all() == {}

    on_bench(story, **ADMIN)


def test_unit_prices_that_move_are_an_alarm_and_never_a_quote(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await with_an_admin(made)
        await look(made)
        made.fal.faults.add("price_moved", times=LASTS, match=HORSE, body=50)
        await look(made, days=2)
        (told,) = await alerts(made, "other unit prices")
        assert "Happy Horse, from words: $0.14 / seconds → $0.21 / seconds (+50.0 %)" in told
        assert pricing.plan("a fox").quote.usd == Decimal("0.70")
        await look(made, days=3)  # it is the one of before now
        made.fal.faults.clear()
        made.fal.faults.add("prices_status", status=500)
        await look(made, days=4)
        await look(made, days=5)
        assert "(-33.3 %)" in (await alerts(made, "other unit prices", count=2))[1]

    on_bench(story, **ADMIN)


def test_every_process_and_the_next_start_hold_the_same_back(database_url: str) -> None:
    async def story(store: Store) -> None:
        found = {(HORSE, T): (Finding("deprecated"),), (FAST, T): ()}
        async with opened(database_url) as other:
            changes = await store.drifts.save(found)
            assert (set(changes.worse), set(changes.well)) == ({(HORSE, T)}, set())
            assert await other.drifts.all() == {(HORSE, T): (Finding("deprecated"),)}
            assert not await other.drifts.save(found)
            assert not await other.drifts.save({})  # of what nothing was said, nothing changes
            worse = (Finding("value_gone", "duration", ("5",)),)
            assert set((await other.drifts.save({(HORSE, T): worse})).worse) == {(HORSE, T)}
            changes = await store.drifts.save({(HORSE, T): (), (FAST, T): worse})
            assert changes.well == {(HORSE, T): worse}
            assert set(await other.drifts.all()) == {(FAST, T)}
        price = UnitPrice(Decimal("0.14"), "seconds", "USD")
        assert await store.drifts.save_prices({HORSE: price}) == []
        assert await store.drifts.save_prices({HORSE: price}) == []
        dearer = UnitPrice(Decimal("0.2"), "seconds", "USD")
        (moved,) = await store.drifts.save_prices({HORSE: dearer, FAST: price})
        assert (moved.endpoint, moved.before, moved.now) == (HORSE, price, dearer)

    on_store(database_url, story)


def test_the_sandbox_takes_drifts_over_http(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            fault = {"kind": "deprecated", "times": LASTS, "match": HORSE}
            await client.post(f"{made.fal_url}/sandbox/faults", json=fault)
        await look(made)
        assert set(offers.held_back()) == {(HORSE, T)}

    on_bench(story, **ADMIN)


def test_a_second_look_that_finds_other_things_is_doubted_as_the_first_was(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await with_an_admin(made)
        made.fal.faults.add("all_gone", times=LASTS)
        at = now_ms()
        await made.app.parts.guard.turn(at)
        await alerts(made, "That is not believed yet")
        made.fal.faults.clear()
        made.fal.faults.add("all_gone", body="404", times=LASTS)
        await made.app.parts.guard.turn(at + HOUR_MS)
        await alerts(made, "That is not believed yet", count=2)
        assert await made.app.store.drifts.all() == {}
        await made.app.parts.guard.turn(at + 2 * HOUR_MS)
        await alerts(made, "For the second time")
        assert len(await made.app.store.drifts.all()) == len(list(offers.rows()))

    on_bench(story, **ADMIN)
