"""From a completed request to its file: the result is kept before it is read, and used again before fal is asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import core
from core import errors, media
from core.config import FalSettings
from core.fal.client import FalQueue
from core.fal.fetch_result import fetch_patiently, fetch_result
from core.fal.receipts import FolderReceipts
from core.sandbox import FAST, Sandbox, create_app
from core.types import Completed, RawReply, RequestHandle
from tests.serving import served


@dataclass
class Bench:
    """A completed request at the sandbox, and what is seen while its file is fetched."""

    queue: FalQueue
    handle: RequestHandle
    settings: FalSettings
    sandbox: Sandbox
    into: Path
    kept: list[RawReply]
    slept_s: list[float]

    async def fetch(self, *stored: RawReply) -> media.Probe:
        return await fetch_result(
            self.queue,
            self.handle,
            self.into,
            settings=self.settings,
            stored=stored,
            on_result=self.keep,
            sleep=self.sleep,
        )

    async def patiently(self) -> media.Probe:
        return await fetch_patiently(self.queue, self.handle, self.into, settings=self.settings, sleep=self.sleep)

    async def keep(self, reply: RawReply) -> None:
        assert not self.files()
        self.kept.append(reply)

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)

    def files(self) -> list[str]:
        return [call["path"] for call in self.sandbox.log if call["path"].startswith("/files/")]

    def results(self) -> int:
        return sum(call["path"].endswith(self.handle.request_id) for call in self.sandbox.log)


def play(folder: Path, story: Callable[[Bench], Awaitable[None]], *, prompt: str = "a fox") -> None:
    async def run() -> None:
        app = create_app(folder=folder / "sandbox", studio=FAST)
        async with served(app) as base:
            settings = FalSettings.offline(fal_key="key", fal_queue_url=base, output_dir=folder / "out")
            queue = FalQueue.from_settings(settings)
            handle = (await queue.submit(core.plan(prompt).request)).handle
            while not isinstance(await queue.status(handle), Completed):
                await asyncio.sleep(0.02)
            into = folder / "out" / "videos" / "film.mp4"
            await story(Bench(queue, handle, settings, app.state.sandbox, into, [], []))
            await queue.close()

    asyncio.run(run())


def test_a_result_is_handed_over_before_its_file_is_asked_for(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.fetch()
        assert [reply.status for reply in bench.kept] == [200]
        assert bench.kept[0].headers["x-fal-billable-units"] == "5"
        assert b"/files/b/" in bench.kept[0].body
        assert bench.into.is_file()

    play(tmp_path, story)


def test_a_result_is_handed_over_even_when_nobody_can_read_it(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.sandbox.faults.add("foreign_file", body="https://storage.googleapis.com/film.mp4")
        with pytest.raises(errors.Unavailable) as caught:
            await bench.fetch()
        assert caught.value.facts == {"reason": "a file on a foreign host", "host": "storage.googleapis.com"}
        bench.sandbox.faults.add("result_status", status=200, body={"film": "in a shape of another year"})
        with pytest.raises(errors.Unavailable) as caught:
            await bench.fetch()
        assert caught.value.facts == {"reason": "a result without a video"}
        assert [b"googleapis" in reply.body or b"another year" in reply.body for reply in bench.kept] == [True, True]
        await bench.fetch(*bench.kept)  # what cannot be read is asked for anew
        assert len(bench.kept) == 3

    play(tmp_path, story)


def test_a_result_that_cannot_be_kept_is_not_used(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async def broken(_reply: RawReply) -> None:
            raise OSError("no room")

        with pytest.raises(OSError, match="no room"):
            await fetch_result(bench.queue, bench.handle, bench.into, settings=bench.settings, on_result=broken)
        assert bench.files() == []

    play(tmp_path, story)


def test_a_stored_result_is_used_without_asking_fal_the_newest_first(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        reply = await bench.queue.result(bench.handle)
        gone = RawReply(200, {}, reply.body.replace(b".mp4", b"0.mp4"))
        asked = bench.results()
        await bench.fetch(RawReply(200, {}, b"no json"), gone, reply, RawReply(200, {}, b"{}"))
        assert (bench.results(), bench.kept, len(bench.files())) == (asked, [], 1)

    play(tmp_path, story)


def test_when_its_file_does_not_come_fal_is_asked_once_for_a_fresh_result(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        reply = await bench.queue.result(bench.handle)
        gone = RawReply(200, {}, reply.body.replace(b".mp4", b"0.mp4"))
        asked = bench.results()
        fresh: list[RawReply] = []

        async def keep(reply: RawReply) -> None:
            fresh.append(reply)

        await fetch_result(
            bench.queue,
            bench.handle,
            bench.into,
            settings=bench.settings,
            stored=[gone],
            on_result=keep,
            sleep=bench.sleep,
        )
        assert bench.results() == asked + 1
        assert [each.body for each in fresh] == [reply.body]

    play(tmp_path, story)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404},
        {"status": 404, "body": {"detail": "Path /text-to-video not found"}},
        {"status": 422, "body": {"detail": [{"loc": [], "msg": "no", "type": "no_media_generated"}]}},
        {"status": 400, "body": {"detail": "Request is still in progress"}},
        {"status": 200, "body": {"oops": 1}},
    ],
)
def test_after_a_readable_result_no_word_ends_the_wait_for_its_file(tmp_path: Path, answer: dict[str, Any]) -> None:
    async def story(bench: Bench) -> None:
        reply = await bench.queue.result(bench.handle)
        gone = RawReply(200, {}, reply.body.replace(b".mp4", b"0.mp4"))
        bench.sandbox.faults.add("result_status", **answer)
        with pytest.raises(errors.DownloadFailed) as caught:
            await fetch_result(
                bench.queue, bench.handle, bench.into, settings=bench.settings, stored=[gone], sleep=bench.sleep
            )
        assert caught.value.facts["status"] == 404

    play(tmp_path, story)


@pytest.mark.parametrize("status", [404, 410, 502])
def test_an_odd_result_ends_nothing_unless_fals_status_names_the_error(tmp_path: Path, status: int) -> None:
    async def story(bench: Bench) -> None:
        bench.sandbox.faults.add("result_status", times=2, status=status)
        with pytest.raises(errors.Unavailable) as caught:
            await bench.fetch()
        assert caught.value.facts["reason"] == "an HTML page"
        await bench.sandbox.memory.change(bench.handle.request_id, error="x", error_type="runner_disconnected")
        with pytest.raises(errors.GenerationFailed, match="upstream_unavailable") as ended:
            await bench.fetch()
        assert ended.value.facts == {"billed": False}  # by fal's type, not by the status of whoever answered
        assert ended.value.ends_request
        bench.sandbox.faults.add("result_status", status=status)
        bench.sandbox.faults.add("status_status", status=404)
        with pytest.raises(errors.Unavailable):  # the status says nothing either
            await bench.fetch()

    play(tmp_path, story)


def test_fals_typed_error_is_an_end(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(errors.ContentRefused) as caught:
            await bench.fetch()
        assert caught.value.facts["billed"] is False
        assert bench.kept == []

    play(tmp_path, story, prompt="a sandbox:content-policy fox")


def test_patience_asks_at_growing_gaps_for_ten_minutes_and_then_names_the_request(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.sandbox.faults.add("result_status", status=404, times=99)
        with pytest.raises(errors.Unavailable) as caught:
            await bench.patiently()
        assert caught.value.facts["request_id"] == bench.handle.request_id
        assert caught.value.repeat is errors.Repeat.FREE_STEP
        assert 600 <= sum(bench.slept_s) < 660
        assert bench.slept_s == sorted(bench.slept_s)
        assert bench.slept_s[0] == 1
        bench.sandbox.faults.clear()
        bench.sandbox.faults.add("result_status", status=404, times=3)
        assert (await bench.patiently()).size == bench.into.stat().st_size
        kept = await FolderReceipts(bench.settings.receipts_dir).results(bench.handle.request_id)
        assert [b"/files/b/" in reply.body for reply in kept] == [True]

    play(tmp_path, story)


def test_patience_waits_for_a_result_that_comes_too_early(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        early = {"detail": "Request is still in progress"}
        bench.sandbox.faults.add("result_status", status=400, body=early, times=4)
        await bench.patiently()
        assert bench.slept_s == [1, 2, 4, 8]

    play(tmp_path, story)


def test_a_file_that_does_not_come_names_the_request_and_is_asked_for_later(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.sandbox.faults.add("file_404", times=5)
        with pytest.raises(errors.DownloadFailed) as caught:
            await bench.patiently()
        assert caught.value.facts["request_id"] == bench.handle.request_id
        await bench.patiently()

    play(tmp_path, story)


def test_where_no_result_can_be_kept_the_film_comes_all_the_same(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.settings.output_dir.mkdir(exist_ok=True)
        bench.settings.receipts_dir.touch()
        await bench.patiently()
        assert bench.into.is_file()

    play(tmp_path, story)


def test_no_room_for_what_is_made_of_a_film_says_nothing_against_it(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async def full(path: Path, *, lenient: bool) -> media.Probe:
            raise errors.MediaError("disk_full")

        with pytest.raises(errors.DownloadFailed, match="disk_full"):
            await fetch_result(bench.queue, bench.handle, bench.into, settings=bench.settings, check=full)
        assert len(bench.files()) == 1
        assert bench.into.is_file()

    play(tmp_path, story)
