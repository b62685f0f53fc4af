"""The JSON of `reelbot models`: names never change, new ones come last. Dollars are text. Loads no database."""

from typing import Any

from core.pricing import Endpoint, Model, usd_plain


def model_form(model: Model) -> dict[str, Any]:
    """Return what a model makes, takes and costs."""
    return {
        "key": model.key,
        "name": model.name,
        "tier": model.tier,
        "modes": {str(mode): _endpoint_form(endpoint) for mode, endpoint in model.modes.items()},
        "seen": model.seen,
    }


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
    }
