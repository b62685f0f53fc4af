"""Hostile files: none is published, each is answered with a sentence, and none costs more than its child."""

import asyncio
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.messages.i18n import error_text
from bot.messages.languages import LANGUAGES
from core import errors, media
from core.assets.publish import publish_asset
from core.config import FalSettings
from core.errors import ERROR_CODES, MediaError
from core.types import SourceLimits
from tests import hostile
from tests.corpus import clip, jpeg

Corpus = Callable[[Path], Iterator[tuple[str, bytes]]]


@pytest.mark.parametrize("corpus", [hostile.photos, hostile.videos], ids=["photos", "videos"])
def test_nothing_hostile_is_published_and_each_is_answered(tmp_path: Path, corpus: Corpus) -> None:
    settings = FalSettings.offline(fal_queue_url="http://127.0.0.1:1", output_dir=tmp_path / "out", asset_check=False)
    (tmp_path / "made").mkdir()

    async def answer(name: str, content: bytes) -> None:
        path = tmp_path / name
        await asyncio.to_thread(path.write_bytes, content)
        with pytest.raises(errors.VideoError) as caught:
            pytest.fail(f"{name} was published as {await publish_asset(path, settings=settings)}")
        code = caught.value.code
        assert code in ERROR_CODES, name
        assert code not in {"video_broken", "download_failed", "disk_full"}, name
        assert caught.value.blame is errors.Blame.USER, name
        for language in LANGUAGES:
            assert len(error_text(language, code, caught.value.facts)) > 10

    async def all_of_them() -> None:
        await asyncio.gather(*(answer(name, content) for name, content in corpus(tmp_path / "made")))

    asyncio.run(all_of_them())
    assert [path.name for path in settings.assets_dir.iterdir()] == ["index.html"]
    assert list((settings.output_dir / "work").iterdir()) == []


def test_mutated_files_are_facts_or_a_media_error(tmp_path: Path) -> None:
    """A sample of `make fuzz`."""
    seed_film = clip(tmp_path / "seed.mp4")
    seeds = [clip(tmp_path / "s.mp4").read_bytes(), clip(tmp_path / "s.mkv").read_bytes(), jpeg()]

    async def look(number: int, content: bytes) -> None:
        path, into = tmp_path / f"m{number}", tmp_path / f"o{number}"
        await asyncio.to_thread(path.write_bytes, content)
        try:
            if content[:2] == b"\xff\xd8":
                await media.normalise_photo(path, into)
            else:
                await media.prepare_video(path, into, limits=SourceLimits(), max_bytes=10_000_000)
                await media.last_frame(path, into)
                await media.join([path, seed_film, path], into)
                await media.make_playable(path, into, max_bytes=10_000_000, record="{}")
        except MediaError as error:
            assert error.code in ERROR_CODES

    async def all_of_them() -> None:
        mutants = [mutant for seed in seeds for mutant in hostile.mutations(seed, count=8)]
        random.Random(0).shuffle(mutants)
        await asyncio.gather(*(look(number, mutant) for number, mutant in enumerate(mutants)))

    asyncio.run(all_of_them())


@pytest.mark.parametrize(("name", "codec", "pixels"), [("film.mkv", "ffv1", "yuv420p"), ("film.mov", "qtrle", "rgb24")])
def test_a_film_in_a_codec_that_nobody_sends_is_not_decoded(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    """A decoder that is rarely used is rarely attacked by anybody but an attacker."""
    film = clip(tmp_path / name, codec=codec, pixels=pixels, seconds=0.2, audio=None)
    with pytest.raises(MediaError) as caught:
        asyncio.run(media.probe(film))
    assert caught.value.code == "unsupported_media"


def test_an_index_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "atoms.mp4"
    path.write_bytes((8).to_bytes(4, "big") + b"free" + ((8).to_bytes(4, "big") + b"free") * 60_000)
    with pytest.raises(MediaError) as caught:
        asyncio.run(media.probe(path))
    assert caught.value.facts["reason"] == "atoms"
