"""Draws places from words, with their light, weather and who moves in them. Numpy and Pillow; no files."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Picture = NDArray[np.uint8]
Field = NDArray[np.float32]
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Scene:
    """A place and its light. Colours from the sky's top to the nearest ground."""

    words: tuple[str, ...]
    top: Colour
    horizon: Colour
    far: Colour
    near: Colour
    light: Colour
    ground: str = "hills"  # hills, pines, city, sea, dunes, none
    weather: str = ""  # snow, rain, embers, stars, motes
    sun_height: float = 0.35


SCENES = (
    Scene(
        ("snow", "winter", "ice", "雪", "冬", "冰"),
        (96, 132, 178),
        (226, 214, 214),
        (150, 168, 196),
        (236, 240, 248),
        (255, 236, 214),
        "pines",
        "snow",
        0.30,
    ),
    Scene(
        ("night", "moon", "dream", "夜", "月", "梦"),
        (8, 12, 38),
        (46, 54, 110),
        (26, 32, 74),
        (8, 10, 26),
        (238, 240, 255),
        "pines",
        "stars",
        0.25,
    ),
    Scene(
        ("sea", "ocean", "wave", "beach", "boat", "ship", "海", "浪", "船"),
        (64, 128, 190),
        (250, 206, 160),
        (40, 104, 150),
        (14, 58, 96),
        (255, 226, 170),
        "sea",
        "motes",
        0.42,
    ),
    Scene(
        ("forest", "tree", "jungle", "wood", "森林", "树", "林"),
        (120, 176, 170),
        (236, 236, 190),
        (70, 118, 96),
        (18, 48, 36),
        (255, 246, 200),
        "pines",
        "motes",
        0.30,
    ),
    Scene(
        ("city", "street", "tokyo", "neon", "robot", "城市", "街", "机器人"),
        (22, 16, 56),
        (220, 84, 130),
        (72, 44, 108),
        (16, 12, 34),
        (255, 190, 150),
        "city",
        "motes",
        0.44,
    ),
    Scene(
        ("fire", "sunset", "dragon", "volcano", "lava", "火", "日落", "龙"),
        (48, 16, 44),
        (255, 120, 56),
        (120, 40, 44),
        (26, 8, 18),
        (255, 220, 130),
        "hills",
        "embers",
        0.44,
    ),
    Scene(
        ("desert", "sand", "camel", "dune", "沙漠", "沙"),
        (78, 142, 190),
        (250, 214, 156),
        (216, 158, 98),
        (150, 88, 48),
        (255, 244, 206),
        "dunes",
        "motes",
        0.30,
    ),
    Scene(
        ("rain", "storm", "cloud", "雨", "风暴", "云"),
        (56, 68, 86),
        (150, 162, 172),
        (80, 94, 106),
        (30, 38, 46),
        (220, 226, 232),
        "hills",
        "rain",
        0.25,
    ),
    Scene(
        ("space", "star", "galaxy", "planet", "星", "宇宙", "太空"),
        (4, 4, 18),
        (58, 24, 86),
        (36, 20, 70),
        (8, 6, 22),
        (255, 214, 240),
        "dunes",
        "stars",
        0.40,
    ),
    Scene(
        ("spring", "flower", "garden", "meadow", "花", "春"),
        (120, 186, 226),
        (252, 226, 226),
        (140, 190, 140),
        (58, 120, 70),
        (255, 250, 220),
        "hills",
        "motes",
        0.32,
    ),
    Scene((), (70, 110, 180), (255, 200, 160), (110, 110, 160), (40, 44, 80), (255, 230, 190), "hills", "motes", 0.38),
)
RUNNERS: dict[str, Colour] = {
    "fox": (222, 104, 36),
    "狐": (222, 104, 36),
    "wolf": (112, 116, 126),
    "狼": (112, 116, 126),
    "dog": (150, 100, 58),
    "狗": (150, 100, 58),
    "cat": (60, 56, 62),
    "猫": (60, 56, 62),
    "horse": (92, 52, 32),
    "马": (92, 52, 32),
    "tiger": (230, 140, 40),
    "虎": (230, 140, 40),
    "lion": (206, 152, 72),
    "狮": (206, 152, 72),
    "deer": (160, 106, 62),
    "鹿": (160, 106, 62),
}
FLYERS = ("bird", "eagle", "crane", "dragon", "鸟", "鹰", "鹤", "龙")
SAILERS = ("boat", "ship", "sail", "船", "帆")


