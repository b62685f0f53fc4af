"""The library's story against the sandbox over real HTTP: buy once, wait, download, and every way it can go wrong."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import av
import pytest

import core
from core import errors
from core.config import FalSettings
from core.fal.client import FalQueue
from core.fal.receipts import FolderReceipts, Order
from core.generate import wait
from core.sandbox import Sandbox, create_app
from core.types import LostOrder, RequestHandle
from tests.corpus import clip, phone_photo
from tests.films import STUDIO
from tests.samples import BUSY
from tests.serving import served

KEY = "key-of-the-tests"


@asynccontextmanager
async def sandboxed(folder: Path, **more: Any) -> AsyncIterator[tuple[FalSettings, Sandbox]]:
    app = create_app(folder=folder / "sandbox", key=KEY, studio=STUDIO)
    async with served(app) as base:
        settings = FalSettings.offline(
            **({"fal_key": KEY, "fal_queue_url": base, "output_dir": folder / "out", "asset_host": "fal"} | more)
        )
        yield settings, app.state.sandbox


def posts(sandbox: Sandbox) -> int:
    return sum(
        call["method"] == "POST" and call["path"].count("/") >= 2 and "storage" not in call["path"]
        for call in sandbox.log
    )


@pytest.mark.parametrize("label", ["metadata", "visible"])
def test_a_film_has_its_record_when_it_has_its_name(tmp_path: Path, label: str) -> None:
    """The library's own film: the record alone, whatever is seen in a chat, and the same when it is fetched again."""

    async def story() -> tuple[core.Video, bytes, core.Video]:
        async with sandboxed(tmp_path, ai_label=label, ai_producer="Studio") as (settings, _):
            video = await core.generate_video("a red fox", model="budget", settings=settings)
            first = video.local_path.read_bytes()
            return video, first, await core.poll_video(video.request_id, settings=settings)

    video, first, again = asyncio.run(story())
    assert set(video.local_path.parent.iterdir()) == {video.local_path, again.local_path}
    for each in (video, again):
        with av.open(str(each.local_path)) as container:
            record = json.loads(container.metadata["AIGC"])
            white = next(container.decode(video=0)).to_ndarray(format="gray")[:20, :30] > 220
        assert (record["ContentProducer"], record["ProduceID"]) == ("Studio", each.local_path.stem)
        assert each.size == each.local_path.stat().st_size
        assert white.mean() < 0.2
    assert len(first) == video.size


def test_text_becomes_a_local_film(tmp_path: Path) -> None:
    seen: list[str] = []

    async def story() -> core.Video:
        async with sandboxed(tmp_path) as (settings, sandbox):
            video = await core.generate_video(
                "a red fox", model="budget", settings=settings, on_progress=lambda progress: seen.append(progress.phase)
            )
            assert posts(sandbox) == 1
            return video

    video = asyncio.run(story())
    assert video.local_path.parent == tmp_path / "out" / "videos"
    assert video.local_path.name.split("_", 1)[1].startswith("wan-2.5_5s_480p_")
    assert (video.width, video.height, video.cost_usd) == (320, 180, Decimal("0.25"))
    assert video.local_path.stat().st_size == video.size
    assert [seen[0], seen[1], seen[-1]] == ["publishing", "submitting", "downloading"]
    assert "fal.media" not in repr(video)
    assert "http" not in repr(video)


@pytest.mark.parametrize(("used", "usd"), [("0.5", "0.5"), ("1e30", "0.25"), ("-1", "0.25"), ("NaN", "0.25")])
def test_what_a_proxy_took_is_the_cost_where_it_can_be_a_price(tmp_path: Path, used: str, usd: str) -> None:
    async def story() -> core.Video:
        async with sandboxed(tmp_path) as (settings, sandbox):
            sandbox.faults.add("submit_headers", headers={"X-Credits-Used": used})
            return await core.generate_video("a red fox", model="budget", settings=settings)

    assert asyncio.run(story()).cost_usd == Decimal(usd)


def test_a_photo_is_published_without_its_place_and_animated(tmp_path: Path) -> None:
    photo = phone_photo(tmp_path / "photo.jpg", orientation=6)

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            video = await core.generate_video("push in", image=photo, settings=settings)
            assert video.width > video.height
            request = next(iter(sandbox.memory.requests.values()))
            assert request.endpoint == "alibaba/happy-horse/image-to-video"
            assert "aspect_ratio" not in request.body
            uploaded = next(sandbox.memory.files.glob("*.jpg")).read_bytes()
            assert b"SecretPhoneMaker" not in uploaded

    asyncio.run(story())


