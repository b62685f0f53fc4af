"""Texts and keyboards of /settings: all settings with what a video then costs, and the values of one. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from bot.channels.types import Action, Message
from bot.conversation.generation_options import GenerationOptions
from bot.conversation.planning import MadeOf, plan_with
from bot.conversation.setting_fields import FIELDS, Field, options_of
from bot.messages import languages, zones
from bot.messages.callback_data import data_for
from bot.messages.i18n import error_text, translate
from bot.messages.job_messages import adjustment, quote_text
from core import pricing
from core.errors import BadRequest
from core.types import Adjustment, Plan

_USUAL_S = 5


def overview(
    stored: dict[str, str],
    language: str,
    *,
    of_group: bool,
    default_model: str,
    may_change: bool = True,
    notes: Iterable[str] = (),
) -> Message:
    """Show all settings, whose they are, and the price of a video of five seconds. `notes` stand above."""
    options = options_of(stored)
    try:
        plan = _plan(options, default_model)
    except BadRequest as error:  # nothing can be made of words just now
        return Message("\n".join([*notes, error_text(language, error.code, error.facts)]))
    values = {field.name: _value(field, plan, stored, language) for field in FIELDS}
    lines = [*notes, translate(language, "settings-title-group" if of_group else "settings-title")]
    for field in FIELDS:
        own = field.name in stored if field.option is None else getattr(options, field.option) is not None
        key = "setting-line" if own else "setting-line-default"
        lines.append(translate(language, key, field=name_of(field, language), value=values[field.name]))
    lines += [adjustment(language, each.field, each.requested, each.applied) for each in _stand_in(plan)]
    lines += _prices(options, default_model, language)
    if not may_change:
        return Message("\n".join([*lines, translate(language, "settings-group-admins")]))
    lines.append(translate(language, "settings-in-words"))
    buttons = [_button(field, values[field.name], language) for field in FIELDS]
    if stored:
        buttons.append(Action(translate(language, "button-settings-reset"), data_for("set", "reset")))
    return Message("\n".join(lines), tuple(buttons))


def page(
    field: Field, stored: dict[str, str], language: str, *, default_model: str, notes: Iterable[str] = ()
) -> Message:
    """Show the values of one field that the model in force allows, each with its price."""
    model = options_of(stored).model or default_model
    values = field.values(model)
    if not values:
        return Message("\n".join([*notes, translate(language, "settings-no-choice", field=name_of(field, language))]))
    buttons = [_choice(field, value, stored, language, default_model) for value in values]
    if field.name in stored:
        buttons.append(Action(translate(language, "button-setting-default"), data_for("set", f"{field.name}:default")))
    buttons.append(Action(translate(language, "button-settings-back"), data_for("set", "")))
    title = translate(language, "settings-page", field=name_of(field, language))
    return Message("\n".join([*notes, title]), tuple(buttons))


def _plan(options: GenerationOptions, default_model: str) -> Plan:
    """Plan a video from words, with another model where fal does not take this one just now. Raises BadRequest."""
    return plan_with("price", GenerationOptions(), options, default_model=default_model, made_of=MadeOf())


def _stand_in(plan: Plan) -> Iterable[Adjustment]:
    """Yield what is said of a model that another one stands in for."""
    return (each for each in plan.adjustments if each.field == "model_unavailable")


def _prices(options: GenerationOptions, default_model: str, language: str) -> list[str]:
    """Return the price of about five seconds, and that of the length that is set, where it is another."""
    lines = []
    for seconds in dict.fromkeys((_USUAL_S, options.duration_s or _USUAL_S)):
        plan = _priced(replace(options, duration_s=seconds), default_model)
        if plan is not None:
            price = quote_text(language, plan.quote)
            facts = {"seconds": str(plan.request.duration_s or seconds), "price": price}
            lines.append(translate(language, "settings-price", **facts))
    return list(dict.fromkeys(lines))


def _priced(options: GenerationOptions, default_model: str) -> Plan | None:
    try:
        return _plan(options, default_model)
    except BadRequest:
        return None


def _value(field: Field, plan: Plan, stored: dict[str, str], language: str) -> str:
    """Return the value in force, as people read it."""
    request = plan.request
    found = {
        "model": pricing.find(request.model).name,
        "seconds": translate(language, "setting-value-seconds", seconds=str(request.duration_s or "")),
        "shape": pricing.shape_of(request),
        "resolution": request.resolution,
        "sound": _sound_name(request.sound, language),
        "language": languages.row(stored.get("language") or language).name,
        "zone": zones.name(stored.get("zone") or zones.default(language), language),
    }
    return found[field.name] or translate(language, "setting-value-by-model")


def _sound_name(sound: bool | None, language: str) -> str | None:
    return None if sound is None else translate(language, "setting-value-sound", sound="on" if sound else "off")


def name_of(field: Field, language: str) -> str:
    """Return the field's name, which is also one of its words."""
    return translate(language, f"setting-{field.name}")


def _button(field: Field, value: str, language: str) -> Action:
    label = translate(language, "button-setting", field=name_of(field, language), value=value)
    return Action(label, data_for("set", field.name))


def _choice(field: Field, value: str, stored: dict[str, str], language: str, default_model: str) -> Action:
    label = {
        "model": lambda: pricing.find(value).name,
        "seconds": lambda: translate(language, "setting-value-seconds", seconds=value),
        "sound": lambda: _sound_name(value == "on", language) or "",
        "language": lambda: languages.row(value).name,
        "zone": lambda: zones.name(value, language),
    }.get(field.name, lambda: value)()
    if field.name in {"model", "seconds", "resolution", "sound"}:
        seconds = {} if field.name == "seconds" else {"seconds": str(_USUAL_S)}
        plan = _priced(options_of({**stored, **seconds, field.name: value}), default_model)
        price = quote_text(language, plan.quote) if plan else ""
        label = translate(language, "button-setting-price", value=label, price=price)
    if stored.get(field.name) == value:
        label = f"✓ {label}"
    return Action(label, data_for("set", f"{field.name}:{value}"))
