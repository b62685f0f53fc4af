"""ByteDance: Seedance. Silence costs as much as sound."""

from core.catalogue.row import SIX, Codec, Endpoint, I, Model, Prices, T, seconds, usd
from core.types import Mode


def _seedance(path: str, prices: Prices, durations: tuple[int, ...], codec: Codec, **more: object) -> Endpoint:
    return Endpoint(
        id=f"bytedance/{path}",
        usd_per_s=prices,
        duration_codec=codec,
        durations=durations,
        resolutions=tuple(prices),
        default_resolution="720p",
        aspect_ratios=SIX,
        sound_field="generate_audio",
        **more,  # type: ignore[arg-type]
    )


def _both(path: str, prices: Prices, durations: tuple[int, ...], codec: Codec) -> dict[Mode, Endpoint]:
    text, photo = f"{path}text-to-video", f"{path}image-to-video"
    return {
        T: _seedance(text, prices, durations, codec, default_aspect_ratio="16:9"),
        I: _seedance(photo, prices, durations, codec, source_field="image_url", default_aspect_ratio="auto"),
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
    modes=_both("seedance-2.0/fast/", usd("480p 0.1125, 720p 0.2419"), seconds(4, 15), "str"),
)
SEEDANCE_MINI = Model(
    key="seedance-2.0-mini",
    name="Seedance 2.0 Mini",
    seen="2026-10-08",
    aliases=("seedance-mini",),
    fallback_model="happy-horse",
    modes=_both("seedance-2.0/mini/", usd("480p 0.0721, 720p 0.1547"), seconds(4, 15), "str"),
)
SEEDANCE = Model(
    key="seedance-2.0-standard",
    name="Seedance 2.0",
    seen="2026-08-22",
    aliases=("seedance-standard",),
    fallback_model="happy-horse",
    usual_render_s=180.0,
    # The page contradicts itself at 720p ($0.3024 by tokens): the dearer counts. 480p and 4k have no stated price.
    modes=_both("seedance-2.0/", usd("720p 0.3034, 1080p 0.682"), seconds(4, 15), "str"),
)
SEEDANCE_25 = Model(
    key="seedance-2.5",
    name="Seedance 2.5",
    seen="2026-10-03",
    fallback_model="happy-horse",
    usual_render_s=180.0,
    modes=_both("seedance-2.5/", usd("480p 0.2205, 720p 0.473, 1080p 1.164"), seconds(4, 30), "int"),
)
