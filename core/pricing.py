"""MODELS: one row per video model. Names are found, wishes adjusted, prices computed from exactly what will be sent.

Never a guessed price: what the table does not know is refused. Rows: core/catalogue.py.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from difflib import get_close_matches
from itertools import chain
from math import ceil

from core.catalogue import MODELS, Endpoint, Model
from core.errors import BadRequest
from core.types import Adjustment, Kind, Mode, Plan, Quote, SourceLimits, VideoRequest

__all__ = [
    "MODELS",
    "Endpoint",
    "Model",
    "SourceFacts",
    "describe",
    "estimate_cost",
    "find",
    "list_models",
    "mode_kind",
    "near",
    "plan",
    "quote",
    "source_limits",
    "usd_plain",
    "usd_text",
]

_CENT = Decimal("0.01")
_USUAL_DURATION_S = 5
_RATIO_SLACK = 0.35
_TRIM_SLACK_S = 0.2  # a length is told in whole frames and rounded
_LINES = re.compile(r"([1-9][0-9]{2,3})p?")
_RATIO = re.compile(r"\s*([1-9][0-9]{0,3})\s*[:：]\s*([1-9][0-9]{0,3})\s*")
_MOST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What is known of the photo or video before it is published; 0 and None where nothing is."""

    kind: Kind
    width: int = 0
    height: int = 0
    duration_s: float | None = None
    size: int = 0


def list_models() -> tuple[Model, ...]:
    """Every model, the tiers first, cheapest tier first."""
    return MODELS


def find(name: str) -> Model:
    """A model by tier, key, friendly name, alias, or full endpoint id of any of its modes.

    Raises BadRequest("unknown_model").
    """
    model = _BY_NAME.get(folded_name(name))
    if model is None:
        raise BadRequest("unknown_model", model=name[:60])
    return model


def near(name: str) -> list[str]:
    """The tiers and models whose names are most like this one."""
    names = [each for model in MODELS for each in (model.tier, model.key) if each]
    return get_close_matches(name.casefold(), names, n=3, cutoff=0.5)


def plan(
    prompt: str,
    *,
    model: str = "balanced",
    mode: Mode = Mode.TEXT_TO_VIDEO,
    duration_s: int | None = None,
    resolution: str | None = None,
    aspect_ratio: str | None = None,
    seed: int | None = None,
    source: SourceFacts | None = None,
) -> Plan:
    """What will be bought for these wishes: each value one that the endpoint takes, the price for exactly these.

    GenerationOptions the model cannot grant become the nearest it can, and stand in `adjustments`. Raises BadRequest:
    "unknown_model", "prompt_missing", "prompt_too_long", "bad_option", "source_not_supported", "video_too_short",
    "unpriced". A source video that is too long is cut when it is published.
    """
    (chosen, endpoint), notes = _endpoint(find(model), mode)
    _check_prompt(prompt, endpoint)
    _check_source(endpoint, source, notes)
    duration_s = _duration(endpoint, duration_s, notes)
    resolution = _resolution(endpoint, resolution, notes)
    aspect_ratio = _aspect_ratio(endpoint, aspect_ratio, notes)
    seed = _seed(endpoint, seed, notes)
    request = VideoRequest(
        prompt=prompt,
        model=chosen.key,
        mode=mode,
        endpoint=endpoint.id,
        duration_s=duration_s,
        resolution=resolution,
        aspect_ratio=aspect_ratio,
        seed=seed,
    )
    return Plan(request, quote(request, source=source), tuple(notes))


def quote(request: VideoRequest, *, source: SourceFacts | None = None) -> Quote:
    """The price of this request. Raises BadRequest("unpriced") for a combination the table does not know."""
    endpoint = find(request.model).modes[request.mode]
    rate = endpoint.usd_per_s.get(request.resolution or "")
    if rate is None:
        raise BadRequest("unpriced", model=request.model, resolution=request.resolution)
    if request.duration_s is not None:
        seconds = Decimal(request.duration_s)
        return Quote(rate * seconds + endpoint.usd_per_source, request.endpoint)
    return _edit_quote(endpoint, rate, source.duration_s if source else None)


