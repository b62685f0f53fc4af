"""The offline fal over real HTTP, against the written facts of fal's queue, CDN, storage and webhooks."""

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.config import FalSettings
from core.sandbox import Sandbox, Studio, create_app
from core.webhooks import JwksCache, verify
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
        taken = await ours.submit(duration=5)
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
            until = time.monotonic() + 5
            while len(calls) < len(expected) and time.monotonic() < until:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)
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
        finally:
            process.terminate()
            await process.wait()

    asyncio.run(story())
