"""Google: Veo and Gemini Omni."""

from core.catalogue.row import (
    CINEMA,
    EXTEND,
    FRAMES,
    REFERENCES,
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


def _veo(path: str, sound: Prices, silent: Prices) -> dict[Mode, Endpoint]:
    def endpoint(mode: str, **more: object) -> Endpoint:
        return Endpoint(
            id=f"fal-ai/veo3.1{path}{mode}",
            usd_per_s=sound,
            usd_per_s_silent=silent,
            duration_codec="str_s",
            durations=(4, 6, 8),
            resolutions=tuple(sound),
            default_resolution="720p",
            aspect_ratios=CINEMA,
            seed=True,
            sound_field="generate_audio",
            negative_field="negative_prompt",
            **more,  # type: ignore[arg-type]
        )

    frames = endpoint("/first-last-frame-to-video", source_field="first_frame_url", default_aspect_ratio="auto")
    return {
        T: endpoint("", default_aspect_ratio="16:9"),
        I: endpoint("/image-to-video", source_field="image_url", default_aspect_ratio="auto"),
        FRAMES: with_end(frames, "last_frame_url"),
    }


def _veo_longer(path: str, sound: str, silent: str) -> Endpoint:
    """Seven seconds more, at the model's own price for a second. The film has to be the model's own, or like it."""
    return Endpoint(
        id=f"fal-ai/veo3.1{path}/extend-video",
        usd_per_s=usd(f"720p {sound}"),
        usd_per_s_silent=usd(f"720p {silent}"),
        duration_codec="str_s",
        durations=(7,),
        resolutions=("720p",),
        default_resolution="720p",
        seed=True,
        sound_field="generate_audio",
        negative_field="negative_prompt",
        source_field="video_url",
        source_seconds=(1, 30),
        min_side=720,
    )


def _omni(mode: str, **more: object) -> Endpoint:
    return Endpoint(
        id=f"google/gemini-omni-flash/v1.1/{mode}",
        usd_per_s=usd("360p 0.03, 720p 0.10, 1080p 0.15, 4k 0.30"),
        durations=seconds(3, 10),
        resolutions=("360p", "720p", "1080p", "4k"),
        default_resolution="720p",
        aspect_ratios=CINEMA,
        default_aspect_ratio="16:9",
        **more,  # type: ignore[arg-type]
    )


_OMNI_PHOTO = _omni("image-to-video", source_field="image_url")
VEO_LITE = Model(
    key="veo-3.1-lite",
    name="Veo 3.1 Lite",
    seen="2026-09-01",
    aliases=("veo-lite", "veo3.1-lite"),
    fallback_model="happy-horse",
    usual_render_s=60.0,
    modes=_veo("/lite", usd("720p 0.05"), usd("720p 0.03")),  # 1080p exists; its price is stated nowhere
)
VEO_FAST = Model(
    key="veo-3.1-fast",
    name="Veo 3.1 Fast",
    seen="2026-10-04",
    aliases=("veo-fast", "veo3.1-fast"),
    fallback_model="happy-horse",
    usual_render_s=60.0,
    modes={
        **_veo("/fast", usd("720p 0.15, 1080p 0.15, 4k 0.35"), usd("720p 0.10, 1080p 0.10, 4k 0.30")),
        EXTEND: _veo_longer("/fast", "0.15", "0.10"),
    },
)
VEO = Model(
    key="veo-3.1",
    name="Veo 3.1",
    seen="2026-10-03",
    aliases=("veo", "veo3", "veo3.1"),
    fallback_model="happy-horse",
    usual_render_s=120.0,
    modes={
        **_veo("", usd("720p 0.40, 1080p 0.40, 4k 0.60"), usd("720p 0.20, 1080p 0.20, 4k 0.40")),
        EXTEND: _veo_longer("", "0.40", "0.20"),
        REFERENCES: Endpoint(
            id="fal-ai/veo3.1/reference-to-video",
            usd_per_s=usd("720p 0.40, 1080p 0.40, 4k 0.60"),
            usd_per_s_silent=usd("720p 0.20, 1080p 0.20, 4k 0.40"),
            duration_codec="str_s",
            durations=(8,),
            resolutions=("720p", "1080p", "4k"),
            default_resolution="720p",
            aspect_ratios=CINEMA,
            default_aspect_ratio="16:9",
            sound_field="generate_audio",
            source_field="image_urls",
            most_sources=3,
        ),
    },
)
GEMINI_OMNI = Model(
    key="gemini-omni-flash",
    name="Gemini Omni Flash 1.1",
    seen="2026-10-04",
    aliases=("gemini-omni", "gemini", "omni-flash", "gemini-omni-flash-1.1"),
    fallback_model="happy-horse",
    ahead_in=(T,),
    modes={
        T: _omni("text-to-video"),
        I: _OMNI_PHOTO,
        FRAMES: with_end(_OMNI_PHOTO),
        REFERENCES: _omni("reference-to-video", source_field="image_urls", most_sources=5),
        # As long as what comes in, and it makes films of ten seconds at most; whether more is billed is not said.
        V: Endpoint(
            id="google/gemini-omni-flash/v1.1/edit",
            source_field="video_url",
            usd_per_s=usd("360p 0.03, 720p 0.10, 1080p 0.15, 4k 0.30"),
            resolutions=("360p", "720p", "1080p", "4k"),
            default_resolution="720p",
            source_seconds=(1, 10),
            conservative_price=True,
        ),
    },
)
