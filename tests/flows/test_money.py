"""Money in the chat: a price first, a yes before what is dear, caps that hold, and the truth about what was charged."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from bot.jobs.poller import PollerPauses
from bot.messages.retry_offers import simpler
from bot.parts import Timing
from bot.store.records import Job, State
from tests.bench import Bench
from tests.corpus import jpeg
from tests.fakes.botapi import buttons

OnBench = Callable[..., None]
DEAR = "/video a fox, premium, 15s"  # $3.63


async def newest(made: Bench, *states: State) -> Job:
    """The job that was made last, once it is in one of these states."""
    async with asyncio.timeout(40):
        while True:
            found = await made.app.store.jobs.find(newest=1)
            if found and found[0].state in states:
                return found[0]
            await asyncio.sleep(0.03)


async def button(made: Bench, data: str, *, chat: int = 42) -> None:
    await made.until(lambda: any(data in buttons(message) for message in made.telegram.said(chat)))
    made.telegram.presses(chat, data)


def _has_films(made: Bench, count: int) -> bool:
    return len(made.films()) == count


async def _failed(made: Bench, count: int) -> None:
    async with asyncio.timeout(40):
        while len(await made.app.store.jobs.find(states=[State.FAILED])) != count:
            await asyncio.sleep(0.03)


def said(made: Bench, words: str, *, chat: int = 42) -> bool:
    return any(words in text for text in made.telegram.texts(chat))


def test_what_is_dear_is_asked_about_first_and_bought_once(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, DEAR)
        job = await made.settled(State.AWAITING_CONFIRMATION)
        await made.until(lambda: said(made, "$3.63"))
        assert made.submits() == 0
        assert (await made.app.store.ledger.standing()).used_micro == 0
        await button(made, f"yes:{job.id}")
        made.telegram.presses(42, f"yes:{job.id}")
        await made.settled(State.DELIVERED)
        assert made.submits() == 1
        assert len(made.films()) == 1
        assert (await made.app.store.ledger.standing()).spent_micro == 3_628_500

    on_bench(story)


@pytest.mark.parametrize("how", ["button", "words"])
def test_no_buys_nothing(on_bench: OnBench, how: str) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, DEAR)
        job = await made.settled(State.AWAITING_CONFIRMATION)
        if how == "button":
            await button(made, f"cancel:{job.id}")
        else:
            made.telegram.user_says(42, f"/cancel {job.id}")
        await made.settled(State.CANCELLED)
        made.telegram.user_says(42, f"/confirm {job.id}")
        await made.until(lambda: said(made, "needs no yes any more: Not ordered."))
        await made.until(lambda: said(made, "Seedance 2.0 Fast, 15 s, 720p, with sound\nNot ordered."))
        made.telegram.user_says(42, "/history")
        await made.until(lambda: said(made, "No videos yet"))  # what was never ordered is none
        assert not said(made, "On it")
        assert made.submits() == 0

    on_bench(story)


def test_a_yes_in_words_and_only_to_ones_own_offer(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, DEAR)
        job = await made.settled(State.AWAITING_CONFIRMATION)
        made.telegram.user_says(43, f"/confirm {job.id}")
        await made.until(lambda: made.telegram.texts(43))
        assert (await made.settled(State.AWAITING_CONFIRMATION)).id == job.id
        made.telegram.user_says(42, "确认")
        await made.settled(State.DELIVERED)
        assert made.submits() == 1

    on_bench(story, access="telegram:42,telegram:43")


def test_the_same_request_while_it_runs_is_asked_about(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("stuck")
        made.telegram.user_says(42, "/video a fox")
        first = await newest(made, State.RENDERING)
        made.telegram.user_says(42, "/video a fox")
        second = await newest(made, State.AWAITING_CONFIRMATION)
        await made.until(lambda: said(made, f"(job {first.id})"))
        assert made.submits() == 1
        await button(made, f"yes:{second.id}")
        await newest(made, State.DELIVERED)
        assert made.submits() == 2

    on_bench(story)


def test_over_the_cap_nothing_is_bought_and_everybody_knows_why(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video one")
        await made.settled(State.DELIVERED)
        made.telegram.user_says(42, "/video two")
        await made.until(lambda: said(made, "you have $0.30 of your $1.00"))
        made.telegram.user_says(42, "/balance")
        await made.until(lambda: said(made, "spent $0.70. You have $0.30 of $1.00 left"))
        assert len(await made.jobs()) == made.submits() == 1

    on_bench(story, user_daily_usd=Decimal(1))


def test_parallel_wishes_do_not_overshoot_the_cap(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        for chat in range(42, 50):
            made.telegram.user_says(chat, "/video a fox")
        await made.until(lambda: sum(bool(made.telegram.texts(chat)) for chat in range(42, 50)) == 8)
        async with asyncio.timeout(30):
            while {job.state for job in await made.jobs()} != {State.DELIVERED}:
                await asyncio.sleep(0.05)
        assert made.submits() == 3
        assert sum(said(made, "has reached what it may spend", chat=chat) for chat in range(42, 50)) == 5

    on_bench(story, access="open", daily_usd=Decimal("2.10"))


def test_admins_hear_when_the_money_runs_out(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/start")
        for number in range(2):
            made.telegram.user_says(42, f"/video fox {number}")
            await made.until(partial(_has_films, made, number + 1))
        await made.until(lambda: said(made, "used up", chat=1))
        made.telegram.user_says(42, "/video one fox too many")
        await made.until(lambda: said(made, "this bot has reached"))
        marks = [text for text in made.telegram.texts(1) if "24 hours" in text]
        assert len(marks) == 2  # 70 cents of 1.40: half; 1.40: all; the third found no room, and nothing new to tell
        assert made.submits() == 2

    on_bench(story, admins="telegram:1", daily_usd=Decimal("1.40"))


@pytest.mark.parametrize(
    ("fault", "more", "charge", "words"),
    [
        ("submit_status", {"status": 403, "body": {"error": "endpoint_not_allowed"}}, "none", "Nothing was charged."),
        ("result_error", {"body": "downstream_service_error"}, "none", "Nothing was charged."),
        ("result_error", {"headers": {"units": "5"}}, "yes", "It was charged ($0.70)."),
        ("result_error", {"headers": {"units": ""}}, "possibly", "It may have been charged ($0.70)"),
    ],
)
def test_the_truth_about_the_charge(
    on_bench: OnBench, fault: str, more: dict[str, Any], charge: str, words: str
) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add(fault, **more)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.FAILED)
        assert job.charge == charge
        assert (await made.app.store.ledger.standing()).spent_micro == (0 if charge == "none" else 700_000)
        await made.until(lambda: said(made, words))

    on_bench(story)


def test_a_trouble_with_the_account_is_told_once_and_when_it_is_over(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        empty: dict[str, Any] = {"status": 403, "body": {"detail": "User is locked. Reason: Exhausted balance."}}
        made.fal.faults.add("submit_status", times=2, **empty)
        made.telegram.user_says(1, "/start")
        for number in range(2):
            made.telegram.user_says(42, f"/video fox {number}")
            await _failed(made, number + 1)
        await made.until(lambda: said(made, "no balance left", chat=1))
        made.telegram.user_says(42, "/video fox three")
        await newest(made, State.DELIVERED)
        await made.until(lambda: said(made, "takes orders again", chat=1))
        assert sum("no balance left" in text for text in made.telegram.texts(1)) == 1
        assert (await made.app.store.ledger.standing()).used_micro == 700_000

    on_bench(story, admins="telegram:1")


def test_a_failed_photo_is_offered_in_16_9_as_a_purchase_of_its_own(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("result_error", body="downstream_service_error")
        made.telegram.user_says(42, "let it snow", photo=jpeg((600, 600)))
        first = await made.settled(State.FAILED)
        await button(made, f"fix:{first.id}")
        second = await newest(made, State.DELIVERED)
        assert (second.again_of, second.fallback, second.request.prompt) == (first.id, "wide-photo", "let it snow")
        assert made.submits() == 2
        before, after = (request.body["image_url"] for request in made.fal.memory.requests.values())
        assert before != after
        probe = made.settings.assets_dir / after.rpartition("/")[2]
        width, height = _size(probe.read_bytes())
        assert abs(width / height - 16 / 9) < 0.02
        assert said(made, first.id)

    on_bench(story)


def test_a_failed_text_is_offered_simpler(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("result_error", body="internal_server_error")
        made.telegram.user_says(42, "/video a ((fox:1.4)) 🦊 in <lora:snow:0.8> snow")
        first = await made.settled(State.FAILED)
        await button(made, f"fix:{first.id}")
        second = await newest(made, State.DELIVERED)
        assert (second.fallback, second.request.prompt) == ("shorter-prompt", "a fox in snow")
        await made.until(lambda: said(made, "“\u2068a fox in snow\u2069”"))  # isolated, as every prompt

    on_bench(story)


def test_a_failed_fallback_is_not_offered_again(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("result_error", times=2, body="internal_server_error")
        made.telegram.user_says(42, "/video a 🦊")
        first = await made.settled(State.FAILED)
        await button(made, f"fix:{first.id}")
        second = await newest(made, State.FAILED)
        while second.id == first.id:
            await asyncio.sleep(0.03)
            second = await newest(made, State.FAILED)
        await made.until(lambda: len([text for text in made.telegram.texts(42) if "could not be made" in text]) == 2)
        offered = [data for message in made.telegram.said(42) for data in buttons(message)]
        assert not {f"fix:{second.id}", f"again:{second.id}"} & set(offered)

    on_bench(story)


def test_again_sends_a_finished_video_once_more_for_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "/video a fox")
        await made.settled(State.DELIVERED)
        made.telegram.user_says(42, "/again")
        await made.until(lambda: len(made.films()) == 2)
        await made.settled(State.DELIVERED)
        assert made.submits() == 1
        assert (await made.app.store.ledger.standing()).spent_micro == 700_000
        made.telegram.user_says(43, f"/again {(await made.jobs())[0].id}")
        await made.until(lambda: made.telegram.texts(43))
        assert made.films(43) == []

    on_bench(story, access="telegram:42,telegram:43")


def test_again_for_a_failed_job_asks_first_when_it_is_typed(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("result_error", body="internal_server_error")
        made.telegram.user_says(42, "/video a fox")
        first = await made.settled(State.FAILED)
        made.telegram.user_says(42, "/again")
        second = await newest(made, State.AWAITING_CONFIRMATION)
        assert second.again_of == first.id
        assert made.submits() == 1
        await button(made, f"yes:{second.id}")
        await newest(made, State.DELIVERED)
        assert made.submits() == 2

    on_bench(story)


def test_a_doubt_holds_the_money_tells_the_admin_and_offers_anew(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(1, "/start")
        made.fal.faults.add("submit_lost_reply")
        made.fal.faults.add("list_status", times=1000, status=403, body={"detail": "no"})
        made.telegram.user_says(42, "/video a fox")
        lost = await made.settled(State.SUBMIT_UNCONFIRMED)
        assert (await made.app.store.ledger.standing()).reserved_micro == 700_000
        await made.until(lambda: said(made, lost.id, chat=1))
        await button(made, f"again:{lost.id}")
        await newest(made, State.DELIVERED)
        assert made.submits() == 2
        standing = await made.app.store.ledger.standing()
        assert (standing.spent_micro, standing.reserved_micro) == (700_000, 700_000)
        made.fal.faults.clear()  # the list can be read: both orders stand in it, and say the same
        await made.all_settled(2, State.DELIVERED)
        assert len(made.films()) == made.submits() == 2
        found = {(await made.app.store.submits.read(job.id)).handle for job in await made.jobs()}
        assert len(found) == 2
        standing = await made.app.store.ledger.standing()
        assert (standing.spent_micro, standing.reserved_micro) == (1_400_000, 0)

    looks = PollerPauses(scan_s=0.1)
    on_bench(story, admins="telegram:1", timing=Timing(resolve_looks_s=(0.1, 0.1), search_s=0.1, watch=looks))


def test_a_proxy_that_charges_beforehand_names_the_price(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_headers", headers={"X-Credits-Used": "55"})
        made.telegram.user_says(42, "/video a fox")
        await made.settled(State.DELIVERED)
        assert (await made.app.store.ledger.standing()).spent_micro == 550_000

    on_bench(story, credit_usd=Decimal("0.01"))


@pytest.mark.parametrize(
    ("prompt", "simple"),
    [
        ("a fox", "a fox"),
        ("a ((fox:1.4)) in [snow]", "a fox in snow"),
        ("一只狐狸，在雪地里奔跑。", "一只狐狸，在雪地里奔跑。"),
        ("🦊🦊🦊", "🦊🦊🦊"),
        ("First. " * 60, ("First. " * 31).strip()),
        ("word " * 100, ("word " * 44).strip()),
    ],
)
def test_a_simpler_prompt(prompt: str, simple: str) -> None:
    assert simpler(prompt) == simple


def _size(data: bytes) -> tuple[int, int]:
    """Width and height of a JPEG, from its frame header."""
    at = 2
    while data[at + 1] not in {0xC0, 0xC1, 0xC2}:
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])


def test_a_second_try_that_a_cap_forbids_has_no_button(on_bench: OnBench) -> None:
    """What may have been paid still counts: the same again would be over the cap, and that is said instead."""

    async def story(made: Bench) -> None:
        made.fal.faults.add("submit_lost_reply")
        made.fal.faults.add("list_status", times=1000, status=403, body={"detail": "no"})
        made.telegram.user_says(42, "/video a fox")
        lost = await made.settled(State.SUBMIT_UNCONFIRMED)
        await made.until(lambda: said(made, "you have $0.30 of your $1.00"))
        await made.until(lambda: not any(f"again:{lost.id}" in buttons(each) for each in made.telegram.said(42)))
        made.fal.faults.clear()
        await made.settled(State.DELIVERED)

    looks = PollerPauses(scan_s=0.1)
    timing = Timing(resolve_looks_s=(0.1, 0.1), search_s=0.1, watch=looks)
    on_bench(story, user_daily_usd=Decimal(1), timing=timing)
