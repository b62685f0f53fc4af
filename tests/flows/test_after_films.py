"""What stands under a finished film: it goes on, each part for its own price, and all of it is one film."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bot.jobs.film_chains import part_of
from bot.store.records import Job, State
from bot.store.stored import record
from bot.store.tables import jobs
from core import media
from tests.bench import Bench, bench
from tests.corpus import clip
from tests.fakes.botapi import buttons
from tests.fakes.ilink import ILinkFake
from tests.fakes.wechat import WeChatFake
from tests.fakes.wecom import WeComFake
from tests.flows.test_ilink_flow import FOX as ILINK_FOX
from tests.flows.test_ilink_flow import five_minutes_pass, on_ilink, says
from tests.flows.test_wechat_flow import FOX, on_wechat
from tests.flows.test_wecom_flow import FOX as WECOM_FOX
from tests.flows.test_wecom_flow import on_wecom
from tests.jobs.test_crash import World, delivered, world

__all__ = ["on_ilink", "on_wechat", "on_wecom"]

OnBench = Callable[..., None]
CENTS_25 = 250_000
WEB_TOKEN = "a-token-of-the-tests-alone"


async def film(made: Bench, text: str = "/video a fox, budget") -> Job:
    made.telegram.user_says(42, text)
    return await newest(made, 1)


async def newest(made: Bench, count: int, *states: State) -> Job:
    """The newest of so many jobs, once it is in one of these states, and all is quiet."""
    async with asyncio.timeout(40):
        while True:
            found = await made.app.store.jobs.find(newest=count + 1)
            if len(found) == count and found[0].state in (states or (State.DELIVERED,)):
                break
            await asyncio.sleep(0.03)
    await made.at_rest()
    return found[0]


def under(made: Bench, kind: str) -> str:
    """The data of the newest button of this kind."""
    return next(
        data for message in reversed(made.telegram.said(42)) for data in buttons(message) if data.startswith(f"{kind}:")
    )


async def spent(made: Bench) -> int:
    return int((await made.app.store.ledger.standing()).spent_micro)


async def seconds_of(made: Bench, job: Job) -> float:
    assert job.video is not None
    return (await media.probe(made.settings.videos_dir / job.video.name)).duration_s


def bodies(made: Bench) -> list[dict[str, Any]]:
    return [request.body for request in made.fal.memory.requests.values()]


def test_a_film_goes_on_three_times_and_is_one_film(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        lengths = [await seconds_of(made, job)]
        for count in (2, 3, 4):
            data = under(made, "next")
            assert data.startswith(f"next:{job.id}.")
            made.telegram.presses(42, data)
            after = await newest(made, count)
            assert (after.follows, after.step and after.step.kind) == (job.id, "continue")
            assert after.video is not None
            assert after.video.parts == count
            assert made.films()[-1]["caption"].splitlines()[-1].startswith("All of it: " + "+".join("1234"[:count]))
            lengths.append(await seconds_of(made, after))
            assert (await media.probe(made.settings.videos_dir / after.video.name)).labelled
            assert part_of(made.settings.videos_dir / after.video.name).exists()
            job = after
        assert lengths == sorted(lengths)
        assert lengths[-1] > 3 * lengths[0]
        assert made.submits() == 4
        assert await spent(made) == 4 * CENTS_25
        assert all("image_url" in body for body in bodies(made)[1:])
        made.telegram.user_says(42, "/history")
        await made.until(lambda: any("1+2+3+4" in text for text in made.telegram.texts(42)))

    on_bench(story, ai_label="metadata")


def test_the_button_buys_once_at_its_price_and_offers_from_then_on(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await film(made)
        data = under(made, "next")
        for _ in range(3):
            made.telegram.presses(42, data)
        await newest(made, 3, State.AWAITING_CONFIRMATION)
        assert made.submits() == 2
        dearer = await film_of(made, "next", "0.01")
        assert dearer.state is State.AWAITING_CONFIRMATION
        assert made.submits() == 2

    on_bench(story)


async def film_of(made: Bench, kind: str, price: str) -> Job:
    """What an old button makes that names another price."""
    shown = made.films()[0]
    data = next(each for each in buttons(shown) if each.startswith(f"{kind}:"))
    job_id = data.partition(":")[2].partition(".")[0]
    first = shown["reply_markup"]["inline_keyboard"][0][0]
    first["callback_data"] = f"{kind}:{job_id}.{price}"
    first.pop("disabled", None)
    made.telegram.presses(42, first["callback_data"])
    await made.at_rest()
    return max(await made.jobs(), key=lambda job: (job.created, job.changed))


def test_words_lead_to_an_offer_that_other_words_change(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        first = await film(made)
        for words in ("continue", "继续", f"continue {first.id} he turns around", "/continue", "续写：他转过身"):
            chat.user_says(42, words)
            await made.at_rest()
            (offer,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
            assert offer.follows == first.id, words
            prompt = {"continue": "a fox", "继续": "a fox"}.get(words)
            assert prompt is None or offer.request.prompt == prompt
            chat.user_says(42, "no")
            await made.at_rest()
        chat.user_says(42, "continue: he turns around")
        await made.at_rest()
        chat.user_says(42, "10s")
        await made.at_rest()
        chat.user_says(42, "he sits down")
        await made.at_rest()
        (offer,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
        assert (offer.request.prompt, offer.request.duration_s) == ("he sits down", 10)
        assert offer.follows == first.id
        # so many words in so few seconds wait for their turn
        await made.until(lambda: "he sits down" in (seen := chat.texts(42)[-1]) and f"Goes on from {first.id}" in seen)
        chat.user_says(42, "yes")
        async with asyncio.timeout(40):
            while len(made.films()) < 2:
                await asyncio.sleep(0.03)
        await made.at_rest()
        assert made.submits() == 2
        assert [job.follows for job in await made.app.store.jobs.find(states=[State.DELIVERED])] == [None, first.id]

    on_bench(story)


def test_a_film_that_cannot_be_joined_comes_as_the_new_part_with_words(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = await film(made)
        made.fal.faults.add("file_404", times=1)
        made.fal.faults.add("status_status", status=502, times=2)
        made.telegram.presses(42, under(made, "next"))
        await newest_state(made, State.RENDERING)
        await made.app.store.jobs.delete(first.id, asked=False)
        after = await newest(made, 2)
        assert after.video is not None
        assert after.video.parts == 1
        assert "could not be joined" in made.films()[-1]["caption"]
        assert made.submits() == 2

    on_bench(story)


async def newest_state(made: Bench, state: State) -> Job:
    async with asyncio.timeout(40):
        while True:
            (job,) = await made.app.store.jobs.find(newest=1)
            if job.state is state:
                return job
            await asyncio.sleep(0.02)


def test_an_enlarged_film_has_its_price_and_is_offered_only_where_it_is_larger(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = await film(made)
        made.telegram.presses(42, f"more:{first.id}")
        await made.at_rest()
        assert under(made, "pixels") == f"pixels:{first.id}.1080p.0.0072"
        made.telegram.presses(42, f"pixels:{first.id}.4k.0.0288")
        job = await newest(made, 2)
        assert (job.follows, job.request.mode, job.request.resolution) == (first.id, "upscale-video", "4k")
        assert bodies(made)[-1]["video_url"].endswith(".mp4")
        assert "prompt" not in bodies(made)[-1]
        assert await spent(made) == CENTS_25 + 28_800
        made.telegram.user_says(42, f"upscale {first.id} 1080p")
        await made.at_rest()
        (offer,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
        assert (offer.request.resolution, offer.follows) == ("1080p", first.id)
        for words in ("silent", "premium", "slow push-in"):
            made.telegram.user_says(42, words)
            await made.at_rest()
            await made.until(lambda: "keeps all else of the video" in made.telegram.texts(42)[-1])
            assert [each.id for each in await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])] == [
                offer.id
            ]

    on_bench(story)


# The other chats


async def chain(made: Bench, parts: int) -> Job:
    job = await newest(made, parts)
    assert job.video is not None
    assert job.video.parts == parts
    return job


def test_a_film_goes_on_three_times_in_wechat(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        await fake.caller.says(FOX, "视频 一只狐狸，经济")
        await newest(made, 1)
        for count in (2, 3, 4):
            job = await newest(made, count - 1)
            code = (await made.app.store.short_codes.codes(job.user))[job.id]
            seen = await fake.caller.says(FOX, f"续写 {code} 它转过身" if count > 2 else f"续写 {code}")
            assert seen is not None
            assert "$0.25" in seen.text, seen.text
            assert f"接着 {code}" in seen.text
            await fake.caller.says(FOX, "好")
            await chain(made, count)
            assert ("整段：" + "+".join("1234"[:count])) in fake.person(FOX).videos[-1].text
        seen = await fake.caller.says(FOX, "更多 K7")
        assert seen is not None
        assert "续写，$0.25，回复“续写 K7”" in seen.text
        assert "回复“放大 K7 1080p”" in seen.text
        assert made.submits() == 4

    on_wechat(story)


def test_a_film_goes_on_three_times_in_wecom(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(WECOM_FOX, "/视频 一只狐狸，经济")
        await newest(made, 1)
        for count in (2, 3, 4):
            await fake.until(lambda: any("续写，$0.25" in each for each in fake.buttons(WECOM_FOX)), s=20)
            await fake.presses(WECOM_FOX, "续写，$0.25")
            await chain(made, count)
        assert made.submits() == 4
        assert len(fake.videos(WECOM_FOX)) == 4

    on_wecom(story)


# Kills, and both databases


def chain_of(made: World) -> Any:
    rows = made.read(sa.select(jobs.c.video, jobs.c.state).where(jobs.c.follows.is_not(None)))
    return rows[0] if rows else None


@pytest.mark.parametrize("moment", ["download and join", "join and send"])
def test_killed_around_the_join_nothing_is_lost_or_paid_twice(tmp_path: Path, database_url: str, moment: str) -> None:
    with world(tmp_path, database_url) as made:
        made.start_bot()
        made.telegram("says", chat=42, text="/video a fox, budget")
        made.until(lambda: delivered(made) and made.films())
        (data,) = [each for message in made.films() for each in buttons(message) if each.startswith("next:")]
        videos = made.folder / "out" / "videos"
        if moment == "join and send":
            made.telegram("fail", method="sendVideo", kind="status", times=100, status=500, description="no")
        sent = len(made.telegram("calls", method="sendVideo"))
        made.telegram("presses", chat=42, data=data)
        if moment == "join and send":
            made.until(lambda: len(made.telegram("calls", method="sendVideo")) > sent)
        else:
            made.until(lambda: list(videos.glob("*-part.mp4")))
        made.kill_bot()
        made.telegram("heal")
        made.start_bot()
        made.until(lambda: (row := chain_of(made)) is not None and row.state == "delivered")
        assert chain_of(made).video["parts"] == 2
        assert made.posts() == 2
        assert len(made.films()) == 2
        assert len(list(videos.glob("*-part.mp4"))) == 1
        assert len(list(videos.glob("*.mp4"))) == 3


def test_a_chain_that_is_not_here_is_made_again_of_its_parts_for_nothing(on_bench: OnBench, database_url: str) -> None:
    async def story(made: Bench) -> None:
        first = await film(made)
        made.telegram.presses(42, under(made, "next"))
        job = await chain(made, 2)
        before = await seconds_of(made, job)
        for path in made.settings.videos_dir.iterdir():
            path.unlink()
        made.telegram.user_says(42, f"continue {job.id}")
        await made.at_rest()
        made.telegram.user_says(42, "yes")
        after = await chain(made, 3)
        assert await seconds_of(made, job) == before
        assert await seconds_of(made, after) > before
        assert made.submits() == 3
        await made.app.store.jobs.delete(after.id, asked=False)
        made.app.parts.reconciler.notify()
        await made.until(lambda: not list(made.settings.videos_dir.glob(f"*{after.id}*")))
        assert (made.settings.videos_dir / str(first.video and first.video.name)).exists()

    on_bench(story, database_url=SecretStr(database_url) if "postgres" in database_url else None)


def test_a_film_goes_on_three_times_in_personal_wechat(on_ilink: Callable[..., None]) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        fake.says(ILINK_FOX, "视频 一只狐狸，经济")
        job = await newest(made, 1)
        for count, words in ((2, "继续"), (3, "续写 {code}，它转过身"), (4, "继续 {code}")):
            code = (await made.app.store.short_codes.codes(job.user))[job.id]
            offer = await says(fake, words.format(code=code))
            assert "$0.25" in offer
            assert f"接着 {code}" in offer
            fake.says(ILINK_FOX, "好")
            job = await chain(made, count)
            await fake.until(lambda count=count: len(fake.person(ILINK_FOX).texts) == 3 * count - 1)
            assert ("整段：" + "+".join("1234"[:count])) in fake.person(ILINK_FOX).texts[-1]
            await five_minutes_pass(made, fake)  # in which it takes twelve messages
        assert len(fake.person(ILINK_FOX).videos) == 4
        assert job.request.prompt == "它转过身"
        assert made.submits() == 4
        assert "更多" not in (more := await says(fake, "更多"))  # of the newest one
        assert "续写，$0.25" in more

    on_ilink(story, daily_usd=20)


def test_a_film_goes_on_three_times_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setenv("REELBOT_WEB_TOKEN", WEB_TOKEN)

        async def before(_settings: Any, _telegram: Any) -> None:
            monkeypatch.setenv("REELBOT_WEB_TOKEN", WEB_TOKEN)

        async with bench(tmp_path, monkeypatch, before=before) as made:
            origin = f"http://127.0.0.1:{made.settings.port}"
            async with httpx.AsyncClient(base_url=origin, trust_env=False, headers={"Origin": origin}) as page:
                await page.post("/chat/enter", data={"token": WEB_TOKEN})
                await page.post("/chat/send", json={"id": "a" * 32, "text": "/video a fox, budget"})
                job = await newest(made, 1)
                for count in (2, 3, 4):
                    shown = (await page.get("/chat/messages")).json()["messages"]
                    on, data = next(
                        (entry["id"], each["data"])
                        for entry in reversed(shown)
                        for each in entry.get("actions") or ()
                        if each["data"].startswith(f"next:{job.id}.")
                    )
                    await page.post("/chat/press", json={"id": f"{count}" * 32, "data": data, "on": on})
                    job = await chain(made, count)
                assert made.submits() == 4

    asyncio.run(story())


def test_a_model_that_goes_on_by_itself_gets_the_film(on_bench: OnBench) -> None:
    """The tests' studio films smaller than any such model takes: this film is one of our own."""

    async def story(made: Bench) -> None:
        first = await film(made, "/video a fox --model pixverse-6")
        assert first.video is not None
        own = clip(made.settings.videos_dir / first.video.name, source="testsrc2=s=640x360:r=24", seconds=2)
        larger = replace(first.video, size=own.stat().st_size, width=640, height=360, duration_s=2.0)
        change = jobs.update().where(jobs.c.id == first.id).values(video=record(larger))
        await made.app.store.database.write(lambda tx: tx.execute(change))
        made.telegram.user_says(42, "continue")
        await made.at_rest()
        made.telegram.user_says(42, "yes")
        after = await chain(made, 2)
        assert (after.request.mode, after.request.endpoint) == ("extend-video", "fal-ai/pixverse/v6/extend")
        assert "video_url" in bodies(made)[1]
        assert await seconds_of(made, after) > 2.5

    on_bench(story)
