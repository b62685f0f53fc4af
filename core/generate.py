"""Generates one video for a caller of the library: publish, submit once, wait, download.

The bot's jobs take the same steps, made durable.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from core import pricing
from core.assets.continuing import FilmSource, going_on, joined, local_film, work_folder
from core.assets.sources import RequestSources, SourceFile, facts_of, publish_sources, read_sources
from core.catalogue import app_of
from core.config import FalSettings
from core.errors import BadRequest, StillRunning, SubmitNotSent, Unavailable, VideoError, arguments
from core.fal import protocol
from core.fal.client import FalQueue
from core.fal.download import video_filename
from core.fal.fetch_result import fetch_patiently, fetch_result, is_readable
from core.fal.poll_schedule import poll_gaps
from core.fal.receipts import FolderReceipts, Order, Receipt
from core.fal.results import draft_cache
from core.media.ai_label import label_of
from core.pricing import SourceFacts
from core.types import (
    Completed,
    Kind,
    Mode,
    Plan,
    Queued,
    QueueStatus,
    RawReply,
    RequestHandle,
    Submission,
    Video,
    VideoRequest,
)

__all__ = [
    "OnProgress",
    "Progress",
    "enhance_draft",
    "fetch_result",
    "generate_video",
    "poll_video",
    "upscale_video",
    "wait",
]

log = logging.getLogger(__name__)

PATIENCE_S = 3600.0
"""How long one render is waited for."""
ODD_S = 600.0
"""How long answers that name no status are asked again before the caller is told."""
_STREAM_TRIES = 2
UPSCALER, DRAFTS = "upscaler", "flux-3-draft"


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of one generation.

    `position`: requests before this one in fal's queue. `elapsed_s`: seconds since the submit. `request_id`: fal's, as
    soon as it is ordered: `poll_video` fetches that, whatever happens to this call.
    """

    phase: Literal["publishing", "submitting", "queued", "rendering", "downloading"]
    position: int | None = None
    elapsed_s: float = 0.0
    request_id: str | None = None


OnProgress = Callable[[Progress], None]
OnTrouble = Callable[[VideoError], None]
"""Hears of each answer that says nothing, or that there was none: fal is asked again for ten minutes, for nothing."""


async def generate_video(
    prompt: str,
    *,
    model: str = "balanced",
    duration: int | None = 5,
    resolution: str | None = None,
    aspect_ratio: str | None = None,
    seed: int | None = None,
    image: SourceFile | None = None,
    image_url: str | None = None,
    video: SourceFile | None = None,
    video_url: str | None = None,
    sound: bool | None = None,
    last_image: SourceFile | None = None,
    references: Sequence[SourceFile] = (),
    negative_prompt: str | None = None,
    settings: FalSettings | None = None,
    on_progress: OnProgress | None = None,
    extend: FilmSource | None = None,
    audio: SourceFile | None = None,
) -> Video:
    """Buy one video and download it to `output/videos/`. The mode follows from the sources.

    `model` is a tier (budget, balanced, premium), a model key or a full fal endpoint id; `duration` in seconds. Sources
    are local files or bytes, published for fal first, or public addresses: none, an `image` to begin with, a
    `last_image` to end with, `references` (pictures of whom or what the film shows, in the order in which the words
    name them), or a `video` to edit. `audio`: the sound that the film has, alone or beside the `image` that speaks it,
    which needs no words; it decides the length and the price, and few models take one. `image_url` and `video_url` are
    addresses alone. `sound`: on or off where the model leaves the choice, at its own price; None: as the model does it
    by itself. `negative_prompt`: what is not wanted. `extend`: a film to go on from (a Video, a file, its bytes, or the
    id of a request whose film it is): by the model itself where it takes that film, else from its last frame; the whole
    comes back as one film, with its `parts`, at the price of the new one. Values the model cannot do are adjusted to
    the nearest it can (`core.pricing.plan` names them beforehand); sources it cannot use are refused before anything is
    bought.

    The paid request is made once. Cancelled or out of patience (an hour: StillRunning with `request_id`), the request
    goes on at fal: `poll_video(request_id)` fetches it, free of charge. Nothing is bought without a receipt on the
    disk. Raises VideoError, always typed.

    >>> video = await generate_video("a red fox running through fresh snow", model="budget")  # doctest: +SKIP
    >>> video.local_path, video.cost_usd  # doctest: +SKIP
    (PosixPath('output/videos/20261124-120000_wan-2.5_5s_480p_k3x9q2.mp4'), Decimal('0.25'))
    """
    arguments.prompt(prompt, may_be_empty=audio is not None and (image is not None or image_url is not None))
    arguments.text("model", model)
    arguments.duration(duration)
    arguments.text("resolution", resolution, optional=True)
    arguments.text("aspect_ratio", aspect_ratio, optional=True)
    arguments.whole("seed", seed, least=0, most=pricing.MOST_SEED)
    arguments.of_type("sound", sound, bool)
    arguments.text("negative_prompt", negative_prompt, optional=True)
    wanted = read_sources(
        image=image,
        image_url=image_url,
        last_image=last_image,
        references=references,
        video=video,
        video_url=video_url,
        audio=audio,
    )
    if extend is not None:
        others = {"image": image, "image_url": image_url, "video": video, "video_url": video_url, "extend": extend}
        arguments.one_of(**others, audio=audio, references=tuple(references) or None)
    arguments.of_type("settings", settings, FalSettings)
    arguments.called("on_progress", on_progress)
    settings = settings or FalSettings()
    tell = on_progress or _silent
    async with _queue(settings) as queue, AsyncExitStack() as stack:
        tell(Progress("publishing"))
        before = None
        if extend is not None:
            folder = stack.enter_context(work_folder(settings))
            before = await _local_film(extend, settings.videos_dir, settings)
            wanted = await going_on(before, model=model, folder=folder)
        sources = await publish_sources(wanted, model=model, settings=settings)
        plan = pricing.plan(
            prompt,
            model=model,
            mode=wanted.mode,
            duration=duration,
            resolution=resolution,
            aspect_ratio=aspect_ratio,
            seed=seed,
            sound=sound,
            negative_prompt=negative_prompt,
            source=facts_of(sources[0]) if sources else None,
            references=max(1, len(sources)),
        )
        video_or_part = await _ordered(queue, plan, [source.url for source in sources], settings, tell)
        return (
            video_or_part if before is None else await joined(before, video_or_part, plan.request, label_of(settings))
        )


