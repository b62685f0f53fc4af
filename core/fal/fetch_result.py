"""Fetches a completed request's result and downloads its checked mp4. Free.

The result is kept raw before it is read.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from core import media
from core.config import FalSettings
from core.errors import DownloadFailed, MediaError, StillRunning, Unavailable, VideoError
from core.fal import error_map, protocol
from core.fal.client import FalQueue, OnReply
from core.fal.download import download_video
from core.fal.receipts import FolderReceipts
from core.io.retrying import RetryPolicy, Sleep, retried
from core.media.ai_label import label_of, labelled
from core.types import Completed, RawReply, RequestHandle

log = logging.getLogger(__name__)

_FETCHES = 3
_PATIENTLY = RetryPolicy(
    VideoError,
    pauses_s=(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0),
    patience_s=600.0,
    only_if=lambda error: isinstance(error, StillRunning | Unavailable),
)
"""So long are answers that say nothing asked again before the caller is told."""


class CheckFilm(Protocol):
    """A check that returns a film's facts, decoded whole. With `lenient` it need only open. Raises MediaError."""

    async def __call__(self, path: Path, *, lenient: bool) -> media.Probe:
        """Check the film at `path`."""
        ...


async def check_film(path: Path, *, lenient: bool) -> media.Probe:
    """Decode the film whole and return its facts; with `lenient` only open it. Raises MediaError."""
    return await (media.probe(path) if lenient else media.verify(path))


async def fetch_result(
    queue: FalQueue,
    handle: RequestHandle,
    into: Path,
    *,
    settings: FalSettings,
    stored: Sequence[RawReply] = (),
    sent: Collection[str] = (),
    on_result: OnReply | None = None,
    sleep: Sleep = asyncio.sleep,
    check: CheckFilm = check_film,
) -> media.Probe:
    """Fetch the result of a completed request as a fully checked mp4 at `into`. Free.

    A broken download is fetched again. The newest readable one of `stored` is used without asking fal; when its file
    does not come, fal is asked once more. `sent`: the sources that were sent, which are never taken for the film.
    `on_result` gets every 2xx reply before it is read; what it raises goes to the caller. `check` may make more of the
    film in the same run. Raises the error with which fal ends a request (never after a readable result), StillRunning,
    Unavailable, DownloadFailed.
    """
    into.parent.mkdir(parents=True, exist_ok=True)
    for reply in reversed(stored):
        with suppress(Unavailable):
            file = protocol.read_result(reply, queue_url=settings.fal_queue_url, sent=sent)
            break
    else:
        file = await _result(queue, handle, on_result, settings, sent)
        return await _download_checked(file, into, settings, sleep, check)
    try:
        return await _download_checked(file, into, settings, sleep, check)
    except DownloadFailed as trouble:
        if trouble.code == "disk_full":
            raise
        try:
            file = await _ask_fal(queue, handle, on_result, settings, sent)
        except VideoError:  # there was a result: whatever is said now, its file is still what is missing
            raise trouble from None
        return await _download_checked(file, into, settings, sleep, check)


async def _download_checked(
    file: protocol.RemoteFile, into: Path, settings: FalSettings, sleep: Sleep, check: CheckFilm
) -> media.Probe:
    """Download and check the file. One that comes twice with the same damage is as fal made it.

    It was paid for, so it is kept if it opens.
    """
    seen: set[str] = set()
    trouble = DownloadFailed("video_broken")
    for _ in range(_FETCHES):
        before_label = await _download(file, into, settings, sleep)
        try:
            return await check(into, lenient=False)
        except MediaError as error:
            if error.code == "disk_full":  # no room for what is made of it, which says nothing against the film
                raise DownloadFailed("disk_full") from None
            trouble = DownloadFailed("video_broken", reason=error.code)
        digest = await asyncio.to_thread(_digest, into) if before_label is None else before_label
        if digest in seen:
            with suppress(MediaError):
                return await check(into, lenient=True)
        seen.add(digest)
        await asyncio.to_thread(into.unlink, missing_ok=True)
    raise trouble


async def _download(file: protocol.RemoteFile, into: Path, settings: FalSettings, sleep: Sleep) -> str | None:
    """Download the film; where films are labelled, it has its record before it has its name. Raises DownloadFailed.

    Returns what tells the bytes that came from others, where those at `into` do not: no two signatures are the same.
    """
    label = label_of(settings)
    if label is None:
        await download_video(file, into, settings=settings, sleep=sleep)
        return None
    plain = into.with_name(f"{into.stem}-plain.part")
    await download_video(file, plain, settings=settings, sleep=sleep)
    came = await asyncio.to_thread(_digest, plain)
    await labelled(plain, into, label)
    return came


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _result(
    queue: FalQueue, handle: RequestHandle, on_result: OnReply | None, settings: FalSettings, sent: Collection[str]
) -> protocol.RemoteFile:
    """Fetch the result. Where fal cannot give it although it says "completed", its own word in the status decides."""
    try:
        return await _ask_fal(queue, handle, on_result, settings, sent)
    except Unavailable:
        with suppress(Unavailable):
            status = await queue.status(handle)
            error = error_map.completed_error(status) if isinstance(status, Completed) else None
            if error is not None:
                raise error from None
        raise


async def _ask_fal(
    queue: FalQueue, handle: RequestHandle, on_result: OnReply | None, settings: FalSettings, sent: Collection[str]
) -> protocol.RemoteFile:
    reply = await queue.result(handle)
    if on_result is not None:
        await on_result(reply)
    return protocol.read_result(reply, queue_url=settings.fal_queue_url, sent=sent)


async def fetch_patiently(
    queue: FalQueue,
    handle: RequestHandle,
    into: Path,
    *,
    settings: FalSettings,
    stored: Sequence[RawReply] = (),
    sleep: Sleep = asyncio.sleep,
    on_trouble: Callable[[VideoError], None] = lambda _error: None,
) -> media.Probe:
    """Call `fetch_result` again at growing gaps for about ten minutes while the answers say nothing.

    Each result is kept in our receipts before it is read. What then still says nothing is raised with `request_id`.
    """
    receipts = FolderReceipts(settings.receipts_dir)

    async def keep(reply: RawReply) -> None:
        try:
            await receipts.keep_result(handle.request_id, reply)
        except OSError as error:
            log.warning("a result was not kept", extra={"reason": type(error).__name__})

    async def fetch() -> media.Probe:
        try:
            return await fetch_result(
                queue, handle, into, settings=settings, stored=stored, on_result=keep, sleep=sleep
            )
        except (StillRunning, Unavailable, DownloadFailed) as error:
            error.facts["request_id"] = handle.request_id
            raise

    return await retried(fetch, _PATIENTLY, sleep=sleep, on_retry=on_trouble)


def is_readable(reply: RawReply, *, settings: FalSettings, sent: Collection[str] = ()) -> bool:
    """Return whether a stored result names a file."""
    with suppress(Unavailable):
        protocol.read_result(reply, queue_url=settings.fal_queue_url, sent=sent)
        return True
    return False
