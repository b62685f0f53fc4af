"""Films from words, photos, videos and sounds: a real mp4, by numpy, Pillow and PyAV (H.264, AAC, faststart).

The same input gives the same bytes.
"""

import hashlib
import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from core.sandbox.filming.scenery import Field, Picture, from_words

_RATE = 44_100
_FONT = Path(__file__).parent.parent / "fonts" / "captions.ttf"


def render(
    *,
    into: str,
    prompt: str,
    width: int,
    height: int,
    seconds: float,
    fps: int,
    photo: str | None = None,
    video: str | None = None,
    last_photo: str | None = None,
    references: tuple[str, ...] = (),
    before: str | None = None,
    whole: bool = False,
    sound: bool = True,
    pixels: tuple[int, int] | None = None,
    voice: str | None = None,
) -> dict[str, Any]:
    """Write the film and return its facts.

    `last_photo`: what it ends with, where it begins with `photo`. `references`: pictures that appear in it. `before`: a
    film that it goes on with, from that one's last picture; `whole`: that one stands before it. `pixels`: the size of
    the file, where it is another than that of what is drawn. `voice`: the sound that it has.
    """
    sources = [each for each in (photo, video, last_photo, *references, before, voice) if each]
    seed = hashlib.sha256(prompt.encode() + b"".join(Path(each).read_bytes() for each in sources)).digest()
    rng = np.random.default_rng(int.from_bytes(seed[:8], "big"))
    frames = max(2, round(seconds * fps))
    if before:
        pictures = _from_picture(_last_picture(before), width, height, frames)
    elif photo and last_photo:
        pictures = _between(photo, last_photo, width, height, frames)
    elif photo:
        pictures = _from_picture(Image.open(photo), width, height, frames)
    elif video:
        pictures = _warmed(_frames_of(video, width, height, fps, most=frames), frames)
    else:
        pictures = from_words(prompt, width, height, frames, rng)
    if references:
        pictures = _with_cards(pictures, references, width, height, frames)
    caption = _caption(prompt, width, height)
    tag = _tag(width, height)
    finished: Iterator[Picture] = (
        _finish(picture, caption, tag, number / frames) for number, picture in enumerate(pictures)
    )
    music = _sound_of(voice) if voice else _music(frames / fps, rng) if sound else None
    if voice and music is not None:
        music = music[:, : round(frames / fps * _RATE)]
    if before and whole:
        finished = chain(_frames_of(before, width, height, fps), finished)
        music = _after(before, music)
    with _Film(into, pixels or (width, height), fps, music) as film:
        for picture in finished:
            film.take(picture)
    return {"width": width, "height": height, "duration_s": film.frames / fps, "size": Path(into).stat().st_size}


def enlarge(*, into: str, video: str, pixels: tuple[int, int]) -> dict[str, Any]:
    """Write the same film with more pixels: each of its pictures, at its own rate, and its own sound."""
    with av.open(video) as container:
        rate = container.streams.video[0].average_rate or Fraction(24)
    with _Film(into, pixels, rate, _sound_of(video)) as film:
        for picture in _frames_of(video, *_shown_size(video), None):
            film.take(picture)
    return {"duration_s": float(film.frames / rate), "size": Path(into).stat().st_size}


# From a photo or a video


def _from_picture(photo: Image.Image, width: int, height: int, frames: int) -> Iterator[Picture]:
    """Yield the photo's own pixels, whole in the first frame; then a slow push-in with changing light."""
    master = ImageOps.fit(photo.convert("RGB"), (round(width * 1.28), round(height * 1.28)), Image.Resampling.LANCZOS)
    for number in range(frames):
        eased = (1 - math.cos(math.pi * number / frames)) / 2
        zoom = 1 + 0.16 * eased
        inner = (master.width / zoom, master.height / zoom)
        left, top = (master.width - inner[0]) * (0.5 + 0.18 * eased), (master.height - inner[1]) * 0.42
        box = (left, top, left + inner[0], top + inner[1])
        picture = np.asarray(master.resize((width, height), Image.Resampling.BILINEAR, box=box))
        yield np.clip(picture * (1 + 0.06 * eased), 0, 255).astype(np.uint8)


def _between(first: str, last: str, width: int, height: int, frames: int) -> Iterator[Picture]:
    """Yield the first photo whole, at the end the last one whole, and between them one that becomes the other."""
    one, other = (
        np.asarray(ImageOps.fit(Image.open(each).convert("RGB"), (width, height)), np.float32) for each in (first, last)
    )
    for number in range(frames):
        eased = (1 - math.cos(math.pi * number / max(1, frames - 1))) / 2
        yield (one + (other - one) * eased).astype(np.uint8)


