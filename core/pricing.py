"""Adjusts options to what an endpoint takes, and computes prices from exactly the values that are sent.

A price is never guessed: what the table does not know is refused. The rows are in core/catalogue.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import ceil

from core.catalogue import MODELS, Endpoint, Model
from core.catalogue.finding import TIERS, able, find, list_models, near, row_of, use_tiers
from core.catalogue.offers import is_offered, offered, require_offered
from core.errors import BadRequest, arguments
from core.types import Adjustment, Kind, Mode, Plan, Quote, Role, Source, SourceLimits, VideoRequest

__all__ = [
    "MODELS",
    "MOST_SEED",
    "Endpoint",
    "Model",
    "SourceFacts",
    "describe",
    "estimate_cost",
    "find",
    "is_aspect_ratio",
    "is_offered",
    "is_resolution",
    "is_tier",
    "lines_of",
    "list_models",
    "measured_quote",
    "mode_kind",
    "near",
    "offered",
    "plan",
    "quote",
    "roles_of",
    "shape_of",
    "sound_model",
    "source_limits",
    "takes_sound",
    "usd_plain",
    "usd_text",
    "use_tiers",
]

_CENT = Decimal("0.01")
_USUAL_DURATION_S = 5
_RATIO_SLACK = 0.35
_OPEN_SHAPES = frozenset({"auto", "adaptive"})  # fal's words for the shape of the pictures; a row's default
_TRIM_SLACK_S = 0.2  # a length is told in whole frames and rounded
_LINES = re.compile(r"([1-9][0-9]{2,3})p?")
_RATIO = re.compile(r"\s*([1-9][0-9]{0,3})\s*[:：]\s*([1-9][0-9]{0,3})\s*")
_ROLES: dict[Mode, tuple[Role, ...]] = {
    Mode.TEXT_TO_VIDEO: (),
    Mode.IMAGE_TO_VIDEO: (Role.FIRST_FRAME,),
    Mode.FRAMES_TO_VIDEO: (Role.FIRST_FRAME, Role.LAST_FRAME),
    Mode.VIDEO_TO_VIDEO: (Role.VIDEO,),
    Mode.EXTEND_VIDEO: (Role.VIDEO,),
    Mode.UPSCALE_VIDEO: (Role.VIDEO,),
    Mode.ENHANCE_DRAFT: (Role.DRAFT,),
    Mode.AUDIO_TO_VIDEO: (Role.AUDIO, Role.FIRST_FRAME),
}
DRAFT = "draft"
"""In the place of a resolution: the lowest that the model makes, or its own row of drafts."""
MOST_SEED = 2**31 - 1
"""The largest seed that any model takes."""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """The known facts of a photo, video or sound before it is published; 0 and None where they are unknown."""

    kind: Kind
    width: int = 0
    height: int = 0
    duration_s: float | None = None
    size: int = 0


def plan(
    prompt: str,
    *,
    model: str = "balanced",
    mode: Mode = Mode.TEXT_TO_VIDEO,
    duration: int | None = None,
    resolution: str | None = None,
    aspect_ratio: str | None = None,
    seed: int | None = None,
    sound: bool | None = None,
    negative_prompt: str | None = None,
    source: SourceFacts | None = None,
    references: int = 1,
) -> Plan:
    """Plan a purchase: values that the endpoint takes, and the price in dollars of exactly these.

    `source`: what is known of the first source; `references`: how many sources, where the mode leaves that open: of a
    list of pictures, or 2 of a sound with a photo, which needs no words. An option that the model cannot grant becomes
    the nearest it can, and is named in `adjustments`. A source video or sound that is too long is cut when it is
    published. Raises BadRequest: "unknown_model", "model_retired", "model_unavailable",
    "prompt_missing", "prompt_too_long", "bad_option", "source_not_supported", "too_many_pictures", "video_too_short",
    "audio_too_short", "unpriced".
    """
    arguments.text("prompt", prompt)
    arguments.text("model", model)
    arguments.text("resolution", resolution, optional=True)
    arguments.text("aspect_ratio", aspect_ratio, optional=True)
    for name, number in (("duration", duration), ("seed", seed)):
        arguments.number(name, number)
    arguments.of_type("sound", sound, bool)
    arguments.text("negative_prompt", negative_prompt, optional=True)
    arguments.of_type("source", source, SourceFacts)
    arguments.whole("references", references, least=0, most=1000, optional=False)
    mode = arguments.word("mode", mode, Mode)
    (chosen, _), notes = _endpoint(_or_draft(find(model), mode, resolution), mode)
    endpoint = require_offered(chosen, mode)
    _check_prompt(prompt, endpoint, has_photo=endpoint.films_sound and references > 1)
    _check_sound(chosen, endpoint, prompt, references, notes)
    _check_source(endpoint, source, notes)
    if mode is Mode.REFERENCE_TO_VIDEO and references > endpoint.most_sources:
        raise BadRequest("too_many_pictures", model=chosen.name, most=endpoint.most_sources)
    resolution = _resolution(endpoint, resolution, notes)
    duration_s = _duration(endpoint, duration, notes, resolution)
    aspect_ratio = _aspect_ratio(endpoint, aspect_ratio or _shape_of(endpoint, mode, source), notes)
    seed = _seed(endpoint, seed, notes)
    sound = _sound(endpoint, sound, notes)
    negative_prompt = _negative(endpoint, negative_prompt, notes)
    request = VideoRequest(
        prompt=prompt,
        model=chosen.key,
        mode=mode,
        endpoint=endpoint.id,
        duration_s=duration_s,
        resolution=resolution,
        aspect_ratio=aspect_ratio,
        seed=seed,
        sound=sound,
        sources=tuple(Source(role) for role in roles_of(mode, references=references)),
        negative_prompt=negative_prompt,
    )
    return Plan(request, quote(request, source=source), tuple(notes))


def quote(request: VideoRequest, *, source: SourceFacts | None = None) -> Quote:
    """Compute the price of this request.

    Raises BadRequest("unpriced") for a combination that the table does not know.
    """
    endpoint = row_of(request.model, request.mode)
    seconds = request.duration_s
    pictures = endpoint.usd_per_source * max(1, len(request.sources))
    clip = endpoint.usd_per_clip.get(seconds) if seconds is not None else None
    if clip is not None:
        return Quote(clip + pictures, request.endpoint)
    sound = endpoint.has_sound if request.sound is None else request.sound
    rate = endpoint.prices(sound=sound).get(request.resolution or "")
    if rate is None:
        raise BadRequest("unpriced", model=request.model, resolution=request.resolution)
    if seconds is None:
        return _by_source(endpoint, rate, source.duration_s if source else None)
    usd = rate * (seconds + endpoint.overrun_s) + pictures
    return Quote(usd, request.endpoint, up_to=endpoint.overrun_s > 0)


def measured_quote(request: VideoRequest, *, source: SourceFacts) -> Quote:
    """Compute the price of an accepted request with its source as it really is, whatever is offered by now.

    Raises BadRequest: "video_too_short", "audio_too_short", "unpriced".
    """
    _check_source(row_of(request.model, request.mode), source, [])
    return quote(request, source=source)


def _by_source(endpoint: Endpoint, rate: Decimal, source_s: float | None) -> Quote:
    """Compute a price that goes by the source's seconds, begun ones counting whole.

    While they are unknown, the longest source that the row takes is assumed. An edit's price is for a second in and one
    out together.
    """
    longest = endpoint.source_seconds[1]
    into = Decimal(longest if source_s is None else min(max(1, ceil(source_s)), longest))
    seconds = (into + min(into, Decimal(endpoint.output_s))) / 2 if endpoint.output_s else into
    rounds = source_s is not None and not endpoint.output_s and into != Decimal(str(source_s))
    if endpoint.films_sound and source_s is not None and source_s > longest:
        rounds = False  # a sound is cut to the sample
    up_to = endpoint.conservative_price or source_s is None or rounds
    return Quote(rate * seconds + endpoint.usd_per_source, endpoint.id, up_to=up_to)


def estimate_cost(model: str, duration: int, resolution: str | None = None, mode: Mode = Mode.TEXT_TO_VIDEO) -> Decimal:
    """Estimate the price in dollars, after the same adjustments that a purchase makes (see `plan`).

    >>> estimate_cost("budget", 5), estimate_cost("balanced", 5), estimate_cost("premium", 5)
    (Decimal('0.25'), Decimal('0.70'), Decimal('1.2095'))
    """
    arguments.duration(duration, optional=False)
    mode = arguments.word("mode", mode, Mode)
    source = SourceFacts(mode_kind(mode), duration_s=duration) if roles_of(mode) else None
    sources = 2 if mode is Mode.AUDIO_TO_VIDEO else 1
    wish = plan(
        "estimate", model=model, mode=mode, duration=duration, resolution=resolution, source=source, references=sources
    )
    return wish.quote.usd


def is_draft(resolution: str) -> bool:
    """Return whether this asks for the lowest resolution there is."""
    return resolution.strip().lower() == DRAFT


def _or_draft(model: Model, mode: Mode, resolution: str | None) -> Model:
    """Return the model's own row of drafts, where it has one and a draft is asked for."""
    if resolution is None or not is_draft(resolution):
        return model
    return next((each for each in MODELS if each.key == f"{model.key}-{DRAFT}" and mode in each.modes), model)


