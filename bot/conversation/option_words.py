"""The words that options are made of, in both languages: names of models, shapes, sound, sharpness. Data only."""

import re
from collections.abc import Iterable
from itertools import chain

from core.catalogue import MODELS
from core.catalogue.finding import CHINESE_FAMILIES
from core.pricing import list_models

Field = str
"""The name of an option, as in GenerationOptions."""


def _words_of_models() -> frozenset[str]:
    words: set[str] = set()
    for model in MODELS:
        words |= {model.key, re.sub(r"\s*\(.*\)", "", model.name), *model.aliases}
        words |= {endpoint.id for endpoint in model.modes.values()}
    words |= {model.tier for model in list_models() if model.tier}
    return frozenset(words | set(chain.from_iterable(map(_in_chinese, words))))


def _in_chinese(word: str) -> Iterable[str]:
    """Return "可灵-3" and "可灵AI-3" for "kling-3"."""
    for chinese, family in CHINESE_FAMILIES.items():
        if word == family or word.startswith((f"{family}-", f"{family} ")):
            yield from (chinese + word.removeprefix(family), f"{chinese}AI{word.removeprefix(family)}")


MODEL_WORDS = _words_of_models()
"""Tiers, keys, friendly names, aliases and endpoint ids of the models there are, and of those that were."""
FOREIGN = frozenset({
    "runway", "runwayml", "pika", "pika labs", "dream machine", "hunyuan", "hunyuan video",
    "mochi", "midjourney", "higgsfield", "cogvideo", "cogvideox", "stable video diffusion", "firefly",
    "混元", "腾讯混元", "騰訊混元", "清影", "智谱清影", "智譜清影",
})  # fmt: skip
"""Names of models that people know and that are not sold here: they are refused aloud, never left in the prompt."""
KNOWN = MODEL_WORDS | FOREIGN

TIERS = frozenset(model.tier for model in list_models() if model.tier)
# Names of models that a prompt is likely to hold: they need a flag, or "use" before them.
EVERYDAY = frozenset({
    "horse", "wan", "happy horse", "gemini", "flux", "grok", "minimax",
    "runway", "pika", "luma", "dream machine", "mochi", "firefly",
})  # fmt: skip
# A bean bun, a conch, a girl's name, the origin of all things, a clear reflection: an aside at an end, never one word
# of a list.
AMBIGUOUS = frozenset({"豆包", "海螺", "sora", "混元", "清影"})

NAMES: dict[Field, tuple[str, ...]] = {
    "model": ("model", "tier", "模型"),
    "duration_s": ("duration", "seconds", "length", "dur", "时长", "時長", "秒数", "秒數"),
    "resolution": ("resolution", "res", "分辨率", "解析度", "清晰度", "画质", "畫質"),
    "aspect_ratio": (
        "aspect-ratio",
        "aspect_ratio",
        "aspect",
        "ratio",
        "ar",
        "画面比例",
        "畫面比例",
        "画幅",
        "畫幅",
        "比例",
        "宽高比",
        "寬高比",
    ),
    "seed": ("seed", "种子", "種子"),
    "sound": ("sound", "audio", "声音", "聲音"),
    "photos": ("photos",),
}
PHOTO_WAYS = ("frames", "likeness", "each", "first")
"""What can be made of several photos: a film from the first to the second, of what all show, of each, of the first."""
LETTERS: dict[str, Field] = {"m": "model", "d": "duration_s", "r": "resolution", "a": "aspect_ratio", "s": "seed"}
FIELDS = {name: field for field, names in NAMES.items() for name in names} | LETTERS

WORD_SHAPES = {
    **dict.fromkeys(("portrait", "vertical"), "9:16"),
    **dict.fromkeys(("landscape", "horizontal", "widescreen"), "16:9"),
    "square": "1:1",
}
CHINESE_SHAPES = {
    **dict.fromkeys(("竖屏", "竖版", "竖向", "豎屏", "豎版", "直屏", "直式"), "9:16"),
    **dict.fromkeys(("横屏", "横版", "横向", "橫屏", "橫版", "橫式", "宽屏", "寬屏"), "16:9"),
    **dict.fromkeys(("方形", "方屏", "正方形"), "1:1"),
}
SHAPES = WORD_SHAPES | CHINESE_SHAPES
SWITCH = {
    **dict.fromkeys(("on", "yes", "true", "开", "開", "有", "打开", "打開", "开启", "開啟"), "on"),
    **dict.fromkeys(("off", "no", "none", "false", "关", "關", "无", "無", "没有", "關閉", "关闭"), "off"),
}
_NO_SOUND = tuple(
    f"{without}{sound}"
    for without in (
        "不要", "不要有", "不想要", "不需要", "不用", "不带", "不帶", "别要", "別要", "别带", "別帶", "别有", "別有",
        "无需", "無需", "没有", "沒有", "没", "沒", "去掉", "去除", "关掉", "關掉", "关闭", "關閉",
    )
    for sound in ("声音", "聲音")
)  # fmt: skip
_SOUND_WISHES = {
    **dict.fromkeys(("with sound", "with audio", "sound on", "audio on"), "on"),
    **dict.fromkeys(("带声音", "帶聲音", "要声音", "要聲音", "有声音", "有聲音", "要有声音", "要有聲音"), "on"),
    **dict.fromkeys(("不要静音", "不要靜音", "别静音", "別靜音", "不要无声", "不要無聲"), "on"),
    **dict.fromkeys(("sound off", "audio off"), "off"),
    **dict.fromkeys(_NO_SOUND, "off"),
}
SOUND_ADJECTIVES = {
    **dict.fromkeys(("有声", "有聲"), "on"),
    **dict.fromkeys(("silent", "mute", "muted", "soundless", "no sound", "no audio", "without sound"), "off"),
    **dict.fromkeys(("without audio", "无声", "無聲", "静音", "靜音"), "off"),
}
SOUNDS = _SOUND_WISHES | SOUND_ADJECTIVES
RATIOS = frozenset({"16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21", "5:4", "4:5"})
CHINESE_LINES = {
    **dict.fromkeys(("标清", "標清"), "480p"),
    **dict.fromkeys(("高清", "高清画质", "高清畫質"), "720p"),
    **dict.fromkeys(("超清", "全高清", "蓝光", "藍光", "超清画质", "超清畫質"), "1080p"),
}
_TIER_WORDS = {
    "budget": ("经济", "經濟"),
    "balanced": ("均衡", "平衡"),
    "premium": ("高级", "高級", "旗舰", "旗艦"),
}
CHINESE_TIERS = {
    f"{word}{kind}": tier
    for tier, words in _TIER_WORDS.items()
    for word in words
    for kind in ("", "版", "档", "檔", "型")
}
DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "兩": 2}
