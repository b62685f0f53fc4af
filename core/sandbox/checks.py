"""Checks the input as strictly as the real endpoints do (an int is not "5", nor "5s")."""

from decimal import Decimal
from math import ceil
from typing import Any

from core.catalogue import MODELS, Endpoint, app_of

_ROWS = [endpoint for model in MODELS for endpoint in model.modes.values()]
APPS = frozenset(app_of(endpoint.id) for endpoint in _ROWS)

Detail = dict[str, Any]

_USUAL_LINES = 720
_OVERRUN_S = Decimal("0.6")


def row_for(endpoint_id: str, body: dict[str, Any]) -> Endpoint | None:
    """Return the row by which an input is judged: one endpoint may be two, with a last frame and without."""
    rows = [each for each in _ROWS if each.id == endpoint_id]
    with_end = [each for each in rows if each.end_field is not None and each.end_field in body]
    return next(iter(with_end or rows), None)


def problems(endpoint: Endpoint, body: dict[str, Any]) -> list[Detail]:
    """Return fal's list of details, empty for a good input. Unknown fields are ignored, as fal ignores them."""
    photo = bool(endpoint.photo_field and body.get(endpoint.photo_field))  # beside a sound it needs no words
    names = (
        endpoint.has_prompt and not photo and "prompt",
        endpoint.source_field,
        endpoint.end_field,
        endpoint.needs_photo and endpoint.photo_field,
    )
    needed = [name for name in names if name]
    found = [_missing(name, body) for name in needed if not body.get(name)]
    lists = {endpoint.source_field} if endpoint.source_field and endpoint.most_sources > 1 else set[str]()
    texts = [
        name for name in {*needed, endpoint.negative_field, endpoint.photo_field} - lists if name and body.get(name)
    ]
    found += [detail("string_type", ["body", name], body[name]) for name in texts if not isinstance(body[name], str)]
    for name in lists & set(body):
        found += _list(name, body[name], endpoint.most_sources)
    found += [
        _missing(name, body) for name, value in endpoint.fixed.items() if isinstance(value, str) and name not in body
    ]
    if endpoint.sound_field in body and not isinstance(body[endpoint.sound_field], bool):
        found.append(detail("bool_type", ["body", endpoint.sound_field], body[endpoint.sound_field]))
    if "seed" in body and endpoint.seed and not isinstance(body["seed"], int):
        found.append(detail("int_type", ["body", "seed"], body["seed"]))
    prompt = body.get("prompt")
    if isinstance(prompt, str) and len(prompt) > endpoint.prompt_chars:
        found.append(detail("string_too_long", ["body", "prompt"], prompt, max_length=endpoint.prompt_chars))
    if "duration" in body and endpoint.durations:
        durations = endpoint.durations_at(str(body.get(endpoint.resolution_field, "")))
        found += _duration(endpoint, body["duration"], durations)
    default = endpoint.default_aspect_ratio
    ratios = (*endpoint.aspect_ratios, *([default] if default and default not in endpoint.aspect_ratios else []))
    for name, allowed in ((endpoint.resolution_field, endpoint.resolutions), ("aspect_ratio", ratios)):
        if name and name in body and allowed and body[name] not in allowed:
            found.append(detail("literal_error", ["body", name], body[name], expected=", ".join(allowed)))
    return found


def _list(name: str, value: Any, most: int) -> list[Detail]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        return [detail("list_type", ["body", name], value)]
    return [detail("too_long", ["body", name], value, max_length=most)] if len(value) > most else []


def _duration(endpoint: Endpoint, value: Any, durations: tuple[int, ...]) -> list[Detail]:
    if endpoint.duration_codec == "int":
        if not isinstance(value, int) or isinstance(value, bool):
            return [detail("int_type", ["body", "duration"], value)]
        return [] if value in durations else [detail("less_than_equal", ["body", "duration"], value)]
    suffix = "s" if endpoint.duration_codec == "str_s" else ""
    allowed = [f"{each}{suffix}" for each in durations]
    return [] if value in allowed else [detail("literal_error", ["body", "duration"], value)]


def _missing(name: str, body: dict[str, Any]) -> Detail:
    return detail("missing", ["body", name], body)


def detail(kind: str, loc: list[str], value: Any, **ctx: Any) -> Detail:
    """Build one entry as fal writes it: with the address of its words, and the input echoed."""
    entry = {"loc": loc, "msg": kind.replace("_", " "), "type": kind, "input": value}
    return {**entry, "url": f"https://docs.fal.ai/errors#{kind}", **({"ctx": ctx} if ctx else {})}


def lines_of(endpoint: Endpoint | None, body: dict[str, Any]) -> int:
    """Return the rows of pixels, or columns where there are fewer, of the film that an accepted input asks for."""
    if endpoint is None or not endpoint.resolutions:
        return _USUAL_LINES
    asked = str(body.get(endpoint.resolution_field) or endpoint.default_resolution).lower()
    return {"2k": 1440, "4k": 2160}.get(asked) or int(asked.removesuffix("p"))


def length_problem(endpoint: Endpoint, url: str, seconds: float) -> Detail | None:
    """Return what fal says of a sound that is longer or shorter than the endpoint takes; None: it takes it."""
    least, most = endpoint.source_seconds
    loc, facts = ["body", str(endpoint.source_field)], {"provided_duration": round(seconds, 3)}
    if seconds < least:
        return detail("audio_duration_too_short", loc, url, min_duration=least, **facts)
    return detail("audio_duration_too_long", loc, url, max_duration=most, **facts) if seconds > most else None


def seconds_of(endpoint: Endpoint | None, body: dict[str, Any]) -> int:
    """Return the seconds that an accepted input asks for."""
    text = str(body.get("duration", "")).removesuffix("s")
    return int(text) if text.isdigit() else (endpoint.durations[0] if endpoint and endpoint.durations else 5)


def has_sound(endpoint: Endpoint | None, body: dict[str, Any]) -> bool:
    """Return whether an accepted input asks for a film with sound; a switch that is not named is on, as at fal."""
    if endpoint is None or endpoint.sound_field is None:
        return endpoint is None or endpoint.has_sound
    return bool(body.get(endpoint.sound_field, True))


def billed_s(endpoint: Endpoint | None, body: dict[str, Any], source_s: float | None = None) -> Decimal:
    """Return the seconds that are billed: of the film, which may run over, or of the source where the price goes by it.

    An edit's price is for a second in and one out together; begun seconds count whole there, and of a sound.
    """
    if endpoint is None or endpoint.durations or source_s is None:
        return seconds_of(endpoint, body) + (_OVERRUN_S if endpoint and endpoint.overrun_s else Decimal(0))
    if endpoint.films_sound:
        return Decimal(ceil(source_s))
    if not endpoint.output_s:
        return Decimal(str(round(source_s, 3)))
    into = min(max(1, ceil(source_s)), endpoint.source_seconds[1])
    return (Decimal(into) + min(into, endpoint.output_s)) / 2


def price_of(endpoint: Endpoint, body: dict[str, Any], seconds: Decimal) -> Decimal:
    """Return what fal's price page says of an input that became a film of so many seconds. In dollars."""
    source = body.get(endpoint.source_field or "")
    pictures = endpoint.usd_per_source * (len(source) if isinstance(source, list) else 1)
    if endpoint.usd_per_clip:
        return endpoint.usd_per_clip[seconds_of(endpoint, body)] + pictures
    resolution = str(body.get(endpoint.resolution_field) or endpoint.default_resolution or "")
    return endpoint.prices(sound=has_sound(endpoint, body))[resolution] * seconds + pictures
