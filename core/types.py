"""The nouns of the video library, in fal's own words. Frozen values without behaviour beyond simple properties."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any


class Mode(StrEnum):
    """The kind of request, by what a model is given. It follows from the sources, never from editing an endpoint id.

    VIDEO_TO_VIDEO edits a film by words, EXTEND_VIDEO goes on where it ends, UPSCALE_VIDEO gives it more pixels;
    ENHANCE_DRAFT makes a draft whole, from what fal kept of it; AUDIO_TO_VIDEO films a sound, from a photo that speaks
    or from words.
    """

    TEXT_TO_VIDEO = "text-to-video"
    IMAGE_TO_VIDEO = "image-to-video"
    VIDEO_TO_VIDEO = "video-to-video"
    FRAMES_TO_VIDEO = "first-last-frame-to-video"
    REFERENCE_TO_VIDEO = "reference-to-video"
    EXTEND_VIDEO = "extend-video"
    UPSCALE_VIDEO = "upscale-video"
    ENHANCE_DRAFT = "enhance-draft"
    AUDIO_TO_VIDEO = "audio-to-video"


class Kind(StrEnum):
    """The kind of a source file: photo, video or sound."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"

    @property
    def mode(self) -> Mode:
        """Return the mode of a request whose source is of this kind."""
        return _MODES[self]


_MODES = {Kind.IMAGE: Mode.IMAGE_TO_VIDEO, Kind.VIDEO: Mode.VIDEO_TO_VIDEO, Kind.AUDIO: Mode.AUDIO_TO_VIDEO}


class Role(StrEnum):
    """What a source is for: the film's first or last picture, a likeness to keep, a film, a kept draft, its sound."""

    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"
    REFERENCE = "reference"
    VIDEO = "video"
    DRAFT = "draft"
    AUDIO = "audio"

    @property
    def kind(self) -> Kind:
        """Return what a file with this role is."""
        return {Role.VIDEO: Kind.VIDEO, Role.AUDIO: Kind.AUDIO}.get(self, Kind.IMAGE)


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a request. `url`: where fal fetches it, None until it is published."""

    role: Role
    url: str | None = None


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """The limits of a model for what it is given. Sides in pixels, sizes in bytes; 0: no such limit.

    `max_ratio` (long side by short side) is for photos; seconds are for videos and sounds, frames per second for
    videos.
    """

    min_side: int = 300
    max_side: int = 4096
    max_ratio: float = 2.5
    max_bytes: int = 0
    min_s: int = 0
    max_s: int = 0
    min_fps: int = 0


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A requested value that cannot be had, and the value applied instead (None: it was left out).

    `field` is "duration", "resolution", "aspect_ratio", "model", "prompt", "seed", "negative_prompt" or "sound" ("on",
    "off") for an option; "source_padded", "source_trimmed", "source_scaled" or "source_converted" for a photo, video or
    sound, in pixels, seconds or names.
    """

    field: str
    requested: str
    applied: str | None


@dataclass(frozen=True, slots=True)
class Asset:
    """A published file that anybody can fetch over https. `duration_s` for videos and sounds: they are priced by it.

    `adjustments`: what was changed about the file so that the model takes it. `size` in bytes, sides in pixels.
    """

    filename: str
    url: str
    kind: Kind
    size: int
    width: int = 0
    height: int = 0
    duration_s: float | None = None
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True, slots=True)
class VideoRequest:
    """The values of one paid request, exactly as they are sent to fal.

    None: the endpoint has no such field (or, for `seed` and `negative_prompt`, it is not set; for `sound`, it was
    bought before the sound could be chosen). `sources` stand in the order in which they are sent.
    """

    prompt: str
    model: str
    mode: Mode
    endpoint: str
    duration_s: int | None = None
    resolution: str | None = None
    aspect_ratio: str | None = None
    seed: int | None = None
    sound: bool | None = None
    sources: tuple[Source, ...] = ()
    negative_prompt: str | None = None

    @property
    def source_urls(self) -> tuple[str, ...]:
        """Return the addresses of the published sources."""
        return tuple(source.url for source in self.sources if source.url is not None)

    def published(self, *urls: str) -> "VideoRequest":
        """Return the request with these addresses of its sources, in their order."""
        pairs = zip(self.sources, urls, strict=True)
        return replace(self, sources=tuple(Source(source.role, url) for source, url in pairs))

    def unpublished(self) -> "VideoRequest":
        """Return the request with its sources as they were planned: without addresses."""
        return replace(self, sources=tuple(Source(source.role) for source in self.sources))


@dataclass(frozen=True, slots=True)
class Quote:
    """The price in dollars of exactly the values that are sent.

    `up_to`: the upper bound, where the rule of the price is unclear.
    """

    usd: Decimal
    endpoint: str
    up_to: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A purchase before it is made: the request, its price, and its adjustments.

    The request's sources have no addresses until they are published.
    """

    request: VideoRequest
    quote: Quote
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestHandle:
    """The names and addresses of a submitted request at fal. Strings only, so that it can be stored."""

    request_id: str
    endpoint: str
    status_url: str
    response_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class Submission:
    """The answer to an accepted order.

    `charged`: a pre-charging proxy's own units (`X-Credits-Used`) as it states them, which may be no number that can be
    believed (protocol.charged_usd); None at fal itself.
    """

    handle: RequestHandle
    charged: Decimal | None = None


@dataclass(frozen=True, slots=True, repr=False)
class RawReply:
    """One answer of fal, unread: status, headers (names in lower case, only those that are used), body.

    The body may hold addresses and prompts, so `repr` shows its length only.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"RawReply(status={self.status}, {len(self.body)} bytes)"


@dataclass(frozen=True, slots=True)
class LostOrder:
    """An order whose answer is unknown.

    `body`: the JSON object that was posted. `claimed`: when it was decided to post it. `answered`: when the POST ended,
    None when nobody saw its end. `open`: its own answer may still come. `hint`: the request that fal's webhook named
    for it.
    """

    name: str
    endpoint: str
    body: Mapping[str, Any]
    claimed: datetime
    answered: datetime | None
    open: bool = False
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """A request that waits in fal's queue. `position`: requests before it."""

    position: int | None = None


@dataclass(frozen=True, slots=True)
class InProgress:
    """A request that fal works on."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A request that fal has ended. Not a success yet: only the result tells (fal.ai docs, model-apis/errors)."""

    error: str | None = None
    error_type: str | None = None


QueueStatus = Queued | InProgress | Completed


@dataclass(frozen=True, slots=True)
class Video:
    """A finished video on this disk. It has a path and cannot carry a fal address.

    `size` in bytes, `width` and `height` in displayed pixels, `duration_s` in seconds, `cost_usd` in dollars (None
    when it is not known, as for a request bought elsewhere). `parts`: of a film that goes on, the films that it was
    joined of; empty for any other, and where the new part could not be joined and stands alone.
    """

    local_path: Path
    size: int
    width: int
    height: int
    duration_s: float
    request_id: str
    cost_usd: Decimal | None
    model: str
    parts: tuple[Path, ...] = ()
