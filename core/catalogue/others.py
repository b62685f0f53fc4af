"""The other vendors: xAI, Lightricks, Black Forest Labs, PixVerse, Vidu, sync.so, and OpenAI, whose model is gone."""

from collections.abc import Mapping
from decimal import Decimal

from core.catalogue.row import (
    AUDIO,
    CINEMA,
    EXTEND,
    FRAMES,
    REFERENCES,
    SEVEN,
    SIX,
    WIDE,
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


def _ltx(
    path: str, prices: Prices, durations: tuple[int, ...], longest_s: Mapping[str, int] | None = None
) -> dict[Mode, Endpoint]:
    def endpoint(mode: str, **more: object) -> Endpoint:
        return Endpoint(
            id=f"lightricks/ltx-2.5/{mode}/{path}",
            usd_per_s=prices,
            durations=durations,
            longest_s=longest_s or {},
            resolutions=tuple(prices),
            default_resolution="720p",
            aspect_ratios=CINEMA,
            sound_field="generate_audio",
            **more,  # type: ignore[arg-type]
        )

    photo = endpoint("image-to-video", source_field="image_url", default_aspect_ratio="auto")
    return {T: endpoint("text-to-video", default_aspect_ratio="16:9"), I: photo, FRAMES: with_end(photo)}


def _ltx_sound(path: str, price: str, longest_s: int) -> dict[Mode, Endpoint]:
    """Make the row of LTX that films a sound: no seconds and no resolution are sent, a second of sound is billed."""
    row = Endpoint(
        id=f"lightricks/ltx-2.5/audio-to-video/{path}",
        usd_per_s=usd(f"1080p {price}"),
        resolutions=("1080p",),
        resolution_field="",
        default_resolution="1080p",
        aspect_ratios=CINEMA,
        default_aspect_ratio="auto",
        source_field="audio_url",
        photo_field="image_url",
        source_seconds=(2, longest_s),
    )
    return {AUDIO: row}


def _flux(prices: Prices, suffix: str = "") -> dict[Mode, Endpoint]:
    """Make the rows of FLUX 3: sound costs as much as silence, and a draft leaves no choice of resolution."""
    resolutions = tuple(each for each in prices if each)

    def endpoint(mode: str, **more: object) -> Endpoint:
        return Endpoint(
            id=f"blackforestlabs/flux-3/{mode}{suffix}",
            usd_per_s=prices,
            durations=seconds(5, 20),
            resolutions=resolutions,
            default_resolution="720p" if resolutions else None,
            sound_field="generate_audio",
            **more,  # type: ignore[arg-type]
        )

    return {
        T: endpoint("text-to-video", aspect_ratios=_FLUX, default_aspect_ratio="16:9"),
        I: endpoint("image-to-video", source_field="image_url"),
        FRAMES: with_end(endpoint("first-last-frame-to-video", source_field="start_image_url")),
    }


def _pixverse(
    version: str, sound: Prices, silent: Prices, *, extends: bool = False, **of_all: object
) -> dict[Mode, Endpoint]:
    def endpoint(mode: str, **more: object) -> Endpoint:
        return Endpoint(
            id=f"fal-ai/pixverse/{version}/{mode}",
            usd_per_s=sound,
            usd_per_s_silent=silent,
            durations=seconds(1, 15),
            resolutions=tuple(sound),
            default_resolution="720p",
            seed=True,
            sound_field="generate_audio_switch",
            prompt_chars=680,  # 2048 bytes, and a Chinese sign has three
            **of_all,  # type: ignore[arg-type]
            **more,  # type: ignore[arg-type]
        )

    shapes = {"aspect_ratios": _PIXVERSE, "default_aspect_ratio": "16:9"}
    modes = {
        T: endpoint("text-to-video", **shapes),
        I: endpoint("image-to-video", source_field="image_url"),
        FRAMES: endpoint("transition", source_field="first_image_url", end_field="end_image_url", **shapes),
    }
    longer = {EXTEND: endpoint("extend", source_field="video_url", source_seconds=(1, 60))}
    return modes | longer if extends else modes


def _ray(mode: str, prices: str, durations: tuple[int, ...], **more: object) -> Endpoint:
    """Without sound, five seconds or ten; the price of a second is that of five or ten in the page's table."""
    return Endpoint(
        id=f"luma/agent/ray/v3.2/{mode}",
        usd_per_s=usd(prices),
        duration_codec="str_s",
        durations=durations,
        resolutions=("540p", "720p", "1080p"),
        default_resolution="720p",
        aspect_ratios=SIX,
        default_aspect_ratio="16:9",
        has_sound=False,
        prompt_chars=5000,
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

    photo, larger = endpoint("image-to-video", source_field="image_url"), ("540p", "720p", "1080p")
    return {
        T: endpoint("text-to-video", default_aspect_ratio="16:9", **from_text),
        I: photo,
        # 360p is not there with a second photo.
        FRAMES: with_end(photo, resolutions=larger, usd_per_s={each: usd(prices)[each] for each in larger}),
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
    modes={
        **_grok("v1.5", usd("480p 0.08, 720p 0.14, 1080p 0.25")),
        # 1080p is not among what its schema lists.
        REFERENCES: Endpoint(
            id="xai/grok-imagine-video/v1.5/reference-to-video",
            usd_per_s=usd("480p 0.08, 720p 0.14"),
            durations=seconds(1, 15),
            resolutions=("480p", "720p"),
            default_resolution="720p",
            aspect_ratios=SEVEN,
            default_aspect_ratio="16:9",
            refusals_charged=True,
            source_field="reference_image_urls",
            most_sources=7,
            usd_per_source=Decimal("0.01"),
        ),
    },
)
LTX_FAST = Model(
    key="ltx-2.5-fast",
    name="LTX 2.5 Fast",
    seen="2026-08-24",
    aliases=("ltx", "ltx-fast"),
    fallback_model="happy-horse",
    usual_render_s=45.0,
    modes={
        **_ltx(
            "fast",
            usd("720p 0.09, 1080p 0.13, 1440p 0.19, 2160p 0.30"),
            tuple(range(6, 21, 2)),
            {"1440p": 10, "2160p": 10},
        ),
        **_ltx_sound("fast", "0.13", 20),
    },
)
LTX_PRO = Model(
    key="ltx-2.5-pro",
    name="LTX 2.5 Pro",
    seen="2026-08-24",
    aliases=("ltx-pro",),
    fallback_model="happy-horse",
    modes={**_ltx("pro", usd("720p 0.12, 1080p 0.17"), (6, 8, 10)), **_ltx_sound("pro", "0.17", 10)},
)
FLUX_3 = Model(
    key="flux-3",
    name="FLUX 3",
    seen="2026-09-16",
    aliases=("flux",),
    fallback_model="happy-horse",
    modes={
        **_flux(usd("720p 0.17, 1080p 0.29")),
        # It looks at the film's last seconds and their sound, and gives back what comes after them.
        EXTEND: Endpoint(
            id="blackforestlabs/flux-3/extend-video",
            usd_per_s=usd("720p 0.41, 1080p 0.53"),
            durations=seconds(5, 20),
            resolutions=("720p", "1080p"),
            default_resolution="720p",
            sound_field="generate_audio",
            source_field="video_url",
            source_bytes=50_000_000,
            source_seconds=(1, 14),
            source_sound=True,
            extension="part",
        ),
    },
)
FLUX_3_DRAFT = Model(
    key="flux-3-draft",
    name="FLUX 3 Draft",
    seen="2026-10-04",
    fallback_model="happy-horse",
    usual_render_s=45.0,
    modes={
        **_flux(usd("0.06"), "/draft"),
        Mode.ENHANCE_DRAFT: Endpoint(
            id="blackforestlabs/flux-3/draft-enhance",
            usd_per_s=usd("0.29"),
            has_prompt=False,
            source_field="draft_cache_url",
            source_seconds=(1, 21),
        ),
    },
)
PIXVERSE_6 = Model(
    key="pixverse-6",
    name="PixVerse V6",
    seen="2026-10-04",
    aliases=("pixverse", "pixverse-v6"),
    fallback_model="happy-horse",
    modes=_pixverse(
        "v6",
        usd("360p 0.035, 540p 0.045, 720p 0.06, 1080p 0.115"),
        usd("360p 0.025, 540p 0.035, 720p 0.045, 1080p 0.09"),
        extends=True,
        negative_field="negative_prompt",
    ),
)
# Each of its pictures of a likeness has a name that the words must say: no row has a column for that.
PIXVERSE_C1 = Model(
    key="pixverse-c1",
    name="PixVerse C1",
    seen="2026-09",
    fallback_model="happy-horse",
    modes=_pixverse(
        "c1",
        usd("360p 0.04, 540p 0.05, 720p 0.065, 1080p 0.12"),
        usd("360p 0.03, 540p 0.04, 720p 0.05, 1080p 0.095"),
    ),
)
_RAY_PHOTO = _ray("image-to-video", "540p 0.03, 720p 0.06, 1080p 0.24", (5,), source_field="image_url")
RAY_32 = Model(
    key="ray-3.2",
    name="Luma Ray 3.2",
    seen="2026-10-08",
    aliases=("luma", "luma-ray", "luma-ray-3.2"),
    fallback_model="happy-horse",
    modes={
        T: _ray("text-to-video", "540p 0.10, 720p 0.20, 1080p 0.40", (5, 10)),
        I: _RAY_PHOTO,
        FRAMES: with_end(_RAY_PHOTO),
    },
)
LTX_23 = Model(
    key="ltx-2.3",
    name="LTX 2.3",
    seen="2026-10-05",
    aliases=("ltx-2.3-pro",),
    fallback_model="ltx-2.5-pro",
    modes={
        # Any film, by so many seconds, which are what is billed. It has a size and a sound of its own choice; whether
        # the film comes back whole is not said.
        EXTEND: Endpoint(
            id="fal-ai/ltx-2.3/extend-video",
            usd_per_s=usd("0.10"),
            durations=seconds(2, 20),
            prompt_chars=5000,
            fixed={"mode": "end"},
            source_field="video_url",
            source_seconds=(1, 60),
        ),
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
SYNC_3 = Model(
    key="sync-3",
    name="sync-3 Avatar",
    seen="2026-09",
    aliases=("sync-lipsync",),
    usual_render_s=120.0,
    modes={
        # No limit of the sound is stated: what is longer than a minute is cut here.
        AUDIO: Endpoint(
            id="fal-ai/sync-lipsync/v3/image-to-video",
            usd_per_s=usd("0.1333"),
            has_prompt=False,
            source_field="audio_url",
            photo_field="image_url",
            source_seconds=(1, 60),
        )
    },
)
SORA_2 = Model(
    key="sora-2",
    name="Sora 2",
    seen="2026-09-24",
    aliases=("sora", "sora-2-pro"),
    modes={},
    retired="2026-09-24",
)
