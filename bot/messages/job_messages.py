"""Texts about a job: its status message, the caption of its video, the text on its outcome. Pure."""

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bot.channels.text_lengths import Unit, shortened
from bot.channels.types import Action, Message, Refusal
from bot.messages import retry_offers, zones
from bot.messages.bidi import isolated, plain
from bot.messages.callback_data import data_for
from bot.messages.i18n import error_text, joined, translate, translate_known
from bot.store.ledger import OverCap, Standing
from bot.store.records import ACTIVE, ENDED, FREE, MICRO, OVER, Charge, Job, State, Way
from bot.store.work import NO_ROOM, PAUSED
from core import pricing
from core.catalogue import Model
from core.errors import BadRequest
from core.types import Mode, Plan, Quote, VideoRequest

_MINUTE_S = 60
_LONG_S = 15 * _MINUTE_S
_SHOWN_WHOLE = 200  # characters; a longer prompt is shown by its start, and folded where a chat can
_SHOWN_START = 60
_LEAST_BYTES = 12  # of a prompt; less says nothing
_FACT_CHARS = 900  # of what a sentence takes
_USUAL_S = 90.0  # of a model that nobody knows any more
_UNDER_A_MINUTE_S = 45.0
_SHOWN_ON_CARD = 100
_BEFORE_VIDEO = FREE | {State.SUBMITTING, State.RENDERING}
_QUEUED = {NO_ROOM: "state-no-room", PAUSED: "state-paused"}  # by what keeps it in the queue


_NAMES_SOURCE = frozenset({"photo", "many", "first", "one", "frames", "likeness", "each", "unable"})
"""Questions that speak of the photo themselves."""


def card(job: Job, *, place: int, now_ms: int, in_group: bool) -> Message:
    """Build the job's card, the one message that is edited while it lives.

    Of a job that is over, or of which another message tells more, one line without buttons is left, for a chat that
    does not delete the card. `in_group`: it changes two or three times at most, and shows no clock.
    """
    if (job.state in OVER or (job.state in ENDED and job.outcome_ref)) and not _offer_ended(job):
        return Message(_folded(job), job_id=job.id)
    return status(job, place=place, now_ms=now_ms, in_group=in_group)


def status(job: Job, *, place: int, now_ms: int, in_group: bool = False) -> Message:
    """Build what is said of a job at any time: what was ordered, and its state."""
    if job.state is State.AWAITING_CONFIRMATION:
        return _offer(job)
    if _offer_ended(job):
        return Message("\n".join([_what(job), state_line(job, place=place, now_ms=now_ms)]), job_id=job.id)
    state = _state_in_group(job, now_ms) if in_group else state_line(job, place=place, now_ms=now_ms)
    if (in_group or job.state in _BEFORE_VIDEO) and not job.cancel_asked and _elapsed_s(job, now_ms) <= _LONG_S:
        state = joined(job.language, state, _usual(job))
    lines = [_order(job), _prompt(job), *_beside_the_order(job), state]
    buttons = _actions_in_group(job) if in_group else actions(job)
    return Message("\n".join(lines), buttons, job_id=job.id, progress=_progress(job, now_ms))


def _folded(job: Job) -> str:
    """Return what is left of the card; where the outcome is a message of its own, that has the last word."""
    if job.state in {State.DELIVERED, State.SENT_AS_REPLY} or (job.state is State.CANCELLED and not job.outcome_ref):
        return translate(job.language, "card-folded", job=job.id, state=state_line(job, place=0, now_ms=0))
    return translate(job.language, "card-below", job=job.id)


def _state_in_group(job: Job, now_ms: int) -> str:
    """Say the state in what changes rarely: it waits, or is made until the video itself says more."""
    is_usual = not job.cancel_asked and _elapsed_s(job, now_ms) <= _LONG_S
    if job.state is State.QUEUED or (job.state in _BEFORE_VIDEO and not is_usual):
        return state_line(job, place=0, now_ms=now_ms)
    return translate(job.language, "card-made")


