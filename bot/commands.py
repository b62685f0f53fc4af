"""What a person said -> what they want. One pure parser for every chat.

Options are recognised where a person would put them aside: as a run at the very start or the very end of the text, or
on their own between commas, semicolons, brackets, bars or line breaks; `--flags` and `name=value` count anywhere. What
stands inside a sentence stays a word: "a premium coffee ad, 10s, 9:16" has two options, "a 10s clip of a premium car"
has none.
"""

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches

from core.errors import BadRequest
from core.models import find


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for beside the prompt, as given; the planner says what a model can do. `duration_s` in seconds."""

    model: str | None = None
    duration_s: int | None = None
    resolution: str | None = None
    aspect_ratio: str | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class MakeVideo:
    prompt: str
    wishes: Wishes = Wishes()


@dataclass(frozen=True, slots=True)
class ShowStatus:
    job: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    job: str | None = None


@dataclass(frozen=True, slots=True)
class Resend:
    job: str


@dataclass(frozen=True, slots=True)
class ShowHistory:
    pass


@dataclass(frozen=True, slots=True)
class ShowModels:
    pass


@dataclass(frozen=True, slots=True)
class ShowPrice:
    wishes: Wishes = Wishes()


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Help:
    pass


@dataclass(frozen=True, slots=True)
class Start:
    pass


@dataclass(frozen=True, slots=True)
class Unknown:
    """A slash command that does not exist; `suggestion` is the nearest that does."""

    word: str
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class PlainText:
    """Talk without a command in a private chat, to be answered with how it works."""

    text: str


Command = (
    MakeVideo
    | ShowStatus
    | Cancel
    | Resend
    | ShowHistory
    | ShowModels
    | ShowPrice
    | ChooseLanguage
    | Help
    | Start
    | Unknown
    | PlainText
)

COMMANDS = ("video", "status", "cancel", "history", "models", "price", "language", "help")
"""Those that menus and help list."""

_WORDS = {
    "video": ("video", "视频", "視頻", "影片", "生成视频", "生成視頻", "文生视频", "文生視頻", "图生视频", "圖生視頻"),
    "status": ("status", "状态", "狀態", "进度", "進度"),
    "cancel": ("cancel", "取消"),
    "history": ("history", "历史", "歷史", "记录", "記錄"),
    "models": ("models", "模型"),
    "price": ("price", "prices", "价格", "價格", "多少钱", "多少錢"),
    "language": ("language", "lang", "语言", "語言"),
    "help": ("help", "帮助", "幫助"),
    "start": ("start", "开始", "開始"),
}
_COMMAND_OF = {word: name for name, words in _WORDS.items() for word in words}
_LONGEST_FIRST = sorted((word for word in _COMMAND_OF if not word.isascii()), key=len, reverse=True)
_SLASH = re.compile(r"\s*[/／]\s?([^\s/／@:：,，]+)(?:@\w+)?[\s:：,，]*", re.UNICODE)
_AFTER_WORD = " \t\r\n:：,，。.!！、"
_JOB = re.compile(r"[0-9A-Za-z]{1,12}")
_LANGUAGES = {
    "en": "en", "english": "en", "英文": "en", "英语": "en", "英語": "en",
    "zh": "zh", "cn": "zh", "chinese": "zh", "中文": "zh", "汉语": "zh", "漢語": "zh", "简体中文": "zh", "普通话": "zh",
}  # fmt: skip


def parse(text: str, *, has_attachment: bool = False, direct: bool = True) -> Command | None:
    """The command in this message, or None when it is not for us (talk in a group)."""
    slash = _SLASH.match(text)
    if slash is not None:
        word, rest = slash[1].lower(), text[slash.end() :]
        name = _COMMAND_OF.get(word)
        if name is not None:
            return _command(name, rest)
        glued = _chinese(slash[1] + " " + rest if rest else slash[1], glue=True)
        if glued is not None:
            return _command(*glued)
        return Unknown(word[:40], _nearest(word)) if direct else None
    chinese = _chinese(text.lstrip())
    if chinese is not None and (direct or chinese[0] == "video"):
        return _command(*chinese)
    if not direct:
        return None
    if has_attachment:
        return _make_video(text)
    return PlainText(text)


def _chinese(text: str, *, glue: bool = False) -> tuple[str, str] | None:
    """A Chinese command word at the start, alone or set off by a mark; after a slash it may touch its text."""
    for word in _LONGEST_FIRST:
        if text.startswith(word):
            rest = text[len(word) :]
            if not rest or rest[0] in _AFTER_WORD or glue:
                return _COMMAND_OF[word], rest.lstrip(_AFTER_WORD)
    return None


def _command(name: str, rest: str) -> Command:
    rest = rest.strip()
    match name:
        case "video":
            return _make_video(rest)
        case "status":
            return ShowStatus(_job(rest))
        case "cancel":
            return Cancel(_job(rest))
        case "price":
            return ShowPrice(_options(rest)[1])
        case "language":
            return ChooseLanguage(_LANGUAGES.get(rest.lower(), rest[:20]) if rest else None)
        case _:
            plain: dict[str, Command] = {"history": ShowHistory(), "models": ShowModels(), "start": Start()}
            return plain.get(name, Help())


def _make_video(text: str) -> MakeVideo:
    prompt, wishes = _options(text)
    return MakeVideo(prompt, wishes)


def _job(rest: str) -> str | None:
    match = _JOB.match(rest)
    return match[0].upper() if match else None


def _nearest(word: str) -> str | None:
    close = get_close_matches(word, [*COMMANDS, "start"], n=1, cutoff=0.6)
    return close[0] if close else None


# Options

_SECONDS = re.compile(r"(\d{1,3})\s?(?:s|sec|secs|seconds?|秒钟|秒鐘|秒)", re.IGNORECASE)
_RESOLUTION = re.compile(r"\d{3,4}p|4k|2k", re.IGNORECASE)
_RATIO = re.compile(r"\d{1,2}[:：x]\d{1,2}", re.IGNORECASE)
_SEED = re.compile(r"(?:seed|种子|種子)[\s:：=#]*(\d{1,10})", re.IGNORECASE)
_SHAPES = {
    "portrait": "9:16", "vertical": "9:16", "竖屏": "9:16", "豎屏": "9:16", "竖版": "9:16",
    "landscape": "16:9", "widescreen": "16:9", "横屏": "16:9", "橫屏": "16:9", "横版": "16:9",
    "square": "1:1", "方形": "1:1", "正方形": "1:1",
}  # fmt: skip
_MODEL_WORDS = {"经济": "budget", "經濟": "budget", "均衡": "balanced", "高级": "premium", "高級": "premium"}
_FLAG_NAMES = {
    "model": "model", "m": "model", "tier": "model", "模型": "model",
    "duration": "duration_s", "d": "duration_s", "seconds": "duration_s", "length": "duration_s", "时长": "duration_s",
    "resolution": "resolution", "r": "resolution", "res": "resolution", "分辨率": "resolution",
    "aspect": "aspect_ratio", "a": "aspect_ratio", "ratio": "aspect_ratio", "ar": "aspect_ratio",
    "比例": "aspect_ratio", "aspect-ratio": "aspect_ratio", "seed": "seed", "种子": "seed", "時長": "duration_s",
}  # fmt: skip
_NAMES = "|".join(sorted((re.escape(name) for name in _FLAG_NAMES), key=len, reverse=True))
_LONG_FLAG = re.compile(
    rf"(?<!\S)(?:(?:--|—|––)({_NAMES})[\s=:：]+|-([a-z])\s+|({_NAMES})[=＝])([^\s,，;；]+)", re.IGNORECASE
)
_CHINESE_FLAG = re.compile(r"(?:时长|時長|分辨率|比例|模型)\s*[:：=]?\s*([^\s,，;；]+)")
_SEPARATORS = re.compile(r"([,，;；|｜\n\[\]()（）【】、]+)")


def _options(text: str) -> tuple[str, Wishes]:
    """The text without its options, and the options. An explicit flag wins over a bare word; the last one wins."""
    explicit = Wishes()

    def flagged(match: re.Match[str]) -> str:
        nonlocal explicit
        name = _FLAG_NAMES.get((match[1] or match[2] or match[3]).lower())
        wished = _value(name, match[4]) if name else None
        if wished is None:
            return match[0]
        explicit = _merged(explicit, wished)
        return " "

    text = _LONG_FLAG.sub(flagged, text)
    bare = Wishes()
    kept: list[str] = []
    for piece in _SEPARATORS.split(text):
        rest, wishes = _from_piece(piece)
        bare = _merged(bare, wishes)
        kept.append(rest)
    prompt = _tidied("".join(kept))
    return prompt, _merged(bare, explicit)


def _from_piece(piece: str) -> tuple[str, Wishes]:
    """Options off both ends of one piece of text; a piece that is nothing but options leaves nothing."""
    wishes = Wishes()
    words = piece.split()
    while words:
        taken = _leading(words)
        if taken is None:
            break
        wishes, words = _merged(wishes, taken[1]), words[taken[0] :]
    while words:
        taken = _trailing(words)
        if taken is None:
            break
        wishes, words = _merged(taken[1], wishes), words[: -taken[0]]
    if wishes == Wishes():
        return piece, wishes
    return " ".join(words), wishes


def _leading(words: list[str]) -> tuple[int, Wishes] | None:
    for count in (3, 2, 1):
        wished = _bare(" ".join(words[:count])) if len(words) >= count else None
        if wished is not None and not (count == 1 and _may_be_prose(words)):
            return count, wished
    return None


def _may_be_prose(words: list[str]) -> bool:
    """A shape before more words ("portrait of a woman", "square dance") is the prompt's own."""
    rest = words[1:]
    return bool(rest) and words[0].lower() in _SHAPES and _bare(rest[0]) is None and _bare(" ".join(rest[:2])) is None


