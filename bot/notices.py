"""What people read about a job: its status message, the caption of its video, the word on its outcome. Pure."""

from typing import Any

from bot import commands
from bot.channels.port import Action, Message
from bot.store.records import ACTIVE, FREE, Job, State
from bot.texts import error_text, say
from core import models
from core.types import VideoRequest

_MINUTE_S = 60
_LONG_S = 15 * _MINUTE_S


def status(job: Job, *, place: int, now_ms: int) -> Message:
    """The one message that is edited while the job lives: what was ordered, and where it stands."""
    lines = [_order(job), *(adjustment(job.language, each.field, each.asked, each.used) for each in job.adjustments)]
    lines.append(state_line(job, place=place, now_ms=now_ms))
    return Message("\n".join(lines), actions(job), job_id=job.id, progress=_progress(job, now_ms))


def state_line(job: Job, *, place: int, now_ms: int) -> str:
    lang = job.language
    if job.state is State.QUEUED:
        return say(lang, "state-queued", place=place)
    if job.state is State.RENDERING:
        if job.cancel_asked:
            return say(lang, "cancel-requested-running")
        elapsed = _elapsed_s(job, now_ms)
        if elapsed > _LONG_S:
            return say(lang, "state-long-running")
        if job.fal_position is not None:
            return say(lang, "state-fal-queue", position=job.fal_position + 1)
        return say(lang, "state-rendering", elapsed=_coarse(elapsed))
    return say(lang, f"state-{job.state}")


def actions(job: Job) -> tuple[Action, ...]:
    if job.state in FREE | {State.SUBMITTING, State.RENDERING} and not job.cancel_asked:
        return (Action(say(job.language, "button-cancel"), commands.data_for("cancel", job.id), danger=True),)
    if job.state in {State.DELIVERY_DOUBT, State.UNDELIVERED}:
        return (Action(say(job.language, "button-resend"), commands.data_for("resend", job.id)),)
    return ()


def outcome(job: Job) -> Message:
    """The word on a job that brings no video now: failed, cancelled, in doubt, or a video the chat did not take."""
    if job.error is not None and job.state in {State.FAILED, State.CANCELLED}:
        text = error_text(job.language, job.error.code, job.error.facts)
    else:
        text = say(job.language, f"state-{job.state}")
    return Message(text, actions(job), job_id=job.id)


def caption(job: Job) -> str:
    return say(job.language, "caption", **facts(job.request), price=models.usd_text(job.usd))


def adjustment(language: str, field: str, asked: str, used: str | None) -> str:
    if used is None:
        return say(language, "adjusted-dropped", field=field)
    return say(language, f"adjusted-{field.replace('_', '-')}", asked=asked, used=used)


def facts(request: VideoRequest) -> dict[str, Any]:
    """Model, seconds and resolution as the sentences take them; empty where the endpoint has no such field."""
    return {
        "model": models.find(request.model).name,
        "duration": str(request.duration_s or ""),
        "resolution": request.resolution or "",
    }


def _order(job: Job) -> str:
    key = "ack-up-to" if job.up_to else "ack"
    return say(job.language, key, **facts(job.request), price=models.usd_text(job.usd), job=job.id)


def _elapsed_s(job: Job, now_ms: int) -> int:
    return max(0, now_ms - (job.rendering_since or now_ms)) // 1000


def _coarse(seconds: int) -> int:
    """Shown seconds move in steps, since each change is an edit and edits share the chat's budget."""
    step = 5 if seconds < _MINUTE_S else 15
    return seconds // step * step


def _progress(job: Job, now_ms: int) -> float | None:
    """A guess from the model's usual time, never full before the video is here."""
    if job.state not in ACTIVE:
        return None
    if job.state is State.RENDERING:
        usual = models.find(job.request.model).usual_render_s
        return round(0.1 + 0.75 * min(1.0, _elapsed_s(job, now_ms) / usual), 2)
    return {State.DOWNLOADING: 0.9, State.READY: 0.95, State.UPLOADING: 0.97}.get(job.state, 0.05)
