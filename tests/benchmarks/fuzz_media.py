"""`make fuzz`: mutated photos and videos through the real children. Bounded; prints counts; a crash or a hang of ours
ends it with exit code 1, a child that dies is only ever a MediaError.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from core import media
from core.errors import MediaError
from core.io.file_types import HEAD_BYTES, mime_of
from core.types import SourceLimits
from tests import hostile
from tests.corpus import clip, in_boxes, jpeg, phone_photo, photo
from tests.edited import edited

_SLOW_S = 60.0
_LIMITS = SourceLimits(max_s=60)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=420, help="mutated files in all")
    parser.add_argument("--seconds", type=float, default=240.0, help="begin no more after this time")
    parser.add_argument("--number", type=int, default=0, help="another number gives other files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reelbot-fuzz-") as folder:
        return asyncio.run(fuzz(Path(folder), options.count, options.seconds, options.number))


def seeds(folder: Path) -> Iterator[tuple[str, bytes]]:
    yield "mp4", clip(folder / "s.mp4").read_bytes()
    yield "mov", clip(folder / "s.mov", metadata={"comment": "x"}, rotation=90).read_bytes()
    yield "fragmented mp4", clip(folder / "f.mp4", movflags="frag_keyframe+empty_moov").read_bytes()
    yield "hevc mp4", clip(folder / "h.mp4", codec="libx265").read_bytes()
    cut = [(0.3, None), (0.25, 0.2), (0.25, 0.7)]
    yield "cut mp4", edited(clip(folder / "c.mp4"), pictures=cut, sound=cut).read_bytes()
    yield "cut mov", edited(clip(folder / "c.mov", movflags="0"), pictures=cut[1:], wide=True).read_bytes()
    hlg = {"preset": "ultrafast", "x265-params": "colorprim=bt2020:colormatrix=bt2020nc:transfer=arib-std-b67"}
    yield "hdr mov", clip(folder / "hdr.mov", codec="libx265", pixels="yuv420p10le", options=hlg).read_bytes()
    yield "mkv", clip(folder / "s.mkv").read_bytes()
    yield "webm", clip(folder / "s.webm", codec="libvpx-vp9", audio="libopus", options={"cpu-used": "8"}).read_bytes()
    yield "jpeg", jpeg()
    yield "heic", in_boxes("HEIF")
    yield "avif", in_boxes("AVIF")
    yield "phone jpeg", phone_photo(folder / "p.jpg", orientation=6).read_bytes()
    for kind in ("png", "webp", "gif", "bmp"):
        path = folder / f"p.{kind}"
        photo((320, 200)).save(path)
        yield kind, path.read_bytes()


def mutants(folder: Path, number: int) -> Iterator[tuple[str, bytes]]:
    """One of each seed in turn, without an end."""
    known = list(seeds(folder))
    streams = [(name, hostile.mutations(content, count=10**6, number=number)) for name, content in known]
    for name, stream in cycle(streams):
        yield name, next(stream)


async def fuzz(folder: Path, count: int, seconds: float, number: int) -> int:
    began, tally, bad, slowest = time.monotonic(), Counter[str](), list[str](), 0.0
    waiting = islice(mutants(folder, number), count)

    async def worker(name: str) -> None:
        nonlocal slowest
        for kind, content in waiting:
            if time.monotonic() - began > seconds:
                return
            start = time.monotonic()
            answer = await look(folder / name, content)
            taken = time.monotonic() - start
            slowest = max(slowest, taken)
            tally[answer] += 1
            if taken > _SLOW_S or answer.startswith("OURS"):
                bad.append(f"{kind}: {answer} after {taken:.1f} s")

    await asyncio.gather(*(worker(f"w{each}") for each in range(3)))
    print(f"{sum(tally.values())} mutated files in {time.monotonic() - began:.0f} s, the slowest {slowest:.2f} s")
    for answer, times in tally.most_common():
        print(f"  {times:5}  {answer}")
    print(f"  {len(bad):5}  failures of ours" + "".join(f"\n         {each}" for each in bad[:20]))
    return 1 if bad else 0


async def look(path: Path, content: bytes) -> str:
    """Everything that is done with a stranger's file and with a finished one."""
    await asyncio.to_thread(path.write_bytes, content)
    into = path.with_suffix(".out")
    try:
        if (mime_of(content[:HEAD_BYTES]) or "").startswith("image/"):
            await media.normalise_photo(path, into)
        else:
            await media.prepare_video(path, into, limits=_LIMITS, max_bytes=100_000_000)
            await media.make_playable(path, into, max_bytes=9_500_000)
            still, copy = into.with_suffix(".jpg"), into.with_suffix(".copy")
            await media.check(into, thumbnail=still, into=copy, max_bytes=9_500_000)
            await media.last_frame(path, still)
            await media.join([path, path], copy)
            await media.make_playable(path, copy, max_bytes=9_500_000, record="{}")
    except MediaError as error:
        return f"refused: {error.code} {error.facts.get('reason', '')}".rstrip()
    except Exception as error:  # noqa: BLE001 - whatever else comes out is what is looked for
        return f"OURS: {type(error).__name__}: {error}"
    return "taken"


if __name__ == "__main__":
    sys.exit(main())
