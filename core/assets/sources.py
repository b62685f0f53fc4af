"""Makes what a caller of the library gives as sources into something that fal can fetch: published, or looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core import pricing
from core.assets.publish import publish_asset
from core.assets.reachability import check_foreign
from core.assets.safe_fetch import require_public_url
from core.config import FalSettings
from core.errors import BadRequest, arguments
from core.pricing import SourceFacts
from core.types import Asset, Kind, Mode, SourceLimits

SourceFile = Path | str | bytes
"""A local file, its bytes, or an address from which the file is fetched, to be published like the others."""


@dataclass(frozen=True, slots=True)
class RequestSources:
    """The sources of one request as its caller gave them, and the mode that follows from them.

    `by_url`: the place of an address among them that goes to fal as it is.
    """

    mode: Mode
    files: tuple[SourceFile, ...] = ()
    by_url: int | None = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Return what each of them has to be."""
        return tuple(role.kind for role in pricing.roles_of(self.mode, references=len(self.files)))


def read_sources(
    *,
    image: SourceFile | None = None,
    image_url: str | None = None,
    last_image: SourceFile | None = None,
    references: Sequence[SourceFile] = (),
    video: SourceFile | None = None,
    video_url: str | None = None,
    audio: SourceFile | None = None,
) -> RequestSources:
    """Read the arguments of a call. Raises BadRequest for those that do not go together, BadReference for no file.

    A sound goes beside the photo that speaks it, or stands alone.
    """
    arguments.of_type("references", references, Sequence, optional=False)
    if isinstance(references, str | bytes):
        references = (references,)
    several = tuple(references) or None
    arguments.one_of(image=image, image_url=image_url, video=video, video_url=video_url, references=several)
    for name, value in (("image", image), ("last_image", last_image), ("video", video), ("audio", audio)):
        arguments.source(name, value)
    for each in several or ():
        arguments.source("references", each, optional=False)
    arguments.text("image_url", image_url, optional=True)
    arguments.text("video_url", video_url, optional=True)
    by_url = 0 if image_url is not None or video_url is not None else None
    first = image if image is not None else image_url
    if audio is not None:
        arguments.one_of(audio=audio, last_image=last_image, video=video, video_url=video_url, references=several)
        files = (audio,) if first is None else (audio, first)
        return RequestSources(Mode.AUDIO_TO_VIDEO, files, by_url=1 if image_url is not None else None)
    if last_image is not None and first is None:
        raise BadRequest("bad_option", option="last_image", value="alone", needs="beside image, the first frame")
    if first is not None and last_image is not None:
        return RequestSources(Mode.FRAMES_TO_VIDEO, (first, last_image), by_url)
    if first is not None:
        return RequestSources(Mode.IMAGE_TO_VIDEO, (first,), by_url)
    film = video if video is not None else video_url
    if film is not None:
        return RequestSources(Mode.VIDEO_TO_VIDEO, (film,), by_url)
    return RequestSources(Mode.REFERENCE_TO_VIDEO, several) if several else RequestSources(Mode.TEXT_TO_VIDEO)


async def publish_sources(sources: RequestSources, *, model: str, settings: FalSettings) -> list[Asset]:
    """Publish the files and look at the addresses, in their order. Free. Raises VideoError."""
    assets = []
    for number, (file, kind) in enumerate(zip(sources.files, sources.kinds, strict=True)):
        if number == sources.by_url:
            assets.append(await _foreign(str(file), kind, settings=settings))
        else:
            limits = pricing.source_limits(model, sources.mode)
            assets.append(await _published(file, kind, limits=limits, settings=settings))
    return assets


async def _foreign(url: str, kind: Kind, *, settings: FalSettings) -> Asset:
    """Check the caller's own public address once."""
    require_public_url(url, settings=settings)
    await check_foreign(url, settings=settings)
    return Asset("", url, kind, 0)


async def _published(file: SourceFile, kind: Kind, *, limits: SourceLimits, settings: FalSettings) -> Asset:
    asset = await publish_asset(file, settings=settings, limits=limits, sound=kind is Kind.AUDIO)
    if asset.kind is not kind:
        raise BadRequest(
            "bad_option", option=str(kind), value=f"is a {'sound' if asset.kind is Kind.AUDIO else asset.kind}"
        )
    return asset


def facts_of(asset: Asset) -> SourceFacts:
    """Return what the price depends on."""
    return SourceFacts(asset.kind, asset.width, asset.height, asset.duration_s, asset.size)