def from_words(prompt: str, width: int, height: int, frames: int, rng: np.random.Generator) -> Iterator[Picture]:
    """Yield the pictures of the place that the words name, or of any, with who moves in it."""
    low = prompt.lower()
    scene = scene_of(low) or SCENES[int(rng.integers(len(SCENES)))]
    sky, layers = _sky(scene, width, height, rng), _layers(scene, width, height, rng)
    weather = _weather(scene, width, height, rng)
    actor = _actor(low, scene, width, height, rng)
    for number in range(frames):
        moved = number / frames
        picture = sky.copy()
        for depth, layer in enumerate(layers):
            if depth == len(layers) - 1 and actor is not None:
                actor(picture, number / 24.0, moved)
            _blend(picture, layer, round(moved * width * 0.07 * (1.9**depth)))
        weather(picture, number)
        yield picture


def scene_of(low: str) -> Scene | None:
    """Choose the place that the prompt names first."""
    named = [(_place(word, low), number) for number, scene in enumerate(SCENES) for word in scene.words]
    found = [each for each in named if each[0] >= 0]
    return SCENES[min(found)[1]] if found else None


def _place(word: str, low: str) -> int:
    """Find a word in the prompt: whole ("ice" is not in "office"), or its plural; -1 if nowhere."""
    if not word.isascii():
        return low.replace("猫头鹰", "鹰鹰鹰").find(word)
    match = re.search(rf"\b{re.escape(word)}(?:s|es)?\b", low)
    return match.start() if match else -1


def _mix(one: Colour, other: Colour, share: float) -> NDArray[np.float32]:
    return np.asarray(one, np.float32) * (1 - share) + np.asarray(other, np.float32) * share


