"""Photos in the child: upright, sRGB, without a word of metadata; bombs and strangers refused from the header."""

import asyncio
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from core import media
from core.errors import MediaError
from tests import hostile
from tests.corpus import jpeg, phone_photo, photo


def normalised(path: Path, into: Path) -> Image.Image:
    asyncio.run(media.normalise_photo(path, into))
    with Image.open(into) as image:
        image.load()
        return image


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_phone_photo_comes_out_upright_and_nameless(tmp_path: Path, orientation: int) -> None:
    source = phone_photo(tmp_path / "p.jpg", orientation=orientation)
    assert b"SecretPhoneMaker" in source.read_bytes()
    image = normalised(source, tmp_path / "out.jpg")
    assert image.size == (640, 400)
    top, bottom, corner = image.getpixel((320, 100)), image.getpixel((320, 300)), image.getpixel((20, 20))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert isinstance(corner, tuple)
    assert top[0] > 150 > top[2]
    assert bottom[2] > 150 > bottom[0]
    assert min(corner) > 200
    out = (tmp_path / "out.jpg").read_bytes()
    assert b"Exif" not in out
    assert b"SecretPhoneMaker" not in out
    assert not image.getexif()


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.png", "RGBA"), ("a.png", "P"), ("a.png", "L"), ("a.png", "LA"), ("a.jpg", "CMYK"), ("a.webp", "RGBA")],
)
def test_every_colour_mode_becomes_plain_rgb(tmp_path: Path, name: str, mode: str) -> None:
    photo().convert(mode).save(tmp_path / name)
    image = normalised(tmp_path / name, tmp_path / "out.jpg")
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (640, 400))


def test_a_comment_in_the_photo_does_not_come_along(tmp_path: Path) -> None:
    photo().save(tmp_path / "p.jpg", comment=b"<script>alert('SecretHome')</script>", dpi=(72, 72))
    assert b"SecretHome" in (tmp_path / "p.jpg").read_bytes()
    normalised(tmp_path / "p.jpg", tmp_path / "out.jpg")
    assert b"SecretHome" not in (tmp_path / "out.jpg").read_bytes()


@pytest.mark.parametrize("name", ["p.png", "p.webp", "p.jpg"])
def test_a_profile_becomes_srgb_and_stays_behind(tmp_path: Path, name: str) -> None:
    """A profile whose red and green are swapped: what is stored green is meant red."""
    profile = swapped_profile()
    image = Image.new("RGB", (400, 400), (20, 220, 20))
    image.save(tmp_path / name, icc_profile=profile)
    made = normalised(tmp_path / name, tmp_path / "out.jpg")
    pixel = made.getpixel((200, 200))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 150 > pixel[1]
    assert "icc_profile" not in made.info


