"""Shows a still of the finished film in a terminal that shows pictures."""

import asyncio
import shutil
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from bot.cli.terminal import Terminal
from core import media
from core.errors import VideoError

_COLUMNS = 40
_CHUNK = 4096  # the most that one command of kitty's protocol may hold


async def show(film: Path) -> None:
    """Print a still on standard error. A film that gives none is no failure: its path follows."""
    protocol = Terminal().pictures
    if protocol is None:
        return
    with TemporaryDirectory(prefix="reelbot-still-") as folder:
        still = Path(folder) / "still.png"
        try:
            await media.still(film, still)
        except VideoError:
            return
        picture = await asyncio.to_thread(still.read_bytes)
    columns = min(_COLUMNS, max(1, shutil.get_terminal_size().columns - 1))
    for command in commands(picture, protocol, columns):
        sys.stderr.write(command)
    sys.stderr.write("\n")
    sys.stderr.flush()


def commands(picture: bytes, protocol: Literal["kitty", "iterm"], columns: int) -> Iterator[str]:
    """Yield the commands that show a PNG, `columns` wide."""
    text = b64encode(picture).decode()
    if protocol == "iterm":
        yield f"\x1b]1337;File=inline=1;size={len(picture)};width={columns};preserveAspectRatio=1:{text}\x07"
        return
    chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    for number, chunk in enumerate(chunks):
        more = int(number < len(chunks) - 1)
        keys = f"a=T,f=100,q=2,c={columns},m={more}" if number == 0 else f"m={more}"  # q=2: it answers nothing
        yield f"\x1b_G{keys};{chunk}\x1b\\"
