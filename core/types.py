"""The nouns of the video library, in fal's own words. Values only: frozen, no behaviour beyond trivial properties."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any


class Mode(StrEnum):
    """What a model is given. Chosen from the attachment, never by editing an endpoint string."""

    TEXT_TO_VIDEO = "text-to-video"
    IMAGE_TO_VIDEO = "image-to-video"
    VIDEO_TO_VIDEO = "video-to-video"


class Kind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"

    @property
    def mode(self) -> Mode:
        return Mode.IMAGE_TO_VIDEO if self is Kind.IMAGE else Mode.VIDEO_TO_VIDEO


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """What a model takes of a photo or video that it is given. Sides in pixels, sizes in bytes; 0 = no such limit.

    `max_ratio` (long by short side) is for photos, the seconds and frames are for videos.
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
    """What could not be had as it was asked for or given, and what was used instead (None: it was left out).

    `field` is "duration", "resolution", "aspect_ratio", "model", "prompt" or "seed" for a wish; "source_padded",
    "source_trimmed", "source_scaled" or "source_converted" for a photo or video, in pixels, seconds or names.
    """

    field: str
    requested: str
    applied: str | None


@dataclass(frozen=True, slots=True)
class Asset:
    """A published file the world can fetch over https. `duration_s` for videos: edits are priced by it.

    `adjustments`: what was changed about the file so that the model takes it.
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
    """Exactly what is sent to fal. None = the endpoint has no such field (or it is not set, for `seed`)."""

    prompt: str
    model: str
    mode: Mode
    endpoint: str
    duration_s: int | None = None
    resolution: str | None = None
    aspect_ratio: str | None = None
    seed: int | None = None
    source_url: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of exactly the values that are sent. `up_to`: the dearer reading of an unclear rule."""

    usd: Decimal
    endpoint: str
    up_to: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be bought: the request (its `source_url` still None before publishing), its price, what was changed."""

    request: VideoRequest
    quote: Quote
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestHandle:
    """fal's name for a submitted request. Strings only, so it can be stored."""

    request_id: str
    endpoint: str
    status_url: str
    response_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class Submission:
    """fal took the job. `charged`: a pre-charging proxy's own units (`X-Credits-Used`) as it says them, which may be no
    number that can be believed (protocol.charged_usd); None at fal itself.
    """

    handle: RequestHandle
    charged: Decimal | None = None


@dataclass(frozen=True, slots=True, repr=False)
class RawReply:
    """What fal answered, byte by byte. Header names are in lower case, and only those are kept that are read.

    Its body may hold addresses and prompts: it shows its length only.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"RawReply(status={self.status}, {len(self.body)} bytes)"


@dataclass(frozen=True, slots=True)
class LostOrder:
    """An order whose answer is unknown. `body`: the JSON object that was posted; `claimed`: when it was decided to
    post it; `answered`: when the POST ended, None when nobody saw its end. `open`: its own answer may still come.
    `hint`: the request that fal's webhook named for it.
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
    position: int | None = None


@dataclass(frozen=True, slots=True)
class InProgress:
    pass


@dataclass(frozen=True, slots=True)
class Completed:
    """fal is done with the request. Not a success yet: only the result tells (fal.ai docs, model-apis/errors)."""

    error: str | None = None
    error_type: str | None = None


QueueStatus = Queued | InProgress | Completed


@dataclass(frozen=True, slots=True)
class Video:
    """A finished video on this disk. It has a path and cannot carry a fal address.

    `size` in bytes, `width` and `height` in displayed pixels, `duration_s` in seconds, `cost_usd` in dollars (None
    when it is not known, as for a request bought elsewhere).
    """

    local_path: Path
    size: int
    width: int
    height: int
    duration_s: float
    request_id: str
    cost_usd: Decimal | None
    model: str