def test_a_video_is_edited_and_priced_by_its_seconds(tmp_path: Path) -> None:
    source = clip(tmp_path / "mine.mov", seconds=3)

    async def story() -> core.Video:
        async with sandboxed(tmp_path) as (settings, sandbox):
            video = await core.generate_video("make it warm", video=source, settings=settings)
            body = next(iter(sandbox.memory.requests.values())).body
            assert set(body) == {"prompt", "resolution", "video_url"}
            return video

    assert asyncio.run(story()).cost_usd == Decimal("0.84")


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        ("status_status", {"status": 502}),
        ("status_status", {"status": 403, "body": {"detail": "User is locked. Reason: Exhausted balance."}}),
        ("status_drop", {}),
        ("status_status", {"status": 404}),
        ("status_status", {"status": 404, "body": {"status": "NOT_FOUND"}}),
        ("status_status", {"status": 200, "body": {"status": "FAILED"}}),
        ("requeue", {}),
        ("result_status", {"status": 502}),
        ("result_status", {"status": 404}),
        ("result_status", {"status": 410, "body": {"detail": "Gone"}}),
        ("result_status", {"status": 200, "body": {"oops": True}}),
        ("result_envelope", {}),
        ("result_envelope", {"body": "data"}),
        ("odd_address", {}),
        ("foreign_file", {}),
        ("file_redirect", {}),
        ("file_redirect", {"status": 307}),
        ("file_redirect", {"body": "https://evil.example/film.mp4"}),
        ("file_type", {"body": "application/mp4"}),
        ("file_type", {}),
        ("file_gzip", {}),
        ("file_empty", {}),
        ("file_truncated", {}),
        ("file_html", {}),
        ("file_lies", {}),
        ("file_404", {}),
        ("null_content_type", {}),
        ("videos_list_shape", {}),
    ],
)
def test_a_bad_day_at_fal_still_ends_in_one_film(tmp_path: Path, fault: str, more: dict[str, Any]) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            if fault.startswith("status"):  # a stream tells more and asks less
                sandbox.faults.add("no_stream", times=2)
            sandbox.faults.add(fault, times=1, **more)
            await core.generate_video("a fox", settings=settings)
            assert posts(sandbox) == 1
            assert sandbox.faults.take(fault) is None

    asyncio.run(story())


@pytest.mark.parametrize(
    ("fault", "more", "code"),
    [
        ("submit_lost_reply", {}, "submit_unknown"),
        ("submit_status", {"status": 502}, "submit_unknown"),
        ("submit_status", {"status": 402, "body": {"error": "insufficient_credits"}}, "insufficient_credits"),
        ("submit_status", {"status": 403, "body": {"error": "endpoint_not_allowed"}}, "endpoint_not_allowed"),
        ("submit_status", {"status": 403, "body": {"detail": "User is locked. Reason: TOP_UP."}}, "out_of_credits"),
        ("submit_status", {"status": 401, "body": {"detail": "no"}}, "invalid_key"),
        ("submit_status", {"status": 429, "body": BUSY, "headers": {"Retry-After": "7"}}, "fal_busy"),
        ("submit_status", {"status": 429, "body": {"detail": "busy"}}, "submit_unknown"),
        ("result_error", {}, "content_policy_violation"),
        ("result_error", {"body": "downstream_service_error"}, "downstream_service_error"),
        ("result_error", {"body": "no_media_generated"}, "no_media_generated"),
        ("infra_error", {}, "upstream_unavailable"),
    ],
)
def test_each_trouble_has_its_typed_error_and_one_post(
    tmp_path: Path, fault: str, more: dict[str, Any], code: str
) -> None:
    async def story() -> errors.VideoError:
        async with sandboxed(tmp_path) as (settings, sandbox):
            sandbox.faults.add(fault, times=1, **more)
            with pytest.raises(errors.VideoError) as caught:
                await core.generate_video("a secret wish", settings=settings)
            assert posts(sandbox) == 1
            return caught.value

    error = asyncio.run(story())
    assert error.code == code
    assert "secret wish" not in f"{error!r} {error}"
    assert KEY not in repr(error)


def test_poll_finds_any_request_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            first = await core.generate_video("a fox", model="premium", settings=settings)
            for path in (settings.output_dir / "receipts").glob("*.json"):
                path.unlink()
            again = await core.poll_video(first.request_id, settings=settings)
            assert (again.model, again.cost_usd) == ("seedance-2.0", None)
            assert again.size == first.size
            assert posts(sandbox) == 1
            with pytest.raises(errors.BadRequest, match="unknown_request"):
                await core.poll_video("019ded6c-d871-7290-bbf1-ddc6993f8958", settings=settings)

    asyncio.run(story())


