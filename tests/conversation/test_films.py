"""What stands under a finished film: its original as a file, its deletion, and buttons that have done what they can."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.jobs.erasure import is_marked
from bot.store.film_rows import ASKED_MS
from bot.store.records import Job, State
from bot.store.tables import jobs
from core.types import Mode
from tests.bench import Bench
from tests.corpus import jpeg
from tests.fakes.botapi import buttons

OnBench = Callable[..., None]
PHOTO = jpeg()
TWO_DAYS_S = 48 * 3600.0 + 60


async def film(made: Bench, text: str = "/video a fox, budget", **more: Any) -> Job:
    made.telegram.user_says(42, text, **more)
    job = await made.settled(State.DELIVERED)
    await made.at_rest()
    await press(made, f"more:{job.id}")
    return job


async def press(made: Bench, data: str, chat: int = 42, **more: Any) -> str | None:
    """Press it; the toast, if any was shown."""
    query = made.telegram.presses(chat, data, **more)
    await made.until(lambda: made.telegram.world.presses[query])
    await made.at_rest()
    return made.telegram.world.toasts.get(query)


def files_of(made: Bench, job: Job) -> list[Path]:
    """Everything in the output folder that carries the job's code, but for receipts and what it says of itself."""
    found = [path for path in made.settings.output_dir.rglob("*") if job.id in path.name]
    return [path for path in found if path.parent != made.settings.receipts_dir]


async def spent_of(made: Bench, job: Job) -> int:
    return sum(entry[3] for entry in await made.app.store.ledger.of_job(job.id))


def has_more(made: Bench, texts: int) -> bool:
    return len(made.telegram.texts(42)) > texts


def disabled(message: dict[str, Any]) -> list[str]:
    rows = message["reply_markup"]["inline_keyboard"]
    return [each["callback_data"] for row in rows for each in row if each.get("disabled")]


# The original