def _trailing(words: list[str]) -> tuple[int, Wishes] | None:
    for count in (3, 2, 1):
        wished = _bare(" ".join(words[-count:])) if len(words) >= count else None
        if wished is not None and not (count == 1 and _ends_a_phrase(words)):
            return count, wished
    return None


_BINDING = frozenset({"a", "an", "the", "of", "in", "at", "on", "for", "to", "is", "and", "with", "by", "from", "than"})


def _ends_a_phrase(words: list[str]) -> bool:
    """In "a film in portrait" the word before binds it to the sentence."""
    return len(words) > 1 and words[-2].lower() in _BINDING


def _bare(text: str) -> Wishes | None:
    """One option in the form a person writes it, or None."""
    text = text.strip().strip(".。!！")
    if not text:
        return None
    if match := _SECONDS.fullmatch(text):
        return Wishes(duration_s=int(match[1]))
    if _RESOLUTION.fullmatch(text):
        return Wishes(resolution=text.lower())
    if _RATIO.fullmatch(text):
        return Wishes(aspect_ratio=re.sub(r"[：x]", ":", text.lower()))
    if match := _SEED.fullmatch(text):
        return Wishes(seed=int(match[1]))
    if match := _CHINESE_FLAG.fullmatch(text):
        name = _FLAG_NAMES[text[: match.start(1)].strip(" :：=")]
        return _value(name, match[1])
    if text.lower() in _SHAPES:
        return Wishes(aspect_ratio=_SHAPES[text.lower()])
    model = _MODEL_WORDS.get(text) or _model(text)
    return Wishes(model=model) if model else None


