"""The rows of the catalogue: what each video model at fal takes and costs. Data only; adding a model is adding one row.

Schemas and prices: the model pages at fal.ai/models/<endpoint id> (api and llms.txt), as read in November 2026. Prices
are dollars per second of output unless the row says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from core.types import Mode, SourceLimits

Codec = Literal["int", "str", "str_s"]
"""How a duration is written: 5, "5" or "5s". A strict endpoint refuses the other two with 422."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One mode of a model. An empty tuple: the endpoint has no such field, and the source decides."""

    id: str
    usd_per_s: Mapping[str, Decimal]  # by resolution; "" where the endpoint has no such field
    source_field: str | None = None
    duration_codec: Codec = "int"
    durations: tuple[int, ...] = ()  # seconds
    resolutions: tuple[str, ...] = ()
    default_resolution: str | None = None
    aspect_ratios: tuple[str, ...] = ()
    default_aspect_ratio: str | None = None
    seed: bool = False
    prompt_chars: int = 2500
    fixed: Mapping[str, bool] = field(default_factory=dict)  # sent always, because the price depends on it
    usd_per_source: Decimal = Decimal(0)
    min_side: int = 300  # pixels of a source's short side
    max_side: int = 4096  # pixels of a source's long side
    max_ratio: float = 2.5  # long by short side of a source photo
    source_bytes: int = 0  # largest source; 0: what may be published at all
    source_seconds: tuple[int, int] = (0, 0)  # shortest and longest source video
    source_fps: int = 0  # a source video has at least as many frames in a second
    output_s: int = 0  # longest output of an edit; its price is for one second in and one second out together
    conservative_price: bool = False  # the vendor's rule can be read two ways; ours is the dearer

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


@dataclass(frozen=True, slots=True)
class Model:
    """One row: a model with its names, endpoints and prices.

    `fallback_model`: the model that takes over a mode that this one lacks. `usual_render_s`: seconds, used only to
    schedule polls and to draw progress bars.
    """

    key: str
    name: str
    modes: Mapping[Mode, Endpoint]
    tier: str | None = None
    aliases: tuple[str, ...] = ()
    fallback_model: str | None = None
    usual_render_s: float = 90.0


def app_of(endpoint_id: str) -> str:
    """Return the app of an endpoint id: its first two segments, three under `workflows` and `comfy`."""
    parts = endpoint_id.split("/")
    return "/".join(parts[: 3 if parts[0] in {"workflows", "comfy"} else 2])


def _usd(**prices: str) -> dict[str, Decimal]:
    """Build a price table by resolution.

    `p720="0.14"` is 720p; `any="0.07"` the price of an endpoint without resolutions.
    """
    return {"" if name == "any" else f"{name.removeprefix('p')}p": Decimal(price) for name, price in prices.items()}


_T, _I, _V = Mode.TEXT_TO_VIDEO, Mode.IMAGE_TO_VIDEO, Mode.VIDEO_TO_VIDEO
_WIDE = ("16:9", "9:16", "1:1")
_FIVE = ("16:9", "9:16", "1:1", "4:3", "3:4")
_NINE = (*_FIVE, "21:9", "9:21", "5:4", "4:5")
_SEEDANCE = ("21:9", "16:9", "4:3", "1:1", "3:4", "9:16")


def _wan25(mode: str, **more: object) -> Endpoint:
    return Endpoint(
        id=f"fal-ai/wan-25-preview/{mode}",
        usd_per_s=_usd(p480="0.05", p720="0.10", p1080="0.15"),
        duration_codec="str",
        durations=(5, 10),
        resolutions=("480p", "720p", "1080p"),
        default_resolution="480p",
        seed=True,
        prompt_chars=1500,
        **more,  # type: ignore[arg-type]
    )


def _horse(path: str, p1080: str, **more: object) -> Endpoint:
    return Endpoint(
        id=f"alibaba/happy-horse/{path}",
        usd_per_s=_usd(p720="0.14", p1080=p1080),
        durations=tuple(range(3, 16)),
        resolutions=("720p", "1080p"),
        default_resolution="720p",
        seed=True,
        **more,  # type: ignore[arg-type]
    )