def _sky(scene: Scene, width: int, height: int, rng: np.random.Generator) -> Picture:
    """Paint a gradient, a sun or moon with its glow, soft clouds, stars at night."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    share = np.clip(y / (height * 0.72), 0, 1)[..., None] ** 1.2
    sky = np.asarray(scene.top, np.float32) * (1 - share) + np.asarray(scene.horizon, np.float32) * share
    sun_x, sun_y = width * (0.25 + 0.5 * float(rng.random())), height * scene.sun_height
    radius = height * (0.055 if scene.weather == "stars" else 0.07)
    distance = np.hypot(x - sun_x, y - sun_y)
    light = np.asarray(scene.light, np.float32)
    glow = 0.75 * np.exp(-distance / (height * 0.22)) + 0.25 * np.exp(-distance / (height * 0.6))
    disc = np.clip((radius - distance) / 1.5 + 0.5, 0, 1)
    cloud = _clouds(width, height, rng) * np.clip(1.1 - y / (height * 0.62), 0, 1)
    strength = 0.12 if scene.weather == "stars" else 0.5
    cloudy = sky + (light - sky) * (cloud * strength)[..., None]
    lit = cloudy + (light - cloudy) * np.clip(glow * 0.8 + disc, 0, 1)[..., None]
    if scene.weather == "stars":
        _stars(lit, rng)
    picture: Picture = np.clip(lit, 0, 255).astype(np.uint8)
    return picture


def _stars(sky: Field, rng: np.random.Generator) -> None:
    height, width = sky.shape[:2]
    count = width * height // 900
    xs, ys = rng.integers(0, width, count), (rng.random(count) ** 1.5 * height * 0.7).astype(int)
    sky[ys, xs] += (rng.random(count) ** 3 * 220)[:, None]


def _clouds(width: int, height: int, rng: np.random.Generator) -> Field:
    """Make smooth noise, stretched sideways, summed over four octaves; 0 to 1."""
    total = np.zeros((height, width), np.float32)
    for octave in range(4):
        cells = (3 * 2**octave + 1, 3 * 2**octave + 1)
        noise = (rng.random(cells) * 255).astype(np.uint8)
        image = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(image, np.float32) / 255 * 0.5**octave
    clouds: Field = np.clip((total / total.max() - 0.45) * 2.4, 0, 1)
    return clouds


def _layers(scene: Scene, width: int, height: int, rng: np.random.Generator) -> list[Image.Image]:
    """Draw three wide silhouettes from far to near, each darker or clearer than the one behind it."""
    wide = round(width * 1.75)
    if scene.ground == "sea":
        return [_waves(scene, wide, height, depth, rng) for depth in range(3)]
    return [_ridge(scene, wide, height, depth, rng) for depth in range(3)]


def _outline(wide: int, rng: np.random.Generator, roughness: float) -> Field:
    x = np.linspace(0, 1, wide, dtype=np.float32)
    line = np.zeros(wide, np.float32)
    for octave in range(6):
        phase, wave = float(rng.random()) * math.tau, 2.0 ** (octave + 1) * (0.8 + 0.4 * float(rng.random()))
        line += np.sin(x * wave * math.tau * 0.8 + phase) * roughness**octave
    outline: Field = line / np.abs(line).max()
    return outline


def _ridge(scene: Scene, wide: int, height: int, depth: int, rng: np.random.Generator) -> Image.Image:
    colour = tuple(int(value) for value in _mix(scene.far, scene.near, depth / 2))
    base, swing = height * (0.62 + 0.13 * depth), height * (0.11 - 0.02 * depth)
    roughness = {"dunes": 0.32, "hills": 0.5, "pines": 0.5, "city": 0.3}.get(scene.ground, 0.5)
    tops = base - swing * _outline(wide, rng, roughness)
    layer = Image.new("RGBA", (wide, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    draw.polygon([(0, height), *((x, float(tops[x])) for x in range(wide)), (wide, height)], fill=(*colour, 255))
    if scene.ground == "pines":
        _pines(draw, tops, height, depth, (*_darker(colour, 0.16 + 0.1 * depth), 255), rng)
    if scene.ground == "city":
        _towers(draw, tops, height, depth, colour, rng)
    return _hazed(layer, scene, depth)


def _hazed(layer: Image.Image, scene: Scene, depth: int) -> Image.Image:
    """Fade a far layer into the horizon's colour towards its foot."""
    pixels = np.asarray(layer, np.float32).copy()
    height = pixels.shape[0]
    share = (np.linspace(0, 1, height, dtype=np.float32) ** 2 * (0.42 - 0.2 * depth))[:, None, None]
    pixels[..., :3] = pixels[..., :3] * (1 - share) + np.asarray(scene.horizon, np.float32) * share
    return Image.fromarray(pixels.astype(np.uint8), "RGBA")


def _darker(colour: tuple[int, ...], share: float) -> tuple[int, ...]:
    return tuple(int(value * (1 - share)) for value in colour)


def _pines(
    draw: ImageDraw.ImageDraw, tops: Field, height: int, depth: int, colour: tuple[int, ...], rng: np.random.Generator
) -> None:
    x = 0.0
    while x < len(tops):
        size = height * (0.045 + 0.05 * depth) * (0.6 + 0.8 * float(rng.random()))
        foot = float(tops[int(x)]) + size * 0.15
        for part in range(3):
            half, top = size * (0.14 + 0.09 * part), foot - size * (1.25 - 0.32 * part)
            draw.polygon([(x, top), (x - half, top + size * 0.5), (x + half, top + size * 0.5)], fill=colour)
        x += size * (0.35 + 1.5 * float(rng.random()) ** 2)


