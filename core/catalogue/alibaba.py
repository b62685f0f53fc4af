"""Alibaba: Wan and Happy Horse."""

from core.catalogue.row import (
    FIVE,
    FRAMES,
    NINE,
    REFERENCES,
    WIDE,
    Endpoint,
    I,
    Model,
    Prices,
    T,
    V,
    seconds,
    usd,
    with_end,
)
from core.types import Mode


def _wan25(mode: str, **more: object) -> Endpoint:
    return Endpoint(
        id=f"fal-ai/wan-25-preview/{mode}",
        usd_per_s=usd("480p 0.05, 720p 0.10, 1080p 0.15"),
        duration_codec="str",
        durations=(5, 10),
        resolutions=("480p", "720p", "1080p"),
        default_resolution="480p",
        seed=True,
        negative_field="negative_prompt",
        prompt_chars=1500,
        has_sound=False,
        **more,  # type: ignore[arg-type]
    )


def _wan27(mode: str, durations: tuple[int, ...] = seconds(2, 15), **more: object) -> Endpoint:
    return Endpoint(
        id=f"fal-ai/wan/v2.7/{mode}",
        usd_per_s=usd("720p 0.10, 1080p 0.15"),
        durations=durations,
        resolutions=("720p", "1080p"),
        default_resolution="720p",
        seed=True,
        negative_field="negative_prompt",
        prompt_chars=5000,
        has_sound=False,
        **more,  # type: ignore[arg-type]
    )


def _wan30(path: str, prices: Prices) -> dict[Mode, Endpoint]:
    def endpoint(mode: str, **more: object) -> Endpoint:
        return Endpoint(
            id=f"alibaba/{path}/{mode}",
            usd_per_s=prices,
            durations=seconds(2, 30),
            resolutions=tuple(prices),
            default_resolution="480p",
            seed=True,
            sound_field="audio",
            **more,  # type: ignore[arg-type]
        )

    photo = endpoint("image-to-video", source_field="start_image_url")
    likeness = {"source_field": "reference_image_urls", "most_sources": 10}
    return {
        T: endpoint("text-to-video", aspect_ratios=FIVE, default_aspect_ratio="16:9"),
        I: photo,
        FRAMES: with_end(photo),
        REFERENCES: endpoint("reference-to-video", aspect_ratios=FIVE, default_aspect_ratio="adaptive", **likeness),
    }


def _horse(path: str, p1080: str, **more: object) -> Endpoint:
    return Endpoint(
        id=f"alibaba/happy-horse/{path}",
        usd_per_s=usd(f"720p 0.14, 1080p {p1080}"),
        durations=seconds(3, 15),
        resolutions=("720p", "1080p"),
        default_resolution="720p",
        seed=True,
        **more,  # type: ignore[arg-type]
    )


_WAN_27_PHOTO = _wan27("image-to-video", source_field="image_url")
WAN_25 = Model(
    key="wan-2.5",
    name="Wan 2.5",
    seen="2026-11",
    tier="budget",
    aliases=("wan", "wan25", "fal-ai/wan/v2.5/text-to-video", "fal-ai/wan/v2.5/image-to-video"),
    fallback_model="happy-horse",
    usual_render_s=60.0,
    modes={
        T: _wan25("text-to-video", aspect_ratios=WIDE, default_aspect_ratio="16:9"),
        I: _wan25("image-to-video", source_field="image_url"),
    },
)
WAN_27 = Model(
    key="wan-2.7",
    name="Wan 2.7",
    seen="2026-11",
    fallback_model="happy-horse",
    usual_render_s=70.0,
    modes={
        T: _wan27("text-to-video", aspect_ratios=FIVE, default_aspect_ratio="16:9"),
        I: _WAN_27_PHOTO,
        FRAMES: with_end(_WAN_27_PHOTO),
        REFERENCES: _wan27(
            "reference-to-video",
            seconds(2, 10),
            source_field="reference_image_urls",
            most_sources=5,
            aspect_ratios=FIVE,
            default_aspect_ratio="16:9",
        ),
    },
)
WAN_30 = Model(
    key="wan-3.0",
    name="Wan 3.0",
    seen="2026-10-08",
    aliases=("wan-3", "wan30"),
    fallback_model="happy-horse",
    ahead_in=(T,),
    modes=_wan30("wan-3.0", usd("480p 0.05, 720p 0.10, 1080p 0.20")),
)
WAN_30_PRIME = Model(
    key="wan-3.0-prime",
    name="Wan 3.0 Prime",
    seen="2026-10-02",
    aliases=("wan-prime",),
    fallback_model="happy-horse",
    usual_render_s=60.0,
    # A film of 6 s was once seen at $0.30; the page is dearer.
    modes=_wan30("wan-3.0-prime", usd("480p 0.068, 720p 0.14, 1080p 0.28")),
)
HORSE = Model(
    key="happy-horse",
    name="Happy Horse",
    seen="2026-11",
    tier="balanced",
    aliases=("happy-horse-1.0", "horse"),
    usual_render_s=90.0,
    modes={
        T: _horse("text-to-video", "0.28", aspect_ratios=FIVE, default_aspect_ratio="16:9"),
        I: _horse("image-to-video", "0.28", source_field="image_url", source_bytes=10_000_000),
        # Half the price is for the input, half for the output, which ends at 15 s; whether a longer source is billed
        # whole is not said.
        V: Endpoint(
            id="alibaba/happy-horse/video-edit",
            source_field="video_url",
            usd_per_s=usd("720p 0.28, 1080p 0.56"),
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
)
HORSE_11 = Model(
    key="happy-horse-1.1",
    name="Happy Horse 1.1",
    seen="2026-10-04",
    aliases=("horse-1.1",),
    fallback_model="happy-horse",
    modes={
        T: _horse("v1.1/text-to-video", "0.18", aspect_ratios=NINE, default_aspect_ratio="16:9"),
        I: _horse("v1.1/image-to-video", "0.18", source_field="image_url"),
        REFERENCES: _horse(
            "v1.1/reference-to-video",
            "0.18",
            source_field="image_urls",
            most_sources=9,
            min_side=400,
            source_bytes=20_000_000,
            aspect_ratios=NINE,
            default_aspect_ratio="16:9",
        ),
    },
)
