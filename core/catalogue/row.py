"""What a row of the catalogue is made of: a model, its endpoints by mode, what they take and cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from core.types import Mode, SourceLimits

Codec = Literal["int", "str", "str_s"]
"""How a duration is written: 5, "5" or "5s". A strict endpoint refuses the other two with 422."""

Prices = Mapping[str, Decimal]
"""Dollars for a second of output, by resolution; "" where the endpoint has no such field."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One mode of a model. An empty tuple: the endpoint has no such field, and the source decides.

    `sound_field`: the field that switches the sound; it is always sent, because the price may depend on it.
    `has_sound`: whether a film has sound when nobody says anything about it. `source_field` takes the photo or film,
    or where `most_sources` is above 1 a list of so many photos at most; `end_field` the photo that the film ends with.
    `extension`: whether a continued film comes back whole, or only what is new; "" where nobody says. `photo_field`: of
    a film from a sound, which is its source: the photo that it may begin with; one of words and photo there has to be,
    so a row that takes no words needs the photo.
    """

    id: str
    usd_per_s: Prices = field(default_factory=dict)  # with sound, where the two differ
    usd_per_s_silent: Prices = field(default_factory=dict)  # empty: silence costs the same
    usd_per_clip: Mapping[int, Decimal] = field(default_factory=dict)  # by its seconds, where that is the rule
    has_prompt: bool = True
    negative_field: str | None = None
    source_field: str | None = None
    end_field: str | None = None
    photo_field: str | None = None
    most_sources: int = 1
    duration_codec: Codec = "int"
    durations: tuple[int, ...] = ()  # seconds
    longest_s: Mapping[str, int] = field(default_factory=dict)  # by resolution, where one ends sooner than the others
    resolutions: tuple[str, ...] = ()
    resolution_field: str = "resolution"  # "": not sent, there is but one
    default_resolution: str | None = None
    aspect_ratios: tuple[str, ...] = ()
    default_aspect_ratio: str | None = None
    seed: bool = False
    sound_field: str | None = None
    has_sound: bool = True
    prompt_chars: int = 2500
    fixed: Mapping[str, bool | str] = field(default_factory=dict)  # sent always: required, or a matter of the price
    usd_per_source: Decimal = Decimal(0)
    min_side: int = 300  # pixels of a source's short side
    max_side: int = 4096  # pixels of a source's long side
    max_ratio: float = 2.5  # long by short side of a source photo
    source_bytes: int = 0  # largest source; 0: what may be published at all
    source_seconds: tuple[int, int] = (0, 0)  # shortest and longest source video or sound
    source_fps: int = 0  # a source video has at least as many frames in a second
    output_s: int = 0  # longest output of an edit; its price is for one second in and one second out together.
    # 0: a second of what comes out costs the price, and as much comes out as goes in
    extension: Literal["whole", "part", ""] = ""
    source_sound: bool = False  # a source video has to have sound
    overrun_s: int = 0  # billed as measured, and the film may run over by as much
    refusals_charged: bool = False  # what the vendor's own filter refuses may be charged all the same
    conservative_price: bool = False  # the vendor's rule can be read two ways; ours is the dearer

    @property
    def films_sound(self) -> bool:
        """Return whether its first source is a sound, whose seconds it films and bills."""
        return self.photo_field is not None

    @property
    def needs_photo(self) -> bool:
        """Return whether a sound alone is not enough here, whatever is said about it."""
        return self.films_sound and not self.has_prompt

    @property
    def source_limits(self) -> SourceLimits:
        """Return what this endpoint takes of a photo or video."""
        return SourceLimits(
            min_side=self.min_side,
            max_side=self.max_side,
            max_ratio=self.max_ratio,
            max_bytes=self.source_bytes,
            min_s=self.source_seconds[0],
            max_s=self.source_seconds[1],
            min_fps=self.source_fps,
        )

    def durations_at(self, resolution: str | None) -> tuple[int, ...]:
        """Return the seconds that a film of this resolution may have."""
        longest = self.longest_s.get(resolution or "", max(self.durations, default=0))
        return tuple(each for each in self.durations if each <= longest)

    def prices(self, *, sound: bool) -> Prices:
        """Return the dollars for a second by resolution, with sound or without."""
        return self.usd_per_s if sound or not self.usd_per_s_silent else self.usd_per_s_silent


@dataclass(frozen=True, slots=True)
class Model:
    """One row: a model with its names, endpoints and prices.

    `fallback_model`: the model that takes over a mode that this one lacks. `usual_render_s`: seconds, used only to
    schedule polls and to draw progress bars. `retired`: the day fal took it away; it is found for old jobs, not sold.
    `seen`: the day when schema and price were read. `ahead_in`: where people who compared films without names had it
    among the first (words: the first three places, photos: the first; September 2026).
    """

    key: str
    name: str
    modes: Mapping[Mode, Endpoint]
    seen: str
    tier: str | None = None
    aliases: tuple[str, ...] = ()
    fallback_model: str | None = None
    usual_render_s: float = 90.0
    retired: str | None = None
    ahead_in: tuple[Mode, ...] = ()


def app_of(endpoint_id: str) -> str:
    """Return the app of an endpoint id: its first two segments, three under `workflows` and `comfy`."""
    parts = endpoint_id.split("/")
    return "/".join(parts[: 3 if parts[0] in {"workflows", "comfy"} else 2])


def usd(text: str) -> Prices:
    """Read a price table by resolution: "480p 0.05, 720p 0.10"; a price alone is that of every resolution."""
    pairs = [entry.rsplit(" ", 1) for entry in text.split(", ")]
    return {pair[0] if len(pair) > 1 else "": Decimal(pair[-1]) for pair in pairs}


def with_end(photo: Endpoint, end_field: str = "end_image_url", **more: object) -> Endpoint:
    """Return the row of two photos where the endpoint of one takes the second as well."""
    return replace(photo, end_field=end_field, **more)  # type: ignore[arg-type]


def written_duration(codec: Codec, whole_seconds: int) -> int | str:
    """Return a duration as an endpoint wants it written."""
    written: dict[str, int | str] = {"int": whole_seconds, "str": str(whole_seconds), "str_s": f"{whole_seconds}s"}
    return written[codec]


def seconds(first: int, last: int) -> tuple[int, ...]:
    """Return every whole second from the first to the last."""
    return tuple(range(first, last + 1))


T, I, V = Mode.TEXT_TO_VIDEO, Mode.IMAGE_TO_VIDEO, Mode.VIDEO_TO_VIDEO  # noqa: E741 - the columns of a row
FRAMES, REFERENCES, EXTEND = Mode.FRAMES_TO_VIDEO, Mode.REFERENCE_TO_VIDEO, Mode.EXTEND_VIDEO
AUDIO = Mode.AUDIO_TO_VIDEO

WIDE = ("16:9", "9:16", "1:1")
FIVE = ("16:9", "9:16", "1:1", "4:3", "3:4")
SIX = ("21:9", "16:9", "4:3", "1:1", "3:4", "9:16")
SEVEN = ("16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16")
NINE = (*FIVE, "21:9", "9:21", "5:4", "4:5")
CINEMA = ("16:9", "9:16")
