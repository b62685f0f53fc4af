"""Several photos: what is offered of them, in which words it is chosen, and that none of them is lost on the way."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.conversation.generation_options import GenerationOptions
from bot.conversation.photo_words import read_with_photos
from bot.messages.i18n import translate
from bot.messages.languages import LANGUAGES
from bot.store.records import Job, State
from core.types import Mode
from tests.bench import Bench
from tests.conversation.test_consent import spent
from tests.corpus import jpeg
from tests.flows.test_money import button

OnBench = Callable[..., None]
PHOTOS = [jpeg((640, height)) for height in (360, 400, 480)]
FRAMES, LIKENESS = Mode.FRAMES_TO_VIDEO, Mode.REFERENCE_TO_VIDEO


async def album(made: Bench, count: int, caption: str = "", *, name: str = "x") -> list[int]:
    ids = [
        made.telegram.user_says(42, caption if number == 0 else "", photo=photo, album=name)
        for number, photo in enumerate(PHOTOS[:count])
    ]
    await made.at_rest()
    return ids


async def says(made: Bench, text: str, **more: Any) -> int:
    number = made.telegram.user_says(42, text, **more)
    await made.at_rest()
    return number


async def offer_of(made: Bench) -> Job:
    (offer,) = [job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION]
    return offer


def shape(job: Job) -> tuple[Mode, str, int]:
    return job.request.mode, job.request.model, len(job.incoming.sources)


def ways(job: Job) -> list[tuple[str, str, int]]:
    return [(way.key, way.request.model, len(way.sources)) for way in job.ways]


def body(made: Bench) -> dict[str, Any]:
    return list(made.fal.memory.requests.values())[-1].body


def published(made: Bench, url: str) -> bytes:
    return (made.settings.assets_dir / url.rpartition("/")[2]).read_bytes()


def text_of(made: Bench) -> str:
    return "".join(made.telegram.texts(42)[-1:])


def test_two_photos_are_the_first_and_the_last_where_the_model_knows_it(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await album(made, 2, "the flower opens")
        offer = await offer_of(made)
        assert shape(offer) == (FRAMES, "h3-max", 2)
        assert ways(offer) == [("likeness", "h3-max", 2), ("each", "h3-max", 2), ("first", "h3-max", 1)]
        await made.until(lambda: "begins with your first photo and ends with your second" in text_of(made))
        assert "up to $0.48" in text_of(made)
        assert await spent(made) == set()
        await says(made, "yes")
        await made.until(lambda: len(made.films()) == 1)
        first, last = body(made)["image_url"], body(made)["end_image_url"]
        assert published(made, first) != published(made, last)
        assert made.submits() == 1
        assert await made.app.store.jobs.own_files(offer) == [each.file_id for each in offer.incoming.sources]
        await made.at_rest()
        await says(made, f"retake {offer.id}")
        await says(made, "yes")
        await made.until(lambda: len(made.films()) == 2)
        assert {"image_url", "end_image_url"} <= set(body(made))
        await made.at_rest()
        await says(made, f"reword {offer.id}")
        await says(made, "the flower closes")
        assert (shape(await offer_of(made)), (await offer_of(made)).request.prompt) == (
            (FRAMES, "h3-max", 2),
            "the flower closes",
        )

    on_bench(story, default_model="h3-max")


def test_a_model_of_one_photo_says_so_and_names_another_beside_it(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await says(made, "", photo=PHOTOS[0])
        await says(made, "the flower opens")
        assert shape(await offer_of(made)) == (Mode.IMAGE_TO_VIDEO, "happy-horse", 1)
        await says(made, "", photo=PHOTOS[1])
        offer = await offer_of(made)
        assert shape(offer) == (Mode.IMAGE_TO_VIDEO, "happy-horse", 1)
        assert ways(offer) == [("frames", "h3-max", 2), ("likeness", "h3-max", 2), ("each", "happy-horse", 2)]
        await made.until(lambda: "Happy Horse makes a video of one photo at a time" in text_of(made))
        labels = str(made.telegram.said(42)[-1])
        assert "First photo to second, MiniMax H3 Max (up to $0.48)" in labels
        assert "One of each: 2 videos ($1.40)" in labels
        await button(made, f"yes:{offer.id}.1")
        await made.until(lambda: len(made.films()) == 1)
        assert {"image_url", "end_image_url"} <= set(body(made))
        assert made.submits() == 1
        await made.at_rest()
        (job,) = [job for job in await made.jobs() if job.state is State.DELIVERED]
        assert shape(job) == (FRAMES, "h3-max", 2)

    on_bench(story)


def test_three_photos_are_shown_together_or_one_by_one(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await album(made, 3, "they dance on a beach")
        offer = await offer_of(made)
        assert shape(offer) == (LIKENESS, "veo-3.1", 3)
        assert ways(offer) == [("each", "veo-3.1", 3), ("first", "veo-3.1", 1)]
        await says(made, "", photo=PHOTOS[0])
        offer = await offer_of(made)
        assert shape(offer) == (Mode.IMAGE_TO_VIDEO, "veo-3.1", 1)
        assert [(key, count) for key, _, count in ways(offer)] == [("likeness", 4), ("each", 4)]
        await made.until(lambda: "takes 3 photos at most for one video" in text_of(made))
        await says(made, "cancel")
        assert await spent(made) == set()

    on_bench(story, default_model="veo-3.1", confirm_usd="100", user_daily_usd="100", daily_usd="100")


@pytest.mark.parametrize(
    ("words", "mode", "count"),
    [
        ("references", LIKENESS, 2),
        ("参考图", LIKENESS, 2),
        ("first and last", FRAMES, 2),
        ("从第一张到第二张", FRAMES, 2),
        ("only the first", Mode.IMAGE_TO_VIDEO, 1),
        ("各一段", Mode.IMAGE_TO_VIDEO, 1),
    ],
)
def test_words_choose_what_is_made_of_them(on_bench: OnBench, words: str, mode: Mode, count: int) -> None:
    """Beside the words of the film, alone after the offer, or as the caption of the album."""

    async def story(made: Bench) -> None:
        await album(made, 2, f"the flower opens, {words}")
        beside = await offer_of(made)
        assert (shape(beside), beside.request.prompt) == ((mode, "h3-max", count), "the flower opens")
        await says(made, "cancel")
        await album(made, 2, "the flower opens", name="y")
        await says(made, words)
        alone = await offer_of(made)
        assert (shape(alone), alone.request.prompt) == ((mode, "h3-max", count), "the flower opens")
        await says(made, "cancel")
        await album(made, 2, words, name="z")
        await says(made, "the flower opens")
        as_caption = await offer_of(made)
        assert (shape(as_caption), as_caption.request.prompt) == ((mode, "h3-max", count), "the flower opens")
        assert await spent(made) == set()
        await says(made, "yes")
        films = 2 if as_caption.first_way else 1
        await made.until(lambda: len(made.films()) == films)
        assert made.submits() == films

    on_bench(story, default_model="h3-max")


@pytest.mark.parametrize("words", ["从第一张变到第二张", "from the first to the second"])
def test_from_the_first_to_the_second_is_enough_for_two_photos_on_the_table(on_bench: OnBench, words: str) -> None:
    async def story(made: Bench) -> None:
        await album(made, 2)
        await made.until(lambda: "Say in one sentence" in text_of(made))
        await says(made, words)
        offer = await offer_of(made)
        assert shape(offer) == (FRAMES, "h3-max", 2)
        assert offer.request.prompt == translate("en", "frames-words")
        await made.until(lambda: "begins with your first photo" in text_of(made))
        await says(made, "the flower opens")
        anew = await offer_of(made)
        assert shape(anew) == (FRAMES, "h3-max", 2)
        assert "the flower opens" in anew.request.prompt
        assert await spent(made) == set()

    on_bench(story, default_model="h3-max")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_seen_between_two_photos_is_no_wish(language: str) -> None:
    words = translate(language, "frames-words")
    assert read_with_photos(words) == (words, GenerationOptions())


def test_a_late_photo_of_an_album_joins_and_the_caption_may_change(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = made.telegram.user_says(42, "/video the flower opens", photo=PHOTOS[0], album="x")
        await made.at_rest()
        assert shape(await offer_of(made)) == (Mode.IMAGE_TO_VIDEO, "h3-max", 1)
        await says(made, "", photo=PHOTOS[1], album="x")
        assert shape(await offer_of(made)) == (FRAMES, "h3-max", 2)
        made.telegram.world.edits(42, first, "/video the flower closes")
        await made.at_rest()
        offer = await offer_of(made)
        assert (shape(offer), offer.request.prompt) == ((FRAMES, "h3-max", 2), "the flower closes")
        await says(made, "", photo=PHOTOS[2])
        assert shape(await offer_of(made)) == (LIKENESS, "h3-max", 3)
        await says(made, "10s")
        offer = await offer_of(made)
        assert (shape(offer), offer.request.duration_s) == ((LIKENESS, "h3-max", 3), 10)
        assert await spent(made) == set()

    on_bench(story, default_model="h3-max")


def test_what_failed_is_tried_again_with_all_photos(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        await album(made, 2, "sandbox:fail flower")
        offer = await offer_of(made)
        await says(made, "yes")
        await made.settled(State.FAILED)
        await button(made, f"again:{offer.id}")
        await made.all_settled(2, State.FAILED)
        assert made.submits() == 2
        assert {"image_url", "end_image_url"} <= set(body(made))
        assert all(shape(job) == (FRAMES, "h3-max", 2) for job in await made.jobs())

    on_bench(story, default_model="h3-max")


def test_a_photo_that_is_too_large_is_named_before_anything_is_offered(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        made.telegram.user_says(42, "the flower opens", photo=PHOTOS[0], album="x")
        document = {
            "document": {"file_id": "big", "file_unique_id": "big", "file_size": 30_000_000, "mime_type": "image/png"}
        }
        made.telegram.user_says(42, "", album="x", extra=document)
        await made.at_rest()
        assert "too large" in "".join(made.telegram.texts(42))
        assert await spent(made) == set()

    on_bench(story, default_model="h3-max")


def test_two_albums_with_their_own_words_are_two_offers_and_a_reply_to_one_photo_is_about_its_album(
    on_bench: OnBench,
) -> None:
    async def story(made: Bench) -> None:
        for name in ("one", "two"):
            for number, photo in enumerate(PHOTOS[:2]):
                made.telegram.user_says(42, "" if number else f"album {name}", photo=photo, album=name)
        await made.at_rest()
        offers = [job for job in await made.jobs() if job.state is State.AWAITING_CONFIRMATION]
        found = {(job.request.prompt, len(ways(job)), len(job.incoming.sources)) for job in offers}
        assert found == {("album one", 3, 2), ("album two", 3, 2)}
        await says(made, "no")
        first, _ = await album(made, 2, name="three")
        await says(made, "/video it opens", reply_to=first)
        assert shape(await offer_of(made)) == (FRAMES, "h3-max", 2)
        assert await spent(made) == set()

    on_bench(story, default_model="h3-max")
