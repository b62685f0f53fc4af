"""Downloads what people attached: over HTTP, or from the disk of a Bot API server in local mode."""

import asyncio
import logging
import shutil
import ssl
from pathlib import Path
from urllib.parse import quote

import httpx
from telegram import Bot
from telegram.error import TelegramError

from bot.channels.memory import Memory
from bot.channels.telegram.errors import TranslatingErrors, is_too_big
from bot.channels.telegram.limits import Capacity
from bot.channels.types import AttachmentRef, SendError, SendOutcome
from core.io.bodies import BodyTooLarge, write_body
from core.io.unpacking import unpacked

log = logging.getLogger(__name__)

_FETCH_S = 300.0
_SLOWEST_BYTES_S = 1_000_000
_TROUBLE_FOR_S = 86_400.0
_UNSET = "unset"
_UNREADABLE = "unreadable"
_TROUBLES = {
    _UNSET: "the Bot API server runs in local mode and gives paths on its own disk: set TELEGRAM_LOCAL=true",
    _UNREADABLE: (
        "the Bot API server runs in local mode, and its files cannot be read here: let this program read the server's "
        "folder under the same path, or run the server without --local"
    ),
}
"""What an operator has to mend, by the word that is remembered for `doctor`."""


class Downloader:
    """The downloader. Asking twice does no harm, so silence counts as not sent."""

    def __init__(
        self, bot: Bot, capacity: Capacity, memory: Memory, *, files_url: str, local: bool, tls: ssl.SSLContext
    ) -> None:
        """Build the downloader. `files_url` holds the token, as Telegram has it: it stays in this object."""
        self._bot = bot
        self._capacity = capacity
        self._memory = memory
        self._files_url = files_url
        self._local = local
        timeout = httpx.Timeout(10.0, read=30.0)
        self._web = httpx.AsyncClient(timeout=timeout, trust_env=False, follow_redirects=False, verify=tls)

    async def close(self) -> None:
        """Close the connections."""
        await self._web.aclose()

    async def trouble(self) -> str | None:
        """Return what kept files from coming lately and is the operator's to mend, for `doctor`."""
        known = await self._memory.get("trouble")
        if known is None or (known == _UNSET) == self._local:
            return None  # the setting has been changed since
        return _TROUBLES.get(known)

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Call getFile, then write the bytes to `into`. Raises SendError."""
        most_bytes = self._capacity.limits.source_video_bytes
        if ref.size is not None and ref.size > most_bytes:
            raise _too_large()
        path, size = await self._path_of(ref)
        if size is not None and size > most_bytes:
            raise _too_large()
        try:
            if path.startswith("/"):
                await self._copy(Path(path), into, most_bytes)
            else:
                url, most_s = self._url_of(path), _FETCH_S + (size or 0) / _SLOWEST_BYTES_S
                async with TranslatingErrors(unanswered=SendOutcome.NOT_SENT), asyncio.timeout(most_s):
                    await self._download(url, into, most_bytes)
        except BaseException:
            into.unlink(missing_ok=True)
            raise

    async def _path_of(self, ref: AttachmentRef) -> tuple[str, int | None]:
        """Ask for the file's path, below the address of files or on the server's own disk, and its size."""
        async with TranslatingErrors(unanswered=SendOutcome.NOT_SENT):
            try:
                file = await self._bot.get_file(ref.file_id)
            except TelegramError as error:
                if is_too_big(error):
                    await self._capacity.lower_downloads()
                raise
        return (file.file_path or "").removeprefix(f"{self._files_url}/"), file.file_size

    def _url_of(self, path: str) -> str:
        """Return the file's address. A full address of anywhere else is not followed."""
        if not path or "://" in path or ".." in path.split("/"):
            raise SendError(SendOutcome.REJECTED, "Telegram named an unexpected address")
        return f"{self._files_url}/{quote(path)}"

    async def _copy(self, source: Path, into: Path, most_bytes: int) -> None:
        """Copy from the server's disk. The path holds the token, so no error may show it."""
        if not self._local:
            raise await self._needs_mending(_UNSET)
        try:
            size = source.stat().st_size
            if size > most_bytes:
                raise _too_large()
            await asyncio.to_thread(shutil.copyfile, source, into)
        except OSError as error:
            raise await self._needs_mending(_UNREADABLE, error=type(error).__name__) from None
        if await self._memory.get("trouble") is not None:
            await self._memory.put("trouble", None)

    async def _needs_mending(self, trouble: str, **facts: str) -> SendError:
        log.error(_TROUBLES[trouble], extra=facts)
        await self._memory.put("trouble", trouble, for_s=_TROUBLE_FOR_S)
        return SendError(SendOutcome.REJECTED, _TROUBLES[trouble])

    async def _download(self, url: str, into: Path, most_bytes: int) -> None:
        try:
            async with self._web.stream("GET", url) as reply:
                _check(reply.status_code)
                await write_body(unpacked(reply), into, most_bytes=most_bytes)
        except BodyTooLarge:
            raise _too_large() from None
        except httpx.HTTPError as error:
            raise SendError(
                SendOutcome.NOT_SENT, f"the file did not come ({type(error).__name__})", after_s=2.0
            ) from None


def _check(status: int) -> None:
    if status == httpx.codes.OK:
        return
    passing = status >= httpx.codes.INTERNAL_SERVER_ERROR or status in {404, 408, 425, 429}  # 404: the link has lapsed
    raise SendError(
        SendOutcome.NOT_SENT if passing else SendOutcome.REJECTED, f"the file came with status {status}", after_s=2.0
    )


def _too_large() -> SendError:
    return SendError(SendOutcome.REJECTED, "the file is larger than Telegram gives to bots")
