"""Looks at a file of the shell before a price is named: what cannot be used is said with the file's name."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.cli.console import BadUsage, Failure
from bot.messages.i18n import admin_text
from core import media, pricing
from core.assets.publish import check_file
from core.errors import BadReference, MediaError, arguments
from core.pricing import SourceFacts
from core.types import Kind, Mode

_NAMES = {Kind.IMAGE: "a photo", Kind.VIDEO: "a video", Kind.AUDIO: "a sound"}


def require_file(path: Path) -> None:
    """Check that the file can be read. Raises Failure."""
    try:
        arguments.file(path)
        empty = path.stat().st_size == 0
    except BadReference as error:
        raise Failure(f"{path}: {error.facts['reason']}") from None
    if empty:
        raise Failure(f"{path} is empty")


async def facts_of(path: Path, mode: Mode, *, model: str, kind: Kind | None = None) -> SourceFacts:
    """Read the facts that the price depends on, and whether this model takes the file. Raises Failure, BadUsage.

    `kind`: what it has to be, where a mode takes more than one kind.
    """
    await asyncio.to_thread(require_file, path)
    kind = kind or pricing.mode_kind(mode)
    try:
        found = await asyncio.to_thread(check_file, path, sound=kind is Kind.AUDIO)
        if found is not kind:
            hint = "only a film can be enlarged" if mode is Mode.UPSCALE_VIDEO else f"give it as --{found}"
            raise BadUsage(f"{path} is {_NAMES[found]}: {hint}")
        if kind is Kind.AUDIO:
            sound = await media.measure_sound(path)
            return SourceFacts(kind, duration_s=sound.duration_s, size=sound.size)
        if kind is Kind.VIDEO:
            probe = await media.probe(path)
            return SourceFacts(kind, probe.width, probe.height, probe.duration_s, probe.size)
        with TemporaryDirectory(prefix="reelbot-look-") as folder:
            limits = pricing.source_limits(model, mode)
            photo = await media.normalise_photo(path, Path(folder) / "photo.jpg", limits=limits)
            return SourceFacts(kind, photo.width, photo.height, None, photo.size)
    except (BadReference, MediaError) as error:
        raise Failure(f"{path}: {admin_text(error.code, error.facts)}") from None
