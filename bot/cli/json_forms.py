"""The JSON that scripts read: names never change, new ones come last. Dollars are text, times ISO 8601 in UTC."""

from datetime import UTC, datetime
from typing import Any

from bot.store.records import MICRO, Job
from core import pricing
from core.types import Plan, Video


def moment(ms: int | None) -> str | None:
    """Return the time with its offset, to the millisecond; None stays None."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, tz=UTC).isoformat(timespec="milliseconds")


def dollars(micro: int) -> str:
    """Return exact dollars."""
    return f"{micro / MICRO:.6f}"


def job_form(job: Job) -> dict[str, Any]:
    """Return the facts of one job."""
    request = job.request
    return {
        "id": job.id,
        "state": str(job.state),
        "created": moment(job.created),
        "changed": moment(job.changed),
        "user": job.user,
        "chat": f"{job.address.channel}:{job.address.chat_id}",
        "model": request.model,
        "mode": str(request.mode),
        "prompt": request.prompt,
        "duration_s": request.duration_s,
        "resolution": request.resolution,
        "aspect_ratio": request.aspect_ratio,
        "seed": request.seed,
        "price_usd": pricing.usd_plain(job.usd),
        "up_to": job.up_to,
        "charged": job.charge,
        "video": job.video.name if job.video else None,
        "size": job.video.size if job.video else None,
        "error": job.error.code if job.error else None,
        "cancel_asked": bool(job.cancel_asked),
        "again_of": job.again_of,
        "sound": request.sound,
    }


def video_form(video: Video) -> dict[str, Any]:
    """Return the facts of a video that lies here."""
    return {
        "local_path": str(video.local_path),
        "request_id": video.request_id,
        "cost_usd": pricing.usd_plain(video.cost_usd) if video.cost_usd is not None else None,
        "width": video.width,
        "height": video.height,
        "duration_s": video.duration_s,
        "size": video.size,
        "model": video.model,
    }


def adjustments_form(plan: Plan) -> list[dict[str, Any]]:
    """Return what was asked for and cannot be had, with what is taken instead."""
    return [{"field": each.field, "requested": each.requested, "applied": each.applied} for each in plan.adjustments]