def _usual(job: Job) -> str:
    """Say how long this usually takes, in whole minutes."""
    seconds = _usual_s(job)
    if seconds < _UNDER_A_MINUTE_S:
        return translate(job.language, "usual-under")
    least, most = int(seconds // _MINUTE_S), math.ceil(seconds / _MINUTE_S)
    if least in {0, most}:
        return translate(job.language, "usual-about", minutes=most)
    return translate(job.language, "usual-between", least=least, most=most)


def _prompt(job: Job) -> str:
    """Return the prompt's line: shortened, and isolated, so that words of another direction turn nothing around."""
    short = shortened(" ".join(plain(job.request.prompt).split()), most=_SHOWN_ON_CARD, unit=Unit.CHARACTER)
    return translate(job.language, "offer-words", prompt=isolated(short))


def _beside_the_order(job: Job) -> list[str]:
    lines = [adjustment(job.language, each.field, each.requested, each.applied) for each in job.adjustments]
    is_named = job.question is not None and job.question.why in _NAMES_SOURCE
    if is_named and job.incoming.also:
        is_named = job.state is State.AWAITING_CONFIRMATION  # what was ordered is named whole
    if job.incoming.attachment is not None and not is_named:
        lines.insert(0, _source_line(job, job.incoming.attachment.kind))
    if _may_charge_refusals(job):
        lines.append(translate(job.language, "refusals-charged"))
    if _is_length_unknown(job):
        lines.append(translate(job.language, "length-unknown"))
    if job.step is not None:
        lines.append(translate(job.language, "film-step", step=job.step.kind, film=job.follows))
    if job.again_of is not None:
        lines.append(translate(job.language, "repeat-of", other=job.again_of))
    if job.fallback is not None:
        key, prompt = f"fallback-{job.fallback}", isolated(job.request.prompt[:_FACT_CHARS])
        lines.append(translate_known(job.language, key, otherwise="fallback-other", prompt=prompt))
    return lines


def _source_line(job: Job, kind: str) -> str:
    """Say what it is made of; of several photos how many, and how."""
    if kind == "audio":
        return translate(job.language, "from-sound", photo="yes" if job.incoming.also else "no")
    if not job.incoming.also:
        return translate(job.language, "from-source", kind=kind)
    how = "frames" if job.request.mode is Mode.FRAMES_TO_VIDEO else "likeness"
    return translate(job.language, "from-photos", how=how, count=len(job.incoming.sources))


def _offer(job: Job) -> Message:
    """Build the offer: what would be ordered, its price, and a yes or no."""
    question = job.question
    price = _price_facts(job)
    key, other = f"ask-{question.why if question else 'price'}", (question and question.job) or ""
    why = translate_known(job.language, key, otherwise="ask-price", **price, other=other, **_photo_facts(job))
    shape = pricing.shape_of(job.request)
    what = translate(job.language, "offer-shape", what=_what(job), shape=shape) if shape else _what(job)
    lines = [what, *_words_of(job), *_beside_the_order(job), why, translate(job.language, "ask-waits")]
    buttons = (
        Action(translate(job.language, _yes_of(job), **price), data_for("yes", job.id)),
        *(_way_button(job, number, way) for number, way in enumerate(job.ways, 1) if number != job.first_way),
        *_other_model(job),
        Action(translate(job.language, "button-no"), data_for("cancel", job.id)),
    )
    long = isolated(job.request.prompt) if len(job.request.prompt) > _SHOWN_WHOLE else ""
    return Message("\n".join(lines), buttons, job_id=job.id, long=long)


def _other_model(job: Job) -> tuple[Action, ...]:
    """Return the button for another model; of what enlarges a film or makes a draft whole there is but one."""
    if job.step is not None and job.step.kind in {"upscale", "enhance"}:
        return ()
    return (Action(translate(job.language, "button-other-model"), data_for("other", job.id)),)


def _yes_of(job: Job) -> str:
    """Return which words stand on the yes: of an edited message it changes the order, which has cost nothing."""
    return "button-change" if job.question is not None and job.question.why == "instead" else "button-yes"


def _words_of(job: Job) -> list[str]:
    """Return the line with the words that would be made into a video; long ones stand folded below."""
    prompt = " ".join(job.request.prompt.split())
    if len(prompt) > _SHOWN_WHOLE:
        start = isolated(prompt[:_SHOWN_START])
        return [translate(job.language, "offer-words-long", start=start, count=len(prompt))]
    return [translate(job.language, "offer-words", prompt=isolated(prompt))]


def _photo_facts(job: Job) -> dict[str, str | int]:
    """Return the facts of a question about several photos. `most`: so many the model takes together, 0 of none."""
    count = len(job.offered_sources)
    most = 0
    with suppress(BadRequest):
        endpoint = pricing.find(job.request.model).modes.get(Mode.REFERENCE_TO_VIDEO)
        most = endpoint.most_sources if endpoint is not None and endpoint.most_sources < count else 0
    return {"count": count, "most": most, "model": job.model_name or job.request.model}


def _way_button(job: Job, number: int, way: Way) -> Action:
    price = priced(job.language, pricing.usd_text(way.total_usd), up_to=way.up_to)
    facts: dict[str, str | int] = {"price": price, "up_to": "", "count": len(way.sources), "model": ""}
    if way.request.model != job.request.model:
        with suppress(BadRequest):
            facts["model"] = pricing.find(way.request.model).name
    label = translate_known(job.language, f"button-way-{way.key}", otherwise="button-yes", **facts)
    return Action(label, data_for("yes", f"{job.id}.{number}"))


def model_choice(language: str, model: Model, plan: Plan) -> str:
    """Return the label of a button that offers the same with this model."""
    return translate(language, "model-choice", name=model.name, price=quote_text(language, plan.quote))


def quote_text(language: str, quote: Quote) -> str:
    """Return a price as a word of its own: "$0.70", "up to $0.48"."""
    return priced(language, pricing.usd_text(quote.usd), up_to=quote.up_to)


def about_text(language: str, quote: Quote) -> str:
    """Return a price that what is said next may change: "about $0.70", "up to $0.48"."""
    text = quote_text(language, quote)
    return text if quote.up_to else translate(language, "about-price", price=text)


def priced(language: str, price: str, *, up_to: bool) -> str:
    """Return the price, and where it is the most that it can be, that word before it."""
    return translate(language, "up-to", price=price) if up_to else price


def price_of(job: Job) -> str:
    """Return the job's price as text; of an offer that of what a plain yes makes."""
    is_offer = job.state is State.AWAITING_CONFIRMATION and job.first_way
    return pricing.usd_text(job.ways[job.first_way - 1].total_usd if is_offer else job.usd)


def price_text(job: Job) -> str:
    """Return the price as a word of its own: "$0.70", "up to $10.50"."""
    return priced(job.language, price_of(job), up_to=job.up_to)


def _price_facts(job: Job) -> dict[str, str]:
    return {"price": price_of(job), "up_to": "yes" if job.up_to else ""}


def _is_length_unknown(job: Job) -> bool:
    """Return whether the seconds of an edit's source, or of a sound, are unknown, by which it is priced.

    Where a chat does not state them they are measured before the order.
    """
    attachment = job.incoming.attachment
    by_source = job.request.mode in {Mode.VIDEO_TO_VIDEO, Mode.AUDIO_TO_VIDEO} and job.request.duration_s is None
    return (
        by_source
        and job.state in FREE | {State.AWAITING_CONFIRMATION}
        and (attachment is None or not attachment.duration_s)
    )


def is_replaced(job: Job) -> bool:
    """Return whether this offer gave its place, and its message, to a newer one: nothing of it is shown any more."""
    return _offer_ended(job) and job.error is not None and job.error.code == "offer_replaced"


def _offer_ended(job: Job) -> bool:
    """Return whether the offer was declined or lapsed: it was never ordered."""
    return job.state is State.CANCELLED and job.error is not None and job.error.code.startswith("offer_")


def state_line(job: Job, *, place: int, now_ms: int) -> str:
    """Say in one line what state the job is in."""
    lang = job.language
    if job.state is State.QUEUED:
        return translate(lang, _QUEUED.get(job.odd or "", "state-queued"), place=place)
    if job.state is State.RENDERING:
        if job.cancel_asked:
            return translate(lang, "cancel-requested-running")
        elapsed = _elapsed_s(job, now_ms)
        if elapsed > _LONG_S:
            return translate(lang, "state-long-running")
        if job.fal_position is not None:
            return translate(lang, "state-fal-queue", position=job.fal_position + 1)
        return translate(lang, "state-rendering", elapsed=_coarse(elapsed))
    if job.error is not None and _offer_ended(job):
        return translate(lang, job.error.code.replace("_", "-"))
    free = job.state is State.CANCELLED and job.charge == "none"
    return translate(lang, "state-cancelled-free" if free else f"state-{job.state}")


def _actions_in_group(job: Job) -> tuple[Action, ...]:
    """Return the buttons, with one to cancel until the card goes: to take it away sooner would be one edit more."""
    return (_cancel(job),) if job.state in ACTIVE and not job.cancel_asked else actions(job)


def _cancel(job: Job) -> Action:
    return Action(translate(job.language, "button-cancel"), data_for("cancel", job.id), danger=True)


def actions(job: Job) -> tuple[Action, ...]:
    """Return the buttons for the job's state."""
    if job.state in FREE | {State.SUBMITTING, State.RENDERING} and not job.cancel_asked:
        return (_cancel(job),)
    if job.state is State.PARKED:
        return (Action(translate(job.language, "button-ask-again"), data_for("again", job.id)),)
    if job.state in {State.DELIVERY_UNCONFIRMED, State.UNDELIVERED}:
        return (Action(translate(job.language, "button-resend"), data_for("again", job.id)),)
    return _second_try(job)


def _second_try(job: Job) -> tuple[Action, ...]:
    """Return one button: the fallback for this failure, else the same again; its price is on it."""
    price = _price_facts(job)
    if job.state is State.SUBMIT_UNCONFIRMED:
        return (Action(translate(job.language, "button-buy-again", **price), data_for("again", job.id)),)
    if job.state is not State.FAILED or job.error is None:
        return ()
    if job.error.code == "price_changed":
        return (Action(translate(job.language, "button-true-price"), data_for("again", job.id)),)
    if job.step is not None and job.step.kind == "enhance":
        return (Action(translate(job.language, "button-full-anew"), data_for("full", f"{job.follows}.anew")),)
    found = retry_offers.fallback(job)
    if found is not None:
        return (Action(translate(job.language, f"button-fix-{found}", **price), data_for("fix", job.id)),)
    if retry_offers.worth_a_try(job.error.code) and job.fallback is None:
        return (Action(translate(job.language, "button-again", **price), data_for("again", job.id)),)
    return ()


def outcome(job: Job) -> Message:
    """Build the text on a job that brings no video now: failed, cancelled, in doubt, or not taken by the chat."""
    if job.error is None or job.state not in {State.FAILED, State.CANCELLED}:
        text = translate(job.language, f"state-{job.state}")
    elif _offer_ended(job):
        text = translate(job.language, job.error.code.replace("_", "-"))
    else:
        text = error_message(
            job.language, job.error.code, job.error.facts, charge=job.charge or "none", price=price_text(job)
        )
    return Message(text, actions(job), job_id=job.id)


def refused(job: Job, refusal: Refusal) -> Message:
    """Build the text on a finished video whose file the chat does not take; it is not sent again by itself."""
    key = "video-refused-content" if refusal == "content" else "video-refused-file"
    resend = (Action(translate(job.language, "button-resend"), data_for("again", job.id)),)
    return Message(translate(job.language, key, job=job.id), () if refusal == "content" else resend, job_id=job.id)


def unconfirmed(job: Job) -> Message:
    """Build the text half a minute after an order that fal has not answered; asking for it goes on."""
    return Message(translate(job.language, "order-unconfirmed"), job_id=job.id)


def error_message(
    language: str, code: str, facts: Mapping[str, Any], *, charge: Charge | None = None, price: str = ""
) -> str:
    """Say what happened, what to do next, and what it cost; without `charge` nothing was ordered at all."""
    text = error_text(language, code, facts)
    cost = translate(language, f"charge-{charge}" if charge else "charge-nothing", price=price)
    return joined(language, text, cost)


def over_cap(
    language: str, over: OverCap, *, zone: str | None = None, in_group: bool = False, up_to: bool = False
) -> str:
    """Say why this is not ordered now, and when it can be; in a group no person's dollars. `zone`: see zones.py."""
    if in_group and over.whose == "user":
        return translate(language, "over-user-cap-in-group")
    return translate(
        language,
        f"over-{over.whose}-cap",
        price=priced(language, usd(over.price_micro), up_to=up_to),
        left=usd(over.left_micro),
        cap=usd(over.cap_micro),
        free_at=_until(language, over.frees_at, zone),
        fits="yes" if over.price_micro <= over.cap_micro else "no",
    )


def balance(language: str, standing: Standing, cap_micro: int, *, key: str = "balance") -> str:
    """Say what was spent and is held of this cap."""
    return translate(
        language,
        key,
        spent=usd(standing.spent_micro),
        held=usd(standing.reserved_micro) if standing.reserved_micro else "",
        left=usd(max(0, cap_micro - standing.used_micro)),
        cap=usd(cap_micro),
    )


def usd(amount_micro: int) -> str:
    """Format micro-dollars as dollars."""
    return pricing.usd_text(amount_micro / MICRO)


def _until(language: str, at_ms: int | None, zone: str | None) -> str:
    """Format a time, up to the next full minute, so that it is true when that time has come."""
    return zones.clock(language, at_ms + _MINUTE_S * 1000, zone) if at_ms else ""


def caption(job: Job, *, code: str = "") -> str:
    """Build the caption of the finished video: what it is, its code, its words. No price: captions are passed on."""
    what = translate(job.language, "caption-code", what=_what(job), code=code) if code else _what(job)
    return "\n".join(filter(None, (what, caption_words(job), of_chain(job))))


def parts(job: Job) -> str:
    """Return of which parts a film that was joined is: "1+2+3"; empty for any other."""
    count = job.video.parts if job.video is not None else 1
    return "+".join(str(number) for number in range(1, count + 1)) if count > 1 else ""


def of_chain(job: Job) -> str:
    """Return the line of a caption with the parts of a joined film, or that it could not be joined."""
    if job.video is None or job.step is None or job.step.kind != "continue":
        return ""
    if job.video.parts == 1:
        return translate(job.language, "film-not-joined", film=job.follows)
    return translate(job.language, "film-joined", parts=parts(job), seconds=round(job.video.duration_s))


def what_it_is(job: Job) -> str:
    """Return the line of a caption with the model, the length and the sharpness."""
    return _what(job)


def caption_words(job: Job, *, most_bytes: int | None = None) -> str:
    """Return the line of a caption with the words; shortened to so many bytes of UTF-8, empty where none have room.

    Room is left for what full-width signs in the place of tags take.
    """
    prompt = _short(job.request.prompt)
    if most_bytes is not None:
        around = len(translate(job.language, "offer-words", prompt=isolated("…")).encode())
        room = most_bytes - around - 2 * prompt.count("<")
        if room < _LEAST_BYTES:
            return ""
        prompt = shortened(prompt, most=room, unit=Unit.UTF8)
    return translate(job.language, "offer-words", prompt=isolated(prompt))


def _short(prompt: str) -> str:
    return shortened(" ".join(prompt.split()), most=_SHOWN_WHOLE, unit=Unit.CHARACTER)


def adjustment(language: str, field: str, requested: str, applied: str | None) -> str:
    """Say what was requested and what was applied instead."""
    if applied is None:
        return translate(language, "adjusted-dropped", field=field, asked=requested)
    key = f"adjusted-{field.replace('_', '-')}"
    return translate_known(language, key, otherwise="adjusted-other", asked=requested, used=applied)


def facts(request: VideoRequest) -> dict[str, Any]:
    """Return model, seconds and resolution as the sentences take them; empty where the endpoint has no such field.

    Of a request that is planned now: raises BadRequest for a model that the catalogue does not have.
    """
    return _facts(request, pricing.find(request.model).name)


def _facts_of(job: Job) -> dict[str, Any]:
    """Return the facts by the job's own row: a model may leave the catalogue before its films are delivered."""
    model = None if job.model_name else _in_catalogue(job)
    return _facts(job.request, job.model_name or (model.name if model else job.request.model))


def _facts(request: VideoRequest, name: str) -> dict[str, Any]:
    return {
        "model": name,
        "duration": str(request.duration_s or ""),
        "resolution": request.resolution or "",
        "sound": "" if request.sound is None else "on" if request.sound else "off",
    }


def _may_charge_refusals(job: Job) -> bool:
    """Return whether the vendor may charge for what its own filter refuses, which is said before anything is bought."""
    model = _in_catalogue(job)
    endpoint = model.modes.get(job.request.mode) if model else None
    return endpoint is not None and endpoint.refusals_charged


def _in_catalogue(job: Job) -> Model | None:
    """Find the model, for rows of before its name was in them."""
    try:
        return pricing.find(job.request.model)
    except BadRequest:
        return None


def _order(job: Job) -> str:
    key = "ack-up-to" if job.up_to else "ack"
    shape = pricing.shape_of(job.request) or ""
    return translate(job.language, key, **_facts_of(job), shape=shape, price=price_of(job), job=job.id)


def _what(job: Job) -> str:
    return translate(job.language, "caption", **_facts_of(job), price="")


def _elapsed_s(job: Job, now_ms: int) -> int:
    return max(0, now_ms - (job.rendering_since or now_ms)) // 1000


def _coarse(seconds: int) -> int:
    """Round shown seconds to steps: the clock is slow, since each change is an edit."""
    step = 15 if seconds < _MINUTE_S else 30
    return seconds // step * step


def _usual_s(job: Job) -> float:
    if job.usual_render_s:
        return job.usual_render_s
    model = _in_catalogue(job)
    return model.usual_render_s if model else _USUAL_S


def _progress(job: Job, now_ms: int) -> float | None:
    """Guess the progress, 0 to 1, from the model's usual time; never full before the video is here."""
    if job.state not in ACTIVE:
        return None
    if job.state is State.RENDERING:
        return round(0.1 + 0.75 * min(1.0, _elapsed_s(job, now_ms) / _usual_s(job)), 2)
    return {State.DOWNLOADING: 0.9, State.READY: 0.95, State.UPLOADING: 0.97}.get(job.state, 0.05)