async def upscale_video(
    video: FilmSource,
    *,
    resolution: str = "1080p",
    settings: FalSettings | None = None,
    on_progress: OnProgress | None = None,
) -> Video:
    """Buy a copy of a film with more pixels ("1080p" or "4k"), and download it.

    `video` is a Video, a local file, its bytes, or the id of a request whose film it is. The price goes by its seconds,
    begun ones counting whole. Raises BadRequest ("large_enough") for a film that has them already, and VideoError as
    `generate_video` does.
    """
    arguments.text("resolution", resolution)
    arguments.of_type("settings", settings, FalSettings)
    arguments.called("on_progress", on_progress)
    settings = settings or FalSettings()
    tell = on_progress or _silent
    async with _queue(settings) as queue:
        tell(Progress("publishing"))
        with work_folder(settings) as folder:
            film = await _local_film(video, folder, settings)
            mode = Mode.UPSCALE_VIDEO
            (asset,) = await publish_sources(RequestSources(mode, (film,)), model=UPSCALER, settings=settings)
        plan = pricing.plan("", model=UPSCALER, mode=mode, resolution=resolution, source=facts_of(asset))
        if min(asset.width, asset.height) >= (pricing.lines_of(plan.request.resolution or "") or 0):
            raise BadRequest("large_enough", resolution=plan.request.resolution)
        return await _ordered(queue, plan, [asset.url], settings, tell)


async def enhance_draft(
    request_id: str, *, settings: FalSettings | None = None, on_progress: OnProgress | None = None
) -> Video:
    """Buy the whole film of a draft of `flux-3-draft`, from what fal has kept of it, and download it.

    Raises BadRequest ("draft_gone") where fal keeps nothing of it any more, and VideoError as `generate_video` does.
    """
    arguments.request_id(request_id)
    arguments.of_type("settings", settings, FalSettings)
    arguments.called("on_progress", on_progress)
    settings = settings or FalSettings()
    tell = on_progress or _silent
    async with _queue(settings) as queue:
        tell(Progress("publishing"))
        receipt = await _receipt(queue, request_id, None, settings)
        results = await FolderReceipts(settings.receipts_dir).results(request_id)
        if not results:
            results = [await queue.result(receipt.handle)]
        found = (draft_cache(protocol.parsed(reply.body)) for reply in reversed(results))
        url = next(filter(None, found), None)
        if url is None:
            raise BadRequest("draft_gone")
        source = SourceFacts(Kind.VIDEO, duration_s=receipt.duration_s)
        plan = pricing.plan("", model=DRAFTS, mode=Mode.ENHANCE_DRAFT, source=source)
        return await _ordered(queue, plan, [url], settings, tell)


