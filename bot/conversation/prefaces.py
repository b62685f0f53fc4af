"""Reads how a film is asked for before its scene is told: "make a 10-second video of", "做一个15秒的竖屏视频：".

Wishes count there because the word for a video stands behind them, and the scene begins behind that: behind a colon
where nothing is asked for. Pure.
"""

import re

from bot.conversation.option_patterns import CUT, Option, option_at, plain

_VIDEO = r"(?:小|短)?(?:视频|視頻|影片|短片|动画|動畫|片子)"
_ASKS = (
    re.compile(
        r"(?P<asks>(?:(?:please|pls|hi|hello|hey|can you|could you|would you|i want|i would like|i['’]?d like|i need"
        r"|let['’]?s|give me|make|create|generate|produce|render|shoot|film|do|me|us|to"
        r"|(?:with|from) (?:this|my|the) (?:photo|picture|image))"
        r"[\s,:]+){1,8})?(?:(?:an?|the|short)\s){0,2}",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<asks>(?:请|請|麻烦|麻煩|你好|您好|帮我|幫我|帮忙|幫忙|给我|給我|能不能|可以|我想要|我想|我要|想要|你|能|[,\s])*"
        r"(?:[用把将將](?:这张|這張|这个|這個|我的)?(?:照片|图片|圖片|相片|图|圖))?"
        r"(?:(?:生成|制作|製作|做|拍|来|來|要|创作|創作|整|弄|变|變)成?)?)"
        r"(?:一?[个個段条條部支则則])?\s?"
    ),
)
_BETWEEN = re.compile(r"(?:[\s、,的+/]|-(?=[a-z])|\b(?:long|and|short)\b|左右|以内|以內|长|長)*", re.IGNORECASE)
_SCENE_BEGINS = (
    re.compile(
        r"(?:videos?|clips?|(?P<genre>films?|movies?))\s?"
        r"(?:[:,.\n]|\Z|(?:of|about|showing|that shows|featuring|in which|where)\s)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_VIDEO}[吧呗]?\s?"
        r"(?:,?(?:内容|內容|画面|畫面|主题|主題)(?:是|为|為)?:?|[:,。.!\n]|\Z|(?:关于|關於|讲述|講述|展示)\s?)"
    ),
    # "一个10秒的海边日落视频": all but the wishes is the scene
    re.compile(rf"(?<=的)(?=[^,。.!:\n]{{1,60}}{_VIDEO}[吧呗]?[。.!]?\Z)"),
)
_HYPHEN = re.compile(r"(?<=[0-9])-(?=(?:second|sec)s?\b)", re.IGNORECASE)


def preface(text: str, words: frozenset[str]) -> tuple[int, list[Option]]:
    """Return where the scene begins behind an asking with wishes, and the wishes; 0 and none where it has none."""
    text = _HYPHEN.sub(" ", plain(text))
    for asks in _ASKS:
        asked = asks.match(text)
        at, options = asked.end() if asked else 0, list[Option]()
        while (option := option_at(text, at, words)) is not None:
            options.append(option)
            between = _BETWEEN.match(text, option.end)
            at = between.end() if between else option.end
        for begins in _SCENE_BEGINS if options else ():
            scene = begins.match(text, at)
            if scene is None or CUT in text[: scene.end()] or _is_genre(scene, options):
                continue
            if (asked and asked["asks"]) or text[: scene.end()].endswith(":"):  # else it may be the scene itself
                return scene.end(), options
    return 0, []


def _is_genre(scene: re.Match[str], options: list[Option]) -> bool:
    """Return whether it is a kind of film: "a silent movie of a man in the rain"."""
    return bool(scene.groupdict().get("genre")) and any(option.field == "sound" for option in options)
