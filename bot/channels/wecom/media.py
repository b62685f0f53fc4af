"""What people send, fetched before its link lapses: five minutes, while a photo may wait ten for its words.

A file is taken to our own disk as soon as its message is stored, under a name that nobody can guess; until it is there,
its link and its key are remembered for as long as the link is good. They stand in no job.
"""

import asyncio
import json
import logging
import shutil
from base64 import b64decode
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.memory import Memory
from bot.channels.types import AttachmentRef, SendError, SendOutcome
from bot.channels.upload_quota import OWNER, Quota
from bot.channels.wecom.limits import SOURCE_BYTES
from bot.channels.wecom.parsing import NAME_CHARS, Link
from core.config import is_loopback
from core.io.addresses import split_sound
from core.io.bodies import BodyTooLarge, write_body
from core.io.retrying import Sleep
from core.io.tls import plain_client
from core.io.unpacking import unpacked

log = logging.getLogger(__name__)

_LINK_S = 290.0
_PAUSES_S = (2.0, 10.0, 30.0, 60.0, 120.0)
_LATER_S = 5.0
_LAST_S = 1.0
_FETCH_S = 180.0
_KEY_BYTES, _BLOCK, _MOST_PAD = 32, 16, 32
_AT_ONCE, _MOST_WAITING = 2, 60  # of one person
_HOSTS = (".qq.com", ".qpic.cn", ".myqcloud.com")
_SLICE = 1 << 20


