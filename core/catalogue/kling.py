"""Kuaishou: Kling."""

from core.catalogue.row import FRAMES, WIDE, Endpoint, I, Model, T, seconds, usd, with_end
from core.types import Mode

_SHORT, _LONG = (5, 10), seconds(3, 15)


def _kling(
    path: str,
    price: str,
    durations: tuple[int, ...],
    source_field: str = "image_url",
    end_field: str | None = None,
    **more: object,
) -> dict[Mode, Endpoint]:
    def endpoint(mode: str, **other: object) -> Endpoint:
        return Endpoint(
            id=f"fal-ai/kling-video/{path}/{mode}",
            usd_per_s=usd(price),
            duration_codec="str",
            durations=durations,
            **more,  # type: ignore[arg-type]
            **other,  # type: ignore[arg-type]
        )

    photo = endpoint("image-to-video", source_field=source_field)
    modes = {T: endpoint("text-to-video", aspect_ratios=WIDE, default_aspect_ratio="16:9"), I: photo}
    return modes if end_field is None else {**modes, FRAMES: with_end(photo, end_field)}


def _switched(
    path: str, sound: str, silent: str, durations: tuple[int, ...], end_field: str | None = None
) -> dict[Mode, Endpoint]:
    """Silent unless somebody asks for sound, which costs half as much again or twice as much."""
    return _kling(
        path,
        sound,
        durations,
        "start_image_url",
        end_field,
        negative_field="negative_prompt",
        usd_per_s_silent=usd(silent),
        sound_field="generate_audio",
        has_sound=False,
    )


KLING_25 = Model(
    key="kling-2.5-turbo",
    name="Kling 2.5 Turbo",
    seen="2026-10-03",
    aliases=("kling-turbo", "kling-2.5-turbo-pro"),
    fallback_model="happy-horse",
    modes=_kling(
        "v2.5-turbo/pro",
        "0.07",
        _SHORT,
        end_field="tail_image_url",
        negative_field="negative_prompt",
        has_sound=False,
    ),
)
KLING_26 = Model(
    key="kling-2.6",
    name="Kling 2.6",
    seen="2026-11",
    aliases=("kling-2.6-pro",),
    fallback_model="happy-horse",
    modes=_switched("v2.6/pro", "0.14", "0.07", _SHORT),
)
KLING_3 = Model(
    key="kling-3",
    name="Kling 3 Pro",
    seen="2026-10-08",
    aliases=("kling", "kling-3-pro"),
    fallback_model="happy-horse",
    usual_render_s=150.0,
    modes=_switched("v3/pro", "0.168", "0.112", _LONG, "end_image_url"),
)
KLING_3_STANDARD = Model(
    key="kling-3-standard",
    name="Kling 3 Standard",
    seen="2026-10-08",
    fallback_model="happy-horse",
    usual_render_s=150.0,
    modes=_switched("v3/standard", "0.126", "0.084", _LONG, "end_image_url"),
)
KLING_3_TURBO = Model(
    key="kling-3-turbo",
    name="Kling 3 Turbo",
    seen="2026-10-03",
    aliases=("kling-3-turbo-standard",),
    fallback_model="happy-horse",
    modes=_kling("v3/turbo/standard", "0.112", _LONG),
)
KLING_3_TURBO_PRO = Model(
    key="kling-3-turbo-pro",
    name="Kling 3 Turbo Pro",
    seen="2026-10-03",
    fallback_model="happy-horse",
    modes=_kling("v3/turbo/pro", "0.14", _LONG),
)


def _kling4(mode: str, **more: object) -> Endpoint:
    return Endpoint(
        id=f"kling/v4/{mode}",
        usd_per_s=usd("720p 0.157, 1080p 0.235"),
        durations=seconds(3, 30),
        resolutions=("720p", "1080p"),
        default_resolution="720p",
        **more,  # type: ignore[arg-type]
    )


_KLING_4_PHOTO = _kling4("image-to-video", source_field="start_image_url", source_bytes=30_000_000)
# Pictures of a likeness and edits are priced, but of their fields only some were seen: they are not sold.
KLING_4 = Model(
    key="kling-4",
    name="Kling 4.0",
    seen="2026-11",
    fallback_model="kling-3",
    usual_render_s=150.0,
    modes={
        T: _kling4("text-to-video", aspect_ratios=WIDE, default_aspect_ratio="16:9"),
        I: _KLING_4_PHOTO,
        FRAMES: with_end(_KLING_4_PHOTO),
    },
)