def is_resolution(text: str) -> bool:
    """Return whether the text names a resolution, whichever a model makes: "720p", "720", "4k", "hd"."""
    return lines_of(text) is not None or is_draft(text)


def is_aspect_ratio(text: str) -> bool:
    """Return whether the text is an aspect ratio, whichever a model makes: "16:9"."""
    return _quotient(text) is not None


def shape_of(request: VideoRequest) -> str | None:
    """Return the shape that a request names; None where it leaves that to its pictures, or its model has no choice."""
    return None if request.aspect_ratio in _OPEN_SHAPES else request.aspect_ratio


def mode_kind(mode: Mode) -> Kind:
    """Return the kind of the first source that this mode needs."""
    return next((role.kind for role in roles_of(mode)), Kind.IMAGE)


def roles_of(mode: Mode, *, references: int = 1) -> tuple[Role, ...]:
    """Return what the sources of a request in this mode are for, in the order in which they are given.

    `references`: how many there are, where the mode leaves that open.
    """
    if mode is Mode.REFERENCE_TO_VIDEO:
        return (Role.REFERENCE,) * references
    return _ROLES[mode][:references] if mode is Mode.AUDIO_TO_VIDEO else _ROLES[mode]


def usd_text(usd: Decimal) -> str:
    """Format dollars for people: "$1.21", "$10,000.00". A price above zero is never shown as zero."""
    shown = usd.quantize(_CENT, ROUND_HALF_UP)
    if usd > 0 and shown == 0:
        shown = _CENT
    return f"${shown:,}"


