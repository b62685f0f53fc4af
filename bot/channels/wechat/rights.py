"""What the account may do: probed by doing it, remembered for all processes, and what follows where a right is missing.

No interface tells an account its rights, and the documented tables contradict each other. WeChat looks at the rights
before anything else: a call that must fail for another reason tells whether the account may make it, unseen.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.channels.services import Alert, KeyValue
from bot.channels.types import Obstacle, SendError
from bot.channels.wechat.api import PUSH, Api
from bot.channels.wechat.errors import Reaction, WeChatError

log = logging.getLogger(__name__)

Right = Literal["send", "typing", "upload", "keep", "menu"]
Usual = Literal["yes", "no", "unclear"]


@dataclass(frozen=True, slots=True)
class RightInfo:
    """A right: who has it by WeChat's tables (`unclear`: these contradict each other), and what its lack means here.

    For subscription accounts (订阅号) and service accounts (服务号), unverified and verified (认证). The test account
    (测试号) has what a verified service account has.
    """

    unverified_subscription: Usual
    verified_subscription: Usual
    unverified_service: Usual
    verified_service: Usual
    without: str


RIGHTS: Mapping[Right, RightInfo] = {
    "send": RightInfo("no", "yes", "no", "yes", "videos and words wait for a person's next message"),
    "typing": RightInfo("no", "yes", "no", "yes", "no typing sign"),
    "upload": RightInfo(
        "unclear", "yes", "unclear", "yes", "videos are uploaded for good, and removed after three days"
    ),
    "keep": RightInfo("unclear", "yes", "unclear", "yes", "videos need the right to upload for three days"),
    "menu": RightInfo("no", "yes", "yes", "yes", "no menu"),
}
"""Receiving messages and answering them is every account's right; without `upload` and `keep` no answer has a video."""

OBSTACLES: Mapping[Obstacle, str] = {
    "no-video-right": "alert-wechat-no-video-right",
    "no-right": "alert-wechat-no-right",
}
"""The sentence on each obstacle, with its remedy, for the operator."""
NOBODY = "nobody"
_BELIEVED_S = 24 * 3600.0
_NO_S = 12 * 3600.0  # how long a missing right is believed; then it is tried again
_THROUGH = frozenset[Reaction]({"wait", "media", "size", "content", "bug", "ignore", "refused"})
_BARRED = frozenset({48003, 48004})


class AccountRights:
    """The rights of one account. `links`: what cannot be uploaded is given as a link, so that nothing is in the way."""

    def __init__(self, api: Api, key_values: KeyValue, *, account: str, alert: Alert, links: bool) -> None:
        self._api = api
        self._key_values = key_values
        self._prefix = f"wechat:{account}:right"
        self._alert = alert
        self._links = links

    async def probe(self) -> None:
        """Try everything once, also what comes after a call that got no answer.

        Raises WeChatError for settings that WeChat refuses, SendError where it does not answer.
        """
        try:
            await self._api.prepare_token()
            unanswered = await self._try_all()
        except WeChatError as error:
            if error.reaction == "setup":
                await self._key_values.put(f"{self._prefix}:token", f"no:{error.info.code}", for_s=_NO_S)
            raise
        await self._key_values.put(f"{self._prefix}:token", None)
        if unanswered is not None:
            raise unanswered

    async def _try_all(self) -> SendError | None:
        calls: list[tuple[Right, Callable[[], Awaitable[object]]]] = [
            ("send", lambda: self._api.call(PUSH, {"touser": NOBODY, "msgtype": "text", "text": {"content": "?"}})),
            ("typing", lambda: self._api.call("/message/custom/typing", {"touser": NOBODY, "command": "Typing"})),
            ("menu", lambda: self._api.call("/menu/get")),
            ("upload", lambda: self._api.try_upload(permanent=False)),
        ]
        unanswered = None
        for right, call in calls:
            unanswered = await self._try(right, call) or unanswered
        if await self.has("upload") is False:
            unanswered = await self._try("keep", lambda: self._api.try_upload(permanent=True)) or unanswered
        return unanswered

    async def _try(self, right: Right, call: Callable[[], Awaitable[object]]) -> SendError | None:
        """Learn what a call tells, or return that nothing came back.

        Raises WeChatError where the settings are refused: that says nothing of rights.
        """
        try:
            await call()
        except SendError as error:
            return error
        except WeChatError as error:
            if error.reaction == "setup":
                raise
            await self.learn(right, error)
        else:
            await self.learn(right)
        return None

    async def learn(self, right: Right, error: WeChatError | None = None) -> None:
        """Remember what a call told: it was taken, it failed for another reason, or the account may not make it."""
        key = f"{self._prefix}:{right}"
        if error is not None and error.reaction == "right":
            log.warning("the account lacks a right", extra={"right": right, "errcode": error.info.code})
            await self._key_values.put(key, f"no:{error.info.code}", for_s=_NO_S)
        elif (error is None or error.reaction in _THROUGH) and await self._key_values.get(key) != "yes":
            await self._key_values.put(key, "yes", for_s=_BELIEVED_S)

    async def has(self, right: Right) -> bool | None:
        """Return whether the account has this right; None: not known."""
        value = await self._key_values.get(f"{self._prefix}:{right}")
        return True if value == "yes" else False if _code(value) is not None else None

    async def may_upload(self) -> bool:
        """Return False where it is known that the account can upload no video, neither for three days nor for good."""
        return await self.has("upload") is not False or await self.has("keep") is not False

    async def missing(self) -> list[Right]:
        """Return the rights that are known to be missing; one of the two for uploads is enough."""
        found: list[Right] = [right for right in RIGHTS if await self.has(right) is False]
        return found if "upload" in found else [right for right in found if right != "keep"]

    async def obstacle(self) -> Obstacle | None:
        """Return what keeps every video from everybody: the account can upload none, or cannot be used at all."""
        if self._links:
            return None  # an answer with a link takes no right
        names = ("token", "upload", "keep")
        token, *codes = [_code(await self._key_values.get(f"{self._prefix}:{name}")) for name in names]
        if token is not None:
            return "no-right"
        if None in codes:
            return None
        return "no-right" if _BARRED.intersection(codes) else "no-video-right"

    async def tell(self) -> None:
        """Tell the admins of an obstacle, once until it is gone."""
        key, found = f"{self._prefix}s:told", await self.obstacle()
        before = await self._key_values.get(key)
        if found is None:
            if before is not None:
                await self._key_values.put(key, None)
        elif before is None and await self._key_values.swap(key, old=None, new=found):
            self._alert("wechat rights", OBSTACLES[found])


def _code(value: str | None) -> int | None:
    """Return the errcode by which a right is known to be missing; None: it is not."""
    word, _, code = (value or "").partition(":")
    return int(code) if word == "no" and code.isascii() and code.isdigit() else None