def _seedance(path: str, prices: dict[str, Decimal], **more: object) -> Endpoint:
    return Endpoint(
        id=f"bytedance/seedance-2.0/{path}",
        usd_per_s=prices,
        duration_codec="str",
        durations=tuple(range(4, 16)),
        resolutions=tuple(prices),
        default_resolution="720p",
        aspect_ratios=_SEEDANCE,
        fixed={"generate_audio": True},
        **more,  # type: ignore[arg-type]
    )


def _wan27(mode: str, **more: object) -> Endpoint:
    return Endpoint(
        id=f"fal-ai/wan/v2.7/{mode}",
        usd_per_s=_usd(p720="0.10", p1080="0.15"),
        durations=tuple(range(2, 16)),
        resolutions=("720p", "1080p"),
        default_resolution="720p",
        seed=True,
        prompt_chars=5000,
        **more,  # type: ignore[arg-type]
    )


def _kling(path: str, price: str, durations: tuple[int, ...], **more: object) -> Endpoint:
    return Endpoint(
        id=f"fal-ai/kling-video/{path}",
        usd_per_s=_usd(any=price),
        duration_codec="str",
        durations=durations,
        **more,  # type: ignore[arg-type]
    )


def _veo(path: str, price: str, **more: object) -> Endpoint:
    return Endpoint(
        id=f"fal-ai/veo3.1{path}",
        usd_per_s=_usd(p720=price, p1080=price),
        duration_codec="str_s",
        durations=(4, 6, 8),
        resolutions=("720p", "1080p"),
        default_resolution="720p",
        aspect_ratios=("16:9", "9:16"),
        seed=True,
        fixed={"generate_audio": True},
        **more,  # type: ignore[arg-type]
    )


_FROM_TEXT_16_9 = {"default_aspect_ratio": "16:9"}
_SEEDANCE_FAST = _usd(p480="0.1125", p720="0.2419")
_SEEDANCE_MINI = _usd(p480="0.0721", p720="0.1547")
_SEEDANCE_FULL = _usd(p720="0.3024")
_SILENT = {"fixed": {"generate_audio": False}}
_FOLLOWS_PHOTO = {"source_field": "image_url", "default_aspect_ratio": "auto"}
_SHORT, _LONG = (5, 10), tuple(range(3, 16))

