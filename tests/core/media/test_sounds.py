"""A sound that somebody sends: whatever wrote it, plain samples of a measured length, and nothing else of it."""

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from core import media
from core.errors import MediaError
from core.types import Adjustment, Kind, SourceLimits
from tests.corpus import clip, voice
from tests.hostile import mutations

LIMITS = SourceLimits(min_s=2, max_s=20)
KINDS = [
    ("note.ogg", "libopus", 48_000),
    ("note.oga", "libopus", 48_000),
    ("song.mp3", "libmp3lame", 44_100),
    ("song.m4a", "aac", 44_100),
    ("song.wav", "pcm_s16le", 44_100),
    ("song.flac", "flac", 44_100),
    ("song.aac", "aac", 44_100),
    ("note.mp4", "aac", 44_100),
    ("note.webm", "libopus", 48_000),
]


def prepared(source: Path, into: Path, limits: SourceLimits = LIMITS) -> media.Sound:
    return asyncio.run(media.prepare_sound(source, into, limits=limits))


def pitch(path: Path) -> float:
    """The loudest pitch of a WAV file, in hertz."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32)
        rate = file.getframerate() * file.getnchannels()
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


@pytest.mark.parametrize(("name", "codec", "rate"), KINDS)
def test_whatever_people_send_becomes_plain_samples(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    source = voice(tmp_path / name, seconds=3.2, codec=codec, rate=rate)
    found = prepared(source, tmp_path / "ready.wav")
    assert 3.15 < found.duration_s < 3.3
    assert found.adjustments == ()
    with wave.open(str(tmp_path / "ready.wav")) as file:
        assert file.getnframes() == round(found.duration_s * file.getframerate())
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 44_100)
    assert found.size == (tmp_path / "ready.wav").stat().st_size == 44 + 2 * round(found.duration_s * 44_100)
    assert abs(pitch(tmp_path / "ready.wav") - 440) < 2
    assert b"SecretVoice" not in (tmp_path / "ready.wav").read_bytes()


def test_a_sound_that_is_too_long_is_cut_to_the_sample_and_said(tmp_path: Path) -> None:
    found = prepared(voice(tmp_path / "long.ogg", seconds=23), tmp_path / "ready.wav")
    assert found.duration_s == 20
    with wave.open(str(tmp_path / "ready.wav")) as file:
        assert file.getnframes() == 20 * 44_100
    assert found.adjustments == (Adjustment("source_trimmed", "23", "20"),)


def test_a_sound_that_is_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        prepared(voice(tmp_path / "short.ogg", seconds=1.5), tmp_path / "ready.wav")
    assert (caught.value.code, caught.value.facts["min_duration"]) == ("audio_too_short", 2)
    assert not (tmp_path / "ready.wav").exists()


def test_what_a_file_says_of_its_length_is_not_believed(tmp_path: Path) -> None:
    """A WAV of ten seconds by its head, of which three are there."""
    path = voice(tmp_path / "lie.wav", seconds=3, codec="pcm_s16le", rate=44_100)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = (10 * 88_200).to_bytes(4, "little")
    path.write_bytes(data)
    assert round(prepared(path, tmp_path / "ready.wav").duration_s, 2) == 3.0
    assert round(asyncio.run(media.measure_sound(path)).duration_s, 2) == 3.0


def test_a_film_gives_its_sound(tmp_path: Path) -> None:
    found = prepared(clip(tmp_path / "film.mp4", seconds=3), tmp_path / "ready.wav")
    assert 2.9 < found.duration_s < 3.1


def test_a_codec_that_nobody_sends_is_not_decoded(tmp_path: Path) -> None:
    path = voice(tmp_path / "odd.wav", codec="adpcm_ms", rate=44_100)
    with pytest.raises(MediaError) as caught:
        prepared(path, tmp_path / "ready.wav")
    assert caught.value.code == "unsupported_media"


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    silent = clip(tmp_path / "silent.mp4", audio=None)
    playlist = tmp_path / "list.mp3"
    playlist.write_text("#EXTM3U\nfile:///etc/passwd\n")
    empty = tmp_path / "empty.ogg"
    empty.write_bytes(b"OggS" + bytes(60))
    for path in (silent, playlist, empty):
        with pytest.raises(MediaError) as caught:
            prepared(path, tmp_path / "ready.wav")
        assert caught.value.code in {"unsupported_media", "unreadable_media"}, path


def test_mutated_sounds_are_facts_or_a_media_error(tmp_path: Path) -> None:
    async def look(number: int, content: bytes) -> None:
        path = tmp_path / f"m{number}"
        await asyncio.to_thread(path.write_bytes, content)
        try:
            found = await media.prepare_sound(path, tmp_path / f"o{number}", limits=LIMITS)
            assert 2 <= found.duration_s <= 20
        except MediaError as error:
            assert error.code in {"unsupported_media", "unreadable_media", "audio_too_short"}

    async def all_of_them() -> None:
        seeds = [voice(tmp_path / name, codec=codec, rate=rate) for name, codec, rate in KINDS[:6]]
        mutants = [each for seed in seeds for each in mutations(seed.read_bytes(), count=4)]
        await asyncio.gather(*(look(number, content) for number, content in enumerate(mutants)))

    asyncio.run(all_of_them())


def test_its_kind_is_told_by_its_content(tmp_path: Path) -> None:
    for name, codec, rate in KINDS[:7]:
        path = voice(tmp_path / name, codec=codec, rate=rate, seconds=0.5)
        assert media.sniff_kind(path) is Kind.AUDIO, name
