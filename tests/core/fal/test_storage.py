"""fal's storage as the asset host: streamed, repeated while that is free, and a missing right is asked about once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from core import errors
from core.config import FalSettings
from core.fal.storage import FalStorageHost, ProcessKeyValues
from tests.serving import served

KEY = "fal-storage-key-0123456789"
NAME = "hF3k_9sPq-Lm2xTzVb7nQw4yRd8cGj1A.mp4"


@dataclass
class Storage:
    """fal's upload: strict about the key, the length and the type. `plan`: replies before the good ones."""

    plan: list[tuple[str, int, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    lifecycles: list[str] = field(default_factory=list)
    largest_chunk: int = 0
    stored: bytes = b""
    url: str = ""

    def _planned(self, call: str) -> Response | None:
        self.calls.append(call)
        if self.plan and self.plan[0][0] == call:
            _, status, body = self.plan.pop(0)
            return JSONResponse(body, status) if body is not None else PlainTextResponse("<html>", status)
        return None

    async def initiate(self, request: Request) -> Response:
        planned = self._planned("initiate")
        if planned is not None:
            return planned
        assert request.headers["authorization"] == f"Key {KEY}"
        assert request.query_params["storage_type"] == "fal-cdn-v3"
        body = await request.json()
        assert body == {"content_type": "video/mp4", "file_name": NAME}
        names = ("x-fal-object-lifecycle", "x-fal-object-lifecycle-preference")
        self.lifecycles += [request.headers[name] for name in names]
        base = f"{request.url.scheme}://{request.url.netloc}"
        return JSONResponse({"upload_url": f"{base}/put/{NAME}", "file_url": f"{base}/files/{NAME}"})

    async def put(self, request: Request) -> Response:
        planned = self._planned("put")
        if planned is not None:
            return planned
        assert "authorization" not in request.headers
        assert request.headers["content-type"] == "video/mp4"
        assert "transfer-encoding" not in request.headers  # presigned addresses take no chunked body
        self.stored = b""
        async for chunk in request.stream():
            self.stored += chunk
        assert len(self.stored) == int(request.headers["content-length"])
        return Response()


async def at_once(_seconds: float) -> None:
    """Tests do not wait."""


@asynccontextmanager
async def storing(folder: Path, **more: Any) -> AsyncIterator[tuple[Storage, FalStorageHost, Path, ProcessKeyValues]]:
    storage = Storage()
    app = Starlette(
        routes=[
            Route("/storage/upload/initiate", storage.initiate, methods=["POST"]),
            Route("/put/{name}", storage.put, methods=["PUT"]),
        ]
    )
    path = folder / NAME
    path.write_bytes(bytes(range(256)) * 8000)  # 2 MB: several pieces
    async with served(app) as storage.url:
        settings = FalSettings.offline(**({"fal_key": KEY, "fal_queue_url": storage.url} | more))
        memory = ProcessKeyValues({})
        yield storage, FalStorageHost(settings, key_values=memory, sleep=at_once), path, memory


def test_a_file_is_uploaded_whole_with_a_time_to_go(tmp_path: Path) -> None:
    async def story() -> None:
        async with storing(tmp_path) as (storage, host, path, _memory):
            url = await host.publish(path)
            assert url.endswith(f"/files/{NAME}")
            assert storage.stored == path.read_bytes()
            assert {json.loads(each)["expiration_duration_seconds"] for each in storage.lifecycles} == {86_400}

    asyncio.run(story())


def test_a_free_upload_is_repeated_from_the_start(tmp_path: Path) -> None:
    async def story() -> None:
        async with storing(tmp_path) as (storage, host, path, _memory):
            storage.plan = [("initiate", 502, None), ("put", 503, {}), ("initiate", 200, {"upload_url": "ftp://x"})]
            await host.publish(path)
            assert storage.calls == ["initiate", "initiate", "put", "initiate", "initiate", "put"]
            assert storage.stored == path.read_bytes()

    asyncio.run(story())


def test_an_outage_ends_as_a_free_step(tmp_path: Path) -> None:
    async def story() -> None:
        async with storing(tmp_path) as (storage, host, path, _memory):
            storage.plan = [("initiate", 500, {})] * 9
            with pytest.raises(errors.Unavailable):
                await host.publish(path)
            assert len(storage.calls) == 4

    asyncio.run(story())


@pytest.mark.parametrize(("status", "since"), [(401, "1000"), (403, "1000"), (403, "of another version")])
def test_a_missing_right_is_recognised_once_and_remembered(tmp_path: Path, status: int, since: str) -> None:
    async def story() -> None:
        async with storing(tmp_path) as (storage, host, path, memory):
            storage.plan = [("initiate", status, {"detail": "Permission denied"})]
            for _ in range(3):
                with pytest.raises(errors.NotConfigured, match="storage_not_allowed"):
                    await host.publish(path)
            assert storage.calls == ["initiate"]
            assert KEY not in repr(memory.facts)
            assert await host.refused()
            old = dict.fromkeys(memory.facts, since)  # long ago, or not to be read: asked again
            memory.facts.update(old)
            await host.publish(path)
            assert memory.facts == {}

    asyncio.run(story())


def test_another_key_is_asked_anew(tmp_path: Path) -> None:
    async def story() -> None:
        async with storing(tmp_path) as (storage, host, path, memory):
            storage.plan = [("initiate", 403, {"detail": "Permission denied"})]
            with pytest.raises(errors.NotConfigured):
                await host.publish(path)
            other = FalSettings.offline(fal_key="another", fal_queue_url=storage.url)
            assert not await FalStorageHost(other, key_values=memory).refused()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("status", "detail", "code"),
    [
        (403, "User is locked. Reason: Exhausted balance. Top up your balance.", "out_of_credits"),
        (403, "User is locked. Reason: abuse.", "key_locked"),
        (402, "insufficient_credits", "insufficient_credits"),
    ],
)
def test_an_empty_account_is_no_missing_right(tmp_path: Path, status: int, detail: str, code: str) -> None:
    async def story() -> None:
        async with storing(tmp_path) as (storage, host, path, memory):
            storage.plan = [("initiate", status, {"detail": detail})]
            with pytest.raises(errors.NotConfigured, match=code):
                await host.publish(path)
            assert memory.facts == {}
            await host.publish(path)

    asyncio.run(story())


def test_without_a_key_nothing_is_asked(tmp_path: Path) -> None:
    async def story() -> None:
        async with storing(tmp_path, fal_key=None) as (storage, host, path, _memory):
            with pytest.raises(errors.NotConfigured, match="not_configured"):
                await host.publish(path)
            assert storage.calls == []

    asyncio.run(story())
