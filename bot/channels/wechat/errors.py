"""Maps WeChat's errcodes to what they ask for, by one table.

HTTP is 200 for all of them. No token or secret is in these words.
"""

import re
from dataclasses import dataclass
from typing import Literal

from bot.channels.types import SendError, SendOutcome

Reaction = Literal[
    "again", "token", "wait", "right", "media", "size", "content", "quota", "setup", "bug", "ignore", "refused"
]

REACTIONS: dict[int, tuple[Reaction, str]] = {
    -1: ("again", "WeChat is busy"),
    40001: ("token", "the access token is not the latest (or WECHAT_APP_SECRET is wrong)"),
    40014: ("token", "the access token is not valid"),
    41001: ("token", "the access token is missing"),
    42001: ("token", "the access token has expired"),
    40003: ("wait", "this person is unknown to the account"),
    43004: ("wait", "this person does not follow the account"),
    43019: ("wait", "this person is on the account's black list"),
    45015: ("wait", "this person has not written for too long"),
    45047: ("wait", "the messages that this person's last one allowed are used up"),
    46004: ("wait", "there is no such person"),
    48002: ("wait", "this person refuses messages"),
    50002: ("wait", "this person's WeChat is limited"),
    50005: ("wait", "this person does not follow the account"),
    48001: ("right", "the account may not use this interface"),
    48003: ("right", "the account has not agreed to the terms of this interface"),
    48004: ("right", "the account is barred from this interface: mp.weixin.qq.com says why"),
    40007: ("media", "the uploaded file is not known any more"),
    41006: ("media", "WeChat misses the media id"),
    40004: ("size", "WeChat does not take this type of file"),
    40005: ("size", "WeChat does not take this type of file"),
    40006: ("size", "the file is too large for WeChat"),
    40009: ("size", "the picture is too large for WeChat"),
    40011: ("size", "the video is too large for WeChat"),
    40012: ("size", "the thumbnail is too large for WeChat"),
    45001: ("size", "the file is too large for WeChat"),
    45007: ("size", "the file plays too long for WeChat"),
    87014: ("content", "WeChat takes offence at what the file shows"),
    45009: ("quota", "today's quota of this interface is used up"),
    45011: ("quota", "too many calls in this minute"),
    48006: ("quota", "the quota cannot be cleared any more this month"),
    40013: ("setup", "WECHAT_APP_ID is not valid"),
    40125: ("setup", "WECHAT_APP_SECRET is not valid"),
    40164: ("setup", "this machine's address is not on the account's IP allow-list"),
    41002: ("setup", "WECHAT_APP_ID is missing"),
    41004: ("setup", "WECHAT_APP_SECRET is missing"),
    40033: ("bug", "WeChat cannot read the request"),
    41005: ("bug", "the uploaded file was empty"),
    44001: ("bug", "the uploaded file was empty"),
    44002: ("bug", "the request was empty"),
    45002: ("bug", "the text was too long"),
    45072: ("ignore", "typing: not a command"),
    45080: ("ignore", "typing: no recent message"),
    45081: ("ignore", "typing: shown already"),
}

_RID = re.compile(r"rid:\s*([\w-]+)")
_CALLER = re.compile(r"invalid ip\s+([0-9a-fA-F.:]+)")
_PAUSES_S = {"again": 5.0, "token": 30.0, "quota": 900.0, "setup": 300.0}


@dataclass(frozen=True, slots=True)
class ErrcodeInfo:
    """An errcode with its meaning here."""

    code: int
    reaction: Reaction
    words: str
    rid: str
    caller: str = ""  # the address that is not on the allow-list


class WeChatError(Exception):
    """An answer with an errcode."""

    def __init__(self, info: ErrcodeInfo) -> None:
        super().__init__(f"{info.code} {info.words}")
        self.info = info

    @property
    def reaction(self) -> Reaction:
        """Return what the errcode asks for."""
        return self.info.reaction

    def send_error(self, *, uploaded_ref: str | None = None, uploaded_for_s: float = 0.0) -> SendError:
        """Translate into a SendError.

        `uploaded_ref`: the reference of a video that WeChat holds already: it can wait there for its owner.
        """
        reason = f"{self.info.words} (errcode {self.info.code}, rid {self.info.rid or 'unknown'})"
        match self.reaction:
            case "wait" | "right":
                return SendError(SendOutcome.MUST_WAIT, reason, after_s=uploaded_for_s, uploaded_ref=uploaded_ref)
            case "quota" | "setup" if uploaded_ref is not None:
                return SendError(SendOutcome.MUST_WAIT, reason, after_s=uploaded_for_s, uploaded_ref=uploaded_ref)
            case "again" | "token" | "quota" | "setup":
                return SendError(SendOutcome.NOT_SENT, reason, after_s=_PAUSES_S[self.reaction])
            case "content":
                return SendError(SendOutcome.REJECTED, reason, refusal="content")
            case _:
                return SendError(SendOutcome.REJECTED, reason, refusal="file")


def errcode_info(code: int, message: str) -> ErrcodeInfo:
    """Look up an errcode; an unknown one is described by its message."""
    reaction, words = REACTIONS.get(code, ("refused", "WeChat refused"))
    rid = _RID.search(message)
    caller = _CALLER.search(message)
    if code == 40164 and caller is not None:  # noqa: PLR2004 - the one whose text says which address to list
        words = f"{words}: add {caller[1]} to it in the console"
    return ErrcodeInfo(code, reaction, words, rid[1] if rid else "", caller[1] if caller else "")
