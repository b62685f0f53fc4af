"""The offline fal over real HTTP, against the written facts of fal's queue, CDN, storage and webhooks."""

import asyncio
import json
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.config import FalSettings
from core.fal.webhooks import JwksCache, verify
from core.sandbox import Sandbox, Studio, create_app
from tests.corpus import clip, jpeg
from tests.serving import served

KEY = "key-of-the-tests"
TEXT = "alibaba/happy-horse/text-to-video"
PHOTO = "alibaba/happy-horse/image-to-video"
EDIT = "alibaba/happy-horse/video-edit"
APP = "alibaba/happy-horse"
TINY = Studio(side=90, fps=8, queue_s=0.05, render_s=0.05, max_seconds=0.4)


class Fal:
    """A caller with the key, and the sandbox behind it."""

    def __init__(self, client: httpx.AsyncClient, sandbox: Sandbox) -> None:
        self.http = client
        self.sandbox = sandbox

    async def submit(self, endpoint: str = TEXT, **body: Any) -> dict[str, Any]:
        reply = await self.http.post(f"/{endpoint}", json={"prompt": "a fox", **body})
        assert reply.status_code == 200, reply.text
        taken: dict[str, Any] = reply.json()
        return taken

    async def done(self, taken: dict[str, Any]) -> httpx.Response:
        async with asyncio.timeout(20):
            while (await self.http.get(taken["status_url"])).status_code == 202:
                await asyncio.sleep(0.02)
        return await self.http.get(taken["response_url"])

    async def film(self) -> str:
        reply = await self.done(await self.submit())
        url: str = reply.json()["video"]["url"]
        return url

    async def store(self, content: bytes, kind: str) -> str:
        asked = await self.http.post("/storage/upload/initiate", json={"content_type": kind, "file_name": "mine"})
        places = asked.json()
        async with httpx.AsyncClient(trust_env=False) as stranger:
            put = await stranger.put(places["upload_url"], content=content, headers={"Content-Type": kind})
        assert put.status_code == 200
        url: str = places["file_url"]
        return url


@asynccontextmanager
async def fal(folder: Path, *, key: str | None = KEY, studio: Studio = TINY) -> AsyncIterator[Fal]:
    app = create_app(folder=folder / "sandbox", key=key, studio=studio)
    headers = {"Authorization": f"Key {KEY}"}
    async with (
        served(app) as base,
        httpx.AsyncClient(base_url=base, headers=headers, timeout=20, trust_env=False) as client,
    ):
        yield Fal(client, app.state.sandbox)


def play(folder: Path, story: Callable[[Fal], Awaitable[None]], **more: Any) -> None:
    async def run() -> None:
        async with fal(folder, **more) as ours:
            await story(ours)

    asyncio.run(run())


def refusals(reply: httpx.Response) -> list[tuple[str, str]]:
    return [(each["type"], each["loc"][-1]) for each in reply.json()["detail"]]


