"""The sandbox's camera: real films, told apart by their words, the photo's own pixels first."""

import hashlib
import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFont

from core import sandbox
from core.sandbox.filming import scenery
from core.sandbox.renderer import FILM
from tests.corpus import clip, photo

FONT = Path(sandbox.__file__).parent / "fonts" / "captions.ttf"


def shoot(into: Path, prompt: str, **more: Any) -> Path:
    """In a child with an empty environment, as the sandbox does it."""
    job = {"width": 320, "height": 180, "seconds": 1, "fps": 12, "photo": None, "video": None}
    job |= {"into": str(into), "prompt": prompt} | more
    done = subprocess.run(
        [sys.executable, "-I", str(FILM), json.dumps(job)], env={}, capture_output=True, check=True, timeout=60
    )
    answer = json.loads(done.stdout)
    assert answer["ok"]["size"] == into.stat().st_size, answer
    return into


def frames(path: Path) -> list[NDArray[np.float32]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(np.float32) for frame in container.decode(video=0)]


def difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Mean of the levels (0 to 255) by which two pictures differ."""
    return float(np.abs(one - other).mean())


def test_the_film_plays_natively_everywhere(tmp_path: Path) -> None:
    path = shoot(tmp_path / "a.mp4", "a red fox in the snow", seconds=2)
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # faststart
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height, video.average_rate) == (320, 180, Fraction(12))
        assert (audio.codec_context.name, audio.codec_context.layout.name) == ("aac", "stereo")
        assert container.duration is not None
        assert container.duration / 1_000_000 == pytest.approx(2, abs=0.1)


def test_the_sound_is_there_and_does_not_clip(tmp_path: Path) -> None:
    path = shoot(tmp_path / "a.mp4", "a red fox in the snow", seconds=2)
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    assert 0.05 < float(np.abs(sound).max()) < 0.9


def test_the_same_words_give_the_same_bytes(tmp_path: Path) -> None:
    digests = {
        hashlib.sha256(shoot(tmp_path / name, "夜晚的海").read_bytes()).hexdigest() for name in ("a.mp4", "b.mp4")
    }
    assert len(digests) == 1


def test_two_prompts_give_visibly_different_films(tmp_path: Path) -> None:
    prompts = ("snow", "night", "the sea", "the city", "fire", "a desert", "下雨的森林")
    middles = [frames(shoot(tmp_path / f"{n}.mp4", prompt, seconds=0.2))[0] for n, prompt in enumerate(prompts)]
    for number, one in enumerate(middles):
        for other in middles[number + 1 :]:
            assert difference(one, other) > 8


def test_chinese_words_choose_the_place_too(tmp_path: Path) -> None:
    words = {"雪": "snow", "夜": "night", "海": "ocean", "城市": "city", "沙漠": "desert", "雨": "rain", "火": "fire"}
    for chinese, english in words.items():
        assert scenery.scene_of(chinese) is scenery.scene_of(english)


def test_it_moves(tmp_path: Path) -> None:
    for prompt in ("a fox runs", "a boat at sea"):
        shown = frames(shoot(tmp_path / "a.mp4", prompt))
        assert difference(shown[0][:120], shown[-1][:120]) > 1


def test_the_photo_stands_in_the_first_frame_and_then_moves(tmp_path: Path) -> None:
    picture = photo((640, 360))
    picture.save(tmp_path / "photo.png")
    shown = frames(shoot(tmp_path / "a.mp4", "push in", photo=str(tmp_path / "photo.png"), seconds=2))
    truth = np.asarray(picture.resize((320, 180), Image.Resampling.LANCZOS), np.float32)
    tagless = np.s_[30:, :]  # below the SANDBOX tag
    assert difference(shown[0][tagless], truth[tagless]) < 6
    assert difference(shown[-1][tagless], truth[tagless]) > difference(shown[0][tagless], truth[tagless]) + 2


def test_a_video_is_recognised_in_its_edit(tmp_path: Path) -> None:
    source = clip(tmp_path / "mine.mp4", seconds=1)
    shown = frames(shoot(tmp_path / "a.mp4", "warm", video=str(source), seconds=1))
    assert len(shown) == 12
    before = frames(source)[0]
    assert difference(shown[0], before) < 30
    assert difference(shown[0][..., 2], before[..., 2]) > 5  # less blue: warmer


def test_the_caption_comes_after_the_first_frame(tmp_path: Path) -> None:
    plain = frames(shoot(tmp_path / "a.mp4", "海", seconds=2))
    lower = np.s_[140:, 60:260]
    first, later, last = (plain[number][lower].max() for number in (0, len(plain) // 2, -1))
    assert later > 220 or later > first
    assert last < later  # what goes on from here begins without words


def test_the_font_draws_what_people_write() -> None:
    font = ImageFont.truetype(str(FONT), 24)
    box = bytes(font.getmask("\ufffe"))
    for letter in "AZaz09éßñžжЯΩ,.!?“”—…雪夜海森林城市沙漠雨星空狐狸，。！？龙馬":
        drawn = bytes(font.getmask(letter))
        assert any(drawn), letter
        assert drawn != box, letter
    assert FONT.stat().st_size < 2_500_000


@pytest.mark.parametrize("prompt", ["", "🦊🦊\n\t", "雪" * 800, "a\u0000b\u202e"])
def test_any_words_make_a_film(tmp_path: Path, prompt: str) -> None:
    assert frames(shoot(tmp_path / "a.mp4", prompt, seconds=0.25))


@pytest.mark.parametrize(("width", "height"), [(90, 160), (270, 90)])
def test_any_shape_makes_a_film(tmp_path: Path, width: int, height: int) -> None:
    shown = frames(shoot(tmp_path / "a.mp4", "a boat at sea", width=width, height=height, seconds=0.25))
    assert shown[0].shape == (height, width, 3)


def test_a_broken_photo_is_told_and_leaves_the_child_well(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"<html>no photo</html>")
    job = {"into": str(tmp_path / "a.mp4"), "prompt": "x", "width": 320, "height": 180, "seconds": 1, "fps": 12}
    job |= {"photo": str(tmp_path / "photo.jpg"), "video": None}
    done = subprocess.run(
        [sys.executable, "-I", str(FILM), json.dumps(job)], env={}, capture_output=True, check=True, timeout=60
    )
    assert json.loads(done.stdout)["refused"] == "image_load_error"


def test_the_child_keeps_itself_small() -> None:
    limits = """
import resource
from core.sandbox.filming.__main__ import limit
limit()
print(resource.getrlimit(resource.RLIMIT_AS)[0])
"""
    done = subprocess.run(
        [sys.executable, "-c", limits],
        env={"PYTHONPATH": str(FILM.parents[2]), "PATH": os.environ.get("PATH", "")},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert int(done.stdout) <= 2_000_000_000
