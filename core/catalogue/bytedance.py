"""ByteDance: Seedance, and an upscaler for any film. Silence costs as much as sound."""

from dataclasses import replace

from core.catalogue.row import FRAMES, REFERENCES, SIX, Endpoint, I, Model, Prices, T, seconds, usd, with_end
from core.types import Mode


def _seedance(path: str, prices: Prices, durations: tuple[int, ...], **more: object) -> Endpoint:
    return Endpoint(
        id=f"bytedance/{path}",
        usd_per_s=prices,
        duration_codec="str",
        durations=durations,
        resolutions=tuple(prices),
        default_resolution="720p",
        aspect_ratios=SIX,
        sound_field="generate_audio",
        **more,  # type: ignore[arg-type]
    )


def _all(
    path: str, prices: Prices, durations: tuple[int, ...], *, references: int = 9, shapes_photos: bool = True
) -> dict[Mode, Endpoint]:
    """`shapes_photos`: whether a film from a photo may have another shape than the photo."""

    def endpoint(mode: str, **more: object) -> Endpoint:
        return _seedance(f"{path}{mode}", prices, durations, **more)

    photo = endpoint("image-to-video", source_field="image_url", default_aspect_ratio="auto")
    if not shapes_photos:
        photo = replace(photo, aspect_ratios=(), default_aspect_ratio=None)
    likeness = {"source_field": "image_urls", "most_sources": references}
    return {
        T: endpoint("text-to-video", default_aspect_ratio="16:9"),
        I: photo,
        FRAMES: with_end(photo),
        REFERENCES: endpoint("reference-to-video", default_aspect_ratio="auto", **likeness),
    }


SEEDANCE_FAST = Model(
    key="seedance-2.0-fast",
    name="Seedance 2.0 Fast",
    seen="2026-10-08",
    tier="premium",
    aliases=("seedance", "seedance-fast"),
    fallback_model="happy-horse",
    usual_render_s=120.0,
    # 480p: $0.1089 by the page's formula, $0.1125 by its table; the dearer counts.
    modes=_all("seedance-2.0/fast/", usd("480p 0.1125, 720p 0.2419"), seconds(4, 15)),
)
SEEDANCE_MINI = Model(
    key="seedance-2.0-mini",
    name="Seedance 2.0 Mini",
    seen="2026-10-08",
    aliases=("seedance-mini",),
    fallback_model="happy-horse",
    modes=_all("seedance-2.0/mini/", usd("480p 0.0721, 720p 0.1547"), seconds(4, 15)),
)
SEEDANCE = Model(
    key="seedance-2.0-standard",
    name="Seedance 2.0",
    seen="2026-08-22",
    aliases=("seedance-standard",),
    fallback_model="happy-horse",
    usual_render_s=180.0,
    # The page contradicts itself at 720p ($0.3024 by tokens): the dearer counts. 480p and 4k have no stated price.
    modes=_all("seedance-2.0/", usd("720p 0.3034, 1080p 0.682"), seconds(4, 15)),
)
SEEDANCE_25 = Model(
    key="seedance-2.5",
    name="Seedance 2.5",
    seen="2026-10-03",
    fallback_model="happy-horse",
    usual_render_s=180.0,
    modes=_all(
        "seedance-2.5/",
        usd("480p 0.2205, 720p 0.473, 1080p 1.164"),
        seconds(4, 30),
        references=30,
        shapes_photos=False,
    ),
)
# The same on machines in the United States, a fifth dearer.
SEEDANCE_25_US = Model(
    key="seedance-2.5-us",
    name="Seedance 2.5 US",
    seen="2026-10-03",
    fallback_model="happy-horse",
    usual_render_s=180.0,
    modes=_all(
        "seedance-2.5/us/",
        usd("480p 0.2646, 720p 0.5676, 1080p 1.396"),
        seconds(4, 30),
        references=30,
        shapes_photos=False,
    ),
)
UPSCALER = Model(
    key="upscaler",
    name="ByteDance Upscaler",
    seen="2026-10-02",
    aliases=("bytedance-upscaler",),
    usual_render_s=120.0,
    modes={
        # At 30 frames a second, and the "standard" tier; a bill of 10 s was $0.072. 2k has no stated price.
        Mode.UPSCALE_VIDEO: Endpoint(
            id="fal-ai/bytedance-upscaler/upscale/video",
            usd_per_s=usd("1080p 0.0072, 4k 0.0288"),
            resolutions=("1080p", "4k"),
            resolution_field="target_resolution",
            default_resolution="1080p",
            has_prompt=False,
            source_field="video_url",
            source_seconds=(1, 120),
            source_bytes=500_000_000,
            min_side=1,
            fixed={"enhancement_tier": "standard", "enhancement_preset": "aigc", "target_fps": "30fps"},
        )
    },
)
