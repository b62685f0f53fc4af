"""Sequences of messages that once bought something, lost a photo or told a group what was private."""

import asyncio
import time
from typing import Any

import pytest

from bot.store.records import ACTIVE, State
from core.types import Mode
from tests.bench import Bench
from tests.conversation.test_consent import spent
from tests.corpus import jpeg
from tests.flows.test_money import button
from tests.flows.test_wechat_flow import FOX, on_wechat

assert on_wechat
PHOTO = jpeg((640, 360))
SENDER = {"id": 9, "is_bot": False, "first_name": "N"}
FWD = {"extra": {"forward_origin": {"type": "user", "date": 1700000000, "sender_user": SENDER}}}
PIC = {"photo": PHOTO}
OLD = {"extra": {"date": int(time.time()) - 1200}}
Step = tuple[str, Any]
ASK: Step = ("图生视频 让猫跑起来", {})
NOTHING_BOUGHT: dict[str, list[Step]] = {
    "forwarded yes": [("a fox", {}), ("确认", FWD)],
    "caption yes": [("a fox", {}), ("yes", PIC)],
    "forwarded command, own photo": [("图生视频 让猫跑起来", FWD), ("", PIC)],
    "forward joined to a command": [ASK, ("Breaking news", FWD), ("", PIC)],
    "photo captioned no": [ASK, ("不要了", PIC)],
    "yes after the balance": [("a fox", {}), ("/balance", {}), ("ok", {})],
    "yes after the settings": [("a fox", {}), ("/settings", {}), ("ok", {})],
    "yes edited into another yes": [("a fox", {}), ("hm", {}), ("edit", "yes")],
    "edited to a no, then yes": [("a fox", {}), ("edit0", "算了"), ("yes", {})],
}
WITH_PHOTO: dict[str, list[Step]] = {
    "old backlog": [("", {**PIC, **OLD}), ("/video make it move", OLD)],
    "refused by the cap": [("", PIC), ("/video make it dance, veo, 8s, 4k", {}), ("/video make it dance, budget", {})],
    "captioned price": [("price", PIC), ("/video make the sky move", {})],
    "edit before the photo": [("a fox", {}), ("edit0", "a wolf"), ("", PIC)],
    "several photos complete a command": [ASK, ("", {**PIC, "album": "x"}), ("", {**PIC, "album": "x"})],
    "wishes before the photo": [ASK, ("10s", {}), ("", PIC)],
}


async def play(made: Bench, person: int, steps: list[Step]) -> None:
    ids: list[int] = []
    for text, more in steps:
        if text.startswith("edit"):
            made.telegram.world.edits(person, ids[0] if text == "edit0" else ids[-1], more)
        elif "album" in more:
            made.telegram.user_says(person, text, **more)
            continue
        else:
            ids.append(made.telegram.user_says(person, text, **more))
        await made.at_rest()
    await made.at_rest()


@pytest.mark.parametrize("name", NOTHING_BOUGHT)
def test_nothing_is_bought(on_bench: Any, name: str) -> None:
    async def story(made: Bench) -> None:
        await play(made, 42, NOTHING_BOUGHT[name])
        assert await spent(made) == set(), [job.request.prompt for job in await made.jobs()]

    on_bench(story, access="open")


@pytest.mark.parametrize("name", WITH_PHOTO)
def test_the_photo_is_used(on_bench: Any, name: str) -> None:
    async def story(made: Bench) -> None:
        await play(made, 42, WITH_PHOTO[name])
        jobs = [job for job in await made.jobs() if job.state is not State.CANCELLED]
        assert len(jobs) == 1, [(job.state, job.request.prompt) for job in jobs]
        assert jobs[0].incoming.attachment is not None
        if name == "edit before the photo":
            assert jobs[0].request.prompt == "a wolf"
        if name.startswith("several"):
            assert [len(way.sources) for way in jobs[0].ways] == [2, 2, 2]
        while await made.app.store.jobs.find(states=ACTIVE):
            await asyncio.sleep(0.05)

    on_bench(story, access="open", user_daily_usd="2.00", confirm_usd="100")


def test_wishes_of_a_bare_command_count(on_bench: Any) -> None:
    async def story(made: Bench) -> None:
        await play(made, 42, [("/video 10s", {}), ("a fox", {})])
        assert [job.request.duration_s for job in await made.jobs()] == [10]

    on_bench(story, access="open")


