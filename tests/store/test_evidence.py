"""Whose request it is: an order's own answer takes it back from the job that had found it in fal's list."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import Store
from bot.store.database import now_ms
from bot.store.evidence import Evidence, RequestTaken, TakenBack
from bot.store.records import Job, JobError, State, Submit, VideoFile
from bot.store.tables import jobs, ledger, submits
from core.types import RawReply
from tests.rows import set_columns
from tests.store.test_ledger import CENTS_70, DAY_MS, sums_are_right
from tests.store.test_store import HANDLE, accepted, on_store, said

BODY = '{"prompt": "a fox", "duration": 5}'
FILM = VideoFile("a.mp4", 1, 2, 2, 5.0)
RESULT, LATER = RawReply(200, {"content-type": "application/json"}, b'{"video": 1}'), RawReply(200, {}, b'{"video": 2}')
OTHER = replace(HANDLE, request_id="req-2")
Story = Callable[[Store, str, str], Awaitable[None]]


async def claimed(store: Store, event: str, *, body: str | None = BODY, user: str = "42") -> str:
    job_id = await accepted(store, said(event, chat=user))
    assert await store.submits.claim(job_id, body=body) == "yours"
    return job_id


async def job_of(store: Store, job_id: str) -> Job:
    job = await store.jobs.get(job_id)
    assert job is not None
    return job


async def claim_of(store: Store, job_id: str) -> Submit:
    return await store.submits.read(job_id)


async def spent(store: Store) -> dict[str, int]:
    lines = await store.spending.report("user")
    return {line.key: line.spent_micro for line in lines}


async def set_job(store: Store, job_id: str, **values: Any) -> None:
    change = jobs.update().where(jobs.c.id == job_id).values(**values)
    await store.database.write(lambda connection: connection.execute(change))


def adopted(
    url: str, story: Story, *, body: str | None = BODY, by: Evidence = "list", guessers: str | None = BODY
) -> None:
    """`guesser` lost its answer and has taken the request for its own; `owner` in the same words waits for its own."""

    async def run(store: Store) -> None:
        guesser = await claimed(store, "m1", body=guessers)
        owner, bystander = await claimed(store, "m2", body=body, user="43"), await claimed(store, "m3", user="44")
        await store.submits.keep_result(bystander, LATER)
        await store.submits.ended(guesser)
        assert await store.jobs.mark_unconfirmed(guesser, "no answer")
        assert await store.submits.accepted(guesser, HANDLE, by=by) is None
        assert (await job_of(store, guesser)).state is State.RENDERING
        await store.submits.keep_result(guesser, RESULT, of=HANDLE.request_id)
        await story(store, guesser, owner)
        await sums_are_right(store)
        assert await store.submits.results(bystander) == [LATER]
        assert (await claim_of(store, bystander)).state == "sending"

    on_store(url, run)


@pytest.mark.parametrize("by", ["answer", "receipt", "webhook"])
@pytest.mark.parametrize("state", [State.RENDERING, State.DOWNLOADING, State.PARKED])
def test_the_order_that_was_answered_takes_its_request_back(database_url: str, state: State, by: Evidence) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        if state is State.PARKED:
            assert await store.jobs.park(guesser, "odd")
        else:
            await store.jobs.move(guesser, state)
        await set_columns(store, guesser, outcome_ref="17", fal_position=3, odd="x", odd_since=1)
        before = now_ms()
        back = await store.submits.accepted(owner, HANDLE, by=by)
        assert back == TakenBack(guesser, "telegram:42", CENTS_70, HANDLE.request_id, kept_film=False)
        claim, job = await claim_of(store, guesser), await job_of(store, guesser)
        assert (claim.state, claim.attempt, claim.handle, claim.known_by) == ("sending", 2, None, None)
        assert claim.answered is not None
        assert claim.body == BODY
        assert (job.state, job.outcome_ref, job.charge, job.reserved_micro) == (
            State.SUBMIT_UNCONFIRMED,
            None,
            None,
            CENTS_70,
        )
        assert (job.fal_position, job.odd, job.odd_since) == (None, None, None)
        assert before <= (job.due or 0) <= now_ms()  # its owner is to be told
        why = f"its request is the purchase of {owner}"
        assert (await store.jobs.story(guesser))[-1][1:] == ("submit-unconfirmed", why)
        assert (await store.ledger.of_job(guesser))[-1][1:] == ("hold", 0, 0, why)
        assert await store.submits.job_of(HANDLE.request_id) == (owner, HANDLE)
        assert (await claim_of(store, owner)).known_by == by
        assert (await job_of(store, owner)).state is State.RENDERING
        assert await store.submits.results(owner) == [RESULT]
        assert await store.submits.results(guesser) == []
        await store.submits.keep_result(guesser, LATER, of=HANDLE.request_id)  # its download was under way
        assert await store.submits.results(guesser) == []
        assert not await store.jobs.finish(guesser, FILM)
        assert await store.submits.accepted(guesser, OTHER, by="list") is None  # its own turns up
        assert (await job_of(store, guesser)).state is State.RENDERING

    adopted(database_url, story)


def test_a_film_that_was_given_stays_given_and_one_charge_is_one_charge(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        assert await store.jobs.finish(guesser, FILM)
        await store.jobs.move(guesser, State.DELIVERED, outcome_ref="17")
        (bill,) = await store.bills.due(now_ms() + DAY_MS, most=9)
        await store.bills.settle(bill, 650_000_000, now=now_ms())
        back = await store.submits.accepted(owner, HANDLE)
        assert back == TakenBack(guesser, "telegram:42", CENTS_70, HANDLE.request_id, kept_film=True)
        claim, job = await claim_of(store, guesser), await job_of(store, guesser)
        assert (claim.state, claim.handle, claim.known_by) == ("accepted", HANDLE, "lent")  # fetched again from there
        assert (job.state, job.outcome_ref, job.video, job.charge) == (State.DELIVERED, "17", FILM, "possibly")
        assert (job.billed_nano, job.bill_after) == (None, None)
        why = f"its request is the purchase of {owner}"
        assert (await store.ledger.of_job(guesser))[-1][1:] == ("correct", 0, -650_000, why)
        assert await store.submits.results(owner) == await store.submits.results(guesser) == [RESULT]
        assert await store.jobs.finish(owner, FILM)
        assert await spent(store) == {"telegram:42": 0, "telegram:43": CENTS_70, "telegram:44": 0}
        (bill,) = await store.bills.due(now_ms() + DAY_MS, most=9)
        assert (bill.job_id, bill.request_id) == (owner, HANDLE.request_id)
        await store.bills.settle(bill, 650_000_000, now=now_ms())
        assert await spent(store) == {"telegram:42": 0, "telegram:43": 650_000, "telegram:44": 0}
        (line,) = await store.bills.compared(0)
        assert (line.jobs, line.charged_micro) == (1, 650_000)
        await store.submits.keep_result(guesser, LATER, of=HANDLE.request_id)  # its file is fetched again
        assert len(await store.submits.results(guesser)) == 2

    adopted(database_url, story)


def test_a_film_that_is_set_aside_is_given_all_the_same(database_url: str) -> None:
    """Its row could not be read for a while."""

    async def story(store: Store, guesser: str, owner: str) -> None:
        for number in range(3):
            await store.submits.keep_result(guesser, replace(RESULT, body=b"%d" % number), of=HANDLE.request_id)
        kept = await store.submits.results(guesser)
        await store.jobs.finish(guesser, FILM)
        await store.jobs.move(guesser, State.PARKED)
        long_ago = submits.update().values(changed=0)
        await store.database.write(lambda tx: tx.execute(long_ago))
        before = now_ms()
        back = await store.submits.accepted(owner, HANDLE)
        assert back is not None
        assert back.kept_film
        assert (await job_of(store, guesser)).state is State.PARKED
        changed = sa.select(submits.c.changed).where(submits.c.job_id == guesser)
        assert await store.database.read(lambda tx: tx.execute(changed).scalar_one()) >= before
        assert await store.submits.results(owner) == kept
        assert len(kept) == 4

    adopted(database_url, story)


@pytest.mark.parametrize("charge", ["none", "possibly", "yes"])
def test_what_fal_had_ended_for_the_wrong_one_costs_it_nothing(database_url: str, charge: Any) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        assert await store.jobs.fail(guesser, JobError("content_policy_violation", {}), charge=charge)
        back = await store.submits.accepted(owner, HANDLE)
        assert back is not None
        assert back.kept_film
        job = await job_of(store, guesser)
        assert (job.state, job.charge) == (State.FAILED, "possibly")
        assert await store.jobs.fail(owner, JobError("content_policy_violation", {}), charge="yes")
        assert await spent(store) == {"telegram:42": 0, "telegram:43": CENTS_70, "telegram:44": 0}

    adopted(database_url, story)


@pytest.mark.parametrize(
    ("first", "second"),
    [("list", "list"), ("answer", "answer"), ("receipt", "answer"), ("webhook", "receipt"), ("answer", "webhook")],
)
def test_a_guess_takes_nothing_and_nothing_is_taken_but_a_guess(
    database_url: str, first: Evidence, second: Evidence
) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        with pytest.raises(RequestTaken):
            await store.submits.accepted(owner, HANDLE, by=second)
        assert (await job_of(store, guesser)).state is State.RENDERING
        assert (await claim_of(store, owner)).state == "sending"

    adopted(database_url, story, by=first)


@pytest.mark.parametrize(
    "body",
    [
        '{"prompt": "a bear", "duration": 5}',
        '{"prompt": "a fox"}',
        '{"prompt": "a fox", "duration": "5"}',
        '{"prompt": "a fox", "duration": 5.0}',
        "[]",
        "a fox",
        None,
    ],
)
def test_an_answer_to_other_words_is_mixed_up(database_url: str, body: str | None) -> None:
    """A gateway repeats an old answer: no list could have taken this order for the other."""

    async def story(store: Store, guesser: str, owner: str) -> None:
        with pytest.raises(RequestTaken):
            await store.submits.accepted(owner, HANDLE)
        assert (await job_of(store, guesser)).state is State.RENDERING
        assert (await claim_of(store, owner)).state == "sending"

    adopted(database_url, story, body=body)


@pytest.mark.parametrize("guessers", [None, "{}", "[]"])
def test_what_was_guessed_without_words_is_not_taken(database_url: str, guessers: str | None) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        with pytest.raises(RequestTaken):
            await store.submits.accepted(owner, HANDLE)
        assert (await job_of(store, guesser)).state is State.RENDERING

    adopted(database_url, story, guessers=guessers)


def test_a_claim_that_cannot_be_read_keeps_what_it_has(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        odd = submits.update().where(submits.c.job_id == guesser).values(handle="of a newer version")
        await store.database.write(lambda tx: tx.execute(odd))
        with pytest.raises(RequestTaken):
            await store.submits.accepted(owner, HANDLE)

    adopted(database_url, story)


def test_the_list_takes_an_order_with_more_in_it_for_ones_own(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        with pytest.raises(RequestTaken):
            await store.submits.accepted(owner, replace(HANDLE, endpoint="another/app/text-to-video"))
        assert await store.submits.accepted(owner, HANDLE) is not None
        assert (await job_of(store, guesser)).state is State.SUBMIT_UNCONFIRMED

    adopted(database_url, story, body='{"duration": 5, "seed": 7, "prompt": "a fox"}')


def test_what_was_adopted_before_this_was_noted_stays(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        unknown = submits.update().where(submits.c.job_id == guesser).values(known_by=None)
        await store.database.write(lambda connection: connection.execute(unknown))
        with pytest.raises(RequestTaken):
            await store.submits.accepted(owner, HANDLE)

    adopted(database_url, story)


def test_one_guess_does_not_follow_another(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        assert await store.submits.accepted(guesser, OTHER, by="list") is None
        assert (await claim_of(store, guesser)).handle == HANDLE
        await store.submits.accepted(owner, OTHER)
        with pytest.raises(RequestTaken):
            await store.submits.accepted(guesser, OTHER, by="list")

    adopted(database_url, story)


def test_a_second_answer_to_an_order_that_was_answered_takes_nothing(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        await store.submits.accepted(owner, OTHER, by="list")
        with pytest.raises(RequestTaken):
            await store.submits.accepted(guesser, OTHER)
        assert (await job_of(store, owner)).state is State.RENDERING

    adopted(database_url, story, by="answer")


def test_a_result_is_kept_where_nobody_says_whose_it_is(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        await store.submits.keep_result(guesser, LATER)
        assert await store.submits.results(guesser) == [RESULT, LATER]
        await store.submits.keep_result("never claimed", LATER, of=HANDLE.request_id)
        assert await store.submits.results("never claimed") == [LATER]

    adopted(database_url, story)


def test_ones_own_answer_confirms_a_guess(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        assert await store.submits.accepted(guesser, HANDLE) is None
        claim = await claim_of(store, guesser)
        assert (claim.known_by, claim.attempt, claim.handle) == ("answer", 1, HANDLE)
        assert await store.submits.results(guesser) == [RESULT]
        with pytest.raises(RequestTaken):
            await store.submits.accepted(owner, HANDLE)

    adopted(database_url, story)


@pytest.mark.parametrize("end", [None, "failed", "cancelled", "delivered"])
def test_ones_own_answer_is_believed_against_ones_own_guess(database_url: str, end: str | None) -> None:
    """A worker that was frozen in its POST wakes: the list was believed meanwhile."""

    async def story(store: Store, guesser: str, owner: str) -> None:
        error = JobError("generation_failed", {})
        if end == "failed":
            await store.jobs.fail(guesser, error, charge="none")
        elif end == "cancelled":
            await store.jobs.cancelled(guesser, error, charge="possibly", only_from=set(State))
        elif end == "delivered":
            await store.jobs.finish(guesser, FILM)
            await store.jobs.move(guesser, State.DELIVERED, outcome_ref="17")
            await set_job(store, guesser, billed_nano=5, bill_after=7)
        assert await store.submits.accepted(guesser, OTHER) is None
        claim, job = await claim_of(store, guesser), await job_of(store, guesser)
        assert (claim.state, claim.handle, claim.known_by, claim.attempt) == ("accepted", OTHER, "answer", 2)
        assert await store.submits.results(guesser) == []
        if end == "delivered":
            assert (job.state, job.outcome_ref, job.charge) == (State.DELIVERED, "17", "possibly")
        else:
            assert (job.state, job.error, job.outcome_ref) == (State.RENDERING, None, None)
        assert (job.billed_nano, job.bill_after) == (None, None)
        assert await spent(store) == {"telegram:42": CENTS_70 if end else 0, "telegram:43": 0, "telegram:44": 0}
        if end == "failed":
            assert (await store.ledger.of_job(guesser))[-1][1:] == ("correct", 0, CENTS_70, OTHER.request_id)
        if end in {"failed", "cancelled"}:
            assert (await store.jobs.story(guesser))[-1][1:] == ("rendering", OTHER.request_id)
        assert await store.submits.accepted(owner, HANDLE, by="list") is None  # the other one's, in the same words
        await store.jobs.finish(guesser, FILM)
        assert (await spent(store))["telegram:42"] == CENTS_70

    adopted(database_url, story)


def test_one_that_has_anothers_film_may_still_hear_of_its_own_order(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        await store.jobs.finish(guesser, FILM)
        await store.jobs.move(guesser, State.DELIVERED, outcome_ref="17")
        assert await store.submits.accepted(owner, HANDLE) is not None
        assert (await spent(store))["telegram:42"] == 0
        assert await store.submits.accepted(guesser, OTHER) is None
        job = await job_of(store, guesser)
        assert (job.state, job.charge) == (State.DELIVERED, "possibly")
        assert (await spent(store))["telegram:42"] == CENTS_70
        assert OTHER.request_id in {bill.request_id for bill in await store.bills.due(now_ms() + DAY_MS, most=9)}

    adopted(database_url, story)


async def corrections(store: Store, job_id: str) -> list[tuple[int, int | None, int]]:
    """When each counts, when it was written, and how much it is."""
    query = sa.select(ledger).where(ledger.c.job_id == job_id, ledger.c.event == "correct").order_by(ledger.c.id)
    return await store.database.read(lambda tx: [(row.at, row.booked, row.spent_micro) for row in tx.execute(query)])


def test_what_is_restated_counts_at_the_time_of_the_purchase(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        await store.jobs.finish(guesser, FILM)
        bought = sa.update(ledger).where(ledger.c.job_id == guesser).values(at=ledger.c.at - DAY_MS)
        await store.database.write(lambda tx: tx.execute(bought))
        settled = (await store.ledger.of_job(guesser))[-1][0]
        before = now_ms()
        await store.submits.accepted(owner, HANDLE)
        await store.submits.accepted(guesser, OTHER)
        assert [each[::2] for each in await corrections(store, guesser)] == [(settled, -CENTS_70), (settled, CENTS_70)]
        assert all(booked and before <= booked <= now_ms() for _, booked, _ in await corrections(store, guesser))
        assert await corrections(store, owner) == []
        assert (await job_of(store, owner)).charge is None

    adopted(database_url, story)


def test_what_says_so_already_is_not_written_again(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        await store.jobs.fail(guesser, JobError("generation_failed", {}), charge="none")
        await store.submits.accepted(owner, HANDLE)
        assert await corrections(store, guesser) == []
        await store.jobs.fail(owner, JobError("generation_failed", {}), charge="possibly")
        assert (await job_of(store, guesser)).charge == "possibly"

    adopted(database_url, story)


def test_a_bill_of_another_request_is_replaced_by_the_price(database_url: str) -> None:
    async def story(store: Store, guesser: str, owner: str) -> None:
        await store.jobs.finish(guesser, FILM)
        (bill,) = await store.bills.due(now_ms() + DAY_MS, most=9)
        await store.bills.settle(bill, 650_000_000, now=now_ms())
        await store.submits.accepted(guesser, OTHER)
        assert [each[2] for each in await corrections(store, guesser)] == [-50_000, 50_000]
        assert (await spent(store))["telegram:42"] == CENTS_70

    adopted(database_url, story)


def test_an_account_that_was_still_open_is_closed_too(database_url: str) -> None:
    """A film whose row was set by hand: what is held is given back, and the sums are one charge."""

    async def story(store: Store, guesser: str, owner: str) -> None:
        await store.jobs.move(guesser, State.READY, video={"name": "a.mp4"})
        assert await store.submits.accepted(owner, HANDLE) is not None
        job = await job_of(store, guesser)
        assert (job.charge, job.reserved_micro) == ("possibly", 0)
        why = f"its request is the purchase of {owner}"
        events = [
            (event, held, spent_micro, said) for _, event, held, spent_micro, said in await store.ledger.of_job(guesser)
        ][-2:]
        assert events == [("settle", -CENTS_70, CENTS_70, why), ("correct", 0, -CENTS_70, why)]

    adopted(database_url, story)


def test_a_refusal_says_what_it_cost_and_is_looked_for_a_while(database_url: str) -> None:
    async def story(store: Store) -> None:
        error, at = JobError("invalid_input", {}), now_ms()
        certain, search_until, later = [await claimed(store, f"m{number}") for number in range(3)]
        assert await store.submits.refused(certain, error)
        assert await store.submits.refused(certain, error, charge="yes") is False
        assert await store.submits.refused(search_until, error, search_until=at)
        assert await store.submits.refused(later, error, charge="possibly", search_until=at + 1000)
        assert {each.job_id: each.search_until for each in await store.submits.to_search()} == {
            search_until: at,
            later: at + 1000,
        }
        assert [(await job_of(store, each)).charge for each in (certain, search_until, later)] == [
            "none",
            "none",
            "possibly",
        ]
        await store.submits.searched_in_vain([certain, search_until], began=at - 1)
        assert len(await store.submits.to_search()) == 2
        await store.submits.searched_in_vain([certain], began=at)
        assert len(await store.submits.to_search()) == 2
        await store.submits.searched_in_vain([certain, search_until, later], began=at)
        assert [each.job_id for each in await store.submits.to_search()] == [later]
        assert await store.submits.reopen(later, HANDLE, by="list")
        claim = await claim_of(store, later)
        assert (claim.known_by, claim.search_until) == ("list", None)
        assert await store.submits.to_search() == []

    on_store(database_url, story)


def test_an_account_that_was_corrected_without_a_bill_is_compared_with_none(database_url: str) -> None:
    async def story(store: Store) -> None:
        job_id = await claimed(store, "m1")
        await store.submits.refused(job_id, JobError("invalid_input", {}), search_until=now_ms())
        await store.submits.reopen(job_id, HANDLE, by="list")
        await store.jobs.finish(job_id, FILM)
        assert (await store.ledger.of_job(job_id))[-1][1] == "correct"
        assert await store.bills.compared(0) == []

    on_store(database_url, story)


def test_a_list_that_cannot_be_read_is_asked_a_day(database_url: str) -> None:
    async def story(store: Store) -> None:
        old, young = await claimed(store, "m1"), await claimed(store, "m2")
        await store.submits.refused(old, JobError("invalid_input", {}), search_until=now_ms() - DAY_MS - 1000)
        await store.submits.refused(young, JobError("invalid_input", {}), search_until=now_ms() - DAY_MS + 60_000)
        assert [each.job_id for each in await store.submits.to_search()] == [young]

    on_store(database_url, story)


def test_what_a_proxy_took_for_a_refused_order_is_its_price(database_url: str) -> None:
    from_proxy = Decimal("0.65")

    async def story(store: Store) -> None:
        job_id = await claimed(store, "m1")
        assert await store.submits.refused(job_id, JobError("x", {}), charge="yes", charged_usd=from_proxy)
        job = await job_of(store, job_id)
        assert (job.state, job.charge, job.usd) == (State.FAILED, "yes", from_proxy)
        assert (await store.ledger.of_job(job_id))[1][1:] == ("adjust", -50_000, 0, "charged by the proxy")
        assert await spent(store) == {"telegram:42": 650_000}
        await sums_are_right(store)

    on_store(database_url, story)