def test_the_original_comes_as_a_file_for_nothing(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        assert "on its way" in (await press(made, f"file:{job.id}") or "")
        (sent,) = made.telegram.calls("sendDocument")
        assert job.video is not None
        assert sent.files["document"].path.read_bytes() == (made.settings.videos_dir / job.video.name).read_bytes()
        (document,) = [each for each in made.telegram.said(42) if "document" in each]
        assert "video" not in document
        assert made.submits() == 1
        made.telegram.user_says(42, f"/original {job.id}")
        await made.until(lambda: len(made.telegram.calls("sendDocument")) == 2)
        made.telegram.user_says(42, "原片")
        await made.until(lambda: len(made.telegram.calls("sendDocument")) == 3)
        assert made.submits() == 1

    on_bench(story)


@pytest.mark.parametrize("words", ["把它放大到4k", "放大{code}到4k", "upscale this video to 4k"])
def test_a_film_is_enlarged_as_people_say_it(on_bench: OnBench, words: str) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        (shown,) = [each for each in made.telegram.said(42) if "video" in each]
        made.telegram.user_says(42, words.format(code=job.id), reply_to=int(shown["message_id"]))
        await made.until(lambda: len(made.telegram.texts(42)) > 0)
        await made.at_rest()
        (offer,) = [each for each in await made.jobs() if each.state is State.AWAITING_CONFIRMATION]
        request = offer.request
        assert (request.mode, request.resolution, offer.follows) == (Mode.UPSCALE_VIDEO, "4k", job.id)
        assert made.submits() == 1

    on_bench(story)


def test_an_original_that_is_not_here_is_fetched_from_fal(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        assert job.video is not None
        (made.settings.videos_dir / job.video.name).unlink()
        await press(made, f"file:{job.id}")
        await made.until(lambda: made.telegram.calls("sendDocument"))
        assert (made.settings.videos_dir / job.video.name).is_file()
        assert made.submits() == 1

    on_bench(story)


def test_an_original_that_telegram_does_not_take_now_is_tried_again_and_at_last_told(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        made.telegram.fail("sendDocument", "status", status=500, description="Internal Server Error", times=1)
        await press(made, f"file:{job.id}")
        await made.until(lambda: any("document" in each for each in made.telegram.said(42)))
        made.telegram.fail("sendDocument", "status", status=400, description="Bad Request: no", times=1)
        await press(made, f"file:{job.id}")
        await made.until(lambda: any("could not be sent" in text for text in made.telegram.texts(42)))
        await made.at_rest()
        (job,) = await made.jobs()
        assert (job.state, job.file_to) == (State.DELIVERED, None)

    on_bench(story)


def test_the_original_comes_where_the_film_itself_was_not_confirmed(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.fail("sendVideo", "lose_answer")
        made.telegram.user_says(42, "/video a fox, budget")
        job = await made.settled(State.DELIVERY_UNCONFIRMED)
        await made.at_rest()
        await press(made, f"more:{job.id}")
        await press(made, f"file:{job.id}")
        await made.until(lambda: made.telegram.calls("sendDocument"))
        await made.at_rest()
        assert len(made.films()) == 1
        assert (await made.settled(State.DELIVERY_UNCONFIRMED)).file_to is None

    on_bench(story)


# Deletion


def deleted(on_bench: OnBench, **settings: Any) -> None:
    async def story(made: Bench) -> None:
        job = await film(made, "make it wave, budget", photo=PHOTO)
        await press(made, f"file:{job.id}")
        await made.until(lambda: made.telegram.calls("sendDocument"))
        await made.at_rest()
        assets = [path for path in made.settings.assets_dir.iterdir() if path.suffix == ".jpg"]
        paid = await spent_of(made, job)
        assert paid
        assert assets
        assert files_of(made, job)
        await press(made, f"delete:{job.id}")
        assert files_of(made, job)  # it was only asked
        assert (await made.settled(State.DELIVERED)).delete_asked
        await press(made, f"erase:{job.id}")
        job = await made.settled(State.DELETED)
        await made.at_rest()
        assert files_of(made, job) == []

        def is_shown() -> bool:
            return any("video" in each or "document" in each for each in made.telegram.said(42))

        await made.until(lambda: not is_shown())  # each deletion of a message waits for its turn
        await made.until(lambda: not any(path.exists() for path in assets))
        said = made.telegram.said(42)
        assert any(each.get("text", "").startswith(f"Video {job.id} is deleted") for each in said)
        assert not any(buttons(each) for each in said if job.id in each.get("text", "") and "?" in each["text"])
        assert await spent_of(made, job) == paid
        assert is_marked(made.settings.receipts_dir, job.id)
        for words in (
            f"/again {job.id}",
            f"/status {job.id}",
            "/history",
            f"/retake {job.id}",
            f"/delete {job.id}",
            f"/cancel {job.id}",
        ):
            before = len(made.telegram.texts(42))
            made.telegram.user_says(42, words)
            await made.until(partial(has_more, made, before))
            assert "eleted" in made.telegram.texts(42)[-1], words
        made.telegram.user_says(42, "/again")
        await made.at_rest()
        assert files_of(made, job) == []
        assert made.films() == []
        assert made.submits() == 1

    on_bench(story, **settings)


def test_a_deletion_removes_everything_but_the_money(on_bench: OnBench) -> None:
    deleted(on_bench, access="open")


def test_a_deletion_does_the_same_on_both_databases(on_bench: OnBench, database_url: str) -> None:
    deleted(on_bench, access="open", database_url=SecretStr(database_url) if "postgres" in database_url else None)


def test_it_is_kept_where_its_owner_thinks_again_or_answers_late(on_bench: OnBench, database_url: str) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        await press(made, f"delete:{job.id}")
        await press(made, f"keep:{job.id}")
        assert any("stays" in text for text in made.telegram.texts(42))
        made.telegram.user_says(42, f"/erase {job.id}")  # no question is open: it is asked, not done
        await made.at_rest()
        assert (await made.settled(State.DELIVERED)).delete_asked
        late = jobs.update().values(delete_asked=jobs.c.delete_asked - ASKED_MS - 1)
        await made.app.store.database.write(lambda tx: tx.execute(late))
        await press(made, f"erase:{job.id}")
        job = await made.settled(State.DELIVERED)
        assert files_of(made, job)
        await press(made, f"erase:{job.id}")  # asked anew by the late yes
        await made.settled(State.DELETED)

    on_bench(story, database_url=SecretStr(database_url) if "postgres" in database_url else None)


def test_only_its_owner_may_delete(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.group(-100300)
        chat.world.chats[-100300].admins.append(7)
        chat.user_says(-100300, "/video a fox, budget", sender=42)
        job = await made.settled(State.DELIVERED)
        await made.until(lambda: len(chat.said(-100300)) == 1)  # its card has gone
        await press(made, f"more:{job.id}", chat=-100300, sender=42)
        before = len(chat.said(-100300))
        for person in (7, 8):
            assert "somebody else" in (await press(made, f"delete:{job.id}", chat=-100300, sender=person) or "")
        chat.user_says(7, f"/delete {job.id}")
        await made.until(lambda: chat.texts(7))
        assert "cannot find" in chat.texts(7)[-1]
        assert len(chat.said(-100300)) == before
        await press(made, f"delete:{job.id}", chat=-100300, sender=42)
        assert "somebody else" in (await press(made, f"erase:{job.id}", chat=-100300, sender=7) or "")
        await made.settled(State.DELIVERED)
        await press(made, f"erase:{job.id}", chat=-100300, sender=42)
        await made.settled(State.DELETED)

    on_bench(story, access="open")


def test_a_message_that_telegram_keeps_is_said_to_stay(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        made.telegram.world.ahead_s = TWO_DAYS_S
        await press(made, f"delete:{job.id}")
        await press(made, f"erase:{job.id}")
        await made.until(lambda: any("remove its message" in text for text in made.telegram.texts(42)))
        job = await made.settled(State.DELETED)
        assert files_of(made, job) == []
        assert len(made.films()) == 1
        for data in (f"take:{job.id}", f"words:{job.id}", f"other:{job.id}", f"file:{job.id}", f"delete:{job.id}"):
            assert "deleted" in (await press(made, data) or ""), data
        assert made.submits() == 1

    on_bench(story)


def test_every_message_of_it_goes_wherever_it_was_sent(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.group(-100300)
        job = await film(made)
        chat.user_says(-100300, f"/again {job.id}", sender=42)
        await made.until(lambda: made.films(-100300))
        await made.at_rest()
        chat.user_says(42, f"/delete {job.id}")
        await made.at_rest()
        chat.fail("deleteMessage", "status", status=500, description="Internal Server Error", times=1)
        chat.user_says(42, f"/erase {job.id}")
        await made.until(lambda: not made.films() and not made.films(-100300))
        assert chat.user_says(-100300, "hello", sender=42)
        job = await made.settled(State.DELETED)
        assert files_of(made, job) == []

    on_bench(story, access="open")


def test_two_presses_and_a_sending_at_once_end_in_one_deletion(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        job = await film(made)
        await press(made, f"delete:{job.id}")
        upload = chat.fail("sendVideo", "slow", times=1, delay_s=1.5)
        chat.user_says(42, f"/again {job.id}")
        await made.until(lambda: len(chat.calls("sendVideo")) == 2)  # carried out, and not answered yet
        for _ in range(2):
            chat.presses(42, f"erase:{job.id}")
        assert upload is not None
        await made.settled(State.DELETED)
        await made.until(lambda: not made.films())
        await made.at_rest()
        job = await made.settled(State.DELETED)
        assert files_of(made, job) == []
        assert sum("is deleted" in text for text in chat.texts(42)) >= 1

    on_bench(story)


def test_an_upload_that_another_film_or_a_draft_needs_stays(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        photo = chat.user_says(42, photo=PHOTO)
        await made.at_rest()
        chat.user_says(42, "/video wave, budget", reply_to=photo)
        chat.user_says(42, "/video jump, budget", reply_to=photo)
        first, second = await made.all_settled(2, State.DELIVERED)
        store = made.app.store.jobs
        assert await store.own_files(first) == []
        await store.ask_delete(second.id)
        await store.delete(second.id)
        on_table = (await made.app.store.dialogues.of(first.incoming)).draft.sources
        assert bool(await store.own_files(first)) is not bool(on_table)

    on_bench(story)


# Buttons that have done what they can


@pytest.mark.parametrize(
    ("version", "unknown"), [((10, 3), "refused"), ((10, 0), "ignored"), ((10, 0), "refused")], ids=str
)
def test_a_button_that_has_bought_is_disabled_or_gone(on_bench: OnBench, version: Any, unknown: Any) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.world.version, chat.world.unknown = version, unknown
        job = await film(made)
        (shown,) = made.films()
        await press(made, f"other:{job.id}")  # it only asks, and may be asked again
        assert not disabled(shown)
        await press(made, f"take:{job.id}")
        await made.until(lambda: chat.calls("editMessageReplyMarkup"))
        await made.all_settled(2, State.DELIVERED)
        await made.at_rest()
        shown = made.films()[0]
        take = f"take:{job.id}"
        assert (disabled(shown) == [take]) if version == (10, 3) else (take not in buttons(shown))
        assert {f"next:{job.id}.0.25", f"more:{job.id}"} <= set(buttons(shown))
        assert made.submits() == 2

    on_bench(story)


def test_the_database_decides_and_not_the_button(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        for _ in range(3):
            made.telegram.presses(42, f"take:{job.id}")
        await made.at_rest()
        await made.until(lambda: len(made.films()) == 2)
        await made.at_rest()
        assert disabled(made.films()[0]) == [f"take:{job.id}"]
        states = sorted(job.state for job in await made.jobs())
        assert states == [State.AWAITING_CONFIRMATION, State.DELIVERED, State.DELIVERED]
        assert made.submits() == 2

    on_bench(story)


def test_what_is_typed_leads_to_an_offer(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        job = await film(made)
        for words in (f"retake {job.id}", f"新版 {job.id}", f"换模型 {job.id} wan-2.7", f"/swap {job.id} wan-2.7"):
            chat.user_says(42, words)
            await made.at_rest()
            newest = max(await made.jobs(), key=lambda each: each.created)
            assert newest.state is State.AWAITING_CONFIRMATION, words
            assert newest.id != job.id
        chat.user_says(42, f"改词 {job.id}")
        await made.at_rest()
        chat.user_says(42, "a boat in the rain")
        await made.at_rest()
        newest = max(await made.jobs(), key=lambda each: each.created)
        assert (newest.request.prompt, newest.state) == ("a boat in the rain", State.AWAITING_CONFIRMATION)
        assert (newest.request.model, newest.usd) == (job.request.model, job.usd)  # as the film it is asked for
        assert made.submits() == 1

    on_bench(story)


def test_a_film_that_came_after_an_older_offer_is_the_one_that_is_meant(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram
        chat.user_says(42, "an old castle")
        await made.until(lambda: any("an old castle" in text for text in chat.texts(42)))
        chat.user_says(42, "/video a fox, budget")
        await made.until(lambda: any("video" in each for each in chat.said(42)))
        await made.at_rest()
        (job,) = [each for each in await made.jobs() if each.state is State.DELIVERED]

        async def answer(words: str) -> str:
            before = made.newest()
            chat.user_says(42, words)
            await made.until(lambda: made.newest() > before)
            return made.telegram.texts(42)[-1]

        assert job.id in await answer("more")
        offered = await answer("continue")
        assert job.id in offered
        assert "castle" not in offered
        assert "castle" not in await answer("continue")  # now an offer was the last word, and is shown again
        assert made.submits() == 1

    on_bench(story, access="open")


def test_delete_alone_asks_which_film_where_nothing_lies_on_the_table(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await film(made)

        async def answer(words: str) -> str:
            before = made.newest()
            made.telegram.user_says(42, words)
            await made.until(lambda: made.newest() > before)
            return made.telegram.texts(42)[-1]

        for words in ("delete", "删除", "删掉这个视频"):
            assert await answer(words) in {
                "Which video? Name its code, or reply to the video.",
                "是哪个视频？请带上编号，或者直接回复那个视频。",
            }
        await answer("a hare in the rain")
        assert "Not ordered" in await answer("delete")  # that is dropped
        assert made.submits() == 1

    on_bench(story, access="open")


def test_a_bare_yes_or_no_after_the_question_is_about_that_film(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        job = await film(made)
        made.telegram.user_says(42, "a hare in the rain")
        await made.until(lambda: any("a hare in the rain" in text for text in made.telegram.texts(42)))

        async def answer(words: str) -> str:
            before = made.newest()
            made.telegram.user_says(42, words)
            await made.until(lambda: made.newest() > before)
            return made.telegram.texts(42)[-1]

        question = await answer(f"/delete {job.id}")
        for words in ("yes", "ok", "/confirm"):
            assert await answer(words) == question
        assert "stays" in await answer("no")
        assert made.submits() == 1  # of the film; the offer stands, and was not taken
        assert len(await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])) == 1
        assert files_of(made, job)

    on_bench(story, access="open")


def test_another_take_of_a_photo_whose_shape_the_model_chooses(on_bench: OnBench) -> None:
    """Its request says "auto", which is fal's word and nobody's wish: it is shown to nobody, and is planned anew."""

    async def story(made: Bench) -> None:
        job = await film(made, "a fox, premium", photo=PHOTO)
        assert job.request.aspect_ratio == "auto"
        await press(made, f"take:{job.id}")
        await made.until(lambda: made.submits() == 2)
        await made.at_rest()
        assert "auto" not in "\n".join(made.telegram.world.ever_said)
        await press(made, f"other:{job.id}")
        offered = [data for data in buttons(made.telegram.said(42)[-1]) if data.startswith("pick:")]
        assert f"pick:{job.id}.happy-horse" in offered

    on_bench(story)
