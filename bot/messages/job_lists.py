"""Lines about jobs in lists: /status, /history, /models. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce

from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Message
from bot.messages import job_messages, zones
from bot.messages.bidi import isolated
from bot.messages.i18n import translate
from bot.store.records import Job
from core import pricing
from core.catalogue import Model
from core.types import Mode, Plan

_PROMPT_SHOWN = 60
_MODELS_TITLE_S = 5  # the length that the title of /models names
_COLUMNS = ("name", "price", "seconds", "sound", "pictures", "best", "say")
_NARROW = ("narrow", "price", "length", "signs")
_MANY_LINES = 2160
_LONG_S = 20
_NARROW_CELL = 5  # letters: more are cut off on a phone
_MANY_PICTURES = 9
_CHEAP = 5  # of all models
_WHOLE = (Mode.TEXT_TO_VIDEO, Mode.IMAGE_TO_VIDEO)
_ON = (Mode.EXTEND_VIDEO,)


def short(prompt: str, most: int = _PROMPT_SHOWN) -> str:
    """Return the prompt on one line, shortened, with its direction isolated."""
    return isolated(shortened(" ".join(prompt.split()), most=most, unit=Unit.CHARACTER))


def status_line(job: Job, language: str, *, place: int, now_ms: int) -> str:
    """Return a job's line in /status."""
    state = job_messages.state_line(job, place=place, now_ms=now_ms)
    return translate(language, "status-line", job=job.id, state=state, prompt=short(job.request.prompt))


def history_title(language: str, zone: str | None) -> str:
    """Return what stands above the lines of /history. `zone`: see zones.py."""
    return translate(language, "history-title", zone=zones.name(zone or zones.default(language), language))


def history_line(job: Job, language: str, *, now_ms: int, zone: str | None) -> str:
    """Return a job's line in /history."""
    return translate(
        language,
        "history-line",
        job=job.id,
        when=zones.bare_clock(language, job.created, zone),
        state=job_messages.state_line(job, place=0, now_ms=now_ms),
        price="" if job.charge == "none" else job_messages.price_text(job),
        free="yes" if job.charge == "none" else "no",
        parts=job_messages.parts(job),
        prompt=short(job.request.prompt),
    )


def models(language: str) -> Message:
    """Return all models with the price of about five seconds: a line each, and the same as a table."""
    sold = [model for model in pricing.list_models() if _films_of(model)]
    plans = {model.key: _about_five_seconds(model) for model in sold}
    cheap = sorted(plan.quote.usd for plan in plans.values() if plan)[:_CHEAP]
    facts = [
        _facts_of(model, plans[model.key], language) | {"best": _best_at(language, model, cheap)} for model in sold
    ]
    facts = [each | {"signs": translate(language, "models-cell-signs", **each).strip()} for each in facts]
    lines = [translate(language, "models-line", **each) for each in facts]
    signs = translate(language, "models-signs")
    text = "\n".join([translate(language, "models-title"), *lines, signs])
    table, narrow = (_table(language, facts, columns) for columns in (_COLUMNS, _NARROW))
    return Message(text, table=table, narrow_table=narrow, below_narrow=signs)


def _table(language: str, facts: Sequence[dict[str, str]], columns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    head = [translate(language, f"models-column-{each}").strip() for each in columns]
    rows = [[translate(language, f"models-cell-{each}", **row).strip() for each in columns] for row in facts]
    return tuple(tuple(row) for row in [head, *rows])


def _facts_of(model: Model, plan: Plan | None, language: str) -> dict[str, str]:
    seconds = plan.request.duration_s if plan else None
    likeness = model.modes.get(Mode.REFERENCE_TO_VIDEO)
    return {
        "tier": model.tier or "",
        "name": model.name,
        "key": model.key,
        "price": job_messages.quote_text(language, plan.quote) if plan else "",
        "duration": str(seconds) if seconds and seconds != _MODELS_TITLE_S else "",
        "modes": " ".join(sorted(str(mode) for mode in model.modes)),
        "seconds": _seconds_of(model),
        "sound": _sound_of(model),
        "references": str(likeness.most_sources) if likeness else "",
        "off": _off(model),
    }


def _films_of(model: Model) -> list[Mode]:
    """Return the modes by which a model is told: of words and of a photo, or else how it goes on from a film."""
    return [mode for mode in _WHOLE if mode in model.modes] or [each for each in model.modes if each in _ON]


def _seconds_of(model: Model) -> str:
    """Return the lengths that can be had: each where they are few, else from which to which."""
    durations = sorted({each for mode in _films_of(model) for each in model.modes[mode].durations})
    first, last = durations[0], durations[-1]
    each, has_all = "/".join(map(str, durations)), last - first == len(durations) - 1
    if (has_all and last > first) or len(each) > _NARROW_CELL:
        return f"{first}–{last}"
    return each


def _sound_of(model: Model) -> str:
    """Return whether its films have sound: "choice", "always", "never"."""
    endpoints = [model.modes[mode] for mode in _films_of(model)]
    if any(endpoint.sound_field for endpoint in endpoints):
        return "choice"
    return "always" if any(endpoint.has_sound for endpoint in endpoints) else "never"


def _off(model: Model) -> str:
    """Return how much of a model fal does not take just now: "no", "some" or "all" of it."""
    offered = [pricing.offered(model, mode) for mode in model.modes]
    if not any(offered):
        return "all"
    return "no" if offered == list(model.modes.values()) else "some"


def _about_five_seconds(model: Model) -> Plan | None:
    """Plan a video of words, or else of a photo or a film, with the model's defaults, nearest to 5 s; None: not now."""
    mode = next((mode for mode in _films_of(model) if pricing.offered(model, mode)), None)
    return pricing.plan("price", model=model.key, mode=mode) if mode else None


def _best_at(language: str, model: Model, cheap: Sequence[Decimal]) -> str:
    """Name what a model is best at, as its row tells."""
    rows = [model.modes[mode] for mode in _films_of(model)]
    likeness = model.modes.get(Mode.REFERENCE_TO_VIDEO)
    plan = _about_five_seconds(model)
    found = {
        "words": Mode.TEXT_TO_VIDEO in model.ahead_in,
        "photos": Mode.IMAGE_TO_VIDEO in model.ahead_in,
        "cheap": plan is not None and plan.quote.usd in cheap,
        "sharp": any((pricing.lines_of(each) or 0) >= _MANY_LINES for row in rows for each in row.resolutions),
        "long": any(max(row.durations) >= _LONG_S for row in rows),
        "likeness": likeness is not None and likeness.most_sources >= _MANY_PICTURES,
        "continue": Mode.EXTEND_VIDEO in model.modes,
        "edit": Mode.VIDEO_TO_VIDEO in model.modes,
        "draft": Mode.ENHANCE_DRAFT in model.modes,
        "speak": Mode.AUDIO_TO_VIDEO in model.modes,
    }
    words = [translate(language, f"models-best-{name}") for name, is_so in found.items() if is_so]
    return reduce(lambda first, other: translate(language, "models-best-and", first=first, other=other), words or [""])