def _edit_quote(endpoint: Endpoint, rate: Decimal, source_s: float | None) -> Quote:
    """By the source's seconds, begun ones counting whole; while they are unknown the longest source the row takes."""
    longest = endpoint.source_seconds[1]
    into = Decimal(longest if source_s is None else min(max(1, ceil(source_s)), longest))
    seconds = (into + min(into, Decimal(endpoint.output_s))) / 2
    up_to = endpoint.conservative_price or source_s is None
    return Quote(rate * seconds + endpoint.usd_per_source, endpoint.id, up_to=up_to)


def estimate_cost(model: str, duration: int, resolution: str | None = None, mode: Mode = Mode.TEXT_TO_VIDEO) -> Decimal:
    """Dollars for these values, after the same adjustments a purchase would make (see `plan`).

    >>> estimate_cost("budget", 5), estimate_cost("balanced", 5), estimate_cost("premium", 5)
    (Decimal('0.25'), Decimal('0.70'), Decimal('1.2095'))
    """
    source = SourceFacts(mode_kind(mode), duration_s=duration) if mode is not Mode.TEXT_TO_VIDEO else None
    return plan("estimate", model=model, mode=mode, duration_s=duration, resolution=resolution, source=source).quote.usd


def mode_kind(mode: Mode) -> Kind:
    return Kind.VIDEO if mode is Mode.VIDEO_TO_VIDEO else Kind.IMAGE


def usd_text(usd: Decimal) -> str:
    """Dollars as people read them: "$1.21", "$10,000.00"; a price is never shown as nothing."""
    shown = usd.quantize(_CENT, ROUND_HALF_UP)
    if usd > 0 and shown == 0:
        shown = _CENT
    return f"${shown:,}"


def usd_plain(usd: Decimal) -> str:
    """Dollars as programs read them: exact to the micro-dollar, two decimals at least: "0.70", "1.2095"."""
    whole, _, fraction = f"{usd:.6f}".partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"


def describe(model: Model) -> list[str]:
    """One line per mode: endpoint, what it accepts, price per second and for about 5 s."""
    return [_describe(mode, endpoint) for mode, endpoint in model.modes.items()]


def _describe(mode: Mode, endpoint: Endpoint) -> str:
    prices, usual_s = [], _duration(endpoint, None, []) or _USUAL_DURATION_S
    for resolution, rate in endpoint.usd_per_s.items():
        whole = usd_text(rate * usual_s + endpoint.usd_per_source)
        prices.append(f"{resolution or 'any'} ${rate.normalize():f}/s ({whole} for {usual_s} s)")
    seconds = f"{_spoken(endpoint.durations)} s" if endpoint.durations else "as long as the source"
    ratios = f", {' '.join(endpoint.aspect_ratios)}" if endpoint.aspect_ratios else ""
    return f"{mode:<15} {endpoint.id}: {seconds}{ratios}; {', '.join(prices)}"


def _spoken(durations: tuple[int, ...]) -> str:
    first, last = durations[0], durations[-1]
    return f"{first}-{last}" if last - first == len(durations) - 1 else "/".join(map(str, durations))


def _endpoint(model: Model, mode: Mode) -> tuple[tuple[Model, Endpoint], list[Adjustment]]:
    """The model's row for this mode, or that of the model it names as its stand-in there."""
    endpoint = model.modes.get(mode)
    if endpoint is not None:
        return (model, endpoint), []
    if model.fallback_model is None or mode not in find(model.fallback_model).modes:
        raise BadRequest("source_not_supported", model=model.name, mode=str(mode))
    other = find(model.fallback_model)
    return (other, other.modes[mode]), [Adjustment("model", model.name, other.name)]


def _check_prompt(prompt: str, endpoint: Endpoint) -> None:
    if not prompt.strip():
        raise BadRequest("prompt_missing")
    if len(prompt) > endpoint.prompt_chars:
        raise BadRequest("prompt_too_long", length=len(prompt), max_length=endpoint.prompt_chars)


def source_limits(model: str, mode: Mode) -> SourceLimits:
    """What a model, or the one that stands in for it in this mode, takes of a photo or video. Raises BadRequest."""
    return _endpoint(find(model), mode)[0][1].source_limits