def usd_plain(usd: Decimal) -> str:
    """Format dollars for programs: exact to the micro-dollar, two decimals at least: "0.70", "1.2095"."""
    whole, _, fraction = f"{usd:.6f}".partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"


def describe(model: Model) -> list[str]:
    """Describe a model in one line per mode: endpoint, what it accepts, price per second and for about 5 s."""
    return [_describe(mode, endpoint.id, offered(model, mode)) for mode, endpoint in model.modes.items()]


def _describe(mode: Mode, endpoint_id: str, endpoint: Endpoint | None) -> str:
    if endpoint is None:
        return f"{mode:<15} {endpoint_id}: fal does not take it just now"
    prices, usual_s = [], _duration(endpoint, None, []) or _USUAL_DURATION_S
    for resolution, rate in endpoint.prices(sound=endpoint.has_sound).items():
        whole = usd_text(rate * (usual_s + endpoint.overrun_s) + endpoint.usd_per_source)
        most = "up to " if endpoint.overrun_s or endpoint.conservative_price else ""
        prices.append(f"{resolution or 'any'} ${rate.normalize():f}/s ({most}{whole} for {usual_s} s)")
    prices += [f"{usd_text(usd)} for {seconds} s" for seconds, usd in endpoint.usd_per_clip.items()]
    seconds = f"{_seconds_text(endpoint.durations)} s" if endpoint.durations else "as long as the source"
    if endpoint.films_sound:
        photo = "with a photo" if endpoint.needs_photo else "with a photo or without"
        seconds = "as long as the sound, {}-{} s, {}".format(*endpoint.source_seconds, photo)
    ratios = f", {' '.join(endpoint.aspect_ratios)}" if endpoint.aspect_ratios else ""
    return f"{mode:<15} {endpoint.id}: {seconds}{ratios}; {', '.join(prices)}"


def _seconds_text(durations: tuple[int, ...]) -> str:
    first, last = durations[0], durations[-1]
    if len(durations) == 1:
        return str(first)
    return f"{first}-{last}" if last - first == len(durations) - 1 else "/".join(map(str, durations))


