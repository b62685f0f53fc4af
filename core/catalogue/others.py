"""The other vendors: xAI, Lightricks, Black Forest Labs, PixVerse, Vidu, and OpenAI, whose model is gone."""

from decimal import Decimal

from core.catalogue.row import CINEMA, SEVEN, WIDE, Endpoint, I, Model, Prices, T, seconds, usd
from core.types import Mode

_PIXVERSE = ("16:9", "4:3", "1:1", "3:4", "9:16", "2:3", "3:2", "21:9")
_FLUX = ("21:9", "2:1", "16:9", "4:3", "1:1", "3:4", "9:16")


def _grok(path: str, prices: Prices) -> dict[Mode, Endpoint]:
    def endpoint(mode: str, **more: object) -> Endpoint:
        return Endpoint(
            id=f"xai/grok-imagine-video/{path}/{mode}",
            usd_per_s=prices,
            durations=seconds(1, 15),
            resolutions=tuple(prices),
            default_resolution="720p",
            refusals_charged=True,
            **more,  # type: ignore[arg-type]
        )

    return {
        T: endpoint("text-to-video", aspect_ratios=SEVEN, default_aspect_ratio="16:9"),
        I: endpoint("image-to-video", source_field="image_url", usd_per_source=Decimal("0.01")),
    }


def _ltx(path: str, prices: Prices, durations: tuple[int, ...]) -> dict[Mode, Endpoint]:
    def endpoint(mode: str, **more: object) -> Endpoint:
        return Endpoint(
            id=f"lightricks/ltx-2.5/{mode}/{path}",
            usd_per_s=prices,
            durations=durations,
            resolutions=tuple(prices),
            default_resolution="720p",
            aspect_ratios=CINEMA,
            sound_field="generate_audio",
            **more,  # type: ignore[arg-type]
        )

    return {
        T: endpoint("text-to-video", default_aspect_ratio="16:9"),
        I: endpoint("image-to-video", source_field="image_url", default_aspect_ratio="auto"),
    }


def _flux(prices: Prices, suffix: str = "") -> dict[Mode, Endpoint]:
    def endpoint(mode: str, **more: object) -> Endpoint:
        return Endpoint(
            id=f"blackforestlabs/flux-3/{mode}{suffix}",
            usd_per_s=prices,
            durations=seconds(5, 20),
            resolutions=tuple(prices),
            default_resolution="720p",
            **more,  # type: ignore[arg-type]
        )

    return {
        T: endpoint("text-to-video", aspect_ratios=_FLUX, default_aspect_ratio="16:9"),
        I: endpoint("image-to-video", source_field="image_url"),
    }


def _pixverse(mode: str, **more: object) -> Endpoint:
    return Endpoint(
        id=f"fal-ai/pixverse/v6/{mode}",
        usd_per_s=usd("360p 0.035, 540p 0.045, 720p 0.06, 1080p 0.115"),
        usd_per_s_silent=usd("360p 0.025, 540p 0.035, 720p 0.045, 1080p 0.09"),
        durations=seconds(1, 15),
        resolutions=("360p", "540p", "720p", "1080p"),
        default_resolution="720p",
        seed=True,
        sound_field="generate_audio_switch",
        prompt_chars=680,  # 2048 bytes, and a Chinese sign has three
        **more,  # type: ignore[arg-type]
    )


def _vidu(prices: str, suffix: str = "", **from_text: object) -> dict[Mode, Endpoint]:
    def endpoint(mode: str, **more: object) -> Endpoint:
        return Endpoint(
            id=f"fal-ai/vidu/q3/{mode}{suffix}",
            usd_per_s=usd(prices),
            durations=seconds(1, 16),
            resolutions=("360p", "540p", "720p", "1080p"),
            default_resolution="720p",
            seed=True,
            sound_field="audio",
            prompt_chars=2000,
            **more,  # type: ignore[arg-type]
        )

    return {
        T: endpoint("text-to-video", default_aspect_ratio="16:9", **from_text),
        I: endpoint("image-to-video", source_field="image_url"),
    }


GROK_LITE = Model(
    key="grok-1.5-lite",
    name="Grok Imagine 1.5 Lite",
    seen="2026-10-03",
    aliases=("grok-lite", "grok-imagine-lite"),
    fallback_model="happy-horse",
    usual_render_s=45.0,
    modes=_grok("v1.5/lite", usd("480p 0.02, 720p 0.03, 1080p 0.14")),
)
GROK = Model(
    key="grok-1.5",
    name="Grok Imagine 1.5",
    seen="2026-10-03",
    aliases=("grok", "grok-imagine"),
    fallback_model="happy-horse",
    usual_render_s=45.0,
    modes=_grok("v1.5", usd("480p 0.08, 720p 0.14, 1080p 0.25")),
)
LTX_FAST = Model(
    key="ltx-2.5-fast",
    name="LTX 2.5 Fast",
    seen="2026-08-24",
    aliases=("ltx", "ltx-fast"),
    fallback_model="happy-horse",
    usual_render_s=45.0,
    modes=_ltx("fast", usd("720p 0.09, 1080p 0.13, 1440p 0.19, 2160p 0.30"), tuple(range(6, 21, 2))),
)
LTX_PRO = Model(
    key="ltx-2.5-pro",
    name="LTX 2.5 Pro",
    seen="2026-08-24",
    aliases=("ltx-pro",),
    fallback_model="happy-horse",
    modes=_ltx("pro", usd("720p 0.12, 1080p 0.17"), (6, 8, 10)),
)
FLUX_3 = Model(
    key="flux-3",
    name="FLUX 3",
    seen="2026-09-16",
    aliases=("flux",),
    fallback_model="happy-horse",
    modes=_flux(usd("720p 0.17, 1080p 0.29")),
)
FLUX_3_DRAFT = Model(
    key="flux-3-draft",
    name="FLUX 3 Draft",
    seen="2026-10-04",
    fallback_model="happy-horse",
    usual_render_s=45.0,
    modes=_flux(usd("720p 0.06"), "/draft"),
)
PIXVERSE_6 = Model(
    key="pixverse-6",
    name="PixVerse V6",
    seen="2026-10-04",
    aliases=("pixverse", "pixverse-v6"),
    fallback_model="happy-horse",
    modes={
        T: _pixverse("text-to-video", aspect_ratios=_PIXVERSE, default_aspect_ratio="16:9"),
        I: _pixverse("image-to-video", source_field="image_url"),
    },
)
VIDU_Q3 = Model(
    key="vidu-q3",
    name="Vidu Q3",
    seen="2026-10-04",
    aliases=("vidu",),
    fallback_model="happy-horse",
    modes=_vidu("360p 0.07, 540p 0.07, 720p 0.154, 1080p 0.154", aspect_ratios=("16:9", "9:16", "4:3", "3:4", "1:1")),
)
VIDU_Q3_TURBO = Model(
    key="vidu-q3-turbo",
    name="Vidu Q3 Turbo",
    seen="2026-10-04",
    aliases=("vidu-turbo",),
    fallback_model="happy-horse",
    usual_render_s=60.0,
    modes=_vidu("360p 0.035, 540p 0.035, 720p 0.077, 1080p 0.077", "/turbo", aspect_ratios=WIDE),
)
SORA_2 = Model(
    key="sora-2",
    name="Sora 2",
    seen="2026-09-24",
    aliases=("sora", "sora-2-pro"),
    modes={},
    retired="2026-09-24",
)