def _check_source(endpoint: Endpoint, source: SourceFacts | None, notes: list[Adjustment]) -> None:
    if source is None or source.duration_s is None or source.kind is not Kind.VIDEO:
        return
    least, most = endpoint.source_seconds
    if most and source.duration_s > most + _TRIM_SLACK_S:
        notes.append(Adjustment("source_trimmed", f"{source.duration_s:.0f}", str(most)))
    if source.duration_s < least - 0.1:
        raise BadRequest("video_too_short", min_duration=least)


def _duration(endpoint: Endpoint, wish: int | None, notes: list[Adjustment]) -> int | None:
    """The nearest allowed duration; of two equally near the longer one."""
    if not endpoint.durations:
        if wish is not None and wish != _USUAL_DURATION_S:
            notes.append(Adjustment("duration", str(wish), None))
        return None
    if wish is not None and wish < 1:
        raise BadRequest("bad_option", option="duration", value=wish)
    asked = wish if wish is not None else _USUAL_DURATION_S
    used = min(endpoint.durations, key=lambda each: (abs(each - asked), -each))
    if used != asked and wish is not None:
        notes.append(Adjustment("duration", str(asked), str(used)))
    return used


def _resolution(endpoint: Endpoint, wish: str | None, notes: list[Adjustment]) -> str | None:
    if not endpoint.resolutions:
        if wish is not None:
            notes.append(Adjustment("resolution", wish, None))
        return None
    if wish is None:
        return endpoint.default_resolution
    lines = _lines(wish)
    if lines is None:
        raise BadRequest("bad_option", option="resolution", value=wish[:20])
    used = min(endpoint.resolutions, key=lambda each: (abs((_lines(each) or 0) - lines), -(_lines(each) or 0)))
    if _lines(used) != lines:
        notes.append(Adjustment("resolution", wish, used))
    return used


def _seed(endpoint: Endpoint, wish: int | None, notes: list[Adjustment]) -> int | None:
    if wish is None:
        return None
    used = min(max(wish, 0), _MOST_SEED) if endpoint.seed else None
    if used != wish:
        notes.append(Adjustment("seed", str(wish), None if used is None else str(used)))
    return used


def _lines(resolution: str) -> int | None:
    """Rows of pixels: "720p" and "720" are 720, "4k" is 2160, "hd" is 720."""
    folded = resolution.strip().lower()
    named = {"4k": 2160, "2k": 1440, "hd": 720, "fullhd": 1080, "fhd": 1080, "sd": 480}
    if folded in named:
        return named[folded]
    match = _LINES.fullmatch(folded)
    return int(match[1]) if match else None


def _aspect_ratio(endpoint: Endpoint, wish: str | None, notes: list[Adjustment]) -> str | None:
    """The nearest ratio within reason, by the quotient of both; something far off is refused, not guessed."""
    if not endpoint.aspect_ratios:
        if wish is not None:
            notes.append(Adjustment("aspect_ratio", wish, None))
        return None
    if wish is None:
        return endpoint.default_aspect_ratio
    asked = _quotient(wish)
    if asked is None:
        raise BadRequest("bad_option", option="aspect_ratio", value=wish[:20])
    used = min(endpoint.aspect_ratios, key=lambda each: _distance(_quotient(each) or 1.0, asked))
    if _distance(_quotient(used) or 1.0, asked) > _RATIO_SLACK:
        raise BadRequest("bad_option", option="aspect_ratio", value=wish[:20])
    if _quotient(used) != asked:
        notes.append(Adjustment("aspect_ratio", wish, used))
    return used


def _quotient(ratio: str) -> float | None:
    match = _RATIO.fullmatch(ratio)
    return int(match[1]) / int(match[2]) if match else None


def _distance(one: float, other: float) -> float:
    return max(one, other) / min(one, other) - 1


def folded_name(name: str) -> str:
    """Names are compared without case, spaces, dashes and spellings of a version: "Kling v3.0" is "kling-3"."""
    bare = re.sub(r"[\s_-]", "", name.casefold()).removeprefix("falai/")
    return re.sub(r"(?<=\d)\.0(?!\d)", "", re.sub(r"(?<=[a-z])v(?=\d)", "", bare))


def names_of(model: Model) -> Iterable[str]:
    tier = [model.tier] if model.tier else []
    return chain([model.key, model.name], tier, model.aliases, (endpoint.id for endpoint in model.modes.values()))


_BY_NAME = {folded_name(name): model for model in MODELS for name in names_of(model)}
