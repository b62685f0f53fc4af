"""A failed job is bought anew once: on two messages, after a reload, on two workers, whatever became of the new try."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.store import Store
from bot.store.ledger import Caps, OverCap
from bot.store.records import Charge, Confirmation, Fallback, Job, JobDraft, JobError, State
from bot.store.reorders import OFFER_MS, AlreadyOrdered
from tests.bench import Bench
from tests.corpus import jpeg
from tests.flows.test_money import button, newest
from tests.store.test_ledger import CENTS_70, WIDE, age, bought
from tests.store.test_store import HANDLE, new_job, on_store, opened
from tests.store.test_store import said as message

OnBench = Callable[..., None]


def repeat(of: str, event: str, *, fallback: Fallback | None = None, asks: bool = False) -> JobDraft:
    new = replace(new_job(message(event)), again_of=of, fallback=fallback)
    return replace(new, question=Confirmation("again")) if asks else new


async def press(store: Store, new: JobDraft, *, caps: Caps = WIDE) -> tuple[str, str | OverCap | None]:
    """("made", its id) or ("stands", the id of the try that was ordered before)."""
    try:
        return "made", await store.jobs.accept(new, inbox_id=None, caps=caps)
    except AlreadyOrdered as error:
        return "stands", error.existing.id


async def failed(store: Store, event: str = "m1") -> str:
    job_id = await bought(store, event)
    await store.jobs.fail(job_id, JobError("generation_failed", {}), charge="none")
    return job_id


def test_of_many_presses_on_two_workers_one_buys(database_url: str) -> None:
    async def story(store: Store) -> None:
        first = await failed(store)
        async with opened(database_url) as other:
            presses = [press((store, other)[n % 2], repeat(first, f"p{n}")) for n in range(8)]
            answers = await asyncio.gather(*presses)
        made = {job_id for verdict, job_id in answers if verdict == "made"}
        assert len(made) == 1
        assert {job_id for verdict, job_id in answers if verdict == "stands"} == made
        assert (await store.ledger.standing()).reserved_micro == CENTS_70
        assert len(await store.jobs.find()) == 2

    on_store(database_url, story)


@pytest.mark.parametrize("repeated", [True, False])
def test_a_doubt_that_was_ordered_again_is_not_bought_when_it_turns_out_unsent(
    database_url: str, repeated: bool
) -> None:
    """A worker that was frozen before its POST wakes and says that nothing left: one film was wanted, one is bought."""

    async def story(store: Store) -> None:
        first = str((await press(store, new_job(message("m1"))))[1])
        assert await store.submits.claim(first) == "yours"
        await store.jobs.mark_unconfirmed(first, "no answer to the submit")
        if repeated:
            assert (await press(store, repeat(first, "p1")))[0] == "made"
        await store.submits.not_sent(first)
        job = await store.jobs.get(first)
        assert job is not None
        assert (job.state, job.charge) == ((State.CANCELLED, "none") if repeated else (State.PREPARING, None))
        assert await store.submits.claim(first) == ("taken" if repeated else "yours")
        assert (await store.ledger.standing()).reserved_micro == CENTS_70

    on_store(database_url, story)


@pytest.mark.parametrize(
    ("ends", "charge", "again"),
    [
        (State.DELIVERED, "yes", False),
        (State.FAILED, "none", False),
        (State.FAILED, "possibly", False),
        (State.SUBMIT_UNCONFIRMED, None, False),
        (State.PARKED, None, False),
        (State.CANCELLED, "possibly", False),
        (State.CANCELLED, "yes", False),
        (State.CANCELLED, "none", True),
    ],
)
def test_only_a_try_that_was_cancelled_for_nothing_may_be_ordered_again(
    database_url: str, ends: State, charge: Charge | None, again: bool
) -> None:
    async def story(store: Store) -> None:
        first = await failed(store)
        _, second = await press(store, repeat(first, "p1"))
        await store.jobs.move(str(second), ends, charge=charge)
        verdict, job_id = await press(store, repeat(first, "p2"))
        assert (verdict, job_id == second) == (("made", False) if again else ("stands", True))
        if again:
            assert await press(store, repeat(first, "p3")) == ("stands", job_id)

    on_store(database_url, story)


def test_each_fallback_is_a_purchase_of_its_own_and_the_same_press_handled_twice_is_one(database_url: str) -> None:
    async def story(store: Store) -> None:
        first = await failed(store)
        for number, fallback in enumerate((None, "wide-photo", "shorter-prompt")):
            new = repeat(first, f"p{number}", fallback=fallback)  # type: ignore[arg-type]  # a table
            assert (await press(store, new))[0] == "made"
            assert await press(store, new) == ("made", None)  # the message was handled once more
            assert (await press(store, repeat(first, f"q{number}", fallback=fallback)))[0] == "stands"  # type: ignore[arg-type]
        assert len(await store.jobs.find()) == 4

    on_store(database_url, story)


def test_an_offer_that_stands_is_no_second_one_and_can_be_declined_or_lapse(database_url: str) -> None:
    async def story(store: Store) -> None:
        first = await failed(store)
        _, offer = await press(store, repeat(first, "p1", asks=True))
        assert await press(store, repeat(first, "p2", asks=True)) == ("stands", offer)
        assert await press(store, repeat(first, "p3")) == ("stands", offer)
        await store.jobs.decline(str(offer))
        _, second = await press(store, repeat(first, "p4", asks=True))
        assert second != offer
        await age(store, OFFER_MS + 1000)  # nobody has said yes, and nobody has swept it up yet
        verdict, third = await press(store, repeat(first, "p5", asks=True))
        assert verdict == "made"
        assert await yes(store, str(second)) == "lapsed"
        assert await yes(store, str(third)) == "started"
        assert await press(store, repeat(first, "p6")) == ("stands", third)
        assert (await press(store, repeat(first, "p7", asks=True)))[0] == "made"  # a fresh offer buys nothing by itself

    on_store(database_url, story)


async def yes(store: Store, job_id: str) -> Any:
    return await store.jobs.confirm(job_id, price=Decimal("0.70"), caps=WIDE)


def test_a_doubt_is_ordered_anew_once(database_url: str) -> None:
    async def story(store: Store) -> None:
        lost = await bought(store, "m1")
        await store.jobs.mark_unconfirmed(lost, "no answer")
        _, second = await press(store, repeat(lost, "p1"))
        assert await press(store, repeat(lost, "p2")) == ("stands", second)
        await store.submits.accepted(lost, replace(HANDLE, request_id="found"))
        assert await press(store, repeat(lost, "p3")) == ("stands", second)

    on_store(database_url, story)


def test_over_the_cap_the_press_bought_nothing_and_may_come_again(database_url: str) -> None:
    async def story(store: Store) -> None:
        first = await failed(store)
        _, over = await press(store, repeat(first, "p1"), caps=Caps(1, 1))
        assert isinstance(over, OverCap)
        assert (await press(store, repeat(first, "p2")))[0] == "made"

    on_store(database_url, story)


# In a chat


async def pressed(made: Bench, data: str, times: int) -> None:
    await button(made, data)
    for _ in range(times - 1):
        made.telegram.presses(42, data)


async def offered(made: Bench, of: str) -> Job:
    """Return the offer that a further press has brought; it is the only one, and nothing more was bought by it."""

    async def open_ones() -> list[Job]:
        return [job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION]

    async with asyncio.timeout(20):
        while not (found := await open_ones()):
            await asyncio.sleep(0.05)
    (offer,) = found
    assert offer.again_of == of
    return offer


def test_try_again_pressed_three_times_buys_once_and_after_success_too(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("result_error", body="internal_server_error")
        made.telegram.user_says(42, "/video a fox")
        first = await made.settled(State.FAILED)
        await pressed(made, f"again:{first.id}", 3)
        offer = await offered(made, first.id)
        await made.until(lambda: len(made.films()) == 1)
        made.telegram.presses(42, f"again:{first.id}")
        made.telegram.user_says(42, f"/again {first.id}")
        await made.at_rest()
        assert (await offered(made, first.id)).id == offer.id
        assert (made.submits(), len(await made.jobs()), len(made.films())) == (2, 3, 1)
        made.telegram.presses(42, f"yes:{offer.id}")
        made.telegram.presses(42, f"yes:{offer.id}")
        await made.until(lambda: len(made.films()) == 2)
        await made.at_rest()
        assert (made.submits(), len(await made.jobs())) == (3, 3)

    on_bench(story)


def test_a_try_that_failed_too_is_named_with_its_own_button(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("result_error", times=2, body="internal_server_error")
        made.telegram.user_says(42, "/video a fox")
        first = await made.settled(State.FAILED)
        await button(made, f"again:{first.id}")
        await made.all_settled(2, State.FAILED)
        (second,) = [job for job in await made.jobs() if job.again_of == first.id]
        await button(made, f"again:{second.id}")
        await made.until(lambda: len(made.films()) == 1)
        made.telegram.presses(42, f"again:{first.id}")
        await offered(made, first.id)
        assert (made.submits(), len(await made.jobs())) == (3, 4)

    on_bench(story)


@pytest.mark.parametrize("fallback", ["wide-photo", "shorter-prompt"])
def test_a_fallback_pressed_three_times_is_bought_once(on_bench: OnBench, fallback: str) -> None:
    async def story(made: Bench) -> None:
        photo = fallback == "wide-photo"
        made.fal.faults.add("result_error", body="downstream_service_error" if photo else "internal_server_error")
        if photo:
            made.telegram.user_says(42, "let it snow", photo=jpeg((600, 600)))
        else:
            made.telegram.user_says(42, "/video a ((fox)) 🦊")
        first = await made.settled(State.FAILED)
        await pressed(made, f"fix:{first.id}", 3)
        assert (await offered(made, first.id)).fallback == fallback
        await made.until(lambda: len(made.films()) == 1)
        await made.at_rest()
        assert [job.fallback for job in await made.jobs() if job.state is State.DELIVERED] == [fallback]
        assert made.submits() == 2

    on_bench(story)


def test_an_offer_that_stands_answers_a_second_press_and_a_declined_one_may_be_asked_for_again(
    on_bench: OnBench,
) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("result_error", body="internal_server_error")
        made.telegram.user_says(42, "/video a fox")
        await button(made, f"yes:{(await made.settled(State.AWAITING_CONFIRMATION)).id}")
        first = await made.settled(State.FAILED)
        await button(made, f"again:{first.id}")  # dearer than the limit for asking: an offer
        offer = await newest(made, State.AWAITING_CONFIRMATION)
        made.telegram.presses(42, f"again:{first.id}")
        await made.at_rest()
        assert (await offered(made, first.id)).id == offer.id
        made.telegram.presses(42, f"cancel:{offer.id}")
        assert (await newest(made, State.CANCELLED)).id == offer.id
        made.telegram.presses(42, f"again:{first.id}")
        second = await newest(made, State.AWAITING_CONFIRMATION)
        await button(made, f"yes:{second.id}")
        await newest(made, State.DELIVERED)
        made.telegram.presses(42, f"again:{first.id}")
        await offered(made, first.id)
        assert (made.submits(), len(await made.jobs())) == (2, 4)

    on_bench(story, confirm_usd=Decimal("0.10"))


def test_an_offer_that_nobody_took_up_is_forgotten_after_a_week(database_url: str) -> None:
    async def story(store: Store) -> None:
        first = await failed(store)
        _, offer = await press(store, repeat(first, "p1", asks=True))
        _, bought_one = await press(store, repeat(first, "p2", fallback="wide-photo"))
        await store.jobs.decline(str(offer))
        await store.jobs.forget_offers(before_s=60)
        assert await store.jobs.get(str(offer)) is not None
        await age(store, 61_000)
        await store.jobs.forget_offers(before_s=60)
        assert await store.jobs.get(str(offer)) is None
        assert await store.jobs.story(str(offer)) == []
        assert {job.id for job in await store.jobs.find()} == {first, bought_one}

    on_store(database_url, story)
