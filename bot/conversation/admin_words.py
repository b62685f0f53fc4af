"""What can be said with /admin: one row per word, with its rights. Pure.

`WORDS` is the whole table; the README has the same one, and a test compares them.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal

Right = Literal["admins, in private"]
"""Who may say a word, and where: those whom REELBOT_ADMINS names, in the private chat."""
Takes = Literal["nothing", "job", "id", "cap"]


@dataclass(frozen=True, slots=True)
class Word:
    """A row of the table. `usage`: as the README and the help write it; `words`: all that mean the same."""

    name: str
    usage: str
    words: tuple[str, ...]
    takes: Takes
    right: Right
    does: str


_ADMINS: Right = "admins, in private"
WORDS: tuple[Word, ...] = (
    Word("overview", "/admin", (), "nothing", _ADMINS, "how many wait, run and failed, what was spent; these words"),
    Word(
        "waiting",
        "/admin waiting",
        ("waiting", "queue", "等待", "排队", "排隊", "申请", "申請"),
        "nothing",
        _ADMINS,
        "who asks to be let in, with a button each; whose orders wait",
    ),
    Word(
        "running",
        "/admin running",
        ("running", "jobs", "运行", "運行", "进行", "進行", "任务", "任務"),
        "nothing",
        _ADMINS,
        "what is in the works, by code and id",
    ),
    Word(
        "failed",
        "/admin failed",
        ("failed", "errors", "失败", "失敗", "错误", "錯誤"),
        "nothing",
        _ADMINS,
        "what failed in the last 24 hours, with the error's code",
    ),
    Word(
        "spent",
        "/admin spent",
        ("spent", "spend", "money", "花费", "花費", "费用", "費用"),
        "nothing",
        _ADMINS,
        "what was spent in the last 24 hours, in all and by person",
    ),
    Word(
        "stop",
        "/admin stop K7QX2AB",
        ("stop", "cancel", "停止", "取消"),
        "job",
        _ADMINS,
        "stop anybody's job; its owner is told",
    ),
    Word(
        "pause",
        "/admin pause",
        ("pause", "暂停", "暫停"),
        "nothing",
        _ADMINS,
        "take no new orders, until resumed, also after a restart; what has left the queue goes on",
    ),
    Word(
        "resume", "/admin resume", ("resume", "恢复", "恢復", "继续", "繼續"), "nothing", _ADMINS, "take orders again"
    ),
    Word(
        "access",
        "/admin access",
        ("access", "list", "名单", "名單", "权限", "權限"),
        "nothing",
        _ADMINS,
        "who may use the bot, by the settings or let in by admins; groups' caps",
    ),
    Word(
        "allow",
        "/admin allow telegram:42",
        ("allow", "add", "允许", "允許", "添加", "加入"),
        "id",
        _ADMINS,
        "let a person or a group in",
    ),
    Word(
        "remove",
        "/admin remove telegram:42",
        ("remove", "移除", "删除", "刪除"),
        "id",
        _ADMINS,
        "take that back; what a setting allows stays allowed, and is shown as such",
    ),
    Word(
        "cap",
        "/admin cap telegram:-100123 5",
        ("cap", "limit", "限额", "限額", "上限"),
        "cap",
        _ADMINS,
        "dollars that may be spent in this group within 24 hours; `off`: what `REELBOT_GROUP_DAILY_USD` says",
    ),
)

_BY_NAME = {word.name: word for word in WORDS}
_NAME_OF = {each: word.name for word in WORDS for each in word.words}
_OFF = frozenset({"off", "none", "default", "无", "無", "默认", "默認", "取消"})
_FORM = re.compile(r"([a-z]+|[^\x00-\x7f]+?)(?=[\s:：]|\Z)[\s:：]*(.*)", re.IGNORECASE | re.DOTALL)
_JOB = re.compile(r"#?([0-9A-Za-z]{2,12})")
_ID = re.compile(r"([A-Za-z]+)\s*[:：]\s*(\S+)")
_CAP = re.compile(r"([A-Za-z]+)\s*[:：]\s*(\S+)\s+[$＄]?(\S+)")
_MARKS = " \t\r\n\u3000.。!！"
_MOST_CHARS = 60
_MOST_USD = 1_000_000


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """What an admin asks for. `problem`: the word lacks what it takes, or there is no such word (`word` is "").

    `argument`: a job's id, or the id of a person or group. `usd`: a cap in dollars; None: no cap of its own.
    """

    word: str
    argument: str = ""
    usd: Decimal | None = None
    problem: bool = False


def parse_admin(words: str) -> AdminRequest:
    """Parse what stands behind /admin: "", "stop K7QX2AB", "allow telegram:42", "cap telegram:-100123 5"."""
    words = words.strip(_MARKS)
    if not words:
        return AdminRequest("overview")
    match = _FORM.fullmatch(words)
    name = _NAME_OF.get(match[1].lower()) if match else None
    if match is None or name is None:
        return AdminRequest("", words[:_MOST_CHARS], problem=True)
    return _with_argument(_BY_NAME[name], match[2].strip(_MARKS))


def _with_argument(word: Word, rest: str) -> AdminRequest:
    lacking = AdminRequest(word.name, rest[:_MOST_CHARS], problem=True)
    match word.takes:
        case "nothing":
            return lacking if rest else AdminRequest(word.name)
        case "job":
            job = _JOB.fullmatch(rest)
            return AdminRequest(word.name, job[1].upper()) if job else lacking
        case "id":
            found = _ID.fullmatch(rest)
            return AdminRequest(word.name, f"{found[1].lower()}:{found[2]}") if found else lacking
        case "cap":
            return _cap(word, rest) or lacking


def _cap(word: Word, rest: str) -> AdminRequest | None:
    found = _CAP.fullmatch(rest)
    if found is None:
        return None
    group = f"{found[1].lower()}:{found[2]}"
    if found[3].lower() in _OFF:
        return AdminRequest(word.name, group)
    try:
        usd = Decimal(found[3])
    except InvalidOperation:
        return None
    fits = usd.is_finite() and 0 <= usd <= _MOST_USD
    return AdminRequest(word.name, group, usd) if fits else None


def is_admin_request(words: str) -> bool:
    """Return whether these words can only be meant for /admin, where a sentence could stand as well."""
    return not parse_admin(words).problem