def test_cancelling_the_caller_loses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            sandbox.faults.add("submit_slow", seconds=0.3)
            task = asyncio.create_task(core.generate_video("a fox", settings=settings))
            while not sandbox.memory.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            (request_id,) = sandbox.memory.requests
            async with asyncio.timeout(10):
                while not any(request_id in path.read_text() for path in settings.receipts_dir.glob("*.json")):
                    await asyncio.sleep(0.01)
            video = await core.poll_video(request_id, settings=settings)
            assert video.cost_usd == Decimal("0.70")

    asyncio.run(story())


def test_a_key_without_the_storage_right_names_itself(tmp_path: Path) -> None:
    photo = phone_photo(tmp_path / "photo.jpg")

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            sandbox.faults.add("storage_status", status=403, body={"detail": "forbidden"})
            with pytest.raises(errors.NotConfigured, match="storage_not_allowed"):
                await core.generate_video("push in", image=photo, settings=settings)
            assert not sandbox.memory.requests

    asyncio.run(story())


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "photo.jpg",
        "http://10.0.0.1/a.jpg",
        "http://nas/a.jpg",
        "http://169.254.169.254/latest",
        "https://user:pw@example.org/a.jpg",
    ],
)
def test_an_image_url_must_be_public(tmp_path: Path, url: str) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            with pytest.raises(errors.BadRequest, match="image_url_not_public"):
                await core.generate_video("push in", image_url=url, settings=settings)
            assert not sandbox.memory.requests

    asyncio.run(story())


def test_a_lost_order_is_found_behind_a_hundred_foreign_ones(tmp_path: Path) -> None:
    """Case 1: it is not among the newest hundred, and one of the others has the same words."""
    body = {"prompt": "a very special fox", "duration": 5, "resolution": "720p", "aspect_ratio": "16:9"}
    endpoint = "alibaba/happy-horse/text-to-video"

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            sandbox.faults.add("submit_lost_reply")
            claimed = datetime.now(UTC)
            with pytest.raises(errors.SubmitUnconfirmed):
                await core.generate_video("a very special fox", settings=settings)
            ours = next(iter(sandbox.memory.requests))
            while sandbox.memory.requests[ours].state != "COMPLETED":
                await asyncio.sleep(0.01)
            for number in range(120):
                foreign = body | {"duration": 15, "resolution": "1080p", "seed": number}
                added = sandbox.memory.add(endpoint=endpoint, app="alibaba/happy-horse", body=foreign, webhook=None)
                await sandbox.memory.change(added.id, state="COMPLETED", completed=time.time(), answer_status=200)
            queue = FalQueue.from_settings(settings)
            order = LostOrder("job-1", endpoint, body, claimed, None)
            other = LostOrder("job-2", endpoint, body | {"prompt": "another"}, claimed, None)

            async def claims() -> list[LostOrder]:
                return [order, other]

            found = await queue.find_submitted([order, other], claims=claims, owned=nobodys)
            owned = await queue.find_submitted([order], claims=claims, owned=everybodys)
            await queue.close()
            assert {name: handle.request_id for name, handle in found.items()} == {"job-1": ours}
            assert owned == {}
            assert sum(call["path"].endswith("by-endpoint") for call in sandbox.log) == 4

    asyncio.run(story())


async def nobodys(_ids: set[str]) -> set[str]:
    return set()


async def everybodys(ids: set[str]) -> set[str]:
    return ids


def test_without_a_receipt_nothing_is_bought(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "receipts").touch()  # a file: no folder can be made there

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            with pytest.raises(errors.SubmitNotSent, match="no receipt"):
                await core.generate_video("a fox", settings=settings)
            assert posts(sandbox) == 0

    asyncio.run(story())


def test_the_answer_is_on_the_disk_before_it_is_read(tmp_path: Path) -> None:
    """A process that dies between fal's answer and its record: the answer alone brings the film, at its price."""

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, _sandbox):
            receipts, plan = FolderReceipts(settings.receipts_dir), core.plan("a fox", model="budget")
            request = plan.request
            order = Order(request.endpoint, request.model, plan.quote.usd, request.duration_s, request.resolution)
            await receipts.reserve("died", order=order)
            queue = FalQueue.from_settings(settings)
            submission = await queue.submit(request, on_reply=lambda reply: receipts.fill("died", reply))
            await queue.close()
            video = await core.poll_video(submission.handle.request_id, settings=settings)
            assert (video.model, video.cost_usd) == ("wan-2.5", Decimal("0.25"))

    asyncio.run(story())


