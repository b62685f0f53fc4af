"""A sound becomes a film, from a photo that speaks or from words: planned, priced, published, bought and billed."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

import core
from core import pricing
from core.errors import BadRequest
from core.fal.protocol import request_body
from core.pricing import SourceFacts
from core.sandbox import Sandbox
from core.sandbox.checks import price_of, row_for
from core.types import Adjustment, Kind, Mode, Role
from tests.core.test_generate import KEY, sandboxed
from tests.corpus import phone_photo, voice

AUDIO = Mode.AUDIO_TO_VIDEO
FAST, PRO = "lightricks/ltx-2.5/audio-to-video/fast", "lightricks/ltx-2.5/audio-to-video/pro"


def plan(prompt: str, seconds: float | None, *, photo: bool = False, model: str = "ltx-fast", **more: Any) -> core.Plan:
    source = SourceFacts(Kind.AUDIO, duration_s=seconds)
    return pricing.plan(prompt, model=model, mode=AUDIO, source=source, references=2 if photo else 1, **more)


@pytest.mark.parametrize(
    ("model", "seconds", "usd", "up_to"),
    [
        ("ltx-fast", 2, "0.26", False),
        ("ltx-fast", 7.01, "1.04", True),
        ("ltx-fast", 20, "2.60", False),
        ("ltx-fast", None, "2.60", True),
        ("ltx-pro", 9.2, "1.70", True),
        ("ltx-pro", 5, "0.85", False),
    ],
)
def test_a_second_of_the_sound_is_the_price(model: str, seconds: float | None, usd: str, up_to: bool) -> None:
    quote = plan("a singer", seconds, model=model).quote
    assert (quote.usd, quote.up_to) == (Decimal(usd), up_to)


def test_a_longer_sound_is_cut_aloud_and_a_shorter_one_refused() -> None:
    cut = plan("a singer", 14.4, model="ltx-pro")
    assert cut.adjustments == (Adjustment("source_trimmed", "14", "10"),)
    assert cut.quote.usd == Decimal("1.70")
    with pytest.raises(BadRequest, match="audio_too_short") as caught:
        plan("a singer", 1.9)
    assert "2 seconds" in str(caught.value)


def test_a_photo_needs_no_words_and_a_sound_alone_does() -> None:
    speaking = plan("", 5, photo=True)
    assert [each.role for each in speaking.request.sources] == [Role.AUDIO, Role.FIRST_FRAME]
    sent = request_body(speaking.request.published("https://a.example/v.wav", "https://a.example/p.jpg"))
    assert sent == {
        "audio_url": "https://a.example/v.wav",
        "image_url": "https://a.example/p.jpg",
        "aspect_ratio": "auto",
    }
    with pytest.raises(BadRequest, match="prompt_missing"):
        plan(" ", 5)
    words = plan("a singer", 5, aspect_ratio="9:16")
    assert request_body(words.request.published("https://a.example/v.wav")) == {
        "prompt": "a singer",
        "audio_url": "https://a.example/v.wav",
        "aspect_ratio": "9:16",
    }


def test_what_the_sound_decides_is_said_where_it_was_asked_otherwise() -> None:
    found = plan("a singer", 5, duration=12, resolution="720p", seed=7, sound=False)
    assert set(found.adjustments) == {
        Adjustment("duration", "12", None),
        Adjustment("resolution", "720p", "1080p"),
        Adjustment("seed", "7", None),
        Adjustment("sound", "off", "on"),
    }


def test_a_model_without_sounds_is_refused_and_those_with_are_named() -> None:
    with pytest.raises(BadRequest, match="source_not_supported") as caught:
        plan("a singer", 5, model="balanced")
    assert "h3-max, ltx-2.5-fast, ltx-2.5-pro, sync-3" in str(caught.value)


def test_rows_of_a_photo_alone_need_it_and_say_that_they_read_no_words() -> None:
    told = Adjustment("words", "words", "recording")
    speaking = plan("she sings", 6.2, photo=True, model="h3-max", resolution="1080p")
    assert (speaking.quote.usd, speaking.quote.up_to, speaking.adjustments) == (Decimal("1.12"), True, (told,))
    sent = request_body(speaking.request.published("https://a.example/v.wav", "https://a.example/p.jpg"))
    assert sent == {
        "audio_url": "https://a.example/v.wav",
        "image_url": "https://a.example/p.jpg",
        "resolution": "1080P",
    }
    assert plan("", 6, photo=True, model="sync-3").adjustments == ()
    with pytest.raises(BadRequest, match="source_not_supported") as caught:
        plan("a singer", 6, model="h3-max")
    assert "(ltx-2.5-fast, ltx-2.5-pro)" in str(caught.value)
    with pytest.raises(BadRequest, match="audio_too_short"):
        plan("", 4, photo=True, model="h3-max")
    assert pricing.takes_sound("h3-max", has_photo=True)
    assert not pricing.takes_sound("h3-max", has_photo=False)
    assert not pricing.takes_sound("balanced", has_photo=True)
    model = pricing.sound_model()
    assert model is not None
    assert model.key == "ltx-2.5-fast"


async def bought(folder: Path, **sources: Any) -> tuple[core.Video, dict[str, Any], Decimal]:
    """The film, what was sent, and what the sandbox bills for it."""
    async with sandboxed(folder) as (settings, sandbox):
        wanted: dict[str, Any] = {"prompt": "", "model": "ltx-fast", "settings": settings}
        video = await core.generate_video(**wanted | sources)
        request = next(iter(sandbox.memory.requests.values()))
        row = row_for(request.endpoint, request.body)
        assert row is not None
        billed = price_of(row, request.body, Decimal(request.units))
        uploaded = sorted(each.suffix for each in sandbox.memory.files.iterdir())
        assert uploaded[-1] == ".wav"
        return video, request.body, billed


def sound_of(path: Path) -> tuple[float, float]:
    """The film's seconds of sound, and its loudest pitch in hertz."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "aac"
        pieces = [frame.to_ndarray()[0] for frame in container.decode(stream)]
        rate = stream.rate
    samples = np.concatenate(pieces)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return len(samples) / rate, float(np.argmax(spectrum) * rate / len(samples))


