"""Lines about jobs in lists: /status, /history, /models. Pure."""

from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Message
from bot.messages import job_messages, zones
from bot.messages.bidi import isolated
from bot.messages.i18n import translate
from bot.store.records import Job
from core import pricing
from core.catalogue import Model
from core.errors import BadRequest
from core.types import Mode, Plan

_PROMPT_SHOWN = 60
_MODELS_TITLE_S = 5  # the length that the title of /models names
_COLUMNS = ("name", "price", "seconds", "sound", "pictures", "more", "say")
_WHOLE = (Mode.TEXT_TO_VIDEO, Mode.IMAGE_TO_VIDEO)


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
    facts = [_facts_of(model) for model in pricing.list_models() if not set(model.modes).isdisjoint(_WHOLE)]
    lines = [translate(language, "models-line", **each) for each in facts]
    head = [translate(language, f"models-column-{each}") for each in _COLUMNS]
    rows = [[translate(language, f"models-cell-{each}", **row).strip() for each in _COLUMNS] for row in facts]
    text = "\n".join([translate(language, "models-title"), *lines, translate(language, "models-signs")])
    return Message(text, table=tuple(tuple(row) for row in [head, *rows]))


def _facts_of(model: Model) -> dict[str, str]:
    plan = _about_five_seconds(model.key)
    seconds = plan.request.duration_s if plan else None
    likeness = model.modes.get(Mode.REFERENCE_TO_VIDEO)
    return {
        "tier": model.tier or "",
        "name": model.name,
        "key": model.key,
        "price": pricing.usd_text(plan.quote.usd) if plan else "",
        "duration": str(seconds) if seconds and seconds != _MODELS_TITLE_S else "",
        "modes": " ".join(sorted(str(mode) for mode in model.modes)),
        "seconds": _seconds_of(model),
        "sound": _sound_of(model),
        "references": str(likeness.most_sources) if likeness else "",
        "off": _off(model),
    }


def _seconds_of(model: Model) -> str:
    durations = sorted({each for mode in _WHOLE if mode in model.modes for each in model.modes[mode].durations})
    return f"{durations[0]}–{durations[-1]}" if len(durations) > 1 else str(durations[0])


def _sound_of(model: Model) -> str:
    """Return whether its films have sound: "choice", "always", "never"."""
    endpoints = [model.modes[mode] for mode in _WHOLE if mode in model.modes]
    if any(endpoint.sound_field for endpoint in endpoints):
        return "choice"
    return "always" if any(endpoint.has_sound for endpoint in endpoints) else "never"


def _off(model: Model) -> str:
    """Return how much of a model fal does not take just now: "no", "some" or "all" of it."""
    offered = [pricing.offered(model, mode) for mode in model.modes]
    if not any(offered):
        return "all"
    return "no" if offered == list(model.modes.values()) else "some"


def _about_five_seconds(key: str) -> Plan | None:
    """Plan a text-to-video with the model's defaults, nearest to 5 s; None where it takes no text alone."""
    try:
        return pricing.plan("price", model=key)
    except BadRequest:
        return None
