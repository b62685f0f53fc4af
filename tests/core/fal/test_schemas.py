"""fal's own catalogue over real HTTP: all that was asked for or nothing, and nothing is taken for gone too soon."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.catalogue import offers
from core.catalogue.drift import Finding
from core.config import FalSettings
from core.errors import NotConfigured, Unavailable, VideoError
from core.fal.schemas import Schemas, Seen, judged
from core.sandbox import FAST, Sandbox, create_app
from tests.serving import served

KEY = "plain-key-0123456789"
ALL = list(dict.fromkeys(endpoint_id for (endpoint_id, _), _ in offers.rows()))
WAN, HORSE = "fal-ai/wan-25-preview/text-to-video", "alibaba/happy-horse/text-to-video"
LASTS = 1000
Story = Callable[[Schemas, Sandbox], Awaitable[None]]


@asynccontextmanager
async def reading(url: str, *, key: str | None = KEY) -> AsyncIterator[Schemas]:
    schemas = Schemas.from_settings(FalSettings.offline(fal_queue_url=url, fal_key=key))
    try:
        yield schemas
    finally:
        await schemas.close()


def on_sandbox(folder: Path, story: Story, *, key: str | None = KEY) -> None:
    async def run() -> None:
        app = create_app(folder=folder, key=KEY, studio=FAST)
        async with served(app) as url, reading(url, key=key) as schemas:
            await story(schemas, app.state.sandbox)

    asyncio.run(run())


def found(seen: dict[str, Seen]) -> dict[str, tuple[Finding, ...] | None]:
    """What is not well, by endpoint."""
    listed: dict[str, tuple[Finding, ...] | None] = {}
    for (endpoint_id, _), row in offers.rows():
        found_now = judged(row, seen[endpoint_id]) if endpoint_id in seen else ()
        if found_now != ():
            listed[endpoint_id] = found_now
    return listed


def test_all_rows_are_looked_at_by_few_calls_and_found_well(tmp_path: Path) -> None:
    async def story(schemas: Schemas, _sandbox: Sandbox) -> None:
        assert found(await schemas.read(ALL)) == {}
        assert schemas.calls == -(-len(ALL) // 10)
        prices = await schemas.prices(ALL)
        assert set(prices) == set(ALL)
        assert prices[HORSE].amount == Decimal("0.14")
        assert schemas.calls == -(-len(ALL) // 10) + -(-len(ALL) // 50)

    on_sandbox(tmp_path, story)


def test_schemas_need_no_key_and_prices_do(tmp_path: Path) -> None:
    async def story(schemas: Schemas, _sandbox: Sandbox) -> None:
        assert set(await schemas.read([WAN])) == {WAN}
        with pytest.raises(NotConfigured):
            await schemas.prices([WAN])

    on_sandbox(tmp_path, story, key=None)


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("deprecated", {}, Finding("deprecated")),
        ("unknown", {}, Finding("unknown")),
        ("field_gone", {"body": "resolution"}, Finding("field_gone", "resolution")),
        (
            "value_gone",
            {"body": {"field": "resolution", "values": ["1080p"]}},
            Finding("value_gone", "resolution", ("1080p",)),
        ),
        ("required_new", {"body": "style"}, Finding("required_new", "style")),
        (
            "bound_moved",
            {"body": {"field": "duration", "most": 14}},
            Finding("bound_moved", "duration", ("15",)),
        ),
    ],
)
def test_what_drifts_is_found_and_nothing_else(
    tmp_path: Path, kind: str, more: dict[str, Any], expected: Finding
) -> None:
    async def story(schemas: Schemas, sandbox: Sandbox) -> None:
        sandbox.faults.add(kind, times=LASTS, match=HORSE, **more)
        assert found(await schemas.read(ALL)) == {HORSE: (expected,)}
        sandbox.faults.clear()
        assert found(await schemas.read(ALL)) == {}

    on_sandbox(tmp_path, story)


def test_a_schema_that_could_not_be_expanded_is_no_judgement(tmp_path: Path) -> None:
    async def story(schemas: Schemas, sandbox: Sandbox) -> None:
        sandbox.faults.add("no_schema", times=LASTS, match=HORSE)
        assert found(await schemas.read(ALL)) == {HORSE: None}

    on_sandbox(tmp_path, story)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("empty_list", {"times": LASTS}),
        ("half_answer", {"times": LASTS}),
        ("models_status", {"status": 500}),
        ("models_status", {"status": 429, "body": {"error": {"type": "rate_limited", "message": "slow"}}}),
        ("models_status", {"status": 404}),  # a gateway's page
        ("models_status", {"status": 200, "body": {"models": "odd"}}),
        ("models_status", {"status": 200, "body": ["odd"]}),
        ("models_status", {"status": 200, "body": {"models": [], "has_more": True}}),
        ("models_status", {"status": 403, "body": {"detail": "User is locked. Reason: Exhausted balance."}}),
    ],
)
def test_a_look_that_fails_says_nothing(tmp_path: Path, kind: str, more: dict[str, Any]) -> None:
    async def story(schemas: Schemas, sandbox: Sandbox) -> None:
        sandbox.faults.add(kind, **more)
        with pytest.raises(VideoError):
            await schemas.read(ALL)

    on_sandbox(tmp_path, story)


def test_one_half_of_an_answer_is_asked_for_once_more(tmp_path: Path) -> None:
    async def story(schemas: Schemas, sandbox: Sandbox) -> None:
        sandbox.faults.add("half_answer", match=HORSE)
        assert found(await schemas.read(ALL)) == {}
        assert schemas.calls == -(-len(ALL) // 10) + 1

    on_sandbox(tmp_path, story)


def test_all_at_once_is_said_as_fal_says_it(tmp_path: Path) -> None:
    async def story(schemas: Schemas, sandbox: Sandbox) -> None:
        sandbox.faults.add("all_gone", times=LASTS)
        assert set(found(await schemas.read(ALL)).values()) == {(Finding("deprecated"),)}
        sandbox.faults.clear()
        sandbox.faults.add("all_gone", times=LASTS, body="404")
        assert set(found(await schemas.read(ALL)).values()) == {(Finding("unknown"),)}

    on_sandbox(tmp_path, story)


def test_one_unknown_endpoint_keeps_no_other_one_from_its_price(tmp_path: Path) -> None:
    async def story(schemas: Schemas, _sandbox: Sandbox) -> None:
        prices = await schemas.prices([*ALL[:20], "nobody/nothing", *ALL[20:]])
        assert set(prices) == set(ALL)

    on_sandbox(tmp_path, story)


def test_pages_are_followed_and_a_circle_is_left() -> None:
    asked: list[str | None] = []

    async def models(http: Request) -> Response:
        cursor = http.query_params.get("cursor")
        asked.append(cursor)
        rows = [{"endpoint_id": WAN if cursor else HORSE, "metadata": {"status": "active"}}]
        following = (
            {None: "Mg==", "Mg==": None}.get(cursor) if http.query_params.getlist("endpoint_id") != [WAN] else "Mg=="
        )
        return JSONResponse({"models": rows, "next_cursor": following, "has_more": following is not None})

    async def run() -> None:
        async with served(Starlette(routes=[Route("/models", models)])) as url, reading(url) as schemas:
            assert await schemas.read([HORSE, WAN]) == {HORSE: Seen("active"), WAN: Seen("active")}
            with pytest.raises(Unavailable):
                await schemas.read([WAN])

    asyncio.run(run())
    assert asked == [None, "Mg==", None, "Mg=="]


@pytest.mark.parametrize("amount", ["0.1", True, None, -1, 10**9, [0.1]])
def test_a_price_that_cannot_be_read_is_none(amount: Any) -> None:
    async def prices(_http: Request) -> Response:
        row = {"endpoint_id": WAN, "unit_price": amount, "unit": "seconds", "currency": "USD"}
        return JSONResponse({"prices": [row, "odd", {"endpoint_id": 7}]})

    async def run() -> None:
        async with served(Starlette(routes=[Route("/models/pricing", prices)])) as url, reading(url) as schemas:
            assert await schemas.prices([WAN]) == {}

    asyncio.run(run())


@pytest.mark.parametrize(
    "query",
    [
        "",
        "endpoint_id=" + "&endpoint_id=".join(f"a/{number}" for number in range(51)),
        f"endpoint_id={HORSE}&expand=everything",
        f"endpoint_id={HORSE}&expand=openapi-3.0&limit=11",
        f"endpoint_id={HORSE}&limit=0",
        f"endpoint_id={HORSE}&cursor=odd",
    ],
)
def test_the_sandbox_refuses_what_fal_would_not_understand(tmp_path: Path, query: str) -> None:
    async def run() -> None:
        async with served(create_app(folder=tmp_path, key=KEY)) as url, httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{url}/models?{query}")).status_code == 400
            refused = await client.get(f"{url}/models?endpoint_id={HORSE}", headers={"Authorization": "Key of another"})
            assert refused.status_code == 401

    asyncio.run(run())