class Media:
    """The files that people send. `origin`: of the connection, whose own host may serve files on loopback."""

    def __init__(self, folder: Path, memory: Memory, *, url: str, sleep: Sleep) -> None:
        self._folder = folder
        self._memory = memory
        self._is_local = is_loopback(url)
        self._sleep = sleep
        self._web = plain_client(timeout=30.0)
        self._locks: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, deque[str]] = {}  # by person
        self._busy: Counter[str] = Counter()
        self._quota = Quota(folder)

    async def note(self, link: Link, *, person: str, chat: str) -> None:
        """Remember the link and the key of a file, for as long as the link is good, and on our disk whose it is.

        Whoever is forgotten loses that note, and with it the file, also one that has not come yet.
        """
        await asyncio.to_thread(_write_owner, self._folder / f"{link.name}{OWNER}", f"{person}\n{chat}")
        facts = {"url": link.url, "aeskey": link.key, "owned": True}
        await self._memory.put(link.name, json.dumps(facts), for_s=_LINK_S)

    def begin(self, person: str, ref: AttachmentRef) -> None:
        """Begin to fetch it to our disk, in the background; a person's files one or two at a time, and not without end.

        What is too many is fetched when it is needed, if that is soon.
        """
        waiting = self._waiting.setdefault(person, deque())
        if len(waiting) >= _MOST_WAITING:
            log.warning("a person of WeCom sends more files than are fetched at once", extra={"user": person})
            return
        waiting.append(ref.file_id)
        if self._busy[person] < _AT_ONCE:
            self._busy[person] += 1
            task = asyncio.create_task(self._take_all(person, waiting), name="wecom file")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _take_all(self, person: str, waiting: deque[str]) -> None:
        try:
            while waiting:
                await self._take_in_time(person, waiting.popleft())
        finally:
            self._busy[person] -= 1
            if not self._busy[person]:
                del self._busy[person]
                self._waiting.pop(person, None)

    async def _take_in_time(self, person: str, name: str) -> None:
        refusal = await asyncio.to_thread(self._quota.refusal, person, SOURCE_BYTES)
        if refusal is not None:  # an order that needs it fetches it itself, while its link is good
            log.warning("a file of WeCom is not kept", extra={"user": person, "reason": refusal})
            return
        with self._quota.coming(person, SOURCE_BYTES):
            await self._try_to_take(person, name)

    async def _try_to_take(self, person: str, name: str) -> None:
        for pause_s in (0.0, *_PAUSES_S):
            if pause_s:
                await self._sleep(pause_s)
            try:
                await self._take(name)
                self._quota.note(person, (self._folder / name).stat().st_size)
            except SendError as error:
                if error.outcome is not SendOutcome.NOT_SENT:
                    return
            except OSError as error:
                log.warning("a file of WeCom was not written", extra={"error": type(error).__name__})
            else:
                return

    async def fetch(self, ref: AttachmentRef, into: Path, *, is_up: Callable[[], Awaitable[bool]]) -> None:
        """Write the file to `into`. Raises SendError; while the connection is down, nothing is called gone for good."""
        name = ref.file_id
        if len(name) != NAME_CHARS or not name.isalnum():
            raise SendError(SendOutcome.REJECTED, "not a file of WeCom")
        try:
            await self._take(name)
        except SendError as error:
            if error.outcome is SendOutcome.REJECTED and not await is_up():
                raise SendError(SendOutcome.NOT_SENT, "there is no connection to WeCom now", after_s=_LATER_S) from None
            raise
        await asyncio.to_thread(shutil.copyfile, self._folder / name, into)

    async def _take(self, name: str) -> None:
        async with self._locks.setdefault(name, asyncio.Lock()):
            try:
                if not (self._folder / name).is_file():
                    await self._download(name)
            finally:
                self._locks.pop(name, None)

    async def _download(self, name: str) -> None:
        known = json.loads(await self._memory.get(name) or "{}")
        if "url" not in known:
            raise SendError(SendOutcome.REJECTED, "the file is not there any more")
        if not self._may_ask(known["url"]):
            raise SendError(SendOutcome.REJECTED, "the file lies on a host that is not WeCom's")
        part = self._folder / f"{name}.part"
        try:
            await self._read(known["url"], part)
            await asyncio.to_thread(_decrypt, part, known.get("aeskey"))
            part.replace(self._folder / name)
            if "owned" in known and not (self._folder / f"{name}{OWNER}").exists():  # forgotten meanwhile
                (self._folder / name).unlink(missing_ok=True)
                raise SendError(SendOutcome.REJECTED, "the file is not there any more")
        finally:
            part.unlink(missing_ok=True)
        await self._memory.put(name, None)

    def _may_ask(self, url: str) -> bool:
        parts = split_sound(url)
        if parts is None:
            return False
        if self._is_local and is_loopback(url):
            return parts.scheme == "http"
        return parts.scheme == "https" and f".{parts.hostname or ''}".endswith(_HOSTS)

    async def _read(self, url: str, part: Path) -> None:
        try:
            async with asyncio.timeout(_FETCH_S), self._web.stream("GET", url) as response:
                if response.status_code in {httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND, httpx.codes.GONE}:
                    raise SendError(SendOutcome.REJECTED, "the link to the file has lapsed")
                if response.status_code != httpx.codes.OK:
                    reason = f"WeCom gave the file with status {response.status_code}"
                    raise SendError(SendOutcome.NOT_SENT, reason, after_s=_LATER_S)
                await write_body(unpacked(response), part, most_bytes=SOURCE_BYTES + _MOST_PAD)
        except (TimeoutError, httpx.HTTPError):
            raise SendError(SendOutcome.NOT_SENT, "WeCom did not give the whole file", after_s=_LATER_S) from None
        except BodyTooLarge:
            raise SendError(SendOutcome.REJECTED, "the file is too large") from None

    async def close(self) -> None:
        """End what is being fetched; who needs it later fetches it while its link is good."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_S)  # a file is not left in the middle, if that is soon
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._web.aclose()


def _write_owner(path: Path, text: str) -> None:
    if not path.exists():  # stored again after a failure: its time stays
        path.write_text(text, encoding="utf-8")


def _decrypt(path: Path, aeskey: str | None) -> None:
    """Decrypt the file in place. Raises SendError where the key does not open it."""
    if aeskey is None:
        return
    try:
        key = b64decode(aeskey + "=" * (-len(aeskey) % 4))
    except ValueError:  # letters that are none of base64's
        key = b""
    size = path.stat().st_size
    if len(key) != _KEY_BYTES or not size or size % _BLOCK:
        raise SendError(SendOutcome.REJECTED, "the file does not open with its key")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:_BLOCK])).decryptor()
    with path.open("r+b") as file:
        plain = b""
        done = 0
        while encrypted := file.read(_SLICE):
            plain = cipher.update(encrypted)
            file.seek(done)
            file.write(plain)
            done += len(plain)
        pad = plain[-1]
        if not 1 <= pad <= _MOST_PAD or plain[-pad:] != bytes([pad]) * min(pad, len(plain)):
            raise SendError(SendOutcome.REJECTED, "the file does not open with its key")
        file.truncate(size - pad)