_PLAIN_WORDS = frozenset({"horse", "wan", "kling"})
"""Names that are also words or names of people: as an option they need a flag, a version, or their full name."""


def _model(text: str) -> str | None:
    if len(text) > 60 or text.lower() in _PLAIN_WORDS:  # noqa: PLR2004 - no model's name is that long
        return None
    try:
        find(text)
    except BadRequest:
        return None
    return text


def _value(name: str, text: str) -> Wishes | None:
    """The value of an explicit flag; None when it makes no sense there, and the words stay where they were."""
    text = text.strip().strip("\"'“”")
    if name in {"duration_s", "seed"}:
        match = re.fullmatch(r"(\d{1,10})\s*(?:s|秒)?", text, re.IGNORECASE)
        if match is None:
            return None
        return Wishes(duration_s=int(match[1])) if name == "duration_s" else Wishes(seed=int(match[1]))
    if name == "aspect_ratio":
        return Wishes(aspect_ratio=_SHAPES.get(text.lower(), re.sub(r"[：x]", ":", text.lower())))
    return Wishes(model=_MODEL_WORDS.get(text, text)) if name == "model" else Wishes(resolution=text.lower())


def _merged(one: Wishes, other: Wishes) -> Wishes:
    """`other` where it says something, else `one`."""
    return replace(
        one,
        **{
            name: value
            for name in ("model", "duration_s", "resolution", "aspect_ratio", "seed")
            if (value := getattr(other, name)) is not None
        },
    )


def _tidied(text: str) -> str:
    """Separators that options left behind go with them."""
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", re.sub(r"[ \t]{2,}", " ", text))
    text = re.sub(r"[(\[（【]\s*[)\]）】]", "", text)
    text = re.sub(r"(?:[ \t]*[,，;；|｜、][ \t]*){2,}", ", ", text)
    return text.strip(" \t\r\n,，;；|｜、").strip()


# Buttons

_PRESSED = re.compile(r"(cancel|resend|lang):([0-9A-Za-z]{1,12})")


def data_for(kind: str, value: str) -> str:
    """A button's data; at most 64 bytes."""
    return f"{kind}:{value}"


def pressed(data: str) -> Command | None:
    """What a button means. Its data comes from outside: anything unknown is nothing."""
    match = _PRESSED.fullmatch(data)
    if match is None:
        return None
    value = match[2]
    made: dict[str, Command] = {"cancel": Cancel(value), "resend": Resend(value), "lang": ChooseLanguage(value.lower())}
    return made[match[1]]
