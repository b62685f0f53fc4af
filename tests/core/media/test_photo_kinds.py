"""What phones send is taken, whatever lies beside the picture: HEIC, AVIF, notes, large ones, a missing end."""

import asyncio
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from core import media
from core.errors import MediaError
from core.io.file_types import mime_of
from core.types import Kind
from tests import hostile
from tests.corpus import clip, jpeg, photo
from tests.edited import box

pillow_heif.register_heif_opener()
CASES = Path(__file__).parents[2] / "samples" / "media"
Pixel = tuple[int, int, int]


def normalised(content: bytes, folder: Path) -> Image.Image:
    (folder / "given").write_bytes(content)
    asyncio.run(media.normalise_photo(folder / "given", folder / "out.jpg"))
    with Image.open(folder / "out.jpg") as image:
        image.load()
        return image


def refusal(content: bytes, folder: Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        normalised(content, folder)
    return caught.value


def stored(image: Image.Image, kind: str, **how: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def is_upright(image: Image.Image) -> bool:
    """The photo of tests/corpus.py: red above, blue below, white at the top left."""
    width, height = image.size
    top, bottom, corner = (
        pixel(image, (width // 2, height // 4)),
        pixel(image, (width // 2, height * 3 // 4)),
        pixel(image, (width // 16, height // 16)),
    )
    return top[0] > 140 > top[2] and bottom[2] > 140 > bottom[0] and min(corner) > 190


def pixel(image: Image.Image, place: tuple[int, int]) -> Pixel:
    red, green, blue = image.convert("RGB").crop((*place, place[0] + 1, place[1] + 1)).tobytes()
    return red, green, blue


# HEIC and AVIF


def heic(image: Image.Image, **how: Any) -> bytes:
    return stored(image, "HEIF", quality=80, enc_params={"preset": "ultrafast"}, **how)


def turned_heic() -> bytes:
    """An iPhone's: the picture lies on its side, with a note beside it that says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return heic(photo().transpose(Image.Transpose.ROTATE_90), exif=exif.tobytes())


def deep_heic() -> bytes:
    """Ten bits for each colour."""
    deep = b"".join(struct.pack("<H", each * 257) for each in photo().tobytes())
    made = pillow_heif.from_bytes(mode="RGB;16", size=(640, 400), data=deep)
    buffer = BytesIO()
    made.save(buffer, quality=80, enc_params={"preset": "ultrafast"})
    return buffer.getvalue()


def series(folder: Path) -> bytes:
    """Photos that are stored as a film, with none beside it."""
    path = clip(folder / "series.mp4", source="color=c=red:s=640x400:r=24", codec="libx265", audio=None, seconds=0.2)
    data = path.read_bytes().replace(b"ftypisom", b"ftypmsf1", 1).replace(b"vide", b"pict", 1)
    return data[:16] + b"hevc" + data[20:]


HEICS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: heic(photo()),
    "in tiles": lambda: heic(photo(), tile_size=256),
    "turned": turned_heic,
    "ten bits": deep_heic,
    "see-through": lambda: heic(photo().convert("RGBA")),
    "grey": lambda: heic(photo().convert("L")),
    "two, the second is shown": lambda: heic(
        Image.new("RGB", (640, 400), "lime"), save_all=True, append_images=[photo()], primary_index=1
    ),
    "brand mif1": lambda: heic(photo()).replace(b"ftypheic", b"ftypmif1", 1),
}


@pytest.mark.parametrize("kind", HEICS)
def test_every_heic_is_taken(tmp_path: Path, kind: str) -> None:
    content = HEICS[kind]()
    assert mime_of(content[:512]) == "image/heic"
    image = normalised(content, tmp_path)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (640, 400))
    assert is_upright(image) or kind == "grey"
    assert not image.getexif()


AVIFS: dict[str, Callable[[], bytes]] = {
    "plain": lambda: stored(photo(), "AVIF", speed=10),
    "see-through": lambda: stored(photo().convert("RGBA"), "AVIF", speed=10),
    "moving": lambda: stored(photo(), "AVIF", speed=10, save_all=True, append_images=[Image.new("RGB", (640, 400))]),
    "brand mif1": lambda: stored(photo(), "AVIF", speed=10).replace(b"ftypavif", b"ftypmif1", 1),
    "turned": lambda: stored(
        photo().transpose(Image.Transpose.ROTATE_90), "AVIF", speed=10, exif=b"Exif\0\0" + _orientation(6)
    ),
}


def _orientation(number: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = number
    return exif.tobytes().removeprefix(b"Exif\0\0")


@pytest.mark.parametrize("kind", AVIFS)
def test_every_avif_is_taken(tmp_path: Path, kind: str) -> None:
    content = AVIFS[kind]()
    assert mime_of(content[:512]) == "image/avif"
    image = normalised(content, tmp_path)
    assert image.size == (640, 400)
    assert is_upright(image)


def test_a_series_of_photos_is_its_first(tmp_path: Path) -> None:
    content = series(tmp_path)
    assert mime_of(content[:512]) == "image/heic"
    assert pixel(normalised(content, tmp_path), (320, 200))[0] > 220


@pytest.mark.parametrize("make", [HEICS["plain"], AVIFS["plain"]])
def test_half_of_a_photo_in_boxes_is_refused_as_that(tmp_path: Path, make: Callable[[], bytes]) -> None:
    content = make()
    assert refusal(content[: len(content) * 2 // 3], tmp_path).code == "truncated_media"
    assert refusal(content[:40] + bytes(400), tmp_path).code in {"unreadable_media", "truncated_media"}


@pytest.mark.parametrize(
    "brand", [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"]
)
def test_photos_in_the_boxes_of_films_are_photos(tmp_path: Path, brand: bytes) -> None:
    (tmp_path / "given.mp4").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(100))
    assert media.sniff_kind(tmp_path / "given.mp4") is Kind.IMAGE


@pytest.mark.parametrize(("transfer", "signal", "grey"), [(18, 0.75, 224), (16, 0.58, 223), (13, 0.75, 191)])
def test_photos_in_hdr_become_sdr(tmp_path: Path, transfer: int, signal: float, grey: int) -> None:
    level = round(255 * signal)
    content = heic(
        Image.new("RGB", (400, 400), (level, level, level)),
        color_primaries=9,
        transfer_characteristics=transfer,
        matrix_coefficients=9,
        full_range_flag=1,
    )
    assert pixel(normalised(content, tmp_path), (200, 200)) == pytest.approx((grey, grey, grey), abs=15)


def test_a_picture_of_a_screen_in_hdr_becomes_sdr(tmp_path: Path) -> None:
    """PNG says so in a piece of its own."""
    grey = round(255 * 0.75)
    content = stored(Image.new("RGB", (400, 400), (grey, grey, grey)), "PNG")
    labelled = content[:33] + hostile.chunk(b"cICP", bytes((9, 18, 0, 1))) + content[33:]
    assert pixel(normalised(labelled, tmp_path), (200, 200)) == pytest.approx((224, 224, 224), abs=4)


# What lies beside a picture


def _png_with(*pieces: bytes) -> bytes:
    whole = stored(photo(), "PNG")
    return whole[:33] + b"".join(pieces) + whole[33:]


def _jpeg_with(*segments: tuple[int, bytes], after: bytes = b"") -> bytes:
    whole = jpeg()
    pieces = b"".join(b"\xff" + bytes((kind,)) + (len(body) + 2).to_bytes(2, "big") + body for kind, body in segments)
    return whole[:2] + pieces + whole[2:] + after


_BOMB = zlib.compress(bytes(30_000_000), 9)
BESIDE: dict[str, Callable[[], bytes]] = {
    "png, packed text": lambda: _png_with(hostile.chunk(b"zTXt", b"Comment\0\0" + _BOMB)),
    "png, packed text in all languages": lambda: _png_with(hostile.chunk(b"iTXt", b"Comment\0\1\0\0\0" + _BOMB)),
    "png, a profile that unpacks to much": lambda: _png_with(hostile.chunk(b"iCCP", b"icc\0\0" + _BOMB)),
    "png, a thousand texts": lambda: _png_with(*[hostile.chunk(b"tEXt", b"a\0" + bytes(9000))] * 1000),
    "png, a wrong sum beside the picture": lambda: _png_with(b"\0\0\0\4tEXta\0bc\0\0\0\0"),
    "png, no end": lambda: stored(photo(), "PNG")[:-12],
    "png, something behind the end": lambda: stored(photo(), "PNG") + bytes(100_000),
    "png, a note of EXIF that is none": lambda: _png_with(hostile.chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff")),
    "jpeg, EXIF in every place": lambda: _jpeg_with(*[(0xE1, b"Exif\0\0" + bytes(65_000))] * 60),
    "jpeg, a table of pictures that lies": lambda: _jpeg_with((0xE2, b"MPF\0MM\0*\0\0\0\x08\xff\xff" + bytes(60))),
    "jpeg, a profile in pieces that lie": lambda: _jpeg_with(*[(0xE2, b"ICC_PROFILE\0\0\0" + bytes(60_000))] * 90),
    "jpeg, an editor's notes": lambda: _jpeg_with((0xED, b"Photoshop 3.0\x008BIM\x04\x04" + bytes(9) + b"\xff" * 99)),
    "jpeg, a map of light": lambda: _jpeg_with(
        (0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(80)), after=jpeg((320, 200))
    ),
    "jpeg, a film behind it": lambda: _jpeg_with(after=b"\0\0\0\x18ftypmp42" + bytes(3_000_000)),
    "jpeg, comments": lambda: _jpeg_with(*[(0xFE, b"\xff\xd8\xff" * 20_000)] * 20),
    "jpeg, no end": lambda: jpeg()[:-2],
    "jpeg, filled up with nothing": lambda: jpeg()[:-2] + bytes(5000),
}


@pytest.mark.parametrize("what", BESIDE)
def test_what_lies_beside_a_picture_never_decides(tmp_path: Path, what: str) -> None:
    image = normalised(BESIDE[what](), tmp_path)
    assert image.size == (640, 400)
    assert is_upright(image)
    assert (tmp_path / "out.jpg").stat().st_size < 40_000


def test_a_note_that_turns_the_picture_is_read_in_a_png(tmp_path: Path) -> None:
    lying = stored(photo().transpose(Image.Transpose.ROTATE_90), "PNG")
    image = normalised(lying[:33] + hostile.chunk(b"eXIf", _orientation(6)) + lying[33:], tmp_path)
    assert image.size == (640, 400)
    assert is_upright(image)


def test_texts_of_a_png_leave_its_profile(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", "x" * 2_000_000, zip=True)
    assert is_upright(normalised(stored(photo(), "PNG", pnginfo=info), tmp_path))


# An end that is missing


def _detailed(size: tuple[int, int] = (1200, 900)) -> Image.Image:
    return Image.effect_mandelbrot(size, (-2.0, -1.2, 0.8, 1.2), 60).convert("RGB").point(lambda value: value // 2 + 60)


@pytest.mark.parametrize("lost", [1, 2, 40, 400])
def test_a_few_lines_less_are_taken_without_their_grey(tmp_path: Path, lost: int) -> None:
    whole = stored(_detailed(), "JPEG", quality=92)
    image = normalised(whole[:-lost], tmp_path)
    assert image.width == 1200
    assert 855 <= image.height <= 900
    assert not all(126 <= each <= 130 for each in pixel(image, (1195, image.height - 1)))


@pytest.mark.parametrize(
    ("share", "progressive"), [(0.02, False), (0.5, False), (0.9, False), (0.02, True), (0.3, True), (0.5, True)]
)
def test_half_a_photo_is_refused_as_not_complete(tmp_path: Path, share: float, progressive: bool) -> None:
    whole = stored(_detailed(), "JPEG", quality=92, progressive=progressive)
    assert refusal(whole[: int(len(whole) * share)], tmp_path).code == "truncated_media"


def test_a_photo_in_passes_lacks_nothing_that_is_seen(tmp_path: Path) -> None:
    whole = stored(_detailed(), "JPEG", quality=92, progressive=True)
    assert normalised(whole[:-100], tmp_path).size == (1200, 900)


def test_a_grey_edge_of_a_whole_photo_stays(tmp_path: Path) -> None:
    whole = stored(Image.new("RGB", (640, 400), (128, 128, 128)), "JPEG")
    assert normalised(whole, tmp_path).size == (640, 400)


# Large ones


def _blank_jpeg(width: int, height: int, **how: Any) -> bytes:
    return stored(Image.new("L", (width, height), 90), "JPEG", quality=30, **how)


@pytest.mark.parametrize(("width", "height"), [(9248, 6936), (16_320, 12_240)])
def test_a_photo_of_64_or_200_megapixels_is_taken(tmp_path: Path, width: int, height: int) -> None:
    image = normalised(_blank_jpeg(width, height), tmp_path)
    assert image.width == 1920
    assert pixel(image, (900, 900)) == pytest.approx((90, 90, 90), abs=2)


@pytest.mark.parametrize(
    ("content", "most"),
    [
        (lambda: hostile.png(20_000, 20_000), 120),
        (lambda: hostile.gif(60_000, 60_000), 66),
        (lambda: stored(Image.new("RGB", (64, 64)), "BMP").replace(b"\x40\0\0\0\x40\0\0\0", b"\xe0\x93\4\0" * 2), 100),
        (lambda: _resized(jpeg(), 40_000, 40_000), 300),
    ],
)
def test_what_no_memory_holds_is_refused_by_its_pixels(tmp_path: Path, content: Any, most: int) -> None:
    error = refusal(content(), tmp_path)
    assert (error.code, error.facts["max_megapixels"]) == ("file_too_large", most)


def _resized(content: bytes, width: int, height: int) -> bytes:
    """The same JPEG with another size in its header."""
    at = content.index(b"\xff\xc0") + 5
    return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]


def test_a_photo_in_passes_that_no_memory_holds_is_refused_by_its_pixels(tmp_path: Path) -> None:
    content = stored(Image.new("RGB", (64, 64)), "JPEG", progressive=True, subsampling=0)
    at = content.index(b"\xff\xc2") + 5
    large = content[:at] + struct.pack(">HH", 12_000, 16_000) + content[at + 4 :]
    error = refusal(large, tmp_path)
    assert (error.code, error.facts["max_megapixels"]) == ("file_too_large", 116)


# The very files that were reported


@pytest.mark.parametrize(
    ("name", "size"), [("jpg_no_eoi.jpg", (1200, 900)), ("png_ztxt_3mb.png", (1024, 768)), ("photo.avif", (640, 480))]
)
def test_reported_photos_are_taken(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    assert normalised((CASES / name).read_bytes(), tmp_path).size == size


def test_boxes_that_hold_no_photo_are_none(tmp_path: Path) -> None:
    assert refusal(box(b"ftyp", b"heic\0\0\0\0heic") + box(b"meta", bytes(40)), tmp_path).code == "unreadable_media"