def _with_cards(
    pictures: Iterator[Picture], references: tuple[str, ...], width: int, height: int, frames: int
) -> Iterator[Picture]:
    """Show each reference in its turn, on a card that comes in from below."""
    tall = round(height * 0.55)
    cards = []
    for each in references:
        photo = ImageOps.contain(Image.open(each).convert("RGB"), (round(width * 0.5), tall))
        cards.append(ImageOps.expand(photo, border=max(2, height // 60), fill=(250, 248, 240)))
    for number, picture in enumerate(pictures):
        turn = number * len(cards) / frames
        card = cards[min(int(turn), len(cards) - 1)]
        risen = min(1.0, (turn - int(turn)) * 4)
        frame = Image.fromarray(picture)
        frame.paste(card, ((width - card.width) // 2, round(height - (height * 0.5 + card.height / 2) * risen)))
        yield np.asarray(frame)


def _shown_size(video: str) -> tuple[int, int]:
    with av.open(video) as container:
        frame = next(container.decode(video=0))
        return (frame.height, frame.width) if frame.rotation % 180 else (frame.width, frame.height)


def _frames_of(video: str, width: int, height: int, fps: int | None, *, most: int | None = None) -> Iterator[Picture]:
    """Yield the film's own pictures in this size, at this rate or its own."""
    done = 0
    with av.open(video) as container:
        for frame in container.decode(video=0):
            image = ImageOps.fit(frame.to_image().rotate(frame.rotation, expand=True), (width, height))  # type: ignore[no-untyped-call]
            picture = np.asarray(image.convert("RGB"))
            repeats = 1 if fps is None or frame.time is None else max(0, math.floor(frame.time * fps) + 1 - done)
            for _ in range(repeats):
                if done == most:
                    return
                yield picture
                done += 1


def _warmed(pictures: Iterator[Picture], frames: int) -> Iterator[Picture]:
    """Warm the pictures: what an edit might do. The last one stands until the end."""
    done, last = 0, None
    for picture in pictures:
        last = np.clip(picture * np.array([1.12, 1.0, 0.82]), 0, 255).astype(np.uint8)
        yield last
        done += 1
    while last is not None and done < frames:
        yield last
        done += 1


def _last_picture(video: str) -> Image.Image:
    with av.open(video) as container:
        *_, frame = container.decode(video=0)
        image: Image.Image = frame.to_image().rotate(frame.rotation, expand=True)  # type: ignore[no-untyped-call]
        return image


def _sound_of(video: str) -> NDArray[np.float32] | None:
    """Return the film's sound in stereo, or None."""
    with av.open(video) as container:
        if not container.streams.audio:
            return None
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_RATE)
        pieces = [each.to_ndarray() for frame in container.decode(audio=0) for each in resampler.resample(frame)]
    return np.concatenate(pieces, axis=1).astype(np.float32) if pieces else None


def _after(before: str, music: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """Return the sound of the film before and then the new one's; silence where one of them has none."""
    old = _sound_of(before)
    if old is None and music is None:
        return None
    with av.open(before) as container:
        silent = np.zeros((2, round((container.duration or 0) / 1_000_000 * _RATE)), np.float32)
    return np.concatenate([silent if old is None else old, np.zeros((2, 0), np.float32) if music is None else music], 1)


# Finish: caption, tag, sound, file


def _lines(prompt: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break the prompt into two lines at most. Words stay whole; Chinese breaks anywhere."""
    text = " ".join(prompt.split())
    lines, line = [], ""
    pieces = text.split(" ") if text.isascii() else list(text)
    glue = " " if text.isascii() else ""
    for piece in pieces:
        longer = f"{line}{glue}{piece}" if line else piece
        if font.getlength(longer) <= width or not line:
            line = longer
            continue
        lines.append(line)
        line = piece
    lines.append(line)
    if len(lines) > 2:
        lines = [lines[0], lines[1].rstrip(" ,，。") + "…"]
    return lines


def _caption(prompt: str, width: int, height: int) -> Image.Image:
    """Draw the words on a soft shade at the lower edge, as an RGBA layer."""
    size = max(11, round(min(width, height) * 0.055))
    font = ImageFont.truetype(str(_FONT), size)
    lines = _lines(prompt, font, width * 0.84)
    layer = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    if not prompt.strip():  # a photo that speaks needs no words
        return layer
    deep = round(size * (1.5 * len(lines) + 2.2))
    shade = np.zeros((height, width, 4), np.uint8)
    shade[height - deep :, :, 3] = (np.linspace(0, 1, deep) ** 1.4 * 150).astype(np.uint8)[:, None]
    layer = Image.alpha_composite(layer, Image.fromarray(shade, "RGBA"))
    draw = ImageDraw.Draw(layer)
    for number, line in enumerate(reversed(lines)):
        x = (width - font.getlength(line)) / 2
        y = height - size * (2.0 + 1.4 * number)
        draw.text((x + size / 16, y + size / 12), line, font=font, fill=(0, 0, 0, 170))
        draw.text((x, y), line, font=font, fill=(255, 255, 255, 245))
    return layer


def _tag(width: int, height: int) -> Image.Image:
    size = max(9, round(min(width, height) * 0.034))
    font = ImageFont.truetype(str(_FONT), size)
    layer = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    length = font.getlength("SANDBOX")
    box = (width - length - size * 2.0, size * 0.9, width - size * 0.9, size * 2.5)
    draw.rounded_rectangle(box, radius=size * 0.8, fill=(0, 0, 0, 90))
    draw.text((box[0] + size * 0.55, size * 1.05), "SANDBOX", font=font, fill=(255, 255, 255, 200))
    return layer


def _finish(picture: Picture, caption: Image.Image, tag: Image.Image, at: float) -> Picture:
    """Lay caption and tag over the picture. The caption is there but for the film's first and last pictures.

    So a photo that it begins or ends with is seen whole, and what goes on from its end begins without words.
    """
    frame = Image.fromarray(picture)
    frame.paste(tag, (0, 0), tag)
    seen = min(1.0, max(0.0, (at - 0.04) / 0.12), max(0.0, (0.94 - at) / 0.06))
    if seen > 0:
        mask = caption.getchannel("A").point(lambda value: int(value * seen))
        frame.paste(caption, (0, 0), mask)
    return np.asarray(frame)


def _music(seconds: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Make a slow pad of four chords with a plucked line above, in stereo, quiet at both ends."""
    total = int(seconds * _RATE)
    time = np.arange(total, dtype=np.float32) / _RATE
    root = 110 * 2 ** (int(rng.integers(0, 7)) / 12)
    chords = ((0, 4, 7, 11), (-3, 0, 4, 9), (5, 9, 12, 16), (-5, -1, 2, 7))
    length = seconds / len(chords)
    left, right = np.zeros(total, np.float32), np.zeros(total, np.float32)
    for number, chord in enumerate(chords):
        envelope = np.clip(1.15 - np.abs(time - (number + 0.5) * length) / length, 0, 1) ** 1.5
        for voice, step in enumerate(chord):
            pitch = root * 2 ** (step / 12)
            tone = np.sin(math.tau * pitch * time) + 0.35 * np.sin(math.tau * pitch * 2.003 * time)
            left += envelope * tone * (0.9 - 0.15 * voice)
            right += envelope * tone * (0.45 + 0.15 * voice)
    scale = (0, 2, 4, 7, 9, 12, 14)
    for start in np.arange(0.2, max(0.3, seconds - 0.6), 0.42):
        pitch = root * 4 * 2 ** (scale[int(rng.integers(len(scale)))] / 12)
        since = np.clip(time - start, 0, None)
        pluck = np.sin(math.tau * pitch * since) * np.exp(-since * 5) * (time >= start)
        left += 0.7 * pluck
        right += 0.9 * pluck
    fade = np.clip(np.minimum(time / 0.3, (seconds - time) / 0.5), 0, 1)
    sound = np.stack([left, right]) * fade
    music: Field = (sound / max(1e-6, float(np.abs(sound).max())) * 0.32).astype(np.float32)
    return music


class _Film:
    """An mp4 that is written picture by picture."""

    def __init__(
        self, into: str, pixels: tuple[int, int], fps: int | Fraction, sound: NDArray[np.float32] | None
    ) -> None:
        self.frames = 0
        self._sound = sound
        self._target = av.open(into, "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = self._target.add_stream("libx264", rate=fps)
        self._stream.width, self._stream.height, self._stream.pix_fmt = *pixels, "yuv420p"
        keys = str(round(float(fps) * 2))
        self._stream.options = {"preset": "superfast", "crf": "21", "g": keys, "profile": "high", "threads": "2"}
        self._tone = self._target.add_stream("aac", rate=_RATE, layout="stereo") if sound is not None else None
        if self._tone is not None:
            self._tone.bit_rate = 96_000

    def __enter__(self) -> Self:
        return self

    def take(self, picture: Picture) -> None:
        """Write the next picture, in the size of the file."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        if (frame.width, frame.height) != (self._stream.width, self._stream.height):
            frame = frame.reformat(self._stream.width, self._stream.height, format="yuv420p")
        self._target.mux(self._stream.encode(frame))
        self.frames += 1

    def __exit__(self, *error: object) -> None:
        with self._target:
            if error[0] is not None:
                return
            self._target.mux(self._stream.encode(None))
            if self._tone is None or self._sound is None:
                return
            for at in range(0, self._sound.shape[1], 1024):
                piece = np.ascontiguousarray(self._sound[:, at : at + 1024])
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts, frame.time_base = _RATE, at, Fraction(1, _RATE)
                self._target.mux(self._tone.encode(frame))
            self._target.mux(self._tone.encode(None))