def test_a_request_goes_through_fals_three_states(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        taken = await ours.submit(prompt="sandbox:slow-1 a fox", duration=5)  # long enough to be seen at it
        base = f"{ours.http.base_url}/{APP}/requests/{taken['request_id']}"
        assert (taken["status"], taken["queue_position"]) == ("IN_QUEUE", 0)
        assert (taken["response_url"], taken["status_url"]) == (base, f"{base}/status")
        assert taken["cancel_url"] == f"{base}/cancel"
        early = await ours.http.get(taken["response_url"])
        assert (early.status_code, early.json()["detail"]) == (400, "Request is still in progress")
        seen: list[tuple[int, dict[str, Any]]] = []
        while not seen or seen[-1][1]["status"] != "COMPLETED":
            reply = await ours.http.get(taken["status_url"], params={"logs": "1"})
            seen.append((reply.status_code, reply.json()))
            await asyncio.sleep(0.02)
        states = [taken["status"], *(body["status"] for _, body in seen)]  # a busy machine may see it queued only once
        assert list(dict.fromkeys(states)) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
        assert all((code == 200) == (body["status"] == "COMPLETED") for code, body in seen)
        assert all(body["logs"] is None for _, body in seen)
        assert all(body["queue_position"] == 0 for _, body in seen if body["status"] == "IN_QUEUE")
        assert "inference_time" in seen[-1][1]["metrics"]
        result = await ours.http.get(taken["response_url"])
        assert result.headers["x-fal-billable-units"] == "5"
        assert result.headers["x-fal-request-id"] == taken["request_id"]
        assert result.json()["video"]["content_type"] == "video/mp4"

    play(tmp_path, story)


def test_the_stream_ends_with_completed(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        taken = await ours.submit()
        async with ours.http.stream("GET", f"{taken['status_url']}/stream") as reply:
            assert reply.headers["content-type"].startswith("text/event-stream")
            events = [line async for line in reply.aiter_lines() if line.startswith("data:")]
        states = [taken["status"], *(json.loads(event.removeprefix("data:"))["status"] for event in events)]
        assert list(dict.fromkeys(states)) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]

    play(tmp_path, story)


def test_only_owner_and_app_are_asked(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        taken = await ours.submit()
        number = taken["request_id"]
        answers = {
            f"/{TEXT}/requests/{number}/status": 405,  # the full endpoint id
            f"/{APP}/requests/0000/status": 404,
            f"/bytedance/seedance-2.0/requests/{number}/status": 404,
        }
        for path, status in answers.items():
            assert (await ours.http.get(path)).status_code == status, path
        assert (await ours.http.post(taken["status_url"])).status_code == 405
        assert (await ours.http.post("/nobody/nothing/text-to-video", json={"prompt": "x"})).status_code == 404
        assert (await ours.http.post(f"/{TEXT}", content=b"prompt=x")).status_code == 400

    play(tmp_path, story)


def test_a_wrong_path_is_taken_and_leads_nowhere(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        taken = await ours.submit(f"{APP}/nonsense")
        status = await ours.http.get(taken["status_url"])
        assert (status.status_code, "error" in status.json()) == (200, False)
        result = await ours.http.get(taken["response_url"])
        assert (result.status_code, result.json()) == (404, {"detail": "Path /nonsense not found"})

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("endpoint", "body", "expected"),
    [
        (TEXT, {"duration": "5"}, ("int_type", "duration")),
        (TEXT, {"duration": True}, ("int_type", "duration")),
        (TEXT, {"resolution": "4k"}, ("literal_error", "resolution")),
        (TEXT, {"aspect_ratio": "2:1"}, ("literal_error", "aspect_ratio")),
        (TEXT, {"prompt": "x" * 2501}, ("string_too_long", "prompt")),
        (TEXT, {"prompt": ""}, ("missing", "prompt")),
        (PHOTO, {}, ("missing", "image_url")),
        (EDIT, {}, ("missing", "video_url")),
        ("fal-ai/wan-25-preview/text-to-video", {"duration": 5}, ("literal_error", "duration")),
        ("fal-ai/wan-25-preview/text-to-video", {"duration": "7"}, ("literal_error", "duration")),
        ("fal-ai/veo3.1", {"duration": "4"}, ("literal_error", "duration")),
        ("bytedance/seedance-2.0/fast/text-to-video", {"duration": 5}, ("literal_error", "duration")),
    ],
)
def test_inputs_are_checked_as_strictly_as_there(
    tmp_path: Path, endpoint: str, body: dict[str, Any], expected: tuple[str, str]
) -> None:
    async def story(ours: Fal) -> None:
        reply = await ours.http.post(f"/{endpoint}", json={"prompt": "a fox", **body})
        assert (reply.status_code, refusals(reply)) == (422, [expected])
        assert reply.headers["x-fal-billable-units"] == "0"
        assert "input" in reply.json()["detail"][0]
        assert not ours.sandbox.memory.requests

    play(tmp_path, story)


def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        assert (await ours.submit(colour="red", duration=7))["request_id"] in ours.sandbox.memory.requests

    play(tmp_path, story)


def test_the_key_is_demanded_but_not_for_files(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        url = await ours.film()
        taken = await ours.submit(f"{APP}/nonsense")
        async with httpx.AsyncClient(base_url=ours.http.base_url, trust_env=False) as stranger:
            for headers in ({}, {"Authorization": f"Bearer {KEY}"}, {"Authorization": "Key another"}):
                for path in (taken["status_url"], taken["response_url"], "/models/requests/by-endpoint"):
                    assert (await stranger.get(path, headers=headers)).status_code == 401
                assert (await stranger.post(f"/{TEXT}", json={"prompt": "x"}, headers=headers)).status_code == 401
                assert (await stranger.post("/storage/upload/initiate", json={}, headers=headers)).status_code == 401
            assert (await stranger.get(url)).status_code == 200
        assert KEY not in json.dumps(ours.sandbox.log)

    play(tmp_path, story)


def test_the_file_comes_as_from_the_cdn(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        url = await ours.film()
        head, whole = await ours.http.head(url), await ours.http.get(url)
        part = await ours.http.get(url, headers={"Range": "bytes=100-199"})
        for reply in (head, whole, part):
            assert reply.headers["content-security-policy"] == "sandbox; default-src 'none'"
            assert reply.headers["content-type"] == "video/mp4"
            assert "content-disposition" not in reply.headers
        assert whole.content[4:8] == b"ftyp"
        assert int(head.headers["content-length"]) == len(whole.content)
        assert (part.status_code, part.content) == (206, whole.content[100:200])
        assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
        assert (await ours.http.get(url.replace(".mp4", "0.mp4"))).status_code == 404

    play(tmp_path, story)


def test_a_waiting_request_can_be_cancelled_a_finished_one_not(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        taken = await ours.submit()
        asked = await ours.http.put(taken["cancel_url"])
        assert (asked.status_code, asked.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
        result = await ours.done(taken)
        assert (result.status_code, result.headers["x-fal-billable-units"]) == (499, "0")
        assert (await ours.http.get(taken["status_url"])).json()["error_type"] == "client_cancelled"
        late = await ours.http.put(taken["cancel_url"])
        assert (late.status_code, late.json()) == (400, {"status": "ALREADY_COMPLETED"})
        unknown = await ours.http.put(f"/{APP}/requests/nobody/cancel")
        assert (unknown.status_code, unknown.json()) == (404, {"status": "NOT_FOUND"})
        assert not list(ours.sandbox.memory.files.glob("*.mp4"))

    play(tmp_path, story, studio=Studio(side=180, fps=12, queue_s=0.3, render_s=0, max_seconds=0.5))


def test_storage_takes_a_file_and_the_model_films_it(tmp_path: Path) -> None:
    content = jpeg()

    async def story(ours: Fal) -> None:
        url = await ours.store(content, "image/jpeg")
        assert (await ours.http.get(url)).content == content
        keyed = await ours.http.put(url.replace("/files/b/sandbox/", "/upload/"), content=b"x")
        assert keyed.status_code == 403  # the key has no business at a signed address
        assert (await ours.done(await ours.submit(PHOTO, image_url=url))).status_code == 200

    play(tmp_path, story)


def test_a_source_that_cannot_be_had_fails_in_fals_words(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        page = await ours.store(b"<html>no photo</html>", "image/jpeg")
        gone = f"{ours.http.base_url}/files/b/sandbox/{'0' * 24}.jpg"
        for url, word in (
            (page, "image_load_error"),
            (gone, "file_download_error"),
            ("https://example.org/photo.jpg", "file_download_error"),  # never leaves this machine
        ):
            result = await ours.done(await ours.submit(PHOTO, image_url=url))
            assert (result.status_code, refusals(result)) == (422, [(word, "image_url")])
            assert result.headers["x-fal-billable-units"] == "0"

    play(tmp_path, story)


def test_a_video_is_edited(tmp_path: Path) -> None:
    source = clip(tmp_path / "mine.mp4", seconds=3).read_bytes()

    async def story(ours: Fal) -> None:
        url = await ours.store(source, "video/mp4")
        assert (await ours.done(await ours.submit(EDIT, video_url=url))).status_code == 200

    play(tmp_path, story)


def test_the_request_list_knows_what_was_sent(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        first, second = await ours.submit(prompt="one"), await ours.submit(prompt="two")
        path = "/models/requests/by-endpoint"
        plain = (await ours.http.get(path, params={"endpoint_id": TEXT})).json()["items"]
        assert [row["request_id"] for row in plain] == [second["request_id"], first["request_id"]]
        assert "json_input" not in plain[0]
        full = (await ours.http.get(path, params={"endpoint_id": TEXT, "expand": "payloads"})).json()["items"]
        assert full[1]["json_input"]["prompt"] == "one"
        assert (await ours.http.get(path, params={"endpoint_id": EDIT})).json()["items"] == []
        ours.sandbox.faults.add("list_status", status=403, body={"detail": "forbidden"})
        assert (await ours.http.get(path)).status_code == 403

    play(tmp_path, story)


async def ended(ours: Fal, count: int, *, endpoint: str = TEXT) -> list[str]:
    """Requests that ended a second after each other, the first one longest ago."""
    names = []
    for number in range(count):
        added = ours.sandbox.memory.add(endpoint=endpoint, app=APP, body={"prompt": str(number)}, webhook=None)
        at = time.time() - 1000 + number
        await ours.sandbox.memory.change(added.id, state="COMPLETED", started=at - 1, completed=at, answer_status=200)
        names.append(added.id)
    return names


def test_the_request_list_has_pages_with_a_cursor(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        names = await ended(ours, 7)
        await ended(ours, 2, endpoint=EDIT)
        running = await ours.submit()
        path, seen, cursor, more = "/models/requests/by-endpoint", [], None, True
        while more:
            params = {"endpoint_id": TEXT, "limit": "3"} | ({"cursor": cursor} if cursor else {})
            page = (await ours.http.get(path, params=params)).json()
            assert len(page["items"]) <= 3
            seen += page["items"]
            cursor, more = page["next_cursor"], page["has_more"]
            assert (cursor is None) is not more
        assert [row["request_id"] for row in seen] == [running["request_id"], *reversed(names)]
        assert seen[0]["ended_at"] is None
        assert all(row["sent_at"].endswith("Z") and row["ended_at"].endswith("Z") for row in seen[1:])
        both = await ours.http.get(path, params=[("endpoint_id", TEXT), ("endpoint_id", EDIT), ("limit", "100")])
        assert len(both.json()["items"]) == 10

    play(tmp_path, story, studio=Studio(queue_s=60))


def test_the_request_list_is_asked_as_fals_is(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        names = await ended(ours, 60)
        path, now = "/models/requests/by-endpoint", datetime.now(UTC)

        async def rows(**params: str) -> int:
            page = await ours.http.get(path, params={"endpoint_id": TEXT, "limit": "100"} | params)
            return len(page.json()["items"]) if page.status_code == 200 else -page.status_code

        assert len((await ours.http.get(path, params={"endpoint_id": TEXT})).json()["items"]) == 50
        assert await rows() == len(names)
        ago = [(now - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ") for seconds in (950.0, 970.0)]
        assert await rows(start=ago[0]) in {8, 9, 10, 11}
        assert await rows(start=ago[1], end=ago[0]) in {19, 20, 21}
        await ours.sandbox.memory.change(names[0], completed=time.time() - 25 * 3600)
        assert await rows() == len(names) - 1  # a day, where no start is named
        for wrong in ({"limit": "101"}, {"limit": "0"}, {"cursor": "nonsense"}, {"start": "today"}):
            assert await rows(**wrong) == -422
        assert await rows(start="2026-11-24T11:59:00+00:00") == -422  # UTC is written as Z
        assert (await ours.http.get(path)).status_code == 422

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("prompt", "status", "word"),
    [
        ("a sandbox:content-policy fox", 422, "content_policy_violation"),
        ("a sandbox:fail fox", 500, "downstream_service_error"),
    ],
)
def test_words_in_a_prompt_show_a_bad_day(tmp_path: Path, prompt: str, status: int, word: str) -> None:
    async def story(ours: Fal) -> None:
        taken = await ours.submit(prompt=prompt)
        result = await ours.done(taken)
        assert "error" not in (await ours.http.get(taken["status_url"])).json()
        assert (result.status_code, result.json()["detail"][0]["type"]) == (status, word)
        assert result.json()["detail"][0]["input"] == prompt

    play(tmp_path, story)


def test_a_lost_reply_is_a_taken_request(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        ours.sandbox.faults.add("submit_lost_reply")
        with pytest.raises(httpx.TransportError):
            await ours.http.post(f"/{TEXT}", json={"prompt": "a fox"})
        assert len(ours.sandbox.memory.requests) == 1
        await ours.submit()
        assert len(ours.sandbox.memory.requests) == 2

    play(tmp_path, story)


def test_troubles_of_a_look_pass(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        taken, faults = await ours.submit(), ours.sandbox.faults
        faults.add("status_status", status=502)
        reply = await ours.http.get(taken["status_url"])
        assert (reply.status_code, reply.headers["content-type"].split(";")[0]) == (502, "text/html")
        faults.add("status_status", status=429, body={"detail": "slow"}, headers={"Retry-After": "7"})
        assert (await ours.http.get(taken["status_url"])).headers["retry-after"] == "7"
        faults.add("status_drop")
        with pytest.raises(httpx.TransportError):
            await ours.http.get(taken["status_url"])
        faults.add("no_stream")
        assert (await ours.http.get(f"{taken['status_url']}/stream")).status_code == 500
        assert (await ours.done(taken)).status_code == 200

    play(tmp_path, story)


def test_a_request_that_goes_back_to_the_queue_is_filmed_all_the_same(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        ours.sandbox.faults.add("requeue")
        assert (await ours.done(await ours.submit())).status_code == 200
        assert ours.sandbox.faults.take("requeue") is None

    play(tmp_path, story)


def test_failures_show_in_the_three_ways(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        ours.sandbox.faults.add("infra_error", match="infra")
        ours.sandbox.faults.add("result_error", match="model", body="no_media_generated")
        infra, model = await ours.submit(prompt="infra"), await ours.submit(prompt="model")
        assert (await ours.done(infra)).json()["error_type"] == "runner_server_error"
        assert (await ours.http.get(infra["status_url"])).json()["error_type"] == "runner_server_error"
        result = await ours.done(model)
        assert (result.status_code, result.json()["detail"][0]["type"]) == (422, "no_media_generated")
        assert "error" not in (await ours.http.get(model["status_url"])).json()

    play(tmp_path, story)


def test_results_have_other_shapes(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        taken, faults = await ours.submit(), ours.sandbox.faults
        await ours.done(taken)
        faults.add("null_content_type")
        assert (await ours.http.get(taken["response_url"])).json()["video"]["content_type"] is None
        faults.add("videos_list_shape")
        assert "url" in (await ours.http.get(taken["response_url"])).json()["videos"][0]
        faults.add("result_envelope")
        wrapped = (await ours.http.get(taken["response_url"])).json()
        assert "url" in wrapped["response"]["video"]
        assert wrapped["status"] == "COMPLETED"
        faults.add("odd_address")
        odd = (await ours.http.get(taken["response_url"])).json()["video"]["url"]
        assert len(odd) > 2000
        assert not odd.isascii()
        assert (await ours.http.get(odd)).content[4:8] == b"ftyp"
        faults.add("foreign_file", body="https://storage.googleapis.com/film.mp4")
        assert "googleapis" in (await ours.http.get(taken["response_url"])).json()["video"]["url"]
        faults.add("result_status", status=404, times=2)
        for status in (404, 404, 200):
            assert (await ours.http.get(taken["response_url"])).status_code == status
        faults.add("result_status", status=502)
        assert (await ours.http.get(taken["response_url"])).status_code == 502
        assert "url" in (await ours.http.get(taken["response_url"])).json()["video"]

    play(tmp_path, story)


def test_the_file_has_bad_days(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        url, faults = await ours.film(), ours.sandbox.faults
        whole = (await ours.http.get(url)).content
        faults.add("file_404")
        assert (await ours.http.get(url)).status_code == 404
        faults.add("file_html")
        assert (await ours.http.get(url)).headers["content-type"].startswith("text/html")
        faults.add("file_lies")
        lie = await ours.http.get(url)
        assert (lie.headers["content-type"], lie.content[:5]) == ("video/mp4", b"<html")
        faults.add("file_no_range")
        again = await ours.http.get(url, headers={"Range": "bytes=10-"})
        assert (again.status_code, again.content) == (200, whole)
        faults.add("file_truncated")
        with pytest.raises(httpx.TransportError):
            await ours.http.get(url)
        assert (await ours.http.get(url)).content == whole
        faults.add("file_empty")
        assert (await ours.http.get(url)).content == b""
        faults.add("file_gzip")
        packed = await ours.http.get(url, headers={"Accept-Encoding": "identity"})
        assert (packed.headers["content-encoding"], packed.content) == ("gzip", whole)
        for kind in ("application/mp4", None):
            faults.add("file_type", body=kind)
            typed = await ours.http.get(url)
            assert (typed.headers.get("content-type"), typed.content) == (kind, whole)
        faults.add("file_redirect", status=307)
        moved = await ours.http.get(url)
        assert moved.status_code == 307
        assert (await ours.http.get(moved.headers["location"])).content == whole
        faults.add("file_redirect", body="https://evil.example/film.mp4")
        assert (await ours.http.get(url)).headers["location"] == "https://evil.example/film.mp4"

    play(tmp_path, story)


def test_ranges_have_bad_days(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        url, faults = await ours.film(), ours.sandbox.faults
        whole = (await ours.http.get(url)).content
        asked = {"Range": "bytes=100-"}
        for kind, claim, start in (
            ("file_range_star", f"bytes 100-{len(whole) - 1}/*", 100),
            ("file_range_elsewhere", f"bytes 50-{len(whole) - 1}/{len(whole)}", 50),
        ):
            faults.add(kind)
            assert (await ours.http.get(url)).status_code == 200  # only a question with a range is answered so
            reply = await ours.http.get(url, headers=asked)
            assert (reply.status_code, reply.headers["content-range"]) == (206, claim)
            assert reply.content == whole[start:]
        faults.add("file_range_packed")
        packed = await ours.http.get(url, headers=asked)
        assert packed.headers["content-range"].startswith("bytes 100-")
        assert whole[100:].find(packed.content[:20]) == -1

    play(tmp_path, story)


def test_an_answer_may_name_the_request_before_it(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        first = await ours.submit()
        ours.sandbox.faults.add("submit_repeats_id", match="twin")
        assert (await ours.submit())["request_id"] != first["request_id"]
        before = list(ours.sandbox.memory.requests)[-1]
        twin = await ours.submit(prompt="a twin")
        assert (twin["request_id"], len(ours.sandbox.memory.requests)) == (before, 3)

    play(tmp_path, story)


def test_fal_may_take_a_request_and_be_silent(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        ours.sandbox.faults.add("submit_slow", seconds=0.3)
        task = asyncio.create_task(ours.submit())
        while not ours.sandbox.memory.requests:
            await asyncio.sleep(0.01)
        assert not task.done()
        assert (await task)["request_id"] in ours.sandbox.memory.requests

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (None, [True]),
        ("webhook_repeat", [True, True]),
        ("webhook_bad_signature", [False]),
        ("webhook_silent", []),
    ],
)
def test_webhooks_are_signed_as_fals_are(tmp_path: Path, fault: str | None, expected: list[bool]) -> None:
    calls: list[tuple[dict[str, str], bytes]] = []

    async def hook(request: Request) -> Response:
        calls.append((dict(request.headers), await request.body()))
        return Response()

    async def story(ours: Fal) -> None:
        if fault is not None:
            ours.sandbox.faults.add(fault)
        async with served(Starlette(routes=[Route("/hook", hook, methods=["POST"])])) as base:
            params = {"fal_webhook": f"{base}/hook"}
            taken = (await ours.http.post(f"/{TEXT}", json={"prompt": "a fox"}, params=params)).json()
            await ours.done(taken)
            async with asyncio.timeout(5):
                while len(calls) < len(expected) or ours.sandbox.renderer.is_busy:
                    await asyncio.sleep(0.02)
        cache = JwksCache(FalSettings.offline(fal_key=KEY, fal_queue_url=str(ours.http.base_url)))
        keys = await cache.get()
        await cache.close()
        assert [verify(headers, body, keys, now=time.time()) for headers, body in calls] == expected
        for _, body in calls:
            told = json.loads(body)
            assert (told["request_id"], told["status"]) == (taken["request_id"], "OK")
            assert "url" in told["payload"]["video"]

    play(tmp_path, story)


def test_another_process_can_steer_and_count(tmp_path: Path) -> None:
    async def story(ours: Fal) -> None:
        fault = {"kind": "submit_status", "status": 402, "body": {"error": "insufficient_credits"}, "match": "poor"}
        assert (await ours.http.post("/sandbox/faults", json=fault)).status_code == 200
        rich = await ours.submit(prompt="rich")
        poor = await ours.http.post(f"/{TEXT}", json={"prompt": "poor"})
        assert (poor.status_code, poor.json()["error"]) == (402, "insufficient_credits")
        posts = [call for call in (await ours.http.get("/sandbox/log")).json() if call["method"] == "POST"]
        assert [call["path"] for call in posts] == [f"/{TEXT}", f"/{TEXT}"]
        assert [each["id"] for each in (await ours.http.get("/sandbox/requests")).json()] == [rich["request_id"]]

    play(tmp_path, story)


def test_a_killed_sandbox_goes_on_where_it_was(tmp_path: Path) -> None:
    async def killed() -> dict[str, Any]:
        async with fal(tmp_path, studio=Studio(queue_s=60)) as ours:
            return await ours.submit()

    async def story(ours: Fal) -> None:
        path = taken["response_url"].split("/", 3)[3]
        status = f"{ours.http.base_url}/{path}/status"
        result = await ours.done({"status_url": status, "response_url": f"{ours.http.base_url}/{path}"})
        assert (await ours.http.get(result.json()["video"]["url"])).content[4:8] == b"ftyp"

    taken = asyncio.run(killed())
    play(tmp_path, story)


def test_an_archive_shows_a_film_of_the_same_words_again(tmp_path: Path) -> None:
    """Of a photo or a video there is none: what lies at an address may change."""
    archive = tmp_path / "archive"

    async def story(ours: Fal) -> None:
        async def film(prompt: str) -> bytes:
            reply = await ours.done(await ours.submit(prompt=prompt))
            return (await ours.http.get(reply.json()["video"]["url"])).content

        first = await film("a fox")
        (stored,) = archive.iterdir()
        assert stored.read_bytes() == first
        stored.write_bytes(b"as it stands there")
        assert await film("a fox") == b"as it stands there"
        assert (await film("an owl"))[4:8] == b"ftyp"
        assert len(list(archive.iterdir())) == 2
        shown = await ours.store(jpeg(), "image/jpeg")
        await ours.done(await ours.submit(PHOTO, image_url=shown))
        assert len(list(archive.iterdir())) == 2

    play(tmp_path, story, studio=replace(TINY, archive=archive))


def test_it_runs_as_a_process_of_its_own(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ("-m", "core.sandbox", "--fast", "--port", str(port), "--folder", str(tmp_path))

    async def story() -> None:
        process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(20):
                line = await process.stdout.readline()
            assert line.decode().strip() == f"FAL_QUEUE_URL=http://127.0.0.1:{port}"
            async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=5), trust_env=False) as client:
                reply = await client.get(f"http://127.0.0.1:{port}/.well-known/jwks.json")
                assert len(reply.json()["keys"][0]["x"]) >= 43
                asked = {"prompt": "sandbox:until-cancelled fox"}
                taken = await client.post(f"http://127.0.0.1:{port}/alibaba/happy-horse/text-to-video", json=asked)
                async with client.stream("GET", f"{taken.json()['status_url']}/stream") as stream:
                    async for _ in stream.aiter_lines():
                        break
                    process.terminate()  # the stream would never end by itself
                    async with asyncio.timeout(20):
                        assert await process.wait() in {0, -signal.SIGTERM}
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    asyncio.run(story())
