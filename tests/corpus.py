"""Photos and videos made for the tests: no samples from elsewhere, no ffmpeg program (PyAV's wheel has lavfi)."""

from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageDraw
from pillow_heif import register_heif_opener


def clip(
    path: Path,
    *,
    source: str = "testsrc2=s=320x180:r=24",
    seconds: float = 1.0,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    audio: str | None = "aac",
    container: str | None = None,
    movflags: str = "+faststart",
    options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    rotation: int = 0,
    sar: Fraction | None = None,
) -> Path:
    """A real video of `seconds`, written by real encoders."""
    mux = {"movflags": movflags} if path.suffix in {".mp4", ".mov", ".m4v"} else {}
    with av.open(source, format="lavfi") as pictures, av.open(str(path), "w", format=container, options=mux) as target:
        target.metadata.update(metadata or {})
        stream_in = pictures.streams.video[0]
        out: Any = target.add_stream(codec, rate=stream_in.average_rate)
        out.width, out.height, out.pix_fmt = stream_in.width, stream_in.height, pixels
        out.options = options or ({"preset": "ultrafast"} if codec in {"libx264", "libx265"} else {})
        if sar:
            out.codec_context.sample_aspect_ratio = sar
        sound: Any = None
        if audio:
            sound = target.add_stream(audio, rate=48_000 if audio == "libopus" else 44_100, layout="stereo")
        for number, frame in enumerate(pictures.decode(video=0)):
            if number >= seconds * float(stream_in.average_rate or 24):
                break
            frame.pict_type = 0
            for packet in out.encode(frame.reformat(format=pixels)):
                target.mux(packet)
        for packet in out.encode(None):
            target.mux(packet)
        if sound is not None:
            _tone(target, sound, seconds)
    if rotation:
        _turn(path, rotation)
    return path


def _tone(target: Any, sound: Any, seconds: float) -> None:
    rate = sound.rate
    with av.open(f"sine=f=440:r={rate}", format="lavfi") as tone:
        resampler = av.AudioResampler(format=sound.format.name, layout="stereo", rate=rate, frame_size=1024)
        done = 0
        for frame in tone.decode(audio=0):
            if done >= seconds * rate:
                break
            done += frame.samples
            for piece in resampler.resample(frame):
                for packet in sound.encode(piece):
                    target.mux(packet)
        for packet in sound.encode(None):
            target.mux(packet)


def voice(path: Path, *, seconds: float = 3.0, codec: str = "libopus", rate: int = 48_000, hertz: int = 440) -> Path:
    """A sound of `seconds` as chats and phones write it, of one tone."""
    with (
        av.open(f"sine=f={hertz}:r={rate}", format="lavfi") as tone,
        av.open(str(path), "w") as target,
    ):
        target.metadata.update({"title": "SecretVoice"})
        out: Any = target.add_stream(codec, rate=rate, layout="mono")
        resampler = av.AudioResampler(
            format=out.format.name, layout="mono", rate=rate, frame_size=out.frame_size or 1024
        )
        done, whole = 0, round(seconds * rate)
        for frame in tone.decode(audio=0):
            for piece in resampler.resample(_first(frame, whole - done)):
                target.mux(out.encode(piece))
            done += frame.samples
            if done >= whole:
                break
        for piece in resampler.resample(None):
            target.mux(out.encode(piece))
        target.mux(out.encode(None))
    return path


def _first(frame: Any, samples: int) -> Any:
    """The frame with so many of its samples."""
    if samples >= frame.samples:
        return frame
    cut = av.AudioFrame.from_ndarray(frame.to_ndarray()[:, :samples].copy(), format=frame.format.name, layout="mono")
    cut.sample_rate, cut.pts, cut.time_base = frame.sample_rate, frame.pts, frame.time_base
    return cut


_MATRICES = {
    90: (0, 1, -1, 0),
    180: (-1, 0, 0, -1),
    270: (0, -1, 1, 0),
}


def _turn(path: Path, degrees: int) -> None:
    """Write the display matrix a phone writes: into the video track's tkhd."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    matrix = at + 4 + 20 + 16  # version and flags, times and ids, reserved and volume
    a, b, c, d = (value * 65536 for value in _MATRICES[degrees])
    values = (a, b, 0, c, d, 0, 0, 0, 0x40000000)
    data[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    path.write_bytes(bytes(data))


def photo(size: tuple[int, int] = (640, 400)) -> Image.Image:
    """Red above, blue below, a white corner at the top left: its way up is plain to see."""
    image = Image.new("RGB", size, (200, 30, 30))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, size[1] // 2, size[0], size[1]), fill=(30, 30, 200))
    draw.rectangle((0, 0, size[0] // 5, size[1] // 5), fill=(255, 255, 255))
    return image


def phone_photo(path: Path, *, size: tuple[int, int] = (640, 400), orientation: int = 1) -> Path:
    """A JPEG as a phone makes it: stored turned, with the orientation and the place it was taken in EXIF."""
    turns: dict[int, Callable[[Image.Image], Image.Image]] = {
        1: lambda image: image,
        2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
        4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
        6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
        7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
        8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
    }
    stored = turns[orientation](photo(size))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretPhoneMaker"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.5), 3: "E", 4: (2.0, 17.0, 40.2)})
    stored.save(path, "JPEG", exif=exif, quality=90)
    return path


def jpeg(size: tuple[int, int] = (640, 400)) -> bytes:
    buffer = BytesIO()
    photo(size).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def in_boxes(kind: str, size: tuple[int, int] = (640, 400)) -> bytes:
    """A photo as phones send it as a file: "HEIF" or "AVIF"."""
    register_heif_opener()
    buffer = BytesIO()
    photo(size).save(buffer, kind, quality=80)
    return buffer.getvalue()


def has_sound(path: Path) -> bool:
    with av.open(str(path)) as container:
        return bool(container.streams.audio)
