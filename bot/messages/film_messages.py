"""Texts about a finished film: what stands under it, its original, and the question whether to delete it. Pure."""

from bot.channels.types import Action, Message
from bot.messages import job_messages, next_films
from bot.messages.callback_data import data_for
from bot.messages.i18n import translate
from bot.messages.next_films import NextFilm
from bot.store.records import Job
from core.errors import BadRequest
from core.pricing import usd_plain, usd_text


def original_caption(job: Job) -> str:
    """Build the caption of a film's original."""
    return translate(job.language, "original-caption", job=job.id)


def about_film(job: Job, key: str) -> Message:
    """Build a text on a finished film: the sentence `key`, which names it."""
    return Message(translate(job.language, key, job=job.id), job_id=job.id)


def film_stays(job: Job) -> Message:
    """Build the text on a deleted film whose message its chat keeps."""
    return about_film(job, "deleted-stays")


def may_delete(job: Job, language: str) -> Message:
    """Build the question whether to delete a film, which is asked once."""
    keep = Action(translate(language, "button-keep"), data_for("keep", job.id))
    erase = Action(translate(language, "button-erase"), data_for("erase", job.id), danger=True)
    return Message(translate(language, "delete-ask", job=job.id), (erase, keep), job_id=job.id)


def under_video(job: Job) -> tuple[Action, ...]:
    """Return the buttons under a finished film, the likely ones: go on, another take, and what opens all others."""
    more = Action(translate(job.language, "button-more"), data_for("more", job.id))
    return (*_goes_on(job), _take(job), *_in_full(job)[:1], more)


def all_of_film(job: Job, *, files: bool = False, whole: bool = False) -> Message:
    """Build the list of what can be made of a finished film, or done with it, each with its price.

    `files`: its chat takes files, so its original can be had. `whole`: with what stands under the film, too.
    """
    original = (Action(translate(job.language, "button-original"), data_for("file", job.id)),) if files else ()
    buttons = (
        *((*_goes_on(job), _take(job)) if whole else ()),
        *_in_full(job)[0 if whole else 1 :],
        Action(translate(job.language, "button-words", **_price(job)), data_for("words", job.id)),
        Action(translate(job.language, "button-other-model"), data_for("other", job.id)),
        *(_enlarged(job, found) for found in next_films.upscales(job)),
        *_switched(job),
        *original,
        Action(translate(job.language, "button-delete"), data_for("delete", job.id), danger=True),
    )
    return Message(translate(job.language, "film-more", job=job.id), buttons, job_id=job.id)


def _take(job: Job) -> Action:
    return Action(translate(job.language, "button-take", **_price(job)), data_for("take", job.id))


def _goes_on(job: Job) -> tuple[Action, ...]:
    """Return the button that goes on from a film, where that can be had."""
    try:
        found = next_films.continued(job)
    except BadRequest:
        return ()
    label = translate(job.language, "button-continue", **_price_of(found))
    return (Action(label, data_for("next", f"{job.id}.{usd_plain(found.usd)}")),)


def _in_full(job: Job) -> tuple[Action, ...]:
    """Return the buttons that make a draft whole, none for any other film."""
    buttons = []
    for found in next_films.fulls(job):
        size = found.plan.request.resolution or ""
        label = translate(job.language, "button-full", size=size, **_price_of(found))
        buttons.append(Action(label, data_for("full", f"{job.id}.{size or '-'}.{usd_plain(found.usd)}")))
    return tuple(buttons)


def _switched(job: Job) -> tuple[Action, ...]:
    """Return the button for the same film with sound or without, where its model leaves the choice."""
    try:
        found = next_films.switched(job)
    except BadRequest:
        return ()
    value = f"{job.id}.{usd_plain(found.usd)}"
    if found.step.kind == "sound":
        return (Action(translate(job.language, "button-sound", **_price_of(found)), data_for("sound", value)),)
    return (Action(translate(job.language, "button-silent", **_price_of(found)), data_for("silent", value)),)


def _enlarged(job: Job, found: NextFilm) -> Action:
    size = found.plan.request.resolution or ""
    label = translate(job.language, "button-upscale", size=size, **_price_of(found))
    return Action(label, data_for("pixels", f"{job.id}.{size}.{usd_plain(found.usd)}"))


def _price(job: Job) -> dict[str, str]:
    return {"price": job_messages.price_of(job), "up_to": "yes" if job.up_to else ""}


def _price_of(found: NextFilm) -> dict[str, str]:
    return {"price": usd_text(found.usd), "up_to": "yes" if found.plan.quote.up_to else ""}