def test_a_photo_speaks_a_voice_note(tmp_path: Path) -> None:
    note = voice(tmp_path / "note.ogg", seconds=2.4, hertz=523)
    photo = phone_photo(tmp_path / "photo.jpg", orientation=1)
    video, body, billed = asyncio.run(bought(tmp_path, image=photo, audio=note))
    assert set(body) == {"audio_url", "image_url", "aspect_ratio"}
    assert video.cost_usd == billed == Decimal("0.39")
    seconds, hertz = sound_of(video.local_path)
    assert abs(hertz - 523) < 4
    assert seconds <= 2.5


@pytest.mark.parametrize(("model", "usd"), [("h3-max", "0.48"), ("sync-3", "0.7998")])
def test_other_models_make_a_photo_speak(tmp_path: Path, model: str, usd: str) -> None:
    note = voice(tmp_path / "note.ogg", seconds=5.4)
    photo = phone_photo(tmp_path / "photo.jpg", orientation=1)
    video, body, billed = asyncio.run(bought(tmp_path, image=photo, audio=note, model=model))
    assert set(body) - {"resolution"} == {"audio_url", "image_url"}
    assert video.cost_usd == billed == Decimal(usd)
    assert abs(sound_of(video.local_path)[1] - 440) < 4


def test_words_and_a_sound_make_a_film(tmp_path: Path) -> None:
    song = voice(tmp_path / "song.mp3", seconds=3, codec="libmp3lame", rate=44_100)
    video, body, _ = asyncio.run(bought(tmp_path, prompt="a singer on a stage", audio=song.read_bytes()))
    assert set(body) == {"audio_url", "prompt", "aspect_ratio"}
    assert video.cost_usd in {Decimal("0.39"), Decimal("0.52")}


@pytest.mark.parametrize(
    "sources",
    [
        {"video": b"film", "audio": b"sound"},
        {"audio": b"sound", "references": [b"photo"]},
        {"audio": b"sound", "last_image": b"photo"},
        {"audio": 7},
        {"audio": b"sound", "prompt": ""},
    ],
)
def test_what_does_not_go_together_is_refused_at_once(tmp_path: Path, sources: dict[str, Any]) -> None:
    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, sandbox):
            wanted: dict[str, Any] = {"prompt": "x", "model": "ltx", "settings": settings}
            with pytest.raises(BadRequest):
                await core.generate_video(**wanted | sources)
            assert sandbox.log == []

    asyncio.run(story())


def test_a_photo_in_the_place_of_a_sound_is_said(tmp_path: Path) -> None:
    photo = phone_photo(tmp_path / "photo.jpg", orientation=1)

    async def story() -> None:
        async with sandboxed(tmp_path) as (settings, _):
            with pytest.raises(BadRequest) as caught:
                await core.generate_video("x", model="ltx", audio=photo, settings=settings)
            assert "audio is a image" in str(caught.value)

    asyncio.run(story())


def test_the_sandbox_refuses_lengths_as_fal_does(tmp_path: Path) -> None:
    """It is asked past the library, which would have cut the one and refused the other."""

    async def refused(settings: core.FalSettings, sandbox: Sandbox, endpoint: str, seconds: float) -> dict[str, Any]:
        name = f"{seconds:024.1f}.wav".replace(".", "0", 1)
        voice(sandbox.memory.files / name, seconds=seconds, codec="pcm_s16le", rate=44_100)
        body = {"audio_url": f"{settings.fal_queue_url}/files/b/sandbox/{name}", "prompt": "a singer"}
        async with httpx.AsyncClient(headers={"Authorization": f"Key {KEY}"}, trust_env=False) as client:
            reply = (await client.post(f"{settings.fal_queue_url}/{endpoint}", json=body)).json()
            while (await client.get(reply["status_url"])).json()["status"] != "COMPLETED":
                await asyncio.sleep(0.01)
            answer = await client.get(reply["response_url"])
        assert answer.status_code == 422
        assert answer.headers["x-fal-billable-units"] == "0"
        return dict(answer.json()["detail"][0])

    async def story() -> Sequence[dict[str, Any]]:
        async with sandboxed(tmp_path) as (settings, sandbox):
            return [await refused(settings, sandbox, *each) for each in ((FAST, 1.9), (FAST, 20.5), (PRO, 10.5))]

    short, long, of_pro = asyncio.run(story())
    assert (short["type"], short["ctx"]["min_duration"]) == ("audio_duration_too_short", 2)
    assert (long["type"], long["ctx"]["max_duration"]) == ("audio_duration_too_long", 20)
    assert of_pro["ctx"] == {"max_duration": 10, "provided_duration": 10.5}
