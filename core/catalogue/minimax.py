"""MiniMax: H3 and Hailuo."""

from decimal import Decimal

from core.catalogue.row import (
    AUDIO,
    EXTEND,
    FRAMES,
    REFERENCES,
    SIX,
    Endpoint,
    I,
    Model,
    Prices,
    T,
    seconds,
    usd,
    with_end,
)
from core.types import Mode


def _h3(
    path: str,
    prices: Prices,
    default: str,
    durations: tuple[int, ...],
    *,
    references: bool = True,
    **more: object,
) -> dict[Mode, Endpoint]:
    def endpoint(mode: str, **other: object) -> Endpoint:
        return Endpoint(
            id=f"minimax/{path}/{mode}",
            usd_per_s=prices,
            durations=durations,
            resolutions=tuple(prices),
            default_resolution=default,
            seed=True,
            prompt_chars=7000,
            fixed={"prompt_expansion_mode": "balanced"},
            **more,  # type: ignore[arg-type]
            **other,  # type: ignore[arg-type]
        )

    photo = endpoint("image-to-video", source_field="image_url")
    modes = {
        T: endpoint("text-to-video", aspect_ratios=SIX, default_aspect_ratio="16:9"),
        I: photo,
        FRAMES: with_end(photo),
    }
    if references:
        likeness = {"source_field": "reference_image_urls", "most_sources": 9}
        modes[REFERENCES] = endpoint(
            "reference-to-video", aspect_ratios=SIX, default_aspect_ratio="adaptive", **likeness
        )
    return modes


def _h3_sound() -> Endpoint:
    """Make the row of a photo that speaks. fal cuts a sound at 14.8 s; here it is cut before, to whole seconds."""
    prices = usd("480P 0.05, 768P 0.08, 1080P 0.16, 2K 0.32")
    return Endpoint(
        id="minimax/h3-max/lip-sync/image-to-video",
        usd_per_s=prices,
        resolutions=tuple(prices),
        default_resolution="768P",
        has_prompt=False,
        seed=True,
        source_field="audio_url",
        photo_field="image_url",
        source_seconds=(5, 14),
    )


def _hailuo(path: str, price_6: str, price_10: str, **more: object) -> Endpoint:
    """Six seconds or ten, each at a price of its own."""
    return Endpoint(
        id=f"fal-ai/minimax/{path}",
        usd_per_clip={6: Decimal(price_6), 10: Decimal(price_10)},
        duration_codec="str",
        durations=(6, 10),
        has_sound=False,
        prompt_chars=2000,
        **more,  # type: ignore[arg-type]
    )


H3_MAX_TURBO = Model(
    key="h3-max-turbo",
    name="MiniMax H3 Max Turbo",
    seen="2026-10-04",
    aliases=("minimax-h3-max-turbo", "h3-turbo"),
    fallback_model="happy-horse",
    usual_render_s=45.0,
    modes={
        **_h3(
            "h3-max-turbo",
            usd("480P 0.025, 768P 0.04, 1080P 0.08"),
            "768P",
            seconds(1, 15),
            references=False,
            overrun_s=1,
        ),
        # What is new is billed, and may come back alone. (The dearer model bills the film that it goes on from as well,
        # by tokens.)
        EXTEND: Endpoint(
            id="minimax/h3-max-turbo/extend-video",
            usd_per_s=usd("480P 0.025, 768P 0.04, 1080P 0.08, 2K 0.16"),
            durations=seconds(5, 15),
            resolutions=("480P", "768P", "1080P", "2K"),
            default_resolution="768P",
            seed=True,
            prompt_chars=7000,
            fixed={"output": "continuation"},
            source_field="video_url",
            source_bytes=50_000_000,
            source_seconds=(2, 60),
            overrun_s=1,
            extension="part",
        ),
    },
)
H3_MAX = Model(
    key="h3-max",
    name="MiniMax H3 Max",
    seen="2026-10-04",
    aliases=("minimax-h3-max",),
    fallback_model="happy-horse",
    usual_render_s=60.0,
    ahead_in=(T, I),
    modes={
        **_h3("h3-max", usd("480P 0.05, 768P 0.08, 1080P 0.16"), "768P", seconds(1, 15), overrun_s=1),
        AUDIO: _h3_sound(),
    },
)
H3 = Model(
    key="h3",
    name="MiniMax H3",
    seen="2026-10-04",
    aliases=("minimax-h3", "minimax", "hailuo-3"),
    fallback_model="happy-horse",
    modes=_h3("h3", usd("480P 0.05, 768P 0.06, 2K 0.13, 4K 0.16"), "768P", seconds(5, 15)),
)
HAILUO_23 = Model(
    key="hailuo-2.3",
    name="Hailuo 2.3",
    seen="2026-10-04",
    aliases=("hailuo",),
    fallback_model="happy-horse",
    modes={
        T: _hailuo("hailuo-2.3/standard/text-to-video", "0.28", "0.56"),
        I: _hailuo("hailuo-2.3/standard/image-to-video", "0.28", "0.56", source_field="image_url"),
    },
)
HAILUO_23_FAST = Model(
    key="hailuo-2.3-fast",
    name="Hailuo 2.3 Fast",
    seen="2026-10-04",
    aliases=("hailuo-fast",),
    fallback_model="hailuo-2.3",
    modes={I: _hailuo("hailuo-2.3-fast/standard/image-to-video", "0.19", "0.32", source_field="image_url")},
)
