"""Uploads our videos, encrypted for one person, and fetches what people sent to the disk.

An upload is used once: nobody says for how long its reference is good, and a message with one that has lapsed may be
taken and never shown.
"""

import asyncio
import base64
import hashlib
import logging
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from bot.channels.ilink.accounts import Account
from bot.channels.ilink.api import Api
from bot.channels.ilink.crypto import decrypt_file, encrypt, padded_size
from bot.channels.ilink.errors import LATER_S
from bot.channels.ilink.limits import IMAGE_BYTES, SOURCE_BYTES
from bot.channels.ilink.memory import Memory
from bot.channels.ilink.settings import ILinkSettings
from bot.channels.ilink.stored import text_of
from bot.channels.types import AttachmentRef, SendError, SendOutcome
from core.io.bodies import BodyTooLarge, write_body
from core.io.retrying import RetryPolicy, Sleep, retried
from core.io.unpacking import unpacked

log = logging.getLogger(__name__)

VIDEO, FILE = 2, 3
_FETCH_S = 180.0
_UPLOAD_S = 180.0
_REASON_CHARS = 100
_AGAIN = RetryPolicy(
    SendError, pauses_s=(1.0, 3.0), tries=3, only_if=lambda error: error.outcome is SendOutcome.NOT_SENT
)


class Media:
    """The uploads and downloads."""

    def __init__(self, api: Api, memory: Memory, settings: ILinkSettings, *, sleep: Sleep) -> None:
        self._api = api
        self._memory = memory
        self._settings = settings
        self._sleep = sleep
        self._places = asyncio.Semaphore(2)

    # Ours

    async def upload(self, account: Account, user: str, path: Path, *, kind: int = VIDEO) -> tuple[dict[str, Any], int]:
        """Upload a file for this person; return its reference, and its size once encrypted.

        Raises ILinkError and SendError: nothing was sent.
        """
        async with self._places:
            plain = await asyncio.to_thread(path.read_bytes)
            key = secrets.token_bytes(16)
            filekey = secrets.token_hex(16)
            body = await asyncio.to_thread(encrypt, plain, key)
            asked = {
                "filekey": filekey,
                "media_type": kind,
                "to_user_id": user,
                "rawsize": len(plain),
                "rawfilemd5": hashlib.md5(plain, usedforsecurity=False).hexdigest(),
                "filesize": padded_size(len(plain)),
                "aeskey": key.hex(),
                "no_need_thumb": True,
            }
            answer = await self._api.upload_address(account, asked)
            url = self._upload_url(answer, filekey)
            reference = await retried(lambda: self._put(url, body), _AGAIN, sleep=self._sleep)
        stated = base64.b64encode(key.hex().encode()).decode()
        return {"encrypt_query_param": reference, "aes_key": stated, "encrypt_type": 1}, len(body)

    def _upload_url(self, answer: dict[str, Any], filekey: str) -> str:
        full, param = text_of(answer, "upload_full_url"), text_of(answer, "upload_param")
        if full:
            return self._checked(full)
        if not param:
            raise SendError(SendOutcome.NOT_SENT, "WeChat named no place for the upload", after_s=LATER_S)
        return f"{self._settings.cdn_url}/upload?encrypted_query_param={quote(param, safe='')}&filekey={filekey}"

    async def _put(self, url: str, body: bytes) -> str:
        """Upload once. 4xx is a word on this file; anything else may be tried again, since nobody sees an upload."""
        try:
            async with asyncio.timeout(_UPLOAD_S):
                reply = await self._api.web.post(
                    url,
                    content=body,
                    headers={"Content-Type": "application/octet-stream"},
                    timeout=httpx.Timeout(10.0, read=60.0, write=60.0),
                )
        except (TimeoutError, httpx.HTTPError) as error:
            reason = f"the upload to WeChat ended early ({type(error).__name__})"
            raise SendError(SendOutcome.NOT_SENT, reason, after_s=LATER_S) from None
        if reply.is_client_error:
            words = reply.headers.get("x-error-message", "")[:_REASON_CHARS]
            reason = f"WeChat's store refused the upload ({reply.status_code} {words})"
            raise SendError(SendOutcome.REJECTED, reason, refusal="file")
        reference = str(reply.headers.get("x-encrypted-param", ""))
        if not reply.is_success or not reference:
            reason = f"WeChat's store did not take the upload ({reply.status_code})"
            raise SendError(SendOutcome.NOT_SENT, reason, after_s=LATER_S)
        return reference

    # People's

    async def fetch(self, ref: AttachmentRef, into: Path) -> None:
        """Download a file and decrypt it to `into`. Raises SendError."""
        known = await self._memory.file(ref.file_id)
        most = IMAGE_BYTES if ref.kind == "image" else SOURCE_BYTES
        url = known.url or f"{self._settings.cdn_url}/download?encrypted_query_param={quote(ref.file_id, safe='')}"
        url = self._checked(url)
        sealed = into.with_name(f"{into.name}.sealed")
        try:
            await retried(lambda: self._get(url, sealed, most), _AGAIN, sleep=self._sleep)
            if known.key:
                await asyncio.to_thread(decrypt_file, sealed, into, known.key)
            else:
                await asyncio.to_thread(sealed.replace, into)
        except BaseException as error:
            into.unlink(missing_ok=True)
            if isinstance(error, ValueError):
                raise SendError(SendOutcome.REJECTED, "the file could not be decrypted") from None
            raise
        finally:
            sealed.unlink(missing_ok=True)

    async def _get(self, url: str, into: Path, most: int) -> None:
        try:
            async with asyncio.timeout(_FETCH_S), self._api.files.stream("GET", url) as reply:
                if reply.is_client_error:
                    raise SendError(SendOutcome.REJECTED, f"WeChat has the file no more ({reply.status_code})")
                if not reply.is_success:
                    reason = f"the file did not come from WeChat ({reply.status_code})"
                    raise SendError(SendOutcome.NOT_SENT, reason, after_s=LATER_S)
                await write_body(unpacked(reply), into, most_bytes=most + padded_size(0))
        except BodyTooLarge:
            raise SendError(SendOutcome.REJECTED, "the file is larger than what is taken") from None
        except (TimeoutError, httpx.HTTPError) as error:
            reason = f"the file did not come from WeChat ({type(error).__name__})"
            raise SendError(SendOutcome.NOT_SENT, reason, after_s=LATER_S) from None

    def _checked(self, url: str) -> str:
        """Check an address that the network named: Tencent's hosts or those configured; nothing else is asked."""
        if not self._settings.is_trusted(url):
            raise SendError(SendOutcome.REJECTED, "WeChat named an unexpected address")
        return url
