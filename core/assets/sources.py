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
from core.types import Asset, Kind, Mode

SourceFile = Path | str | bytes
"""A local file, its bytes, or an address from which the file is fetched, to be published like the others."""


@dataclass(frozen=True, slots=True)
class RequestSources:
    """The sources of one request as its caller gave them, and the mode that follows from them.

    `by_url`: the first is an address that goes to fal as it is.
    """

    mode: Mode
    files: tuple[SourceFile, ...] = ()
    by_url: bool = False

    @property
    def kind(self) -> Kind:
        """Return what each of them has to be."""
        return pricing.mode_kind(self.mode)


def read_sources(
    *,
    image: SourceFile | None = None,
    image_url: str | None = None,
    last_image: SourceFile | None = None,
    references: Sequence[SourceFile] = (),
    video: SourceFile | None = None,
    video_url: str | None = None,
) -> RequestSources:
    """Read the arguments of a call. Raises BadRequest for those that do not go together, BadReference for no file."""
    arguments.of_type("references", references, Sequence, optional=False)
    if isinstance(references, str | bytes):
        references = (references,)
    several = tuple(references) or None
    arguments.one_of(image=image, image_url=image_url, video=video, video_url=video_url, references=several)
    for name, value in (("image", image), ("last_image", last_image), ("video", video)):
        arguments.source(name, value)
    for each in several or ():
        arguments.source("references", each, optional=False)
    arguments.text("image_url", image_url, optional=True)
    arguments.text("video_url", video_url, optional=True)
    by_url = image_url is not None or video_url is not None
    first = image if image is not None else image_url
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
    for number, file in enumerate(sources.files):
        if number == 0 and sources.by_url:
            assets.append(await _foreign(str(file), sources.kind, settings=settings))
        else:
            assets.append(await _published(file, sources, model=model, settings=settings))
    return assets


async def _foreign(url: str, kind: Kind, *, settings: FalSettings) -> Asset:
    """Check the caller's own public address once."""
    require_public_url(url, settings=settings)
    await check_foreign(url, settings=settings)
    return Asset("", url, kind, 0)


async def _published(file: SourceFile, sources: RequestSources, *, model: str, settings: FalSettings) -> Asset:
    asset = await publish_asset(file, settings=settings, limits=pricing.source_limits(model, sources.mode))
    if asset.kind is not sources.kind:
        raise BadRequest("bad_option", option=str(sources.kind), value=f"is a {asset.kind}")
    return asset


def facts_of(asset: Asset) -> SourceFacts:
    """Return what the price depends on."""
    return SourceFacts(asset.kind, asset.width, asset.height, asset.duration_s, asset.size)