async def _local_film(film: FilmSource, folder: Path, settings: FalSettings) -> Path:
    """Return a file of the film; that of a request is fetched, for nothing."""
    path = await local_film(film, folder)
    if isinstance(path, Path):
        return path
    return (await poll_video(path, settings=settings)).local_path


async def _ordered(queue: FalQueue, plan: Plan, urls: Sequence[str], settings: FalSettings, tell: OnProgress) -> Video:
    """Order what was planned, once, wait for it and download it."""
    tell(Progress("submitting"))
    receipt = await _buy(queue, plan.request.published(*urls), plan, settings)
    try:
        await wait(queue, receipt.handle, on_progress=tell)
        return await _collect(queue, receipt, settings, tell)
    except VideoError as error:
        error.ordered_as(receipt.handle.request_id)
        raise
    except BaseException as error:  # cancelled, or an error of the caller's own `on_progress`
        error.add_note(f"ordered already: core.poll_video({receipt.handle.request_id!r}) fetches it, for nothing")
        raise


async def poll_video(
    request_id: str,
    *,
    handle: RequestHandle | None = None,
    stored: Sequence[RawReply] = (),
    settings: FalSettings | None = None,
    on_progress: OnProgress | None = None,
    on_trouble: OnTrouble | None = None,
) -> Video:
    """Wait for any fal request and download its video. Buys nothing.

    The request's place at fal is read from the receipts, given as `handle`, or found by asking each known app. A result
    that fal gave before, in the receipts or in `stored`, is used first. Raises BadRequest ("unknown_request") when fal
    knows it nowhere, the model's own error, or, with `request_id`, StillRunning, Unavailable or DownloadFailed: ask
    again.

    >>> video = await poll_video("019ded6c-d871-7290-bbf1-ddc6993f8958")  # doctest: +SKIP
    """
    arguments.request_id(request_id)
    arguments.of_type("settings", settings, FalSettings)
    arguments.called("on_progress", on_progress)
    arguments.called("on_trouble", on_trouble)
    arguments.of_type("handle", handle, RequestHandle)
    arguments.several("stored", stored, RawReply)
    settings = settings or FalSettings()
    tell = on_progress or _silent
    async with _queue(settings) as queue:
        receipt = await _receipt(queue, request_id, handle, settings)
        results = [*stored, *await FolderReceipts(settings.receipts_dir).results(request_id)]
        if not any(is_readable(reply, settings=settings) for reply in results):
            await wait(queue, receipt.handle, on_progress=tell, on_trouble=on_trouble)
        return await _collect(queue, receipt, settings, tell, stored=results, on_trouble=on_trouble)


async def _receipt(queue: FalQueue, request_id: str, handle: RequestHandle | None, settings: FalSettings) -> Receipt:
    """Find the receipt of a request; one that was bought elsewhere gets a new one, with its place at fal."""
    receipts = FolderReceipts(settings.receipts_dir)
    receipt = await receipts.find(request_id)
    if receipt is not None:
        return receipt
    found = handle or await queue.locate(request_id)
    receipt = Receipt(found, app_of(found.endpoint).rpartition("/")[2], None, None, None)
    await _record(receipts, request_id, receipt)
    return receipt


async def _record(receipts: FolderReceipts, name: str, receipt: Receipt) -> None:
    """Write a receipt. A full disk is logged only: the video is paid all the same."""
    try:
        await receipts.record(name, receipt)
    except OSError as error:
        log.warning("a purchase was not recorded", extra={"reason": type(error).__name__})


async def wait(
    queue: FalQueue,
    handle: RequestHandle,
    *,
    on_progress: OnProgress,
    patience_s: float = PATIENCE_S,
    odd_s: float = ODD_S,
    on_trouble: OnTrouble | None = None,
) -> None:
    """Wait until fal has ended the request: by its status stream, and by scheduled polls where that breaks.

    Raises StillRunning after `patience_s`, and Unavailable when nothing that answers names a status for `odd_s`.
    """
    started = time.monotonic()
    try:
        # Closed whatever `on_progress` raises: else the stream would stay open, until somebody collects garbage.
        statuses = aclosing(_statuses(queue, handle, odd_s=odd_s, on_trouble=on_trouble or _untold))
        async with asyncio.timeout(patience_s), statuses as found:
            async for status in found:
                elapsed = time.monotonic() - started
                if isinstance(status, Completed):
                    return
                if isinstance(status, Queued):
                    on_progress(Progress("queued", status.position, elapsed, handle.request_id))
                else:
                    on_progress(Progress("rendering", None, elapsed, handle.request_id))
    except TimeoutError:
        raise StillRunning(request_id=handle.request_id) from None
    except Unavailable as error:
        error.facts["request_id"] = handle.request_id
        raise


