"""Texts about a finished film: what stands under it, its original, and the question whether to delete it. Pure."""

from bot.channels.types import Action, Message
from bot.messages import job_messages
from bot.messages.callback_data import data_for
from bot.messages.i18n import translate
from bot.store.records import Job


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


def under_video(job: Job, *, files: bool = False) -> tuple[Action, ...]:
    """Return the buttons under a finished video: another take and other words at their price, another model, delete.

    `files`: its chat takes files, so its original can be had.
    """
    price = {"price": job_messages.price_of(job), "up_to": "yes" if job.up_to else ""}
    original = (Action(translate(job.language, "button-original"), data_for("file", job.id)),) if files else ()
    return (
        Action(translate(job.language, "button-take", **price), data_for("take", job.id)),
        Action(translate(job.language, "button-words", **price), data_for("words", job.id)),
        Action(translate(job.language, "button-other-model"), data_for("other", job.id)),
        *original,
        Action(translate(job.language, "button-delete"), data_for("delete", job.id), danger=True),
    )
