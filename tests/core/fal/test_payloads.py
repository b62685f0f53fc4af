"""What fal keeps of a request is deleted with the admin key alone; what is gone is gone; half an answer is none."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.config import FalSettings
from core.errors import NotConfigured, Unavailable, VideoError
from core.fal.admin_api import AdminApi
from core.fal.payloads import Removed, remove_payloads
from core.sandbox import FAST, Sandbox, create_app
from tests.serving import served

KEY, ADMIN = "fal-key-of-the-payloads", "fal-admin-key-of-the-payloads"
ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
ENDPOINT = "alibaba/happy-horse/text-to-video"
Story = Callable[[str, Sandbox, AdminApi], Awaitable[None]]


def api_for(url: str, key: str = ADMIN) -> AdminApi:
    return AdminApi(FalSettings.offline(fal_key=KEY, fal_queue_url=url), key)


def on_sandbox(folder: Path, story: Story, *, key: str = ADMIN) -> None:
    async def whole() -> None:
        app = create_app(folder=folder, key=KEY, studio=FAST, admin_key=ADMIN)
        async with served(app) as url:
            api = api_for(url, key)
            try:
                await story(url, app.state.sandbox, api)
            finally:
                await api.close()

    asyncio.run(whole())


async def finished(url: str, sandbox: Sandbox) -> str:
    """A request that has its film."""
    headers = {"Authorization": f"Key {KEY}"}
    body = {"prompt": "a fox", "duration": 5, "resolution": "720p"}
    async with httpx.AsyncClient(trust_env=False, headers=headers) as web:
        request_id = str((await web.post(f"{url}/{ENDPOINT}", json=body)).json()["request_id"])
    async with asyncio.timeout(30):
        while sandbox.memory.requests[request_id].state != "COMPLETED":
            await asyncio.sleep(0.02)
    return request_id


def test_words_result_and_film_are_gone_and_the_bill_stays(tmp_path: Path) -> None:
    async def story(url: str, sandbox: Sandbox, api: AdminApi) -> None:
        request_id = await finished(url, sandbox)
        assert await remove_payloads(api, request_id) == Removed(files=1)
        assert list(sandbox.memory.files.iterdir()) == []
        headers = {"Authorization": f"Key {KEY}"}
        async with httpx.AsyncClient(trust_env=False, headers=headers) as web:
            query = {"endpoint_id": ENDPOINT, "expand": "payloads"}
            (row,) = (await web.get(f"{url}/models/requests/by-endpoint", params=query)).json()["items"]
            assert (row["request_id"], row["json_input"], row["json_output"]) == (request_id, None, None)
            result = await web.get(f"{url}/alibaba/happy-horse/requests/{request_id}")
            assert result.status_code == 404
            assert "fox" not in result.text
        assert await remove_payloads(api, request_id) == Removed()
        assert sandbox.books.charges()[request_id].nano_usd == 700_000_000

    on_sandbox(tmp_path, story)


@pytest.mark.parametrize("key", [KEY, "another-key", "key–with–dashes"])
def test_only_the_admin_key_deletes(tmp_path: Path, key: str) -> None:
    async def story(url: str, sandbox: Sandbox, api: AdminApi) -> None:
        request_id = await finished(url, sandbox)
        with pytest.raises(NotConfigured) as caught:
            await remove_payloads(api, request_id)
        assert caught.value.code == "invalid_key"
        assert key not in str(caught.value)
        assert not sandbox.memory.requests[request_id].forgotten
        assert list(sandbox.memory.files.iterdir())

    on_sandbox(tmp_path, story, key=key)


def test_a_file_that_stays_is_counted(tmp_path: Path) -> None:
    async def story(url: str, sandbox: Sandbox, api: AdminApi) -> None:
        request_id = await finished(url, sandbox)
        sandbox.faults.add("payloads_leave_file")
        assert await remove_payloads(api, request_id) == Removed(files_left=1)
        assert await remove_payloads(api, request_id) == Removed(files=1)

    on_sandbox(tmp_path, story)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"cdn_delete_results": []}, Removed()),
        (200, {"cdn_delete_results": [{"link": "x", "exception": None}, {"link": "y"}]}, Removed(files=2)),
        (200, {"cdn_delete_results": [{"link": "x", "exception": "no"}, "odd"]}, Removed(files_left=2)),
        (404, {"error": {"type": "not_found"}}, Removed()),
        (410, {}, Removed()),
        (200, {}, None),
        (200, {"cdn_delete_results": None}, None),
        (200, [], None),
        (400, {"error": {}}, None),
        (429, {}, None),
        (500, {}, None),
    ],
)
def test_every_answer_is_read_for_what_it_says(status: int, body: object, expected: Removed | None) -> None:
    asked: list[tuple[str, str, bytes]] = []

    async def answer(request: Request) -> Response:
        asked.append((request.method, request.url.path, await request.body()))
        return JSONResponse(body, status)

    async def whole() -> None:
        app = Starlette(routes=[Route("/{path:path}", answer, methods=["DELETE"])])
        async with served(app) as url:
            api = api_for(url)
            try:
                if expected is not None:
                    assert await remove_payloads(api, ID) == expected
                else:
                    with pytest.raises(Unavailable):
                        await remove_payloads(api, ID)
            finally:
                await api.close()

    asyncio.run(whole())
    assert asked == [("DELETE", f"/models/requests/{ID}/payloads", b"")]


@pytest.mark.parametrize("odd", ["", "../models", "a/b", "a?b=c"])
def test_no_id_leads_elsewhere(odd: str) -> None:
    async def whole() -> None:
        api = api_for("http://127.0.0.1:9")
        with pytest.raises(VideoError):
            await remove_payloads(api, odd)
        await api.close()

    asyncio.run(whole())


def test_without_the_key_and_behind_a_proxy_there_is_none() -> None:
    given = {"fal_key": KEY, "fal_queue_url": "http://127.0.0.1:1", "fal_admin_key": ADMIN}
    assert AdminApi.from_settings(FalSettings.offline(**(given | {"fal_admin_key": None}))) is None
    assert AdminApi.from_settings(FalSettings.offline(**given, fal_proxy_url="http://127.0.0.1:2")) is None
    api, other = api_for("http://127.0.0.1:1"), api_for("http://127.0.0.1:1", "another")
    assert api.fingerprint != other.fingerprint
    assert ADMIN not in api.fingerprint