MODELS: tuple[Model, ...] = (
    Model(
        key="wan-2.5",
        name="Wan 2.5",
        tier="budget",
        aliases=("wan", "wan25", "fal-ai/wan/v2.5/text-to-video", "fal-ai/wan/v2.5/image-to-video"),
        fallback_model="happy-horse",
        usual_render_s=60.0,
        modes={
            _T: _wan25("text-to-video", aspect_ratios=_WIDE, **_FROM_TEXT_16_9),
            _I: _wan25("image-to-video", source_field="image_url"),
        },
    ),
    Model(
        key="happy-horse",
        name="Happy Horse",
        tier="balanced",
        aliases=("happy-horse-1.0", "horse"),
        usual_render_s=90.0,
        modes={
            _T: _horse("text-to-video", "0.28", aspect_ratios=_FIVE, **_FROM_TEXT_16_9),
            _I: _horse("image-to-video", "0.28", source_field="image_url", source_bytes=10_000_000),
            # Half the price is for the input, half for the output, which ends at 15 s; whether a longer source is
            # billed whole is not said.
            _V: Endpoint(
                id="alibaba/happy-horse/video-edit",
                source_field="video_url",
                usd_per_s=_usd(p720="0.28", p1080="0.56"),
                resolutions=("720p", "1080p"),
                default_resolution="720p",
                seed=True,
                min_side=320,
                max_side=2160,
                source_bytes=100_000_000,
                source_seconds=(3, 60),
                source_fps=9,  # "more than 8"
                output_s=15,
                conservative_price=True,
            ),
        },
    ),
    Model(
        key="seedance-2.0-fast",
        name="Seedance 2.0 Fast",
        tier="premium",
        aliases=("seedance", "seedance-fast"),
        fallback_model="happy-horse",
        usual_render_s=120.0,
        modes={
            _T: _seedance("fast/text-to-video", _SEEDANCE_FAST, **_FROM_TEXT_16_9),
            _I: _seedance("fast/image-to-video", _SEEDANCE_FAST, **_FOLLOWS_PHOTO),
        },
    ),
    Model(
        key="happy-horse-1.1",
        name="Happy Horse 1.1",
        aliases=("horse-1.1",),
        fallback_model="happy-horse",
        modes={
            _T: _horse("v1.1/text-to-video", "0.18", aspect_ratios=_NINE, **_FROM_TEXT_16_9),
            _I: _horse("v1.1/image-to-video", "0.18", source_field="image_url"),
        },
    ),
    Model(
        key="wan-2.7",
        name="Wan 2.7",
        fallback_model="happy-horse",
        usual_render_s=70.0,
        modes={
            _T: _wan27("text-to-video", aspect_ratios=_FIVE, **_FROM_TEXT_16_9),
            _I: _wan27("image-to-video", source_field="image_url"),
        },
    ),
    Model(
        key="seedance-2.0-mini",
        name="Seedance 2.0 Mini",
        aliases=("seedance-mini",),
        fallback_model="happy-horse",
        modes={
            _T: _seedance("mini/text-to-video", _SEEDANCE_MINI, **_FROM_TEXT_16_9),
            _I: _seedance("mini/image-to-video", _SEEDANCE_MINI, **_FOLLOWS_PHOTO),
        },
    ),
    Model(
        key="seedance-2.0-standard",
        name="Seedance 2.0",
        aliases=("seedance-standard",),
        fallback_model="happy-horse",
        usual_render_s=180.0,
        modes={
            _T: _seedance("text-to-video", _SEEDANCE_FULL, **_FROM_TEXT_16_9),
            _I: _seedance("image-to-video", _SEEDANCE_FULL, **_FOLLOWS_PHOTO),
        },
    ),
    Model(
        key="kling-2.5-turbo",
        name="Kling 2.5 Turbo",
        aliases=("kling-turbo",),
        fallback_model="happy-horse",
        modes={
            _T: _kling("v2.5-turbo/pro/text-to-video", "0.07", _SHORT, aspect_ratios=_WIDE, **_FROM_TEXT_16_9),
            _I: _kling("v2.5-turbo/pro/image-to-video", "0.07", _SHORT, source_field="image_url"),
        },
    ),
    Model(
        key="kling-2.6",
        name="Kling 2.6 (silent)",
        fallback_model="happy-horse",
        modes={
            _T: _kling("v2.6/pro/text-to-video", "0.07", _SHORT, aspect_ratios=_WIDE, **_FROM_TEXT_16_9, **_SILENT),
            _I: _kling("v2.6/pro/image-to-video", "0.07", _SHORT, source_field="start_image_url", **_SILENT),
        },
    ),
    Model(
        key="kling-3",
        name="Kling 3 (silent)",
        aliases=("kling",),
        fallback_model="happy-horse",
        usual_render_s=150.0,
        modes={
            _T: _kling("v3/pro/text-to-video", "0.112", _LONG, aspect_ratios=_WIDE, **_FROM_TEXT_16_9, **_SILENT),
            _I: _kling("v3/pro/image-to-video", "0.112", _LONG, source_field="start_image_url", **_SILENT),
        },
    ),
    Model(
        key="veo-3.1-fast",
        name="Veo 3.1 Fast",
        aliases=("veo-fast", "veo3.1-fast"),
        fallback_model="happy-horse",
        usual_render_s=60.0,
        modes={
            _T: _veo("/fast", "0.15", **_FROM_TEXT_16_9),
            _I: _veo("/fast/image-to-video", "0.15", **_FOLLOWS_PHOTO),
        },
    ),
    Model(
        key="veo-3.1",
        name="Veo 3.1",
        aliases=("veo", "veo3", "veo3.1"),
        fallback_model="happy-horse",
        usual_render_s=120.0,
        modes={
            _T: _veo("", "0.40", **_FROM_TEXT_16_9),
            _I: _veo("/image-to-video", "0.40", **_FOLLOWS_PHOTO),
        },
    ),
)
