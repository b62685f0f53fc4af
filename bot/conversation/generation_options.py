"""Tells options from the prompt. Pure.

The rule. Explicit options count anywhere: `--model veo`, `-d 10`, `seed=7`. Others count where a person puts them
aside, never inside a sentence:
- on their own between commas, semicolons, full stops, line breaks, bars, dashes or in brackets: "a fox, 10s, in snow";
- as a run at the very start or the very end of the text: "premium 10s a fox", "a fox in snow 9:16 seed 7";
- in the asking before the scene is told: "make a 10-second vertical video of a fox" (prefaces.py).
A run's inner end must not be tied to the sentence: after "the", "at", "for"... or before "of", "with"... it is prose
("the clock strikes at 9:16", "10 seconds of calm"). English words for a shape belong to many a scene ("a mountain
landscape", "portrait of a girl"), so they also need a separator, an article, or another option between them and the
prompt. Models whose name is an everyday word (horse, wan) need a flag, or "use" before them. "4k" amid words for a
style ("cinematic, 4k, masterpiece") is one of them.

Of two values for one option flags win over `name=value`, that over bare words, and then the later one wins. Values are
carried as given: what no model can do is the planner's to report. A prompt that came out of here goes in unchanged.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from bot.conversation.option_patterns import CUT, GAP, Option, Value, flags, option_at, pairs, plain
from bot.conversation.option_words import AMBIGUOUS, KNOWN
from bot.conversation.prefaces import preface
from core import pricing
from core.types import Mode, VideoRequest


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """The options beside the prompt. `duration_s` in seconds, 0 for a duration that is none.

    `photos`: what is made of several ("frames", "likeness", "each", "first").
    """

    model: str | None = None
    duration_s: int | None = None
    resolution: str | None = None
    aspect_ratio: str | None = None
    seed: int | None = None
    sound: bool | None = None
    photos: str | None = None


_FLAGS = {
    "model": "model",
    "duration_s": "duration",
    "resolution": "resolution",
    "aspect_ratio": "aspect",
    "seed": "seed",
    "sound": "sound",
    "photos": "photos",
}
_WAY_OF_MODE = {Mode.FRAMES_TO_VIDEO: "frames", Mode.REFERENCE_TO_VIDEO: "likeness"}


def merged(first: GenerationOptions, second: GenerationOptions) -> GenerationOptions:
    """Return the first's values, and the second's where the first has none."""
    values = {
        name: getattr(first, name) if getattr(first, name) is not None else getattr(second, name) for name in _FLAGS
    }
    return GenerationOptions(**values)


def as_flags(options: GenerationOptions) -> str:
    """Write options so that they are read back the same wherever they stand: "--model veo-3.1 --duration 8"."""
    values = ((flag, getattr(options, name)) for name, flag in _FLAGS.items())
    return " ".join(f"--{flag} {written(value)}" for flag, value in values if value is not None)


def written(value: str | float | bool) -> str:
    """Return a value as people write it: a switch is "on" or "off"."""
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def options_of_request(made: VideoRequest) -> GenerationOptions:
    """Return what a video was made with, for another at its price; of chance it has none."""
    photos = _WAY_OF_MODE.get(made.mode) if len(made.sources) > 1 else None
    return GenerationOptions(
        made.model, made.duration_s, made.resolution, pricing.shape_of(made), sound=made.sound, photos=photos
    )


Found = dict[str, Value]

_BLANK = f" \t\r\n{CUT}"
_PULLS = frozenset({
    "a", "an", "the", "this", "that", "these", "those", "my", "your", "his", "her", "its", "our", "their", "one",
    "some", "any", "each", "every", "no", "not", "very", "so", "too", "well", "just", "at", "of", "in", "on", "for",
    "by", "with", "from", "to", "into", "about", "around", "after", "before", "per", "than", "and", "or", "is",
    "are", "was", "were", "be", "as", "like", "between", "until", "till", "under", "over", "near", "exactly",
    "only", "roughly", "almost", "roaring", "第", "without", "never", "avoid", "do", "dont", "nor", "cannot",
})  # fmt: skip
_PULLING_ENDS = ("在", "是", "为", "於", "于", "到", "约", "第", "的", "n't", "n’t")
_QUALIFIERS = frozenset({"low", "high", "big", "tight", "small", "limited", "perfectly", "finely", "carefully"})
_CONTINUES = frozenset({
    "of", "in", "on", "at", "and", "or", "is", "are", "was", "were", "to", "for", "with", "from", "by", "as",
    "into", "over", "under", "ago", "later", "left", "before", "after", "until", "than", "that", "long", "old",
    "apart", "away",
})  # fmt: skip
_RESOUNDS = re.compile(
    r"ed\Z|\A(?:alive|full|loud|rich|thick|heavy|(?:fill|vibrat|puls|trembl|echo|ring|hum|burst|explod|shak|danc|resonat"
    r"|overflow|swell|throb|rippl|shimmer|flow|com|bloom)(?:e?s|ing))\Z"
)
_ARTICLES = frozenset({"a", "an", "the", "my", "our", "your", "his", "her", "their", "one", "two", "three", "some"})


def parse_options(text: str, *, model_words: frozenset[str] = KNOWN) -> tuple[str, GenerationOptions]:
    """Return the prompt without its options, and the options."""
    bare: Found = {}
    paired: Found = {}
    flagged: Found = {}
    text = _tidied(text)
    while True:
        before = text
        text = _cut_out(text, flags(plain(text), model_words), flagged)
        text = _cut_out(text, pairs(plain(text), model_words), paired)
        text = _without_brackets(text, model_words, bare)
        text = _without_preface(text, model_words, bare)
        text = _without_courtesy(text, model_words)
        text = _without_asides(text, model_words, bare)
        text = _without_run(text, _leading(plain(text), model_words), bare)
        text = _without_run(text, _trailing(plain(text), model_words), bare)
        text = _tidied(text)
        if text == before:
            return text, _options_from(bare | paired | flagged)


def _options_from(found: Found) -> GenerationOptions:
    def text(name: str) -> str | None:
        return str(found[name]) if name in found else None

    def number(name: str) -> int | None:
        return int(found[name]) if name in found else None

    return GenerationOptions(
        model=text("model"),
        duration_s=number("duration_s"),
        resolution=text("resolution"),
        aspect_ratio=text("aspect_ratio"),
        seed=number("seed"),
        sound=found["sound"] == "on" if "sound" in found else None,
        photos=text("photos"),
    )


def _note(options: Iterable[Option], into: Found) -> None:
    into.update({option.field: option.value for option in options})


def _cut_out(text: str, options: list[Option], into: Found) -> str:
    """Cut these options, which are in the order of the text, out of it."""
    _note(options, into)
    return _without(text, ((option.start, option.end) for option in options))


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], f" {CUT} "]
        at = end
    return "".join([*parts, text[at:]])


_COURTESY = re.compile(
    r"[\s,，]{0,8}(?:\b(?:please|pls|plz|thanks|thank you)|谢谢|謝謝|拜托|拜託)[\s.!。！]{0,8}\Z", re.IGNORECASE
)


def _without_courtesy(text: str, words: frozenset[str]) -> str:
    """Take a "please" off that stands behind options: "a fox, no sound please"."""
    shorter = _COURTESY.sub("", text)
    if shorter == text:
        return text
    last = _SEPARATOR.split(plain(shorter))[-1]
    return shorter if _only_options(last, words) or _trailing(plain(shorter), words) else text


def _without_preface(text: str, words: frozenset[str], into: Found) -> str:
    at, options = preface(text, words)
    _note(options, into)
    return text[at:]


# Runs of options at the two ends.

_JOINT = re.compile(rf"[\s{CUT}/+·:]*")
_WORD_START = re.compile(rf"(?<![^\s{CUT}:])[^\s{CUT}]")
_LAST_WORD = re.compile(rf"([^\s{CUT}]+){GAP}*\Z")
_FIRST_WORD = re.compile(rf"{GAP}*([^\s{CUT}]+)")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
# A Chinese sentence that begins right behind an option: "10秒一只猫", but not "10秒一次" and not "10秒后".
_BEGINS = re.compile(r"[一二两兩三四五六七八九十几幾这這那我你他她它让讓把](?![次遍圈回轮輪帧幀])")
# What ties the words behind it to itself: "等了10秒", "倒计时10秒", "最后10秒", "手机竖屏".
_TIES = re.compile(
    r"(?:[的在是为為於于到约約第了等过過前后後达達近超每隔仅僅只共足最数數满滿计計时時有剩还還花用要像和与與以比分个個机機种種式不别別勿没沒非需想]|持续|持續)\Z"
)
_MAKES = re.compile(r"用.{1,40}(?:生成|制作|製作|做|拍|画|畫)\Z")
_SCREENS = frozenset({"竖屏", "豎屏", "横屏", "橫屏"})
# What makes one word with a screen or seconds before it: "竖屏手机", "横屏10秒倒计时".
_BELONGS = re.compile(
    r"[的地得后後内內前之里裡中上下左右与與和或才就又再仅僅是为為钟鐘间間时時]|手[机機]|平板|[电電][视視脑腦]|[显顯]示|屏|[广廣]告|海[报報]|播放|[游遊][戏戲]"
    r"|[倒计計]|挑[战戰]|版|[模方][式向]|[拍录錄][摄攝]?"
)
_TOUCHING_CHARS = 40
_RUN_WORDS = 24  # as many words are looked at in one turn; a longer run takes more turns
_RUN_CHARS = 400


def _run(text: str, at: int, words: frozenset[str]) -> list[Option]:
    """Return the options that follow one another from here on; without a space only where Chinese needs none."""
    options: list[Option] = []
    while (option := option_at(text, at, words)) is not None:
        options.append(option)
        joint = _JOINT.match(text, option.end)
        at = joint.end() if joint else option.end
    while options and not (_ends_well(text, options[-1]) or _leads_in(text, options)):
        options.pop()
    return options


def _ends_well(text: str, option: Option) -> bool:
    at = option.end
    if at == len(text) or text[at].isspace() or text[at] in f"{CUT}:":
        return True
    return _BEGINS.match(text, at) is not None or (not option.soft and _MAKES.search(text, 0, at) is not None)


def _leads_in(text: str, options: list[Option]) -> bool:
    """Return whether a sentence may begin right behind these options: "竖屏狐狸奔跑", but not "竖屏手机"."""
    last = options[-1]
    if last.soft or _CHINESE.match(text, last.end - 1) is None or _CHINESE.match(text, last.end) is None:
        return False
    apart = len(options) > 1 or text[last.start : last.end] in _SCREENS
    return apart and _BELONGS.match(text, last.end) is None


def _touching(text: str) -> list[int]:
    """Return where, in the last words, an option may begin without a space before it, as Chinese is written."""
    first = max(1, len(text) - _TOUCHING_CHARS)
    return [at for at in range(first, len(text)) if _CHINESE.match(text, at - 1) and not _TIES.search(text[:at][-4:])]


def _without_run(text: str, run: list[Option], into: Found) -> str:
    _note(run, into)
    return _without(text, [(run[0].start, run[-1].end)] if run else [])


def _leading(text: str, words: frozenset[str]) -> list[Option]:
    """Return options at the very start, up to the first that belongs to the sentence after it."""
    options = _run(text, len(text) - len(text.lstrip(_BLANK)), words)
    while options and _tied_to_what_follows(text, options[-1]):
        options.pop()
    return options


def _tied_to_what_follows(text: str, option: Option) -> bool:
    if option.apart:
        return True
    rest = text[option.end :]
    match = _FIRST_WORD.match(rest)
    word = match[1].lower() if match else ""
    if rest.startswith(":"):
        return False
    if option.soft:
        return word not in _ARTICLES and not word.startswith("一")
    if option.field == "sound" and text[option.start].isascii():  # "with audio commentary", "sound on the beach"
        return word not in _ARTICLES - {"the"}
    return word in _CONTINUES


def _trailing(text: str, words: frozenset[str]) -> list[Option]:
    """Return options at the very end, from the first that does not belong to the sentence before it."""
    text = text.rstrip(_BLANK)
    starts = [match.start() for match in _WORD_START.finditer(text, max(0, len(text) - _RUN_CHARS))]
    for start in sorted({*starts[-_RUN_WORDS:], *_touching(text)}):
        options = _run(text, start, words)
        if options and options[-1].end == len(text):
            while options and _tied_to_what_precedes(text, options[0]):
                options.pop(0)
            return options
    return []


def _tied_to_what_precedes(text: str, option: Option) -> bool:
    match = _LAST_WORD.search(text[max(0, option.start - 100) : option.start])
    word = match[1].lower() if match else ""
    if word.endswith(":"):
        return False
    may_be_apart = option.apart or (option.field == "sound" and option.soft)
    if may_be_apart and _CHINESE.match(word[-1:]) and text[option.start - 1].isspace():
        return False  # Chinese needs no space here, so this one sets it apart: "一只猫 无声"
    if option.apart:
        return True
    if option.soft and option.field not in {"duration_s", "resolution"}:
        return True
    if option.field == "sound" and (_RESOUNDS.search(word) or word in _PULLS):  # "a room filled with sound"
        return True
    qualified = option.field == "model" and word in _QUALIFIERS
    return qualified or word in _PULLS or word.endswith(_PULLING_ENDS)


# Asides: stretches between separators that hold nothing but options.

_BRACKETS = re.compile(r"[(\[{【「]([^()\[\]{}【】「」]{1,200})[)\]}】」]")
_SEPARATOR = re.compile(rf"(?:(?<!{GAP}){GAP}+)?(?:[,;、|。\n]|[.!?](?={GAP}|\Z)|(?<=\s)(?:--|——|—|–|-)(?=\s)){GAP}*")
_STRENGTH = {"\n": 4, ".": 3, "。": 3, "!": 3, "?": 3, ";": 2, ",": 1, "、": 1, "|": 1}


def _only_options(piece: str, words: frozenset[str]) -> list[Option]:
    """Return the options of a piece that holds nothing else; none for any other piece."""
    piece = piece.strip(_BLANK)
    options = _run(piece, 0, words) if piece else []
    return options if options and options[-1].end == len(piece) else []


def _without_brackets(text: str, words: frozenset[str], into: Found) -> str:
    spans = []
    for match in _BRACKETS.finditer(plain(text)):
        found = [_only_options(piece, words) for piece in _SEPARATOR.split(match[1]) if piece.strip(_BLANK)]
        if found and all(found):
            _note(chain.from_iterable(found), into)
            spans.append(match.span())
    return _without(text, spans)


def _without_asides(text: str, words: frozenset[str], into: Found) -> str:
    as_plain = plain(text)
    marks = list(_SEPARATOR.finditer(as_plain))
    starts, ends = [0, *(mark.end() for mark in marks)], [*(mark.start() for mark in marks), len(text)]
    pieces = [as_plain[start:end] for start, end in zip(starts, ends, strict=True)]
    filled = [index for index, piece in enumerate(pieces) if piece.strip(_BLANK)]
    dropped: set[int] = set()
    for index, piece in enumerate(pieces):
        options = _only_options(piece, words)
        if options and (index in _places(options, filled) or not all(option.soft for option in options)):
            _note(options, into)
            dropped.add(index)
        elif CUT in piece and not piece.strip(_BLANK):
            dropped.add(index)
    remaining = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return _joined(remaining, [text[mark.start() : mark.end()] for mark in marks], dropped) if dropped else text


def _places(options: list[Option], filled: list[int]) -> set[int]:
    """Return where everyday words alone may be options: at either end; what is food, too, only at the last one."""
    is_food = all(str(option.value).lower() in AMBIGUOUS for option in options)
    return {filled[-1]} if is_food else {filled[0], filled[-1]}


def _joined(pieces: list[str], marks: list[str], dropped: set[int]) -> str:
    """Join the pieces that stay; of the separators around a dropped one the stronger stays."""
    made, between = "", ""
    for index, (piece, mark) in enumerate(zip(pieces, [*marks, ""], strict=True)):
        if index not in dropped:
            made += (between if made else "") + piece
            between = mark
        elif _strength(mark) > _strength(between):
            between = mark
    return made + (between if _strength(between) >= _STRENGTH["."] else "")


def _strength(mark: str) -> int:
    return max((_STRENGTH.get(character, 0) for character in plain(mark)), default=0)


def _tidied(text: str) -> str:
    text = re.sub(r"[^\S\n]+", " ", text.replace(CUT, " "))
    text = re.sub(r" ?\n ?", "\n", text)
    text = re.sub(r" +(?=[,;，；、](?: |$))", "", text)
    return text.strip(" \n,;，；、|:：")