def _endpoint(model: Model, mode: Mode) -> tuple[tuple[Model, Endpoint], list[Adjustment]]:
    """Find the model's row for this mode, or that of its fallback model."""
    if model.retired is not None:
        raise BadRequest("model_retired", model=model.name, day=model.retired)
    chosen = model
    while mode not in chosen.modes:
        if chosen.fallback_model is None:
            raise BadRequest("source_not_supported", model=model.name, mode=str(mode), able=", ".join(able(mode)[:5]))
        chosen = find(chosen.fallback_model)
    notes = [] if chosen is model else [Adjustment("model", model.name, chosen.name)]
    return (chosen, chosen.modes[mode]), notes


def _check_prompt(prompt: str, endpoint: Endpoint, *, has_photo: bool = False) -> None:
    if not endpoint.has_prompt:
        return
    if not prompt.strip() and not has_photo:
        raise BadRequest("prompt_missing")
    if len(prompt) > endpoint.prompt_chars:
        raise BadRequest("prompt_too_long", length=len(prompt), max_length=endpoint.prompt_chars)


def takes_sound(model: str, *, has_photo: bool) -> bool:
    """Return whether a model, or its fallback model, films a sound, with a photo or from words. Raises BadRequest."""
    try:
        (chosen, row), _ = _endpoint(find(model), Mode.AUDIO_TO_VIDEO)
    except BadRequest as error:
        if error.code != "source_not_supported":
            raise
        return False
    return offered(chosen, Mode.AUDIO_TO_VIDEO) is not None and (has_photo or not row.needs_photo)


def sound_model() -> Model | None:
    """Return the first model that films any sound, with a photo or from words: for a tier that does not."""
    rows = ((find(key), offered(find(key), Mode.AUDIO_TO_VIDEO)) for key in able(Mode.AUDIO_TO_VIDEO))
    return next((model for model, row in rows if row is not None and not row.needs_photo), None)


def is_tier(name: str) -> bool:
    """Return whether this names a tier, not a model."""
    return name.strip().casefold() in TIERS


def source_limits(model: str, mode: Mode) -> SourceLimits:
    """Return what a model, or its fallback model in this mode, takes of a photo or video. Raises BadRequest."""
    return _endpoint(find(model), mode)[0][1].source_limits


def _check_sound(model: Model, endpoint: Endpoint, prompt: str, sources: int, notes: list[Adjustment]) -> None:
    """Refuse a sound without the photo that the row needs; say that it reads no words."""
    if not endpoint.needs_photo:
        return
    if sources < len(_ROLES[Mode.AUDIO_TO_VIDEO]):
        mode, others = (
            Mode.AUDIO_TO_VIDEO,
            [key for key in able(Mode.AUDIO_TO_VIDEO) if takes_sound(key, has_photo=False)],
        )
        raise BadRequest("source_not_supported", model=model.name, mode=str(mode), able=", ".join(others[:5]))
    if prompt.strip():
        notes.append(Adjustment("words", "words", "recording"))


def _check_source(endpoint: Endpoint, source: SourceFacts | None, notes: list[Adjustment]) -> None:
    if source is None or source.duration_s is None or source.kind is Kind.IMAGE:
        return
    least, most = endpoint.source_seconds
    if most and source.duration_s > most + _TRIM_SLACK_S:
        notes.append(Adjustment("source_trimmed", f"{source.duration_s:.0f}", str(most)))
    if source.kind is Kind.AUDIO:  # measured by the sample, and never longer by a frame
        if source.duration_s < least:
            raise BadRequest("audio_too_short", min_duration=least)
        return
    if source.duration_s < least - 0.1:
        raise BadRequest("video_too_short", min_duration=least)


def _duration(
    endpoint: Endpoint, requested: int | None, notes: list[Adjustment], resolution: str | None = None
) -> int | None:
    """Return the nearest allowed duration in seconds; of two equally near the longer one."""
    if not endpoint.durations:
        if requested is not None and requested != _USUAL_DURATION_S:
            notes.append(Adjustment("duration", str(requested), None))
        return None
    if requested is not None and requested < 1:
        raise BadRequest("bad_option", option="duration", value=requested)
    nearest_to = requested if requested is not None else _USUAL_DURATION_S
    applied = min(endpoint.durations_at(resolution), key=lambda each: (abs(each - nearest_to), -each))
    if applied != nearest_to and requested is not None:
        notes.append(Adjustment("duration", str(nearest_to), str(applied)))
    return applied


