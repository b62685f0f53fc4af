"""Tells what kind of words a text is: a prompt, wishes alone, small talk, nothing that describes a video. Pure."""

import re

from bot.channels.types import Incoming
from bot.conversation import commands
from bot.conversation.command_parser import parse
from bot.conversation.generation_options import GenerationOptions, as_flags, parse_options
from bot.conversation.photo_words import photo_way, read_with_photos
from bot.conversation.situation import Situation
from bot.conversation.words import Meaning, line_in, meaning_of

_SMALL_TALK = frozenset(
    {Meaning.YES, Meaning.VAGUE, Meaning.NO, Meaning.THANKS, Meaning.GREETING, Meaning.NOISE, Meaning.FETCH}
)

# "改成竖屏", "换成可灵吧", "make it portrait, please": with nothing but wishes between, they are wishes themselves.
_CHANGE = re.compile(
    r"(?:请|請|帮我|幫我|麻烦|麻煩|还是|還是|就)?(?:把(?:它|画面|畫面|视频|視頻|影片|模型|时长|時長|比例|清晰度|画质|畫質))?"
    r"(?:[改换換变變调調设設][成为為到]?|[做弄]成|想?要|来个|來個)\s*|(?:还是|還是|就)"
    r"|(?:please\s)?(?:(?:make|change|switch|set|turn|do)(?:\s(?:it|that|this))?(?:\s(?:to|into|in))?"
    r"|try|go\s(?:for|with)|i\swant|i['’]d\slike|rather)\s",
    re.IGNORECASE,
)
_KIND_END = re.compile(
    r"(?:[吧呢啊呀了的]|好了|谢谢|謝謝|(?<![\s,])[\s,]+(?:please|instead|now|then|thanks))[.。!！~～\s]*\Z",
    re.IGNORECASE,
)

_AND = re.compile(r"\s{1,8}(?:and|&|in)\s{1,8}|(?:并且|並且|和|加)", re.IGNORECASE)

_AGAINST = re.compile(
    r"(?:不要|别|別|不用|不想要|不需要|去掉|取消)用?|(?:no|not|without|drop|remove|don['’]?t\s(?:use|want|make it))\s",
    re.IGNORECASE,
)

_OF_PRICES = re.compile(
    r"\b(?:how much|what|does|do|would|is|are|the|costs?|prices?|of|for|an?|video|film|with|using)\b"
    r"|多少钱|多少錢|多少|价格|價格|怎么收费|怎麼收費|收费|收費|[的是要]|一个|一個|一条|一條|视频|視頻|[呢吗嗎啊]|[?？!！。.]+\s*\Z",
    re.IGNORECASE,
)


def quoted_words(incoming: Incoming) -> str:
    """Return the words of the message that this one replies to, where they describe a video; of a photo none."""
    quoted = incoming.quoted
    if quoted is None or quoted.ours or quoted.attachment is not None or meaning_of(quoted.text) is not None:
        return ""
    match parse(quoted.text):
        case commands.MakeVideo(prompt=prompt):
            return prompt.strip()
        case commands.PlainText(text=text):
            return parse_options(text)[0].strip()
        case _:
            return ""


def asks(text: str) -> bool:
    """Return whether the text ends as a question does."""
    return text.rstrip(" \t\r\n\u3000.。!！~～)）”\"'").endswith(("?", "？"))


def way_flag(text: str) -> str:
    """Return what is said to be made of several photos, as a flag; "" where the text says something else."""
    return as_flags(read_with_photos(text)[1]) if is_only_way(text) else ""


def is_only_way(text: str) -> bool:
    """Return whether the text says what is to be made of several photos, perhaps with options, and nothing else."""
    return photo_way(text) is not None or (bool(text) and not read_with_photos(text)[0])


def describes_nothing(caption: str) -> bool:
    """Return whether a caption is small talk, a command's word, a code or options alone: no prompt."""
    if is_only_way(caption):
        return True
    if not caption or meaning_of(caption) is not None or line_in(caption) is not None or is_only_options(caption):
        return True
    return not isinstance(parse(caption), commands.PlainText | commands.MakeVideo)


def is_small_talk(prompt: str) -> bool:
    """Return whether a command's own words may be meant as something else: "/video thanks", "/video 👍"."""
    meaning = meaning_of(prompt)
    shows_something = meaning is Meaning.NOISE and any(character.isalpha() for character in prompt)
    return meaning in _SMALL_TALK and not shows_something


def is_only_options(text: str) -> bool:
    """Return whether the text is wishes for a video, and no words of one."""
    prompt, options = parse_options(text)
    return not prompt and options != parse_options("")[1]


def wishes_in(text: str) -> str:
    """Return the wishes of a text that only says to change something to them; any other text as it is."""
    if is_only_options(text):
        return text
    change, end = _CHANGE.match(text), _KIND_END.search(text)
    bare = text[change.end() if change else 0 : end.start() if end else len(text)].strip()
    if bare != text and is_only_options(listed := _AND.sub(", ", bare)):
        return listed
    return bare if is_only_options(bare) or (bare != text and is_only_way(bare)) else text


def refused_wish(text: str) -> GenerationOptions | None:
    """Return the wishes that a text says it does not want, where it says nothing else: "不要竖屏", "no 4k"."""
    against = _AGAINST.match(text)
    rest = wishes_in(text[against.end() :].strip()) if against else ""
    return parse_options(rest)[1] if rest and is_only_options(rest) else None


def priced_wishes(question: str) -> GenerationOptions | None:
    """Return the wishes of a question for a price that names a model: "how much is veo?", "可灵10秒多少钱"."""
    prompt, asked = parse_options(_OF_PRICES.sub(" ", question).strip())
    return asked if not prompt and asked.model is not None else None


def as_typed(command: commands.MakeVideo, situation: Situation) -> str:
    """Return the words of a command as they were typed, options and all, to be read again when its photo is there."""
    text = situation.incoming.text.strip()
    found = text.find(command.prompt[:20]) if command.prompt else -1
    return text[found:] if found > 0 else command.prompt
