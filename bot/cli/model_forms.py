"""The JSON of `reelbot models`: names never change, new ones come last. Dollars are text. Loads no database."""

from typing import Any

from core.pricing import Endpoint, Model, offered, usd_plain
from core.types import Mode


def model_form(model: Model) -> dict[str, Any]:
    """Return what a model makes, takes and costs."""
    return {
        "key": model.key,
        "name": model.name,
        "tier": model.tier,
        "modes": {str(mode): _offered_form(model, mode) for mode in model.modes},
        "seen": model.seen,
    }


def _offered_form(model: Model, mode: Mode) -> dict[str, Any]:
    """Return the row as it is offered just now; of one that fal does not take, as it was."""
    row = offered(model, mode)
    return {**_endpoint_form(row or model.modes[mode]), "available": row is not None}


def _endpoint_form(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "endpoint": endpoint.id,
        "durations_s": list(endpoint.durations),
        "resolutions": list(endpoint.resolutions),
        "aspect_ratios": list(endpoint.aspect_ratios),
        "seed": endpoint.seed,
        "prompt_chars": endpoint.prompt_chars,
        "usd_per_s": {resolution or "any": usd_plain(rate) for resolution, rate in endpoint.usd_per_s.items()},
        "usd_per_source": usd_plain(endpoint.usd_per_source),
        "price_is_upper_bound": endpoint.conservative_price or endpoint.overrun_s > 0,
        "sound": "switch" if endpoint.sound_field else "always" if endpoint.has_sound else "none",
        "sound_by_default": endpoint.has_sound,
        "usd_per_s_silent": {name or "any": usd_plain(rate) for name, rate in endpoint.prices(sound=False).items()},
        "usd_per_clip": {str(seconds): usd_plain(usd) for seconds, usd in endpoint.usd_per_clip.items()},
        "overrun_s": endpoint.overrun_s,
        "refusals_charged": endpoint.refusals_charged,
        "source_s": list(endpoint.source_seconds) if any(endpoint.source_seconds) else [],
        "source_field": endpoint.source_field,
        "photo_field": endpoint.photo_field,
    }
