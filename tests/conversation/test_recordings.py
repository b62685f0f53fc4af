"""A recording in Telegram: a photo speaks it, or words are filmed to it; its price first, and nothing of it is lost."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.conversation.generation_options import GenerationOptions
from bot.conversation.planning import MadeOf, plan_with
from bot.store.records import Job, State
from core.catalogue.drift import Finding
from core.catalogue.offers import hold_back
from core.errors import BadRequest
from core.pricing import SourceFacts
from core.types import Adjustment, Kind, Mode, Plan, Role
from tests.bench import Bench
from tests.conversation.test_consent import spent
from tests.conversation.test_several_photos import body, offer_of, published, says, text_of
from tests.corpus import clip, jpeg, voice

OnBench = Callable[..., None]
SPEAK = "They speak to the camera, their lips in step with the sound."


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return voice(tmp_path_factory.mktemp("notes") / "note.ogg", seconds=3.4).read_bytes()


def sound(made: Bench, content: bytes, **more: Any) -> dict[str, Any]:
    """A voice note, as a message holds it. Telegram says whole seconds."""
    file = made.telegram.world.keep(content, "voice.oga").json()
    return {"voice": {**file, "duration": 3, "mime_type": "audio/ogg"}, **more}


async def sends(made: Bench, content: bytes, text: str = "", *, reply_to: int | None = None, **more: Any) -> int:
    caption = {"caption": text} if text else {}
    return await says(made, "", extra=sound(made, content, **caption, **more), reply_to=reply_to)


def roles(job: Job) -> list[Role]:
    return [source.role for source in job.request.sources]


def test_a_voice_note_to_a_photo_is_offered_and_the_photo_speaks_it(on_bench: OnBench, note: bytes) -> None:
    async def story(made: Bench) -> None:
        await says(made, "", photo=jpeg())
        await sends(made, note)
        offer = await offer_of(made)
        assert (offer.request.mode, offer.request.model) == (Mode.AUDIO_TO_VIDEO, "ltx-2.5-fast")
        assert roles(offer) == [Role.AUDIO, Role.FIRST_FRAME]
        assert (offer.usd, offer.up_to, offer.request.prompt) == (Decimal("0.52"), True, SPEAK)
        await made.until(lambda: "Your photo would speak your recording" in text_of(made))
        assert "up to $0.52" in text_of(made)
        assert "Happy Horse cannot make this kind of video, so LTX 2.5 Fast does it" in text_of(made)
        assert await spent(made) == set()
        await says(made, "yes")
        await made.until(lambda: len(made.films()) == 1)
        assert set(body(made)) == {"prompt", "audio_url", "image_url", "aspect_ratio"}
        assert published(made, body(made)["audio_url"])[:4] == b"RIFF"
        assert published(made, body(made)["image_url"])[:2] == b"\xff\xd8"
        await made.at_rest()
        (job,) = [each for each in await made.jobs() if each.state is State.DELIVERED]
        assert job.usd == Decimal("0.52")
        assert await made.app.store.jobs.own_files(job) == [each.file_id for each in job.incoming.sources]
        await says(made, f"retake {job.id}")
        await says(made, "yes")
        await made.until(lambda: len(made.films()) == 2)
        assert {"audio_url", "image_url"} <= set(body(made))

    on_bench(story)


def test_a_recording_alone_asks_and_words_or_a_photo_answer(on_bench: OnBench, note: bytes) -> None:
    async def story(made: Bench) -> None:
        await sends(made, note)
        assert "Got the recording!" in text_of(made)
        assert "up to $0.52" in text_of(made)
        assert await made.jobs() == []
        await says(made, "a singer on a stage")
        offer = await offer_of(made)
        assert (offer.request.prompt, roles(offer)) == ("a singer on a stage", [Role.AUDIO])
        await made.until(lambda: "With the sound of your recording." in text_of(made))
        await says(made, "", photo=jpeg())
        offer = await offer_of(made)
        assert (offer.request.prompt, roles(offer)) == ("a singer on a stage", [Role.AUDIO, Role.FIRST_FRAME])
        await says(made, "9:16")
        offer = await offer_of(made)
        assert (offer.request.aspect_ratio, roles(offer)) == ("9:16", [Role.AUDIO, Role.FIRST_FRAME])
        assert made.submits() == 0

    on_bench(story)


@pytest.mark.parametrize("command", ["/video a singer on a stage", "/video"])
def test_a_command_with_a_recording(on_bench: OnBench, note: bytes, command: str) -> None:
    async def story(made: Bench) -> None:
        photo = await says(made, "", photo=jpeg())
        await says(made, "no")
        await sends(made, note, command, reply_to=photo)
        if command == "/video":  # no own words: it is offered
            assert (await offer_of(made)).request.prompt == SPEAK
            await says(made, "yes")
        await made.until(lambda: len(made.films()) == 1)
        assert {"audio_url", "image_url"} <= set(body(made))

    on_bench(story)


def test_a_command_beside_an_old_recording_may_be_meant_without_it(on_bench: OnBench, note: bytes) -> None:
    async def story(made: Bench) -> None:
        await sends(made, note)
        await says(made, "thank you!")  # something else was said since
        await says(made, "/help")
        await says(made, "/video a fox in the snow")
        offer = await offer_of(made)
        assert (roles(offer), [way.key for way in offer.ways]) == ([Role.AUDIO], ["alone"])
        await made.until(lambda: "Only the words ($0.70)" in str(made.telegram.said(42)[-1]))
        await says(made, f"/confirm {offer.id}-2")
        await made.until(lambda: len(made.films()) == 1)
        assert "audio_url" not in body(made)

    on_bench(story)


def test_in_chinese(on_bench: OnBench, note: bytes) -> None:
    async def story(made: Bench) -> None:
        await says(made, "/language zh")
        await sends(made, note)
        assert "录音收到！" in text_of(made)
        assert "最多 $0.52" in text_of(made)
        await says(made, "", photo=jpeg())
        await made.until(lambda: "让这张照片说出你的录音，最多 $0.52" in text_of(made))
        assert "Happy Horse 做不了这种视频，改用 LTX 2.5 Fast" in text_of(made)
        assert "对着镜头说话，口型和声音一致。" in text_of(made)
        await says(made, "好的")
        await made.until(lambda: len(made.films()) == 1)

    on_bench(story)


def test_a_model_that_is_named_and_cannot_is_refused_aloud(on_bench: OnBench, note: bytes) -> None:
    async def story(made: Bench) -> None:
        await sends(made, note, "a singer, --model veo-3.1")
        await made.until(
            lambda: "makes no film of a recording. h3-max, ltx-2.5-fast, ltx-2.5-pro, sync-3 can" in text_of(made)
        )
        await sends(made, note, "a singer, --model ltx-pro")
        offer = await offer_of(made)
        assert (offer.request.model, offer.usd) == ("ltx-2.5-pro", Decimal("0.68"))
        assert [each.field for each in offer.adjustments] == ["sound_alone"]  # the first one

    on_bench(story)


def test_a_chosen_model_that_can_does_it_where_it_can(on_bench: OnBench, note: bytes, tmp_path: Path) -> None:
    longer = voice(tmp_path / "longer.ogg", seconds=6).read_bytes()

    async def story(made: Bench) -> None:
        await says(made, "", photo=jpeg())
        await sends(made, longer)
        offer = await offer_of(made)
        assert (offer.request.model, offer.request.resolution) == ("h3-max", "768P")
        await made.until(lambda: "This model reads no words" in text_of(made))
        await says(made, "no")
        await says(made, "", photo=jpeg())
        await sends(made, note)  # too short for it
        offer = await offer_of(made)
        assert offer.request.model == "ltx-2.5-fast"
        await says(made, "no")
        await sends(made, longer, "a singer")  # no photo
        assert (await offer_of(made)).request.model == "ltx-2.5-fast"

    on_bench(story, default_model="h3-max")


def test_what_is_no_part_of_it_is_said(on_bench: OnBench, note: bytes, tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=2).read_bytes()

    async def story(made: Bench) -> None:
        await says(made, "", video=film)
        await sends(made, note)
        assert "but not a video" in text_of(made)
        await says(made, "", photo=jpeg())
        await made.until(lambda: "what else you sent (1) stays out" in text_of(made))
        assert roles(await offer_of(made)) == [Role.AUDIO, Role.FIRST_FRAME]

    on_bench(story)


def test_a_recording_that_is_too_short_or_too_long(on_bench: OnBench, tmp_path: Path) -> None:
    short = voice(tmp_path / "short.ogg", seconds=1).read_bytes()
    long = voice(tmp_path / "long.ogg", seconds=23).read_bytes()

    async def story(made: Bench) -> None:
        await sends(made, short)
        assert "too short; this model needs at least 2 seconds" in text_of(made)
        await sends(made, short, "a singer")
        await made.until(lambda: "too short; this model needs at least 2 seconds" in text_of(made))
        await says(made, "no")
        await sends(made, long, "a singer")
        await made.until(lambda: "is 23 s long, and this model takes 20 s" in text_of(made))
        offer = await offer_of(made)
        assert (offer.usd, offer.up_to) == (Decimal("2.60"), False)

    on_bench(story)


def test_in_a_group_it_counts_where_the_bot_is_addressed(on_bench: OnBench, note: bytes) -> None:
    async def story(made: Bench) -> None:
        made.telegram.group(-100500)
        world = made.telegram.world
        world.says(-100500, "", sender=42, extra=sound(made, note))
        await made.at_rest()
        assert made.telegram.texts(-100500) == []
        world.says(-100500, "", sender=42, extra=sound(made, note, caption="/video a singer"))
        await made.until(lambda: len(made.films(-100500)) == 1)
        assert set(body(made)) == {"prompt", "audio_url", "aspect_ratio"}

    on_bench(story, access="telegram:42,telegram:-100500")


def test_other_words_and_an_edited_caption_keep_photo_and_recording(on_bench: OnBench, note: bytes) -> None:
    async def story(made: Bench) -> None:
        await says(made, "", photo=jpeg())
        number = await sends(made, note, "she sings")
        first = await offer_of(made)
        assert (first.request.prompt, roles(first)) == ("she sings", [Role.AUDIO, Role.FIRST_FRAME])
        made.telegram.world.edits(42, number, "she sings loudly")
        await made.at_rest()
        edited = await offer_of(made)
        assert (edited.request.prompt, roles(edited)) == ("she sings loudly", [Role.AUDIO, Role.FIRST_FRAME])
        assert edited.incoming.sources == first.incoming.sources
        await says(made, "a shout in the dark")
        offer = await offer_of(made)
        assert roles(offer) == [Role.AUDIO, Role.FIRST_FRAME]
        assert {len(way.sources) for way in offer.ways} == {2}
        assert all(way.joint for way in offer.ways)

    on_bench(story)


def test_what_goes_on_says_that_the_recording_does_not(on_bench: OnBench, note: bytes) -> None:
    async def story(made: Bench) -> None:
        await sends(made, note, "/video a singer")
        await made.until(lambda: len(made.films()) == 1)
        await made.at_rest()
        await says(made, "/continue she bows")
        await made.until(lambda: "Your recording ends with the first part" in text_of(made))
        offer = await offer_of(made)
        assert (offer.request.mode, offer.request.prompt) == (Mode.IMAGE_TO_VIDEO, "she bows")

    on_bench(story)


def test_where_fal_takes_one_model_no_more_the_other_stands_in() -> None:
    nothing, five_s = GenerationOptions(), SourceFacts(Kind.AUDIO, duration_s=5)

    def planned() -> Plan:
        made_of = MadeOf(five_s, Mode.AUDIO_TO_VIDEO)
        return plan_with("a singer", nothing, nothing, default_model="balanced", made_of=made_of)

    ids = {each: (f"lightricks/ltx-2.5/audio-to-video/{each}", Mode.AUDIO_TO_VIDEO) for each in ("fast", "pro")}
    try:
        hold_back({ids["fast"]: (Finding("deprecated"),)})
        assert (planned().request.model, planned().quote.usd) == ("ltx-2.5-pro", Decimal("0.85"))
        assert planned().adjustments == (Adjustment("model", "Happy Horse", "LTX 2.5 Pro"),)
        hold_back(dict.fromkeys(ids.values(), (Finding("deprecated"),)))
        with pytest.raises(BadRequest, match="source_not_supported"):
            planned()
    finally:
        hold_back({})