async def _statuses(
    queue: FalQueue, handle: RequestHandle, *, odd_s: float, on_trouble: OnTrouble
) -> AsyncGenerator[QueueStatus]:
    for _ in range(_STREAM_TRIES):
        try:
            async with aclosing(queue.stream(handle)) as statuses:
                async for status in statuses:
                    yield status
        except Unavailable:
            continue
        return
    last_status_s = time.monotonic()
    for gap in poll_gaps(usual_s=_usual_s(handle)):
        try:
            yield await queue.status(handle)
        except Unavailable as error:
            if time.monotonic() - last_status_s >= odd_s:
                raise
            on_trouble(error)
        else:
            last_status_s = time.monotonic()
        await asyncio.sleep(gap)


def _usual_s(handle: RequestHandle) -> float | None:
    with suppress(BadRequest):
        return pricing.find(handle.endpoint).usual_render_s
    return None  # an endpoint that the catalogue does not know


async def _buy(queue: FalQueue, request: VideoRequest, plan: Plan, settings: FalSettings) -> Receipt:
    """Submit the order and record it, to the end even when the caller is cancelled meanwhile."""
    return await asyncio.shield(asyncio.ensure_future(_submit_and_record(queue, request, plan, settings)))


async def _submit_and_record(queue: FalQueue, request: VideoRequest, plan: Plan, settings: FalSettings) -> Receipt:
    receipts, name = FolderReceipts(settings.receipts_dir), secrets.token_hex(8)
    order = Order(request.endpoint, request.model, plan.quote.usd, request.duration_s, request.resolution)
    try:
        await receipts.reserve(name, order=order)
    except OSError as error:
        raise SubmitNotSent(reason=f"no receipt: {type(error).__name__}") from None

    async def keep(reply: RawReply) -> None:
        await receipts.fill(name, reply)

    submission = await queue.submit(request, on_reply=keep)
    usd = _charged_usd(submission, plan.quote.usd, settings)
    receipt = Receipt(submission.handle, request.model, usd, request.duration_s, request.resolution)
    await _record(receipts, name, receipt)
    return receipt


def _charged_usd(submission: Submission, quoted_usd: Decimal, settings: FalSettings) -> Decimal:
    """Return the price that a pre-charging proxy states, else the quote. In dollars.

    A statement that can be no price is logged, and the quote stands.
    """
    if submission.charged is None:
        return quoted_usd
    usd = protocol.charged_usd(submission.charged, credit_usd=settings.credit_usd, quoted_usd=quoted_usd)
    if usd is None:
        log.warning("what the proxy says it took is no price", extra={"request_id": submission.handle.request_id})
    return quoted_usd if usd is None else usd


async def _collect(
    queue: FalQueue,
    receipt: Receipt,
    settings: FalSettings,
    tell: OnProgress,
    *,
    stored: Sequence[RawReply] = (),
    on_trouble: OnTrouble | None = None,
) -> Video:
    tell(Progress("downloading", request_id=receipt.handle.request_id))
    name = video_filename(
        model=receipt.model,
        duration_s=receipt.duration_s,
        resolution=receipt.resolution,
        short_id=receipt.handle.request_id[:8],
        now=datetime.now(UTC),
    )
    path = settings.videos_dir / name
    probe = await fetch_patiently(
        queue, receipt.handle, path, settings=settings, stored=stored, on_trouble=on_trouble or _untold
    )
    return Video(
        local_path=path,
        size=probe.size,
        width=probe.width,
        height=probe.height,
        duration_s=probe.duration_s,
        request_id=receipt.handle.request_id,
        cost_usd=receipt.usd,
        model=receipt.model,
    )


def _silent(_progress: Progress) -> None:
    """Ignore progress that nobody asked for."""


def _untold(_error: VideoError) -> None:
    """Ignore trouble that nobody asked for."""


@asynccontextmanager
async def _queue(settings: FalSettings) -> AsyncIterator[FalQueue]:
    queue = FalQueue.from_settings(settings)
    try:
        yield queue
    finally:
        await queue.close()
