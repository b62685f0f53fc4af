"""The client of the few calls of the Official Account's API that we need. Raises WeChatError and SendError only.

HTTP is 200 for everything that WeChat itself says: another status is a gateway's. Below 500 it stands before WeChat, so
nothing was taken. From 500 on it may have been written after WeChat took a message: doubt for a push, which must not
happen twice, and a reason to ask again for everything else. Success often lacks errcode, but a push counts only with
`errcode` 0; the content type may be text/plain. The token stands in the address, as WeChat has it: addresses are
written nowhere.
"""

import asyncio
import base64
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx

from bot.channels.services import Alert, KeyValue
from bot.channels.types import SendError, SendOutcome
from bot.channels.wechat.errors import WeChatError, errcode_info
from bot.channels.wechat.settings import WeChatSettings
from bot.channels.wechat.tokens import Tokens
from core.io.bodies import BodyTooLarge, write_body
from core.io.not_sent import NOT_SENT
from core.io.retrying import RetryPolicy, Sleep, retried
from core.io.tls import plain_client
from core.io.unpacking import bounded, unpacked

log = logging.getLogger(__name__)

R = TypeVar("R")

PUSH = "/message/custom/send"
_File = tuple[str, bytes, str]
"""name, bytes and type of an upload."""

_WHILE_BUSY = RetryPolicy(WeChatError, pauses_s=(1.0, 3.0), tries=3, only_if=lambda error: error.reaction == "again")
_ANSWER_S = 20.0
_UPLOAD_S = 180.0
_WHOLE_S = 300.0  # a call as a whole, however slowly its bytes drip
_LATER_S = 10.0
_JSON_BYTES = 1_000_000
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_ABSENT = object()
TINY_JPEG = base64.b64decode(  # a grey square of 64 by 64
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5mo"
    "q6T/wAALCABAAEABAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AAAAAAAAAAAAAAAAAAAAAAP/Z"
)


def _keeps_token(record: logging.LogRecord) -> bool:
    return "access_token=" not in record.getMessage()


# It writes whole addresses. Such a line is not written at all, at any level.
logging.getLogger("httpx").addFilter(_keeps_token)