def _towers(
    draw: ImageDraw.ImageDraw, tops: Field, height: int, depth: int, colour: tuple[int, ...], rng: np.random.Generator
) -> None:
    x = 0.0
    while x < len(tops):
        wide = height * (0.05 + 0.035 * depth) * (0.7 + 0.7 * float(rng.random()))
        tall = height * (0.34 - 0.05 * depth) * (0.3 + 0.9 * float(rng.random()) ** 1.5)
        top = float(tops[min(int(x), len(tops) - 1)]) - tall
        draw.rectangle((x, top, x + wide, height), fill=(*_darker(colour, 0.1 * float(rng.random())), 255))
        step = max(4.0, height * 0.018)
        for row in np.arange(top + step, height, step * 1.5):
            for column in np.arange(x + step * 0.6, x + wide - step * 0.6, step):
                if rng.random() < 0.28:
                    lit = (255, 214, 150, 190) if rng.random() < 0.8 else (140, 210, 255, 190)
                    draw.rectangle((column, row, column + step * 0.45, row + step * 0.55), fill=lit)
        x += wide * (1.02 + 0.3 * float(rng.random()))


def _waves(scene: Scene, wide: int, height: int, depth: int, rng: np.random.Generator) -> Image.Image:
    base = height * (0.60 + 0.13 * depth)
    tops = base + height * 0.006 * (1 + 2 * depth) * _outline(wide, rng, 0.7)
    y, x = np.mgrid[0:height, 0:wide].astype(np.float32)
    near = _mix(scene.far, scene.near, depth / 2)
    share = np.clip((y - base) / (height * 0.45), 0, 1)[..., None]
    pixels = near * (1 - 0.45 * share)
    ripple = np.sin(x * 0.05 / (1 + depth) + y * y * 0.003 + np.sin(x * 0.013 + depth) * 3)
    glint = np.clip(ripple - 0.86, 0, 1) * 5 * np.clip(1.2 - share[..., 0] * 1.4, 0, 1)
    pixels = pixels + (np.asarray(scene.light, np.float32) - pixels) * glint[..., None] * 0.6
    alpha = np.clip(y - tops[None, :] + 0.5, 0, 1) * 255
    return Image.fromarray(np.dstack([np.clip(pixels, 0, 255), alpha]).astype(np.uint8), "RGBA")


