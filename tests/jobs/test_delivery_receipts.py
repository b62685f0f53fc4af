"""What a chat confirmed is written until it is written, and not sent again: a database that is away doubles nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.channels.protocol import ChannelPort
from bot.channels.types import Address, Incoming
from bot.jobs.delivery import Delivery
from bot.jobs.verdicts import retry
from bot.jobs.video_files import VideoFiles
from bot.messages.admin_alerts import Alerts
from bot.messages.held_messages import HeldMessages
from bot.settings import Settings
from bot.store import Store
from bot.store.ledger import Caps
from bot.store.records import Job, JobError, State, VideoFile
from bot.store.work import LeaseLost
from core.errors import VideoError
from tests.away import Refused, heal, refuse
from tests.bench import Bench
from tests.channels.telegram_bench import bench as telegram_bench
from tests.corpus import clip
from tests.fakes.botapi import TelegramFake
from tests.fakes.wechat import WeChatFake
from tests.rows import set_columns
from tests.store.test_store import accepted, opened, said

OnBench = Callable[..., None]
DELIVERED, IN_DOUBT, TOLD = (
    "NEW.state = 'delivered'",
    "NEW.state = 'delivery-unconfirmed'",
    "NEW.outcome_ref IS NOT NULL",
)


@dataclass
class Made:
    store: Store
    telegram: TelegramFake
    channels: dict[str, ChannelPort]
    delivery: Delivery
    settings: Settings
    fetched: list[str]
    at_fal: list[VideoError]

    async def job(self, job_id: str) -> Job:
        job = await self.store.jobs.get(job_id)
        assert job is not None
        return job

    async def finished(self, event: str = "m1") -> Job:
        """A job whose real film lies on the disk."""
        job_id = await accepted(self.store, said(event))
        path = self.settings.videos_dir / f"{job_id}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        clip(path, seconds=0.3)
        await self.store.jobs.move(job_id, State.RENDERING)
        await self.store.jobs.finish(job_id, VideoFile(path.name, path.stat().st_size, 320, 180, 0.3))
        return await self.job(job_id)

    async def deliver(self, job_id: str) -> None:
        """Attempt after attempt without a pause, until the row asks for nothing or waits."""
        while (taken := await self.store.leases.take_one("test", job_id)) is not None:
            verdict = await self.delivery.deliver(taken)
            await self.store.leases.conclude(taken.lease, due_in_s=verdict.after_s, progress=verdict.progress)
            if verdict.after_s is None or (await self.job(job_id)).state is State.UNDELIVERED:
                return

    def films(self) -> int:
        return len(self.telegram.videos(42))


def on_delivery(url: str, folder: Path, story: Callable[[Made], Awaitable[None]]) -> None:
    """Deliveries to a real Telegram channel, without pauses between two attempts: what is sent again is seen at once.

    fal keeps a copy of each film beside it (`<name>.at-fal`), where a test has put one, or answers with `at_fal`.
    """

    async def play() -> None:
        async with telegram_bench(folder, answer_s=5.0) as chat, opened(url) as store:
            chat.telegram.user_says(42, "hello")
            settings = Settings.offline(output_dir=folder / "out")
            channels: dict[str, ChannelPort] = {"telegram": chat.channel}
            alerts = Alerts(store=store, channels=channels, admins=["telegram:42"], caps=Caps(1, 1))
            fetched: list[str] = []
            at_fal: list[VideoError] = []

            async def fetch_again(job: Job) -> VideoFile:
                fetched.append(job.id)
                if at_fal:
                    raise at_fal[0]
                assert job.video is not None
                path = settings.videos_dir / job.video.name
                path.write_bytes(path.with_suffix(".at-fal").read_bytes())
                return job.video

            delivery = Delivery(
                store=store,
                channels=channels,
                held_messages=HeldMessages(store=store, channels=channels),
                settings=settings,
                alerts=alerts,
                files=VideoFiles(settings=settings, fetch_again=fetch_again),
                due=lambda: None,
                still_ours=lambda _lease: True,
            )
            await story(Made(store, chat.telegram, channels, delivery, settings, fetched, at_fal))
            await alerts.close()

    asyncio.run(play())


def test_a_film_that_telegram_took_is_written_down_and_not_sent_again(database_url: str, tmp_path: Path) -> None:
    async def story(made: Made) -> None:
        job = await made.finished()
        refused = await refuse(made.store, DELIVERED)
        series = asyncio.create_task(made.deliver(job.id))
        await made.telegram.until(made.films)
        await made.telegram.until(lambda: refused.times >= 2)
        assert (await made.job(job.id)).state is State.UPLOADING
        await heal(made.store)
        await series
        job = await made.job(job.id)
        assert (job.state, job.outcome_ref) == (State.DELIVERED, str(made.telegram.videos(42)[0]["message_id"]))
        assert made.films() == 1

    on_delivery(database_url, tmp_path, story)


def test_a_doubt_that_cannot_be_written_down_is_not_sent_again_either(database_url: str, tmp_path: Path) -> None:
    async def story(made: Made) -> None:
        job = await made.finished()
        refused = await refuse(made.store, IN_DOUBT)
        made.telegram.fail("sendVideo", "gateway", status=504)
        series = asyncio.create_task(made.deliver(job.id))
        await made.telegram.until(made.films)
        await made.telegram.until(lambda: refused.times >= 2)
        await heal(made.store)
        await series
        assert (await made.job(job.id)).state is State.DELIVERY_UNCONFIRMED
        assert made.films() == 1
        assert len([text for text in made.telegram.texts(42) if "no confirmation" in text]) == 1

    on_delivery(database_url, tmp_path, story)


def test_a_word_that_telegram_took_is_said_once(database_url: str, tmp_path: Path) -> None:
    async def story(made: Made) -> None:
        job_id = await accepted(made.store, said())
        await made.store.jobs.fail(job_id, JobError("generation_failed", {}), charge="none")
        refused = await refuse(made.store, TOLD)
        series = asyncio.create_task(made.deliver(job_id))
        await made.telegram.until(lambda: made.telegram.texts(42))
        await made.telegram.until(lambda: refused.times >= 2)
        await heal(made.store)
        await series
        assert (await made.job(job_id)).outcome_ref is not None
        assert len(made.telegram.texts(42)) == 1

    on_delivery(database_url, tmp_path, story)


def test_the_next_attempt_writes_what_the_one_before_has_heard(database_url: str, tmp_path: Path) -> None:
    """The lease was lost while the database was away, and the job came back to this process."""

    async def story(made: Made) -> None:
        job = await made.finished()
        refused = await refuse(made.store, DELIVERED)
        first = asyncio.create_task(made.deliver(job.id))
        await made.telegram.until(made.films)
        await made.telegram.until(lambda: refused.times)  # it has heard of it
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        tried, second = refused.times, asyncio.create_task(made.deliver(job.id))
        await made.telegram.until(lambda: refused.times > tried)
        await heal(made.store)
        await second
        job = await made.job(job.id)
        assert job.state is State.DELIVERED
        assert job.outcome_ref is not None
        assert made.films() == 1

    on_delivery(database_url, tmp_path, story)


def test_a_film_that_another_has_sent_meanwhile_is_sent_again_when_asked_for(database_url: str, tmp_path: Path) -> None:
    """What this process has heard of the first sending says nothing of the one that its owner asks for now."""

    async def story(made: Made) -> None:
        job = await made.finished()
        refused = await refuse(made.store, DELIVERED)
        first = asyncio.create_task(made.deliver(job.id))
        await made.telegram.until(made.films)
        await made.telegram.until(lambda: refused.times)  # it has heard of it
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await heal(made.store)
        await set_columns(made.store, job.id, lease_until=1)
        other = await made.store.leases.take_one("another worker", job.id)
        assert other is not None
        await made.store.jobs.move(job.id, State.DELIVERED, outcome_ref="of another", lease=other.lease)
        await made.store.leases.conclude(other.lease, due_in_s=None)
        assert await made.store.jobs.send_again(job.id)
        await made.deliver(job.id)
        job = await made.job(job.id)
        assert (job.state, job.outcome_ref) == (State.DELIVERED, str(made.telegram.videos(42)[-1]["message_id"]))
        assert made.films() == 2

    on_delivery(database_url, tmp_path, story)


def test_what_a_chat_took_from_an_old_owner_changes_nothing(database_url: str, tmp_path: Path) -> None:
    """Its lease lapsed during the upload; another has the job now, and sends once more."""

    async def story(made: Made) -> None:
        job = await made.finished()
        taken = await made.store.leases.take_one("one", job.id)
        assert taken is not None
        made.telegram.fail("sendVideo", "slow", delay_s=0.3)
        sending = asyncio.create_task(made.delivery.deliver(taken))
        await made.telegram.until(lambda: made.telegram.calls("sendVideo"))
        await set_columns(made.store, job.id, lease_until=1)
        assert await made.store.leases.take_one("two", job.id) is not None
        with pytest.raises(LeaseLost):
            await sending
        job = await made.job(job.id)
        assert (job.state, job.owner, job.outcome_ref) == (State.UPLOADING, "two", None)

    on_delivery(database_url, tmp_path, story)


def test_a_stop_waits_for_what_is_being_sent_and_written(database_url: str, tmp_path: Path) -> None:
    async def story(made: Made) -> None:
        job, later = await made.finished(), await made.finished("m2")
        refused = await refuse(made.store, DELIVERED)
        made.telegram.fail("sendVideo", "slow", delay_s=0.3)
        series = asyncio.create_task(made.deliver(job.id))
        await made.telegram.until(lambda: made.telegram.calls("sendVideo"))
        stop = asyncio.create_task(made.delivery.close())
        await asyncio.sleep(0)  # it begins
        taken = await made.store.leases.take_one("test", later.id)
        assert taken is not None
        assert await made.delivery.deliver(taken) == retry(0.0)  # at the next start
        await made.telegram.until(lambda: refused.times >= 2)
        assert not stop.done()
        await heal(made.store)
        await asyncio.gather(stop, series)
        assert (await made.job(job.id)).state is State.DELIVERED
        assert (await made.job(later.id)).state is State.READY  # for the next start
        assert made.films() == 1

    on_delivery(database_url, tmp_path, story)


# The whole bot


async def away_for_a_while(made: Bench, refused: Refused, arrived: Callable[[], int]) -> None:
    """The old way back was a second film five seconds later."""
    await made.until(arrived)
    await made.until(lambda: refused.times >= 2)
    await heal(made.app.store)
    job = await made.settled(State.DELIVERED)
    assert job.outcome_ref is not None
    assert arrived() == 1


def test_telegram_has_one_film_after_the_database_was_away(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        refused = await refuse(made.app.store, DELIVERED)
        made.telegram.user_says(42, "/video a fox")
        await away_for_a_while(made, refused, lambda: len(made.films()))

    on_bench(story)


def test_wechat_has_one_film_after_the_database_was_away(on_bench: OnBench) -> None:
    fake = WeChatFake()
    fox = "oFox_0123456789abcdefghijkl"

    async def story(made: Bench) -> None:
        refused = await refuse(made.app.store, DELIVERED)
        await fake.caller.says(fox, "视频 一只狐狸")
        await away_for_a_while(made, refused, lambda: len(fake.person(fox).videos))

    on_bench(story, wechat=fake, access=f"wechat:{fox}")


def test_the_web_chat_has_one_film_after_the_database_was_away(
    on_bench: OnBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def with_a_page(_settings: Settings, _telegram: TelegramFake) -> None:
        monkeypatch.setenv("REELBOT_WEB_TOKEN", "a-token-of-the-web-chat")

    async def story(made: Bench) -> None:
        refused = await refuse(made.app.store, DELIVERED)
        films = [0]
        await made.app.parts.intake.put(
            [Incoming(Address("web", "s1"), "web", "m1", "s1", "/video a fox", language="en")]
        )

        async def count() -> None:
            while True:
                entries = await made.app.store.transcript.read("s1")
                films[0] = sum(entry["kind"] == "video" for entry in entries)
                await asyncio.sleep(0.05)

        counting = asyncio.create_task(count())
        await away_for_a_while(made, refused, lambda: films[0])
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)

    on_bench(story, access="web:s1", before=with_a_page)