class Api:
    """The client of WeChat's API."""

    def __init__(
        self,
        settings: WeChatSettings,
        key_values: KeyValue,
        *,
        alert: Alert,
        sleep: Sleep = asyncio.sleep,
        on_date: Callable[[str | None], None] = lambda _date: None,
    ) -> None:
        """Build the client. `on_date` is handed the Date of each answer of the API."""
        self._settings = settings
        self._on_date = on_date
        self._alert = alert
        self._sleep = sleep
        timeout = httpx.Timeout(10.0, read=_ANSWER_S, write=60.0)
        self.web = plain_client(timeout=timeout, on_response=(self._read_date, bounded()))
        self.files = plain_client(timeout=timeout, on_response=(self._read_date,))
        self._tokens = Tokens(key_values, account=settings.app_id or "", fetch=self._fetch_token)

    async def close(self) -> None:
        """Close the connections."""
        await self.web.aclose()
        await self.files.aclose()

    async def _read_date(self, reply: httpx.Response) -> None:
        """Hand on the time that the API names; a gateway before it may name its own first."""
        if str(reply.request.url).startswith(f"{self._settings.api_url}/"):
            dates = reply.headers.get_list("date")
            self._on_date(dates[-1] if dates else None)

    async def call(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call the API: POST with a JSON body in raw UTF-8, GET without one."""

        async def send(token: str) -> httpx.Response:
            params = {"access_token": token}
            if body is None:
                return await self.web.get(self._url(path), params=params)
            return await self.web.post(self._url(path), params=params, json=body)

        return await self._with_token(path, send, unanswered=_unanswered(path))

    async def upload(self, kind: Literal["video", "thumb"], path: Path) -> str:
        """Upload a file temporarily and return its media id, good for three days.

        The bytes are read again for each attempt.
        """
        name, mime = ("video.mp4", "video/mp4") if kind == "video" else ("thumb.jpg", "image/jpeg")

        async def file() -> _File:
            return name, await asyncio.to_thread(path.read_bytes), mime

        return await self._upload("/media/upload", kind, file)

    async def keep(self, path: Path, *, title: str) -> str:
        """Upload a file permanently: for accounts that may not upload temporarily. An account has room for 1000."""
        description = json.dumps({"title": title, "introduction": title}, ensure_ascii=False)

        async def file() -> _File:
            return "video.mp4", await asyncio.to_thread(path.read_bytes), "video/mp4"

        return await self._upload("/material/add_material", "video", file, {"description": description})

    async def try_upload(self, *, permanent: bool) -> None:
        """Upload a tiny picture, to see whether the account may upload. What would stay is deleted again."""

        async def file() -> _File:
            return "probe.jpg", TINY_JPEG, "image/jpeg"

        if not permanent:
            await self._upload("/media/upload", "image", file)
            return
        media_id = await self._upload("/material/add_material", "image", file)
        await self.call("/material/del_material", {"media_id": media_id})

    async def _upload(
        self, path: str, kind: str, file: Callable[[], Awaitable[_File]], fields: Mapping[str, str] | None = None
    ) -> str:
        async def send(token: str) -> httpx.Response:
            return await self.web.post(
                self._url(path),
                params={"access_token": token, "type": kind},
                data=fields,
                files={"media": await file()},
                timeout=httpx.Timeout(10.0, read=_UPLOAD_S, write=60.0),
            )

        answer = await self._with_token(path, send, unanswered=SendOutcome.NOT_SENT)
        media_id = answer.get("media_id") or answer.get("thumb_media_id")
        if not isinstance(media_id, str) or not media_id:
            raise SendError(SendOutcome.NOT_SENT, "WeChat gave no media id", after_s=_LATER_S)
        return media_id

    async def download(self, media_id: str, into: Path, *, most_bytes: int) -> dict[str, Any] | None:
        """Download a person's photo as a file and return None.

        For a video an answer with `video_url` comes in its place.
        """

        async def send(token: str) -> dict[str, Any] | None:
            params = {"access_token": token, "media_id": media_id}
            async with self.files.stream("GET", self._url("/media/get"), params=params) as reply:
                _check_status("/media/get", reply.status_code)
                await write_file(reply, into, most_bytes=most_bytes)
            head = await asyncio.to_thread(_head, into)
            return _answer("/media/get", head) if head.lstrip()[:1] == b"{" else None

        return await self._retried("/media/get", send, unanswered=SendOutcome.NOT_SENT)

    def _url(self, path: str) -> str:
        return f"{self._settings.api_url}{path}"

    async def _with_token(
        self, path: str, send: Callable[[str], Awaitable[httpx.Response]], *, unanswered: SendOutcome
    ) -> dict[str, Any]:
        async def read(token: str) -> dict[str, Any]:
            reply = await send(token)
            _check_status(path, reply.status_code)
            return _answer(path, reply.content)

        return await self._retried(path, read, unanswered=unanswered)

    async def _retried(self, path: str, attempt: Callable[[str], Awaitable[R]], *, unanswered: SendOutcome) -> R:
        """Call with another token when this one is refused; a few times while WeChat is busy."""
        token = await self._token()
        try:
            return await self._patiently(path, lambda: attempt(token), unanswered=unanswered)
        except WeChatError as error:
            if error.reaction != "token":
                raise
        token = await self._token(refused=token)
        return await self._patiently(path, lambda: attempt(token), unanswered=unanswered)

    async def _patiently(self, path: str, call: Callable[[], Awaitable[R]], *, unanswered: SendOutcome) -> R:
        async def once() -> R:
            try:
                return await self._translated(call(), unanswered=unanswered)
            except WeChatError as error:
                self._note(path, error)
                raise

        return await retried(once, _WHILE_BUSY, sleep=self._sleep)

    async def _translated(self, call: Awaitable[R], *, unanswered: SendOutcome) -> R:
        """Call, with transport failures as a SendError: nothing was sent, or it is unconfirmed."""
        try:
            async with asyncio.timeout(_WHOLE_S):
                return await call
        except TimeoutError:
            raise SendError(unanswered, "WeChat took too long", after_s=_LATER_S) from None
        except NOT_SENT as error:
            raise SendError(
                SendOutcome.NOT_SENT,
                f"no connection to WeChat by WECHAT_API_URL ({type(error).__name__})",
                after_s=_LATER_S,
            ) from None
        except httpx.HTTPError as error:
            reason = f"no answer from WeChat ({type(error).__name__})"
            raise SendError(unanswered, reason, after_s=_LATER_S) from None

    async def _token(self, refused: str | None = None) -> str:
        return await (self._tokens.token() if refused is None else self._tokens.after(refused))

    async def _fetch_token(self, force: bool) -> tuple[str, float]:
        secret = self._settings.app_secret.get_secret_value() if self._settings.app_secret else ""
        body = {"grant_type": "client_credential", "appid": self._settings.app_id, "secret": secret}

        async def ask() -> dict[str, Any]:
            reply = await self.web.post(self._url("/stable_token"), json={**body, "force_refresh": force})
            _check_status("/stable_token", reply.status_code)
            return _answer("/stable_token", reply.content)

        answer = await self._patiently("/stable_token", ask, unanswered=SendOutcome.NOT_SENT)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int | float):
            raise SendError(SendOutcome.NOT_SENT, "WeChat gave no access token", after_s=_LATER_S)
        return token, float(seconds)

    def _note(self, path: str, error: WeChatError) -> None:
        """Log as an error, and tell the admins, what only the operator can mend; the rest is daily life."""
        info = error.info
        level = logging.ERROR if info.reaction in {"setup", "quota", "bug"} else logging.INFO
        facts = {"call": path, "errcode": info.code, "rid": info.rid, "meaning": info.words}
        log.log(level, "WeChat refused a call", extra=facts)
        if info.reaction in {"setup", "quota"}:
            key = "alert-wechat-setup" if info.reaction == "setup" else "alert-wechat-quota"
            self._alert(f"wechat {info.code}", key, code=info.code, address=info.caller)

    async def prepare_token(self) -> None:
        """Have a token, asked for where there is none that is good for a while. Raises WeChatError and SendError."""
        await self._token()

    async def check_token(self) -> None:
        """Check the credentials and the IP allow-list, without using up anything, for `doctor`."""
        await self._fetch_token(False)


async def write_file(reply: httpx.Response, into: Path, *, most_bytes: int) -> None:
    """Write what a person sent, or a few words of WeChat's in its place, to the disk. Raises SendError."""
    try:
        await write_body(unpacked(reply), into, most_bytes=most_bytes)
    except BodyTooLarge:
        raise SendError(SendOutcome.REJECTED, "the file is larger than WeChat says it takes") from None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_JSON_BYTES)