def _resolution(endpoint: Endpoint, requested: str | None, notes: list[Adjustment]) -> str | None:
    if not endpoint.resolutions:
        if requested is not None and not is_draft(requested):
            notes.append(Adjustment("resolution", requested, None))
        return None
    if requested is None:
        return endpoint.default_resolution
    if is_draft(requested):
        return min(endpoint.resolutions, key=lambda each: lines_of(each) or 0)
    lines = lines_of(requested)
    if lines is None:
        raise BadRequest("bad_option", option="resolution", value=requested[:20])
    applied = min(endpoint.resolutions, key=lambda each: (abs((lines_of(each) or 0) - lines), -(lines_of(each) or 0)))
    if lines_of(applied) != lines:
        notes.append(Adjustment("resolution", requested, applied))
    return applied


def _seed(endpoint: Endpoint, requested: int | None, notes: list[Adjustment]) -> int | None:
    if requested is None:
        return None
    applied = min(max(requested, 0), MOST_SEED) if endpoint.seed else None
    if applied != requested:
        notes.append(Adjustment("seed", str(requested), None if applied is None else str(applied)))
    return applied


def _sound(endpoint: Endpoint, requested: bool | None, notes: list[Adjustment]) -> bool | None:
    """Return the value of the endpoint's switch; None where it has none, and a wish for the other is left out aloud."""
    if endpoint.sound_field is not None:
        return endpoint.has_sound if requested is None else requested
    if requested is not None and requested != endpoint.has_sound:
        notes.append(Adjustment("sound", "on" if requested else "off", "on" if endpoint.has_sound else "off"))
    return None


def _negative(endpoint: Endpoint, requested: str | None, notes: list[Adjustment]) -> str | None:
    if requested is None or not requested.strip():
        return None
    if endpoint.negative_field is None:
        notes.append(Adjustment("negative_prompt", requested[:40], None))
        return None
    return requested


def lines_of(resolution: str) -> int | None:
    """Return the rows of pixels of a resolution: "720p" and "720" are 720, "4k" is 2160, "hd" is 720."""
    folded = resolution.strip().lower()
    named = {"4k": 2160, "2k": 1440, "hd": 720, "fullhd": 1080, "fhd": 1080, "sd": 480}
    if folded in named:
        return named[folded]
    match = _LINES.fullmatch(folded)
    return int(match[1]) if match else None


def _aspect_ratio(endpoint: Endpoint, requested: str | None, notes: list[Adjustment]) -> str | None:
    """Return the nearest ratio, by the quotient of both; one that is far off is refused.

    What a row leaves open in its own word, as a request of before does, is no wish.
    """
    if requested is not None and requested.strip().lower() in _OPEN_SHAPES:
        requested = None
    if not endpoint.aspect_ratios:
        if requested is not None:
            notes.append(Adjustment("aspect_ratio", requested, None))
        return None
    if requested is None:
        return endpoint.default_aspect_ratio
    quotient = _quotient(requested)
    if quotient is None:
        raise BadRequest("bad_option", option="aspect_ratio", value=requested[:20])
    applied = min(endpoint.aspect_ratios, key=lambda each: _distance(_quotient(each) or 1.0, quotient))
    if _distance(_quotient(applied) or 1.0, quotient) > _RATIO_SLACK:
        raise BadRequest("bad_option", option="aspect_ratio", value=requested[:20])
    if _quotient(applied) != quotient:
        notes.append(Adjustment("aspect_ratio", requested, applied))
    return applied


def _shape_of(endpoint: Endpoint, mode: Mode, source: SourceFacts | None) -> str | None:
    """Return the ratio that is most like the photo that is set in motion, where the endpoint does not look for itself.

    None where it does, or where nothing is known of the photo.
    """
    moves = mode in {Mode.IMAGE_TO_VIDEO, Mode.FRAMES_TO_VIDEO}
    if not moves or endpoint.default_aspect_ratio not in endpoint.aspect_ratios or source is None or not source.height:
        return None
    shape = max(1, source.width) / source.height
    return min(endpoint.aspect_ratios, key=lambda each: _distance(_quotient(each) or 1.0, shape))


def _quotient(ratio: str) -> float | None:
    match = _RATIO.fullmatch(ratio)
    return int(match[1]) / int(match[2]) if match else None


def _distance(one: float, other: float) -> float:
    return max(one, other) / min(one, other) - 1
