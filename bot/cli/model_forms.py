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
        "price_is_upper_bound": endpoint.conservative_price,
    }
