"""Re-encodes photos as plain JPEGs: checked by their header first, then decoded.

Re-encoding removes GPS data, embedded scripts and odd colour spaces; the original bytes are never published.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFilter,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from core.media.worker.refusal import Refusal

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_READERS = (BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
"""Loaded here: Pillow loads all that it has, some forty, when it is asked for a format whose reader is not there."""
_MAX_PIXELS = 50_000_000
_LONGEST = 1920
_QUALITY = 92
_WIDE = 16 / 9
_KEPT_BY_CROP = 0.72
Image.MAX_IMAGE_PIXELS = None  # we check the header ourselves, and refuse with words instead of a warning


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


def _open(path: str) -> Image.Image:
    try:
        image = Image.open(path, formats=_FORMATS)
    except (OSError, SyntaxError, ValueError, TypeError) as error:
        raise Refusal("unreadable_media") from error
    if image.width * image.height > _MAX_PIXELS:
        raise Refusal("file_too_large", max_pixels=_MAX_PIXELS)
    return image


def _decoded(image: Image.Image) -> Image.Image:
    """Decode the first frame: upright, sRGB, on white, at most 1920 px long."""
    longest = max(image.size)
    if image.format == "JPEG" and longest > _LONGEST:
        image.draft(None, (image.width * _LONGEST // longest, image.height * _LONGEST // longest))
    try:
        image.seek(0)
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
        raise Refusal("truncated_media" if "truncated" in str(error) else "unreadable_media") from error
    flat = _rgb(_upright(image), image.info.get("icc_profile"))
    flat.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    return flat


def _upright(image: Image.Image) -> Image.Image:
    """Turn the picture by its EXIF note. Broken EXIF is ignored; the picture itself is whole."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - the parser of a foreign block may throw anything
        return image


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
