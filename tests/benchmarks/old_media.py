"""Media as it was before the fork server: a Python of its own for each child, three to five of them for a film.

`python -m tests.benchmarks.old_media run` is `reelbot run` with that, to be measured against in the same run.
"""

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    del os.fork  # where nothing can be forked, each child has a Python of its own

from bot.cli.main import main
from bot.jobs import video_files
from core import media
from core.media.renditions import Rendition, RenditionCache


class OldCache(RenditionCache):
    """The same calls in the same order. The thumbnail had a run of its own, which only opened the film."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._at = folder

    async def check(self, original: Path, *, max_bytes: int, lenient: bool = False) -> media.Probe:
        return await (media.probe(original) if lenient else media.verify(original))

    async def rendition(self, original: Path, *, max_bytes: int, lenient: bool = False) -> Rendition:
        self._at.mkdir(parents=True, exist_ok=True)
        path, probe = original, await media.probe(original)
        if not probe.playable or probe.size > max_bytes:
            path = self._at / f"{original.stem}-{max_bytes}.mp4"
            await media.make_playable(original, path, max_bytes=max_bytes)
            probe = await media.probe(path)
        thumbnail = self._at / f"{original.stem}.jpg"
        await media.check(path, thumbnail=thumbnail, into=self._at / "none.mp4", max_bytes=max_bytes, lenient=True)
        return Rendition(path, thumbnail, probe.width, probe.height, probe.duration_s, probe.size)


if __name__ == "__main__":
    video_files.cache_of = lambda settings: OldCache(settings.output_dir / "fitted")
    sys.exit(main())