def _unanswered(path: str) -> SendOutcome:
    """Return what an answer that says nothing means: only a push must not be repeated."""
    return SendOutcome.UNCONFIRMED if path == PUSH else SendOutcome.NOT_SENT


def _check_status(path: str, status: int) -> None:
    if not httpx.codes.is_success(status):
        outcome = _unanswered(path) if status >= httpx.codes.INTERNAL_SERVER_ERROR else SendOutcome.NOT_SENT
        raise SendError(outcome, f"WeChat answered with status {status}", after_s=_LATER_S)


def _answer(path: str, content: bytes) -> dict[str, Any]:
    """Read the answer. Raises WeChatError for any errcode but 0; one that nobody can read proves nothing."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    code = _errcode(answer, needed=path == PUSH)
    if code is None or not isinstance(answer, dict):
        raise SendError(_unanswered(path), "WeChat's answer could not be read", after_s=_LATER_S)
    if code != 0:
        raise WeChatError(errcode_info(code, str(answer.get("errmsg", ""))))
    return answer


def _errcode(answer: object, *, needed: bool) -> int | None:
    """Return the errcode, which comes as a number or as its text; None where it cannot be read.

    Where it is not `needed`, an answer without one is a success.
    """
    if not isinstance(answer, dict):
        return None
    code = answer.get("errcode", _ABSENT)
    if code is _ABSENT:
        return None if needed else 0
    if isinstance(code, bool) or not isinstance(code, int | str):
        return None
    return int(code) if _NUMBER.fullmatch(str(code)) else None
