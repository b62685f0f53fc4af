"""fal's books: every event of a request summed, a missing one unknown, and the admin key shown to nobody else."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.config import FalSettings
from core.errors import NotConfigured, OutOfCredits, Unavailable
from core.fal.billing import Billing, counted_once, nano_of, summed
from core.fal.client import FalQueue
from core.pricing import plan
from core.sandbox import FAST, Sandbox, create_app
from core.types import Completed
from tests.serving import served

ADMIN = "admin-key-0123456789"
KEY = "plain-key-0123456789"
LONG_AGO = datetime.now(UTC) - timedelta(days=1)


def event(request_id: str, nano: Any = None, **more: Any) -> dict[str, Any]:
    return {"request_id": request_id, "cost_estimate_nano_usd": nano, **more}


@pytest.mark.parametrize(
    ("row", "nano"),
    [
        ({"cost_estimate_nano_usd": 45_000_000, "cost_total": 0.05, "output_units": 2, "unit_price": 9}, 45_000_000),
        ({"cost_estimate_nano_usd": Decimal("1499.5")}, 1500),
        ({"cost_estimate_nano_usd": "250000000"}, 250_000_000),
        ({"cost_estimate_nano_usd": 0, "cost_total": 0.7}, 0),
        ({"cost_total": Decimal("0.0453")}, 45_300_000),
        ({"cost_estimate_nano_usd": None, "cost_total": 1}, 1_000_000_000),
        ({"output_units": 5, "unit_price": 0.14}, None),
        ({"cost_estimate_nano_usd": True}, None),
        ({"cost_estimate_nano_usd": float("nan")}, None),
        ({"cost_estimate_nano_usd": "much"}, None),
        ({}, None),
    ],
)
def test_what_one_event_charged(row: dict[str, Any], nano: int | None) -> None:
    assert nano_of(row) == nano


def test_missing_is_unknown_zero_is_zero_and_an_event_that_cannot_be_read_makes_its_request_unknown() -> None:
    events: list[Any] = [
        event("free", 0),
        event("odd", 5),
        event("odd"),
        event("less", -1),
        event("foreign", 9),
        None,
        "x",
        [],
    ]
    events += [{"request_id": ["free"]}, event("back", 700), event("back", -200)]
    assert summed(events, {"free", "odd", "less", "missing", "back"}) == {"free": 0, "back": 500}


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 10**12))))
def test_events_are_summed_by_request_in_any_order(pairs: list[tuple[str, int]]) -> None:
    events = [event(request_id, nano) for request_id, nano in pairs]
    expected = {each: sum(nano for name, nano in pairs if name == each) for each in {name for name, _ in pairs}}
    assert summed(events, {"a", "b", "c"}) == expected == summed(events[::-1], {"a", "b", "c"})


def settings_for(url: str, **more: Any) -> FalSettings:
    return FalSettings.offline(**({"fal_key": KEY, "fal_queue_url": url, "fal_admin_key": ADMIN} | more))


def books_of(settings: FalSettings) -> Billing:
    books = Billing.from_settings(settings)
    assert books is not None
    return books


def test_without_the_key_or_behind_a_proxy_nothing_is_asked() -> None:
    assert Billing.from_settings(settings_for("http://127.0.0.1:1", fal_admin_key=None)) is None
    assert Billing.from_settings(settings_for("http://127.0.0.1:1", fal_proxy_url="http://127.0.0.1:2")) is None
    assert ADMIN not in repr(settings_for("http://127.0.0.1:1"))


Story = Callable[[Sandbox, FalSettings, Billing], Awaitable[None]]


def on_sandbox(folder: Path, story: Story, **more: Any) -> None:
    async def run() -> None:
        app = create_app(folder=folder, key=KEY, studio=FAST, admin_key=ADMIN)
        async with served(app) as url:
            settings = settings_for(url, **more)
            books = books_of(settings)
            try:
                await story(app.state.sandbox, settings, books)
            finally:
                await books.close()

    asyncio.run(run())


async def rendered(settings: FalSettings, *prompts: str) -> dict[str, str]:
    """Request ids by prompt, once all are finished."""
    queue = FalQueue.from_settings(settings)
    try:
        wanted = [plan(prompt, model="budget").request for prompt in prompts]
        handles = [(await queue.submit(request)).handle for request in wanted]
        for handle in handles:
            async with asyncio.timeout(20):
                while not isinstance(await queue.status(handle), Completed):
                    await asyncio.sleep(0.02)
    finally:
        await queue.close()
    return {prompt: handle.request_id for prompt, handle in zip(prompts, handles, strict=True)}


def test_the_sandbox_bills_what_it_made_and_on_demand_otherwise(tmp_path: Path) -> None:
    async def story(fal: Sandbox, settings: FalSettings, books: Billing) -> None:
        fal.books.page = 1  # every event on a page of its own
        for kind, more in (
            ("bill_drift", {"body": 10}),
            ("bill_split", {"body": 3}),
            ("bill_late", {"seconds": 600.0}),
            ("bill_missing", {}),
            ("bill_zero", {}),
        ):
            fal.faults.add(kind, match=kind, **more)
        fal.faults.add("result_error", match="free failure")
        fal.faults.add("result_error", match="dear failure", headers={"units": ""})
        prompts = ("plain", "bill_drift", "bill_split", "bill_late", "bill_missing", "bill_zero")
        ids = await rendered(settings, *prompts, "free failure", "dear failure")
        found = await books.charges(list(ids.values()), since=LONG_AGO)
        by_prompt = {prompt: found[ids[prompt]] for prompt in ids if ids[prompt] in found}
        quoted = 250_000_000
        usual = dict.fromkeys(("plain", "bill_split", "dear failure"), quoted)
        assert by_prompt == usual | {"bill_drift": 275_000_000, "bill_zero": 0}
        charged = sum(by_prompt.values()) + quoted  # the late one is charged, though it is not shown yet
        assert await books.balance() == 100 - Decimal(charged) / 10**9
        fal.books.now = lambda: datetime.now(UTC).timestamp() + 601
        assert (await books.charges([ids["bill_late"]], since=LONG_AGO)) == {ids["bill_late"]: quoted}
        assert await books.charges(["nobody"], since=LONG_AGO) == {}

    on_sandbox(tmp_path, story)


def test_only_the_admin_key_opens_the_books(tmp_path: Path) -> None:
    async def story(_fal: Sandbox, _settings: FalSettings, books: Billing) -> None:
        for call in (books.balance(), books.charges(["a"], since=LONG_AGO)):
            with pytest.raises(NotConfigured, match="invalid_key"):
                await call

    on_sandbox(tmp_path / "other", story, fal_admin_key=KEY)
    on_sandbox(tmp_path / "odd", story, fal_admin_key="key–with–dashes")


def test_too_old_a_span_and_too_many_ids_are_refused_as_by_fal(tmp_path: Path) -> None:
    async def story(_fal: Sandbox, _settings: FalSettings, books: Billing) -> None:
        with pytest.raises(Unavailable):
            await books.charges(["a"], since=datetime.now(UTC) - timedelta(days=91))
        with pytest.raises(Unavailable):
            await books.charges([f"id-{n}" for n in range(51)], since=LONG_AGO)
        assert await books.charges([f"id-{n}" for n in range(50)], since=LONG_AGO - timedelta(days=88)) == {}

    on_sandbox(tmp_path, story)


def test_the_admin_key_goes_to_the_platform_api_alone() -> None:
    seen: list[tuple[str, str]] = []

    def recorder(name: str) -> Starlette:
        async def answer(http: Request) -> Response:
            seen.append((name, http.headers.get("authorization", "")))
            return JSONResponse({"billing_events": [], "credits": {"current_balance": 1}, "status": "NOT_FOUND"}, 200)

        return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])

    async def run() -> None:
        async with served(recorder("queue")) as queue_url, served(recorder("api")) as api_url:
            settings = settings_for(queue_url, fal_api_url=api_url)
            queue, books = FalQueue.from_settings(settings), books_of(settings)
            await queue.check_key()
            await books.charges(["a"], since=LONG_AGO)
            await books.balance()
            await queue.close()
            await books.close()

    asyncio.run(run())
    assert seen == [("queue", f"Key {KEY}"), ("api", f"Key {ADMIN}"), ("api", f"Key {ADMIN}")]


def test_an_event_counts_once_however_often_it_is_shown() -> None:
    """An event is added between two pages, and all move on: the last of one page is the first of the next."""
    first = [event("a", 5, id="e-1"), event("b", 7, id=2), event("a", 9)]
    again = [event("b", 7, id=2), event("b", 3, event_id="e-3"), event("a", 9)]
    assert counted_once([first, again]) == [*first, again[1], again[2]]
    assert counted_once([first, first]) == first
    assert counted_once([first, [], first[:1]]) == first
    assert counted_once([[event("a", 5), event("a", 5)]]) == [event("a", 5), event("a", 5)]  # two of one page are two
    assert counted_once([[event("a", 5)], [event("a", 6)], [event("a", 5)]]) == [event("a", 5), event("a", 6)]
    assert counted_once([[event("a", 5, id=True), None, 7, []], [event("b", 5, id=1), event("a", 5, id=1)]]) == [
        *[event("a", 5, id=True), None, 7, []],
        *[event("b", 5, id=1), event("a", 5, id=1)],
    ]


def test_a_page_that_is_shown_twice_is_counted_once(tmp_path: Path) -> None:
    async def story(fal: Sandbox, settings: FalSettings, books: Billing) -> None:
        ids = await rendered(settings, "one", "two")
        fal.faults.add("bill_page_twice")
        found = await books.charges(list(ids.values()), since=LONG_AGO)
        assert found == dict.fromkeys(ids.values(), 250_000_000)

    on_sandbox(tmp_path, story)


def test_books_that_break_off_or_go_in_a_circle_are_no_sum(tmp_path: Path) -> None:
    async def story(fal: Sandbox, settings: FalSettings, books: Billing) -> None:
        fal.faults.add("bill_split", body=4)
        ids = list((await rendered(settings, "one")).values())
        fal.faults.add("bill_breaks_off")
        with pytest.raises(Unavailable, match="break off"):
            await books.charges(ids, since=LONG_AGO)
        fal.faults.add("bill_page_twice", times=9)
        with pytest.raises(Unavailable, match="circle"):
            await books.charges(ids, since=LONG_AGO)
        fal.faults.clear()
        assert await books.charges(ids, since=LONG_AGO) == {ids[0]: 250_000_000}

    on_sandbox(tmp_path, story)


ENDLESS = {"billing_events": [event("a", 1)], "next_cursor": "again", "has_more": True}


@pytest.mark.parametrize(
    ("pages", "error"),
    [
        ([(200, ENDLESS), (500, {"detail": "no"})], Unavailable),  # half of the events are no sum
        ([(200, ENDLESS)], Unavailable),
        ([(200, ENDLESS | {"next_cursor": None})], Unavailable),
        ([(200, ENDLESS | {"next_cursor": ""})], Unavailable),
        ([(200, {"items": []})], Unavailable),
        ([(200, ["billing_events"])], Unavailable),
        ([(404, {"detail": "Not Found"})], Unavailable),
        ([(403, {"detail": "User is locked. Reason: Exhausted balance."})], OutOfCredits),
        ([(401, {"detail": "no"})], NotConfigured),
    ],
)
def test_no_answer_or_half_of_one_is_no_bill(pages: list[tuple[int, Any]], error: type[Exception]) -> None:
    asked: list[str | None] = []

    async def answer(http: Request) -> Response:
        asked.append(http.query_params.get("cursor"))
        status, body = pages[min(len(asked), len(pages)) - 1]
        return JSONResponse(body, status)

    async def run() -> None:
        async with served(Starlette(routes=[Route("/{path:path}", answer)])) as url:
            books = books_of(settings_for(url))
            with pytest.raises(error):
                await books.charges(["a"], since=LONG_AGO)
            with pytest.raises((Unavailable, NotConfigured)):
                await books.balance()
            await books.close()

    asyncio.run(run())
    assert asked[0] is None