def test_offers_of_explicit_orders_keep_their_photo(on_bench: Any) -> None:
    async def story(made: Bench) -> None:
        await play(made, 1, [("a fox", PIC), ("and snow falls", {})])
        (job,) = [job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION]
        assert job.request.prompt == "a fox, and snow falls"
        assert job.incoming.attachment is not None
        await play(made, 2, [("/video a dear fox", {}), ("", PIC)])
        (offer,) = [job for job in await made.jobs() if job.user == "telegram:2"]
        made.telegram.presses(2, f"yes:{offer.id}")
        await made.at_rest()
        await play(made, 2, [("/video make the sky move", {})])
        (job,) = [job for job in await made.jobs() if job.request.prompt == "make the sky move"]
        assert job.incoming.attachment is not None

    on_bench(story, access="open", confirm_usd="0.01")


def test_no_private_words_in_a_group(on_bench: Any) -> None:
    async def story(made: Bench) -> None:
        chat, mention = made.telegram, {"entities": [{"type": "mention", "offset": 0, "length": 8}]}
        chat.group(-100)
        await play(made, 1, [("SECRET fox", {})])
        (offer,) = await made.jobs()
        for command in ("/status", "/again"):
            chat.user_says(-100, f"{command} {offer.id}", sender=1)
        chat.fail("sendVideo", "status", times=50, status=403, description="Forbidden: bot was blocked by the user")
        chat.user_says(2, "/video SECRET dog")
        while not [job for job in await made.jobs() if job.user == "telegram:2"]:
            await asyncio.sleep(0.01)
        chat.user_says(-100, "/video SECRET dog", sender=2)
        while not any(job.state is State.UNDELIVERED for job in await made.jobs()):
            await asyncio.sleep(0.05)
        chat.heal()
        dog = next(job for job in await made.jobs() if job.user == "telegram:2" and job.address.chat_id == "2")
        chat.user_says(-100, "@reelbot 1", sender=2, extra=mention)
        await made.at_rest()
        chat.user_says(-100, "@reelbot status", sender=2, extra=mention)
        await made.at_rest()
        assert "SECRET fox" not in "".join(chat.texts(-100))
        assert dog.id not in "".join(chat.texts(-100))
        assert not [video for video in chat.videos(-100) if dog.id in video.get("caption", "")]

    on_bench(story, access="open", jobs=20)


def test_a_voice_is_no_yes(on_wechat: Any) -> None:
    async def story(made: Bench, fake: Any) -> None:
        await fake.caller.says(FOX, "一只红狐狸在雪地里奔跑")
        for said in ("确认。", "确认 K7。", "好的，确认 K7"):
            await fake.caller.sends(FOX, "voice", MediaId=said, Format="amr", Recognition=said)
            assert await spent(made) == set(), said

    on_wechat(story)


def test_several_photos_keep_their_ways_with_another_model(on_bench: Any) -> None:
    async def story(made: Bench) -> None:
        for _ in range(2):
            made.telegram.user_says(42, "", **PIC)
        made.telegram.user_says(42, "let it snow")
        await made.at_rest()
        (offer,) = await made.jobs()
        await button(made, f"other:{offer.id}")
        await button(made, f"pick:{offer.id}.wan-2.7")
        await made.at_rest()
        (newer,) = [job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION]
        assert (newer.request.model, newer.request.mode, len(newer.incoming.sources)) == (
            "wan-2.7",
            Mode.FRAMES_TO_VIDEO,
            2,
        )
        ways = [(way.key, way.request.model, len(way.sources)) for way in newer.ways]
        assert ways == [("likeness", "wan-2.7", 2), ("each", "wan-2.7", 2), ("first", "wan-2.7", 1)]
        assert await spent(made) == set()

    on_bench(story, access="open")


@pytest.mark.parametrize("caption", ["/help", "/price", "谢谢", "10s"])
def test_an_album_with_other_words_is_answered_and_keeps_its_photos(on_bench: Any, caption: str) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, caption, photo=PHOTO, album="x")
        made.telegram.user_says(42, "", photo=PHOTO, album="x")
        await made.at_rest()
        said = "".join(made.telegram.texts(42))
        assert "2 photos" in said
        assert {"/help": "premium, balanced, budget", "/price": "What a video costs"}.get(caption, "") in said
        assert await made.jobs() == []

    on_bench(story, access="open")


def test_a_film_in_a_group_leaves_an_offer_in_private_the_latest_word_there(on_bench: Any) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(-100)
        await play(made, 42, [("a fox", {})])
        made.telegram.user_says(-100, "/video a dog", sender=42)
        await made.until(lambda: len(made.films(-100)) == 1)
        await made.at_rest()
        made.telegram.user_says(42, "yes")
        await made.until(lambda: len(made.films(42)) == 1)
        assert made.submits() == 2

    on_bench(story, access="open")
