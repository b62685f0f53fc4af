"""Decides what is offered after a job has failed: the same request again, or with a fallback. Pure.

A fallback is the change that helps most often against the failure at hand. Each offer is a purchase of its own.
"""

import re

from bot.store.records import Fallback, Job
from core.types import Mode

_WORTH_A_TRY = frozenset({
    "generation_failed", "generation_timeout", "downstream_service_error", "upstream_unavailable", "fal_busy",
    "fal_unavailable", "submit_not_sent", "no_media_generated", "submit_unknown", "result_expired", "download_failed",
    "video_broken", "worker_crashed", "source_unavailable", "preparation_budget",
})  # fmt: skip
"""What the operator has to mend first (a full disk, photos that fal cannot reach) is not sold once more."""
_OVER_WORDS = frozenset({"generation_failed", "no_media_generated"})
_OVER_PHOTO = "downstream_service_error"
_MOST_CHARS = 220
_WEIGHT = re.compile(r"(?<![(\[{])[(\[{]+([^()\[\]{}]*?)(?::\s*-?[0-9.]+)?[)\]}]+")
_UNUSUAL = re.compile(r"<[^<>]*>|https?://\S+|_{2,}|[^\w\s.,;:!?'’\"“”，。、；：！？《》·%°&/+-]")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？；;])\s*")


def worth_a_try(code: str) -> bool:
    """Return whether the very same request may work another time. What a person has to change first is not offered."""
    return code in _WORTH_A_TRY


def fallback(job: Job) -> Fallback | None:
    """Return the fallback for this failure; None where there is none, or it was applied already."""
    code = job.error.code if job.error else ""
    if job.fallback is not None:
        return None
    if job.step is not None:  # what goes on from a film has the shape of that film
        return None
    if code == _OVER_PHOTO and job.request.mode is Mode.IMAGE_TO_VIDEO:
        return "wide-photo"
    return "shorter-prompt" if code in _OVER_WORDS and simpler(job.request.prompt) != job.request.prompt else None


def simpler(prompt: str) -> str:
    """Simplify a prompt: without weights, tags, emoji and links, and only the first few sentences."""
    plain = " ".join(_UNUSUAL.sub(" ", _WEIGHT.sub(r"\1", prompt)).split())
    if len(plain) > _MOST_CHARS:
        beginning = ""
        for sentence in _SENTENCE_END.split(plain):
            if len(beginning) + len(sentence) > _MOST_CHARS:
                break
            beginning += f"{sentence} "
        plain = beginning.strip() or plain[:_MOST_CHARS].rsplit(" ", 1)[0]
    return plain or prompt
