"""Re-encodes photos as plain JPEGs: checked by their header first, then decoded.

Re-encoding removes GPS data, embedded scripts and odd colour spaces; the original bytes are never published. Large
ones are decoded at a fraction of their size, or in a format where that cannot be, refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFilter,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from core.media.worker import atoms, colours, jpegs, pngs, probe
from core.media.worker.refusal import Refusal

_THREADS = 2  # each costs address space, of which a child has little
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=_THREADS)
AvifImagePlugin.DEFAULT_MAX_THREADS = _THREADS
_ELSE = ("WEBP", "GIF", "BMP")
_HEAD_BYTES = 64
_READERS = (AvifImagePlugin, BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
"""Loaded here: Pillow loads all that it has, some forty, when it is asked for a format whose reader is not there."""
_MOST_PIXELS = {"JPEG": 300_000_000, "PNG": 120_000_000, "BMP": 100_000_000, "HEIF": 110_000_000, "AVIF": 110_000_000}
_MOST_PIXELS_ELSE = 66_000_000
"""What the memory of a child holds (core/media/worker/child.py): tried with each kind, the largest that came out."""
_MOST_HELD = 700_000_000
_LONGEST = 1920
_QUALITY = 92
_WIDE = 16 / 9
_KEPT_BY_CROP = 0.72
_SHRUNK_AS_THEY_ARE = {"L", "RGB", "RGBA", "CMYK", "YCbCr"}
_MOST_MISSING = 0.05  # of the height: what a viewer shows grey, below
_NEUTRAL = range(126, 131)  # the grey of a JPEG that is not there
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
_COUNTER_CLOCKWISE = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}
Image.MAX_IMAGE_PIXELS = None  # we check the header ourselves, and refuse with words instead of a warning


@dataclass(slots=True)
class _Photo:
    """A photo that is not decoded yet. `may_be_cut`: its end is missing."""

    image: Image.Image
    turn: Image.Transpose | None
    profile: bytes | None
    transfer: int = 0
    primaries: int = 0
    may_be_cut: bool = False


def normalise(path: str, into: str, min_side: int, max_ratio: float, max_bytes: int) -> dict[str, Any]:
    """Write an upright RGB baseline JPEG without metadata, at most 1920 px long and `max_bytes` big.

    It is padded where it is smaller or longer than the model takes.
    """
    image = _decoded(_open(path))
    padded = _padded(image, min_side, max_ratio)
    return _saved(padded, into, max_bytes, before=image)


def widen(path: str, into: str, min_side: int, max_ratio: float, max_bytes: int) -> dict[str, Any]:
    """Write the photo as 16:9: cropped where most of the picture stays, else on a blurred copy of itself."""
    wide = _widened(_decoded(_open(path)))
    return _saved(_padded(wide, min_side, max_ratio), into, max_bytes, before=wide)


def _widened(image: Image.Image) -> Image.Image:
    ratio = image.width / image.height
    if min(ratio / _WIDE, _WIDE / ratio) >= _KEPT_BY_CROP:
        width, height = min(image.width, round(image.height * _WIDE)), min(image.height, round(image.width / _WIDE))
        return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS, centering=(0.5, 0.4))
    return _on_blur(
        image, (max(image.width, round(image.height * _WIDE)), max(image.height, round(image.width / _WIDE)))
    )


def _open(path: str) -> _Photo:
    """Read the header. Raises Refusal for what is no photo, and for one that is too large to be decoded."""
    with Path(path).open("rb") as file:
        head = file.read(_HEAD_BYTES)
    with _read():
        if head[:2] == b"\xff\xd8":
            return _open_jpeg(path)
        if head.startswith(pngs.MAGIC):
            return _open_png(path)
        return _open_boxes(path, head) if head[4:8] == b"ftyp" else _open_any(path, _ELSE)


@contextmanager
def _read() -> Iterator[None]:
    """Turn what the readers throw at a foreign file into a Refusal."""
    try:
        yield
    except MemoryError as error:
        raise _too_large(_MOST_PIXELS_ELSE) from error
    except (OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, RuntimeError) as error:
        text = str(error).lower()
        if "memory" in text or "security limit" in text:  # as the library for HEIC says it
            raise _too_large(_MOST_PIXELS_ELSE) from error
        raise Refusal("truncated_media" if "truncated" in text else "unreadable_media") from error


def _too_large(pixels: int) -> Refusal:
    return Refusal("file_too_large", max_megapixels=pixels // 1_000_000)


def _open_any(file: str | BytesIO, formats: tuple[str, ...]) -> _Photo:
    image = Image.open(file, formats=formats)
    most = _MOST_PIXELS.get(image.format or "", _MOST_PIXELS_ELSE)
    if image.width * image.height > most:
        raise _too_large(most)
    return _Photo(image, _turn(image.getexif), image.info.get("icc_profile"))


def _open_jpeg(path: str) -> _Photo:
    jpeg = jpegs.parts(Path(path).read_bytes())
    if jpeg.held_bytes > _MOST_HELD:
        most = jpeg.width * jpeg.height * _MOST_HELD // jpeg.held_bytes
        raise _too_large(most)
    if not jpeg.whole and not jpeg.has_every_pass:
        raise Refusal("truncated_media")
    photo = _open_any(BytesIO(jpeg.picture), ("JPEG",))
    photo.turn, photo.may_be_cut = _turn(lambda: _exif(jpeg.exif)), not jpeg.whole
    return photo


def _open_png(path: str) -> _Photo:
    png = pngs.parts(Path(path).read_bytes())
    photo = _open_any(BytesIO(png.picture), ("PNG",))
    photo.turn, photo.profile = _turn(lambda: _exif(png.exif)), png.profile
    photo.transfer, photo.primaries = png.transfer, png.primaries
    return photo


def _open_boxes(path: str, head: bytes) -> _Photo:
    """Open a photo in the boxes of films: HEIC or AVIF. The library for the first reads the colours of both."""
    if atoms.is_cut(path):
        raise Refusal("truncated_media")
    is_avif = not head[8:].startswith((b"hei", b"hev")) and b"avi" in head[8:]
    try:
        photo = _open_any(path, ("AVIF" if is_avif else "HEIF",))
    except UnidentifiedImageError:
        return _open_sequence(path)
    info = pillow_heif.open_heif(path).info if is_avif else photo.image.info
    colour = info.get("nclx_profile") or {}
    photo.transfer = int(colour.get("transfer_characteristics", 0))
    photo.primaries = int(colour.get("color_primaries", 0))
    return photo


def _open_sequence(path: str) -> _Photo:
    """Open a series of photos that is stored as a film, with no photo beside it, at its first. Raises Refusal."""
    with probe.opened(path) as series:
        frame = probe.first_frame(series, probe.picture_stream(series))
        image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
        turn = _COUNTER_CLOCKWISE.get(probe.rotation(frame))
        return _Photo(image, turn, None, int(frame.color_trc), int(frame.color_primaries))


def _decoded(photo: _Photo) -> Image.Image:
    """Decode the first frame: upright, sRGB, on white, at most 1920 px long."""
    image = photo.image
    longest = max(image.size)
    if longest > _LONGEST:  # of use for JPEG alone
        image.draft(None, (image.width * _LONGEST // longest, image.height * _LONGEST // longest))
    with _read():
        if image.format != "HEIF":  # whose first one need not be the one that is shown
            image.seek(0)
        image.load()
        if photo.may_be_cut:
            image = _without_missing(image)
        if image.mode in _SHRUNK_AS_THEY_ARE:
            image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
        if photo.turn is not None:
            image = image.transpose(photo.turn)
        flat = _rgb(image, photo.profile)
        flat.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
        return colours.sdr_image(flat, transfer=photo.transfer, primaries=photo.primaries)


def _without_missing(image: Image.Image) -> Image.Image:
    """Return what is there of a JPEG whose end is missing. Raises Refusal where that is too little.

    What is not there is of an even grey at the right, since a picture is stored from left to right, line by line.
    """
    edge = image.crop((max(0, image.width - 4), 0, image.width, image.height))
    rows = edge.height
    while rows and all(low in _NEUTRAL and high in _NEUTRAL for low, high in _extremes(edge, rows - 1)):
        rows -= 1
    if rows < image.height * (1 - _MOST_MISSING):
        raise Refusal("truncated_media")
    return image.crop((0, 0, image.width, rows)) if rows < image.height else image


def _extremes(image: Image.Image, row: int) -> list[tuple[int, int]]:
    """Return the darkest and the brightest of each colour in this row."""
    found: Any = image.crop((0, row, image.width, row + 1)).getextrema()
    return [found] if isinstance(found[0], int) else list(found)


def _exif(body: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(body)
    return exif


def _turn(read: Any) -> Image.Transpose | None:
    """Return how the picture is turned upright, by its EXIF note. A broken one is ignored: the picture is whole."""
    try:
        return _TURNS.get(read().get(_ORIENTATION))
    except Exception:  # noqa: BLE001 - the parser of a foreign block may throw anything
        return None


def _rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        image = image.point(lambda value: value * (255 / 65535)).convert("L")  # convert() alone clips it to white
    if "transparency" in image.info or image.mode in {"LA", "PA", "RGBA", "La", "RGBa"}:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        image = Image.alpha_composite(ground, layer).convert("RGB")
    if profile:
        image = _to_srgb(image.convert("RGB") if image.mode == "P" else image, profile)
    return image.convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert to sRGB. A profile that is broken, or of other colours than the picture's, is ignored."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return converted or image


def _padded(image: Image.Image, min_side: int, max_ratio: float) -> Image.Image:
    """Enlarge to the smallest side a model takes, then pad to its widest ratio; the very same image if it fits."""
    if min(image.size) < min_side and max(image.size) * min_side / min(image.size) <= _LONGEST * 2:
        scale = min_side / min(image.size)
        image = image.resize((round(image.width * scale + 0.49), round(image.height * scale + 0.49)))
    width, height = image.size
    wanted = (max(width, min_side, int(height / max_ratio) + 1), max(height, min_side, int(width / max_ratio) + 1))
    if width <= height * max_ratio and height <= width * max_ratio and min(width, height) >= min_side:
        return image
    return _on_blur(image, wanted)


def _on_blur(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    ground = ImageOps.fit(image, (max(2, size[0] // 8), max(2, size[1] // 8)))
    ground = ground.filter(ImageFilter.GaussianBlur(4)).resize(size, Image.Resampling.BICUBIC)
    inside = ImageOps.contain(image, size, Image.Resampling.LANCZOS)
    ground.paste(inside, ((size[0] - inside.width) // 2, (size[1] - inside.height) // 2))
    return ground


def _saved(image: Image.Image, into: str, max_bytes: int, *, before: Image.Image) -> dict[str, Any]:
    _save(image, into, max_bytes)
    adjustments = []
    if image is not before:
        adjustments.append(("source_padded", "{}x{}".format(*before.size), "{}x{}".format(*image.size)))
    return {"width": image.width, "height": image.height, "adjustments": adjustments}


def _save(image: Image.Image, into: str, max_bytes: int) -> None:
    image.info.clear()  # Pillow writes a comment it has read into the new file
    for quality in (_QUALITY, 85, 75, 60):
        image.save(into, "JPEG", quality=quality, optimize=False, progressive=False)
        if Path(into).stat().st_size <= max_bytes:
            return
    raise Refusal("file_too_large", max_bytes=max_bytes)