def test_a_broken_profile_and_broken_exif_do_not_matter(tmp_path: Path) -> None:
    photo().save(tmp_path / "p.jpg", icc_profile=b"no profile at all" * 20, exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert normalised(tmp_path / "p.jpg", tmp_path / "out.jpg").size == (640, 400)


def swapped_profile() -> bytes:
    """sRGB with its red and green colourants exchanged, as an ICC profile's tag table allows."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data)


def test_a_very_dark_deep_picture_stays_dark(tmp_path: Path) -> None:
    Image.new("I;16", (400, 400), 200).save(tmp_path / "dark.png")
    pixel = normalised(tmp_path / "dark.png", tmp_path / "out.jpg").getpixel((200, 200))
    assert isinstance(pixel, tuple)
    assert pixel[0] < 10


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.gif"])
def test_every_animation_gives_its_first_frame(tmp_path: Path, name: str) -> None:
    frames = [Image.new("RGB", (400, 400), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=100)
    pixel = normalised(tmp_path / name, tmp_path / "out.jpg").getpixel((200, 200))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200 > pixel[1] + 100


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_transparent_colours_without_an_alpha_channel_lie_on_white(tmp_path: Path, mode: str) -> None:
    black = Image.new("RGB", (400, 400)).convert(mode)
    black.save(tmp_path / "t.png", transparency=(0, 0, 0) if mode == "RGB" else 0)
    assert normalised(tmp_path / "t.png", tmp_path / "out.jpg").getpixel((200, 200)) == (255, 255, 255)


def test_a_progressive_photo_comes_out_baseline(tmp_path: Path) -> None:
    photo().save(tmp_path / "p.jpg", progressive=True)
    normalised(tmp_path / "p.jpg", tmp_path / "out.jpg")
    out = (tmp_path / "out.jpg").read_bytes()
    assert b"\xff\xc0" in out
    assert b"\xff\xc2" not in out


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    Image.new("I;16", (400, 400), 32_768).save(tmp_path / "deep.png")
    image = normalised(tmp_path / "deep.png", tmp_path / "out.jpg")
    grey = image.getpixel((200, 200))
    assert isinstance(grey, tuple)
    assert 120 <= grey[0] <= 136


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (400, 400), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert normalised(tmp_path / "clear.png", tmp_path / "out.jpg").getpixel((200, 200)) == (255, 255, 255)


def test_a_photo_with_a_second_picture_in_it_is_read(tmp_path: Path) -> None:
    """Portrait photos of phones are MPO: two JPEGs in one file, which Pillow reads with another plugin."""
    photo().save(tmp_path / "two.jpg", "MPO", save_all=True, append_images=[photo()])
    assert normalised(tmp_path / "two.jpg", tmp_path / "out.jpg").size == (640, 400)


def test_a_big_photo_is_brought_down(tmp_path: Path) -> None:
    source = phone_photo(tmp_path / "big.jpg", size=(4000, 3000))
    assert normalised(source, tmp_path / "out.jpg").size == (1920, 1440)


@pytest.mark.parametrize("size", [(100, 100), (40, 900), (1500, 200)])
def test_what_a_model_would_refuse_is_padded_and_said(tmp_path: Path, size: tuple[int, int]) -> None:
    photo(size).save(tmp_path / "odd.png")
    answer = asyncio.run(media.normalise_photo(tmp_path / "odd.png", tmp_path / "out.jpg"))
    assert min(answer.width, answer.height) >= 300
    assert max(answer.width, answer.height) / min(answer.width, answer.height) <= 2.5
    assert [each.field for each in answer.adjustments] == ["source_padded"]


def test_a_fitting_photo_is_not_padded(tmp_path: Path) -> None:
    photo().save(tmp_path / "fine.png")
    assert asyncio.run(media.normalise_photo(tmp_path / "fine.png", tmp_path / "out.jpg")).adjustments == ()


@pytest.mark.parametrize("size", [(800, 600), (600, 800), (900, 500), (400, 400)])
def test_the_fallback_makes_sixteen_to_nine(tmp_path: Path, size: tuple[int, int]) -> None:
    photo(size).save(tmp_path / "p.png")
    answer = asyncio.run(media.to_widescreen(tmp_path / "p.png", tmp_path / "out.jpg"))
    assert answer.width / answer.height == pytest.approx(16 / 9, rel=0.01)


def test_nothing_hides_behind_a_photo(tmp_path: Path) -> None:
    (tmp_path / "poly.jpg").write_bytes(jpeg() + b"<script>alert(1)</script>PK\x03\x04zip")
    normalised(tmp_path / "poly.jpg", tmp_path / "out.jpg")
    out = (tmp_path / "out.jpg").read_bytes()
    assert b"script" not in out
    assert b"PK\x03\x04" not in out


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (hostile.png(20_000, 20_000), {"file_too_large"}),
        (hostile.gif(65_535, 65_535), {"file_too_large"}),
        (
            b"BM" + bytes(8) + b"\x36\x00\x00\x00\x28\x00\x00\x00" + b"\xff\xff\x00\x00" * 2 + bytes(40),
            {"file_too_large", "unreadable_media"},
        ),
        (jpeg()[:3000], {"truncated_media"}),
        (b"", {"unreadable_media"}),
        (b"<html>not found</html>", {"unreadable_media"}),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", {"unreadable_media"}),
        (b"II*\x00" + bytes(200), {"unreadable_media"}),
    ],
)
def test_what_is_no_photo_is_refused(tmp_path: Path, content: bytes, codes: set[str]) -> None:
    (tmp_path / "p.jpg").write_bytes(content)
    with pytest.raises(MediaError) as caught:
        asyncio.run(media.normalise_photo(tmp_path / "p.jpg", tmp_path / "out.jpg"))
    assert caught.value.code in codes


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "svg"),
        (b"<!doctype html><p>no</p>", "html"),
        (b"MZ\x90\x00", "unknown"),
    ],
)
def test_the_kind_of_refusal_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "p.jpg").write_bytes(content)
    with pytest.raises(MediaError) as caught:
        media.sniff_kind(tmp_path / "p.jpg")
    assert caught.value.facts["what"] == what