def _blend(picture: Picture, layer: Image.Image, shift: int) -> None:
    """Paste a window of a wide layer onto the frame."""
    height, width = picture.shape[:2]
    shift = min(shift, layer.width - width)
    window = np.asarray(layer.crop((shift, 0, shift + width, height)))
    top = int(np.argmax(window[..., 3].max(axis=1) > 0))
    part, under = window[top:], picture[top:]
    alpha = part[..., 3:].astype(np.uint16)
    under[:] = ((part[..., :3] * alpha + under * (255 - alpha)) // 255).astype(np.uint8)


# Weather


def _weather(scene: Scene, width: int, height: int, rng: np.random.Generator) -> Callable[[Picture, int], None]:
    count = {"snow": 260, "rain": 320, "embers": 110, "motes": 46, "stars": 24}.get(scene.weather, 0)
    xs, ys = rng.random(count) * width, rng.random(count) * height
    speed, size = 0.5 + rng.random(count), rng.random(count)
    fall = {"snow": 1.6, "rain": 11.0, "embers": -1.5, "motes": -0.25, "stars": 0.0}.get(scene.weather, 0.0)
    drift = {"snow": 0.6, "rain": 1.6, "embers": 0.5, "motes": 0.35, "stars": 0.0}.get(scene.weather, 0.0)
    colour = {"embers": (255, 150, 60), "rain": (190, 205, 220)}.get(scene.weather, (255, 252, 240))
    scale = height / 360

    def fallen(picture: Picture, number: int) -> None:
        swing = np.sin(number * 0.05 + ys) * (3 * scale if fall < 5 else 0)
        x = ((xs + number * drift * speed * scale + swing) % width).astype(int)
        y = ((ys + number * fall * speed * scale) % height).astype(int)
        strength = (0.25 + 0.65 * size) * (0.75 + 0.25 * np.sin(number * 0.11 + xs))
        if scene.weather in {"motes", "stars"}:
            strength = strength * 0.5
        reach = range(round(7 * scale)) if scene.weather == "rain" else range(max(1, round(1.5 * scale)))
        for step in reach:
            below = np.clip(y + step, 0, height - 1)
            beside = np.clip(x + (step // 4 if scene.weather == "rain" else 0), 0, width - 1)
            _dot(picture, beside, below, colour, strength)
            if scene.weather != "rain":
                _dot(picture, np.clip(beside + 1, 0, width - 1), below, colour, strength * size)

    return fallen


def _dot(picture: Picture, x: NDArray[Any], y: NDArray[Any], colour: Colour, strength: NDArray[Any]) -> None:
    under = picture[y, x].astype(np.float32)
    picture[y, x] = (under + (np.asarray(colour, np.float32) - under) * strength[:, None]).astype(np.uint8)


# Actors: a running animal, birds, a boat


def _actor(
    low: str, scene: Scene, width: int, height: int, rng: np.random.Generator
) -> Callable[[Picture, float, float], None] | None:
    runner = next((colour for word, colour in RUNNERS.items() if _place(word, low) >= 0), None)
    if runner is not None:
        return _pasted(lambda time, _moved: _runner(height, runner, time), width, height, 0.86, (0.12, 0.62))
    if any(_place(word, low) >= 0 for word in SAILERS):
        return _pasted(lambda time, _moved: _boat(height, scene, time), width, height, 0.80, (0.16, 0.48))
    if any(_place(word, low) >= 0 for word in FLYERS):
        return _pasted(lambda time, _moved: _birds(height, scene, time, rng), width, height, 0.42, (0.1, 0.6))
    return None


def _pasted(
    draw: Callable[[float, float], Image.Image], width: int, height: int, foot: float, way: tuple[float, float]
) -> Callable[[Picture, float, float], None]:
    """Return a function that pastes a sprite with its feet at `foot` of the height, moving along `way` of the width."""

    def put(picture: Picture, time: float, moved: float) -> None:
        sprite = draw(time, moved)
        left = round(width * (way[0] + (way[1] - way[0]) * moved) - sprite.width / 4)
        top = round(height * foot - sprite.height)
        frame = Image.fromarray(picture)
        frame.paste(sprite, (left, top), sprite)
        picture[:] = np.asarray(frame)

    return put


_OVER = 3  # drawn larger, then reduced: smooth edges


def _runner(height: int, colour: Colour, time: float) -> Image.Image:
    """Draw a galloping animal from the side."""
    unit = height * 0.30 * _OVER
    image = Image.new("RGBA", (round(unit * 2.0), round(unit)), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    beat = math.sin(time * 9.5)
    lift = unit * 0.05 * beat
    dark = _darker(colour, 0.35)

    def leg(x: float, swing: float, shade: tuple[int, ...]) -> None:
        knee = (x + swing * unit * 0.16, unit * 0.78 - lift)
        foot = (x + swing * unit * 0.34, unit * (0.97 - max(0.0, -swing) * 0.12))
        draw.line([(x, unit * 0.62 - lift), knee, foot], fill=(*shade, 255), width=round(unit * 0.065), joint="curve")

    for x, phase in ((0.72, 0.6), (1.32, 3.4)):
        leg(unit * x, math.sin(time * 9.5 + phase), dark)
    tail = [
        (0.62, 0.52),
        (0.40, 0.40 - 0.06 * beat),
        (0.12, 0.44 - 0.10 * beat),
        (0.06, 0.56),
        (0.34, 0.62),
        (0.62, 0.62),
    ]
    draw.polygon([(x * unit, y * unit - lift) for x, y in tail], fill=(*colour, 255))
    draw.ellipse(
        (unit * 0.02, unit * 0.44 - lift - unit * 0.10 * beat, unit * 0.20, unit * 0.60 - lift),
        fill=(250, 244, 236, 255),
    )
    draw.ellipse((unit * 0.55, unit * 0.42 - lift, unit * 1.46, unit * 0.72 - lift), fill=(*colour, 255))
    draw.ellipse((unit * 0.60, unit * 0.60 - lift, unit * 1.30, unit * 0.72 - lift), fill=(*_lighter(colour), 255))
    for x, phase in ((0.64, 0.0), (1.38, 2.8)):
        leg(unit * x, math.sin(time * 9.5 + phase), tuple(colour))
    neck = [(1.26, 0.46), (1.52, 0.24), (1.64, 0.36), (1.44, 0.64)]
    draw.polygon([(x * unit, y * unit - lift) for x, y in neck], fill=(*colour, 255))
    head = [(1.44, 0.30), (1.50, 0.16), (1.66, 0.20), (1.92, 0.36), (1.90, 0.41), (1.58, 0.44)]
    draw.polygon([(x * unit, y * unit - lift) for x, y in head], fill=(*colour, 255))
    draw.polygon(
        [(x * unit, y * unit - lift) for x, y in ((1.62, 0.40), (1.91, 0.38), (1.88, 0.42), (1.60, 0.46))],
        fill=(250, 244, 236, 255),
    )
    for ear in (((1.47, 0.20), (1.46, 0.04), (1.56, 0.16)), ((1.54, 0.19), (1.57, 0.03), (1.65, 0.19))):
        draw.polygon([(x * unit, y * unit - lift) for x, y in ear], fill=(*dark, 255))
    draw.ellipse((unit * 1.655, unit * 0.27 - lift, unit * 1.69, unit * 0.305 - lift), fill=(20, 16, 16, 255))
    draw.ellipse((unit * 1.88, unit * 0.35 - lift, unit * 1.93, unit * 0.40 - lift), fill=(24, 18, 18, 255))
    return image.resize((image.width // _OVER, image.height // _OVER), Image.Resampling.LANCZOS)


def _lighter(colour: Colour) -> tuple[int, ...]:
    return tuple(int(value + (255 - value) * 0.35) for value in colour)


def _boat(height: int, scene: Scene, time: float) -> Image.Image:
    unit = height * 0.34 * _OVER
    image = Image.new("RGBA", (round(unit * 1.3), round(unit * 1.1)), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.polygon(
        [(unit * 0.62, unit * 0.05), (unit * 0.62, unit * 0.80), (unit * 0.16, unit * 0.80)], fill=(250, 246, 236, 255)
    )
    draw.polygon(
        [(unit * 0.67, unit * 0.16), (unit * 0.67, unit * 0.80), (unit * 1.02, unit * 0.80)], fill=(*scene.light, 255)
    )
    draw.line(
        [(unit * 0.645, unit * 0.02), (unit * 0.645, unit * 0.90)], fill=(70, 44, 30, 255), width=round(unit * 0.02)
    )
    hull = [(0.10, 0.86), (1.18, 0.86), (1.00, 1.04), (0.28, 1.04)]
    draw.polygon([(x * unit, y * unit) for x, y in hull], fill=(110, 52, 36, 255))
    turned = image.rotate(2.2 * math.sin(time * 1.7), resample=Image.Resampling.BICUBIC)
    return turned.resize((image.width // _OVER, image.height // _OVER), Image.Resampling.LANCZOS)


def _birds(height: int, scene: Scene, time: float, _rng: np.random.Generator) -> Image.Image:
    unit = height * 0.30 * _OVER
    image = Image.new("RGBA", (round(unit * 2), round(unit)), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    shade = _darker(tuple(int(value) for value in _mix(scene.far, scene.near, 0.7)), 0.3)
    for number in range(5):
        x, y = unit * (0.3 + 0.33 * number), unit * (0.62 - 0.2 * (number % 3) + 0.02 * math.sin(time + number))
        wing = unit * 0.15 * (1 if number == 2 else 0.7)
        flap = wing * 0.75 * math.sin(time * 7 + number * 1.3)
        for side in (-1, 1):
            tip = (x + side * wing * 1.25, y - flap)
            draw.polygon(
                [
                    (x, y - wing * 0.1),
                    (x + side * wing * 0.5, y - flap * 0.7 - wing * 0.12),
                    tip,
                    (x + side * wing * 0.45, y - flap * 0.4 + wing * 0.1),
                    (x, y + wing * 0.14),
                ],
                fill=(*shade, 255),
            )
    return image.resize((image.width // _OVER, image.height // _OVER), Image.Resampling.LANCZOS)
