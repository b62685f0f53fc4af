"""Answers /price: what a video costs, with each tier, or with one model at all its resolutions. Pure."""

from collections.abc import Iterator

from bot.channels.types import Message
from bot.conversation.generation_options import GenerationOptions
from bot.messages import job_messages
from bot.messages.i18n import translate
from core import pricing
from core.catalogue import Model
from core.errors import BadRequest
from core.types import Mode, Plan

_MODES = (Mode.TEXT_TO_VIDEO, Mode.IMAGE_TO_VIDEO, Mode.EXTEND_VIDEO)
_COLUMNS = ("name", "price", "seconds", "resolution", "sound")  # the price is seen on a phone without a move sideways


def prices(options: GenerationOptions, language: str) -> Message:
    """Return the prices that were asked for: a line each, and the same as a table.

    A tier whose model fal does not take just now is a line that says so.
    """
    try:
        names = [options.model] if options.model else [model.key for model in pricing.list_models() if model.tier]
        plans: list[Plan] = []
        notes: list[str] = []
        for name in names:
            try:
                plans += _plans(pricing.find(name), options)
            except BadRequest as error:
                if options.model or error.code != "model_unavailable":
                    raise
                notes.append(job_messages.error_message(language, error.code, error.facts))
    except BadRequest as error:
        return Message(job_messages.error_message(language, error.code, error.facts))
    adjusted = [
        job_messages.adjustment(language, each.field, each.requested, each.applied)
        for plan in plans
        for each in plan.adjustments
    ]
    notes += [*dict.fromkeys(adjusted), translate(language, "price-note")]
    facts = [
        job_messages.facts(plan.request) | {"price": _price(language, plan), "films": _films(plan)} for plan in plans
    ]
    lines = [translate(language, "price-line", **each) for each in facts]
    head = [translate(language, f"price-column-{each}") for each in _COLUMNS]
    rows = [[translate(language, f"price-cell-{each}", **row).strip() for each in _COLUMNS] for row in facts]
    table = tuple(tuple(row) for row in [head, *rows]) if rows else ()
    title = translate(language, "price-title")
    return Message("\n".join([title, *lines, *notes]), table=table, below_table="\n".join(notes))


def _plans(model: Model, options: GenerationOptions) -> Iterator[Plan]:
    """Yield the plans of a model as it was asked for: where that was by its name, at every resolution and sound."""
    mode = next((each for each in _MODES if each in model.modes), Mode.IMAGE_TO_VIDEO)
    row = pricing.offered(model, mode)
    every = options.model is not None and row is not None
    resolutions = row.resolutions if every and row and options.resolution is None else ()
    sounds = (True, False) if every and row and row.usd_per_s_silent and options.sound is None else (options.sound,)
    for resolution in resolutions or (options.resolution,):
        for sound in sounds:
            yield pricing.plan(
                "price",
                model=model.key,
                mode=mode,
                duration=options.duration_s,
                resolution=resolution,
                aspect_ratio=options.aspect_ratio,
                sound=sound,
            )


def _price(language: str, plan: Plan) -> str:
    return job_messages.quote_text(language, plan.quote)


def _films(plan: Plan) -> str:
    """Return whether such films have sound: "on", "off"."""
    asked = plan.request.sound
    has_sound = pricing.find(plan.request.model).modes[plan.request.mode].has_sound if asked is None else asked
    return "on" if has_sound else "off"