def questions(sandbox: Sandbox) -> int:
    return sum("/requests/" in call["path"] for call in sandbox.log)


def test_a_result_that_fal_gave_once_is_not_asked_for_again(tmp_path: Path) -> None:
    """fal keeps results for an hour and files for a week."""

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            first = await core.generate_video("a fox", settings=settings)
            first.local_path.unlink()
            sandbox.faults.add("status_status", status=404, times=99)
            sandbox.faults.add("result_status", status=404, times=99)
            asked = questions(sandbox)
            again = await core.poll_video(first.request_id, settings=settings)
            assert (again.size, again.cost_usd) == (first.size, first.cost_usd)
            assert questions(sandbox) == asked

    asyncio.run(story())


def test_a_result_that_somebody_else_kept_is_used_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            first = await core.generate_video("a fox", settings=settings)
            stored = await FolderReceipts(settings.receipts_dir).results(first.request_id)
            handle = RequestHandle(first.request_id, "alibaba/happy-horse/text-to-video", "", "", "")
            asked = questions(sandbox)
            elsewhere = settings.model_copy(update={"output_dir": tmp_path / "elsewhere"})
            again = await core.poll_video(first.request_id, handle=handle, stored=stored, settings=elsewhere)
            assert (again.size, again.cost_usd) == (first.size, None)
            assert questions(sandbox) == asked

    asyncio.run(story())


def test_a_request_from_elsewhere_is_known_from_then_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            first = await core.generate_video("a fox", settings=settings)
            elsewhere = settings.model_copy(update={"output_dir": tmp_path / "elsewhere"})
            await core.poll_video(first.request_id, settings=elsewhere)
            sandbox.faults.add("status_status", status=404, times=99)
            again = await core.poll_video(first.request_id, settings=elsewhere)
            assert (again.size, again.cost_usd) == (first.size, None)

    asyncio.run(story())


def test_a_wait_among_odd_answers_ends_with_the_id_and_ends_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            queue = FalQueue.from_settings(settings)
            handle = (await queue.submit(core.plan("a fox").request)).handle
            sandbox.faults.add("no_stream", times=2)
            sandbox.faults.add("status_status", status=404)
            with pytest.raises(errors.Unavailable) as caught:
                await wait(queue, handle, on_progress=lambda _progress: None, odd_s=0.0)
            assert caught.value.facts["request_id"] == handle.request_id
            assert (caught.value.facts["status"], caught.value.facts["reason"]) == (404, "an HTML page")
            sandbox.faults.add("no_stream", times=2)
            sandbox.faults.add("status_status", status=404, body={"status": "NOT_FOUND"})
            await wait(queue, handle, on_progress=lambda _progress: None)  # asked again, it is there
            await queue.close()

    asyncio.run(story())


def test_an_error_after_the_order_says_how_to_fetch_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            (tmp_path / "no film").write_bytes(b"\0\0\0\x18ftypisom" + bytes(4000))
            sandbox.faults.add("file_other", times=99, body=tmp_path / "no film")
            with pytest.raises(errors.DownloadFailed) as caught:
                await core.generate_video("a fox", settings=settings)
            (request_id,) = sandbox.memory.requests
            assert caught.value.facts["request_id"] == request_id
            assert f"core.poll_video('{request_id}') fetches it" in str(caught.value)
            sandbox.faults.clear()
            assert (await core.poll_video(request_id, settings=settings)).local_path.exists()
            assert posts(sandbox) == 1

    asyncio.run(story())


def test_an_error_with_which_fal_ends_an_order_names_it_and_offers_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            sandbox.faults.add("result_error")
            with pytest.raises(core.VideoError) as caught:
                await core.generate_video("a fox", settings=settings)
            assert caught.value.facts["request_id"] in sandbox.memory.requests
            assert "poll_video" not in str(caught.value)

    asyncio.run(story())


def test_whoever_waits_hears_of_each_answer_that_says_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            queue = FalQueue.from_settings(settings)
            request_id = (await queue.submit(core.plan("a fox").request)).handle.request_id
            await queue.close()
            await core.poll_video(request_id, settings=settings)
            sandbox.faults.add("no_stream", times=2)
            sandbox.faults.add("status_status", status=404, times=1)
            for kept in settings.receipts_dir.glob("*.result*"):
                kept.unlink()
            heard: list[core.VideoError] = []
            await core.poll_video(request_id, settings=settings, on_trouble=heard.append)
            assert [(each.code, each.facts["status"]) for each in heard] == [("fal_unavailable", 404)]

    asyncio.run(story())
