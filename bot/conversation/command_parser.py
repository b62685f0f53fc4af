"""Parses what a person said into a command. One pure parser for every chat; plain words are the dialogue's to read.

A command is a slash and a word at the very start of the text, in English or Chinese ("/video a fox", "／视频 狐狸"). In
a direct chat the word alone will do, where it cannot be the start of a sentence: alone ("status", "帮助"), with what it
takes ("取消 K7QX", "price premium 10s"), or, for videos, set off from its prompt ("视频 狐狸", "video: a fox"). In a
group only the slash counts, so that talk between people buys nothing. Options in prompts: generation_options.py.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Literal

from bot.channels.types import Incoming
from bot.conversation.admin_words import is_admin_request, parse_admin
from bot.conversation.commands import (
    ADMIN_COMMANDS,
    Administer,
    Again,
    AnotherTake,
    Cancel,
    ChangeSettings,
    ChooseLanguage,
    Command,
    Confirm,
    ContinueFilm,
    DeleteFilm,
    EnlargeFilm,
    Forget,
    Help,
    MakeFull,
    MakeVideo,
    MoreOfFilm,
    OriginalFile,
    OtherModel,
    ParsedMessage,
    PlainText,
    ShowBalance,
    ShowHistory,
    ShowIdeas,
    ShowModels,
    ShowPrice,
    ShowStatus,
    Start,
    SwitchSound,
    Unknown,
)
from bot.conversation.film_phrases import film_phrase
from bot.conversation.folding import without_unseen
from bot.conversation.generation_options import GenerationOptions, parse_options
from bot.conversation.option_words import KNOWN
from bot.conversation.scene_phrases import PHRASES
from bot.conversation.setting_fields import is_setting, parse_settings, pressed_setting, read_model
from bot.conversation.typed_codes import code_before, code_in, is_code, plain
from bot.conversation.words import Meaning, line_in, meaning_of
from bot.messages.callback_data import split
from bot.messages.command_words import COMMAND_WORDS
from bot.messages.languages import asked_for

_COMMAND_OF = {word: name for name, words in COMMAND_WORDS.items() for word in words}
# "视频价格" asks for prices: longer than 视频, it is found first.
_COMMAND_OF |= {
    f"{video}{word}": name
    for video in ("视频", "視頻", "影片")
    for name, words in COMMAND_WORDS.items()
    for word in words
    if name not in {"video", "start"} and not word.isascii()
}
_WANTS: dict[str, Literal["photo", "words"]] = {
    **dict.fromkeys(("图生视频", "圖生視頻"), "photo"),
    **dict.fromkeys(("文生视频", "文生視頻"), "words"),
}
"""Commands that say what the video is to be made from."""
_OF_FILMS = ("retake", "reword", "original", "delete", "erase", "continue", "enlarge", "full", "unmute", "mute", "more")
"""Typed buttons under a finished video: with its code, or as a reply to it."""
_TAKES_WORDS = frozenset({"retake", "reword", "continue", "enlarge", "full"})
_ALONE = frozenset({"continue", "retake", "enlarge", "full", "more", "reword", "swap"})
"""Those that are said of the latest film without its code. A word alone that costs something makes an offer."""
_FILM_WORDS = [word for name in (*_OF_FILMS, "swap") for word in COMMAND_WORDS[name]]
_ANY_FILM_WORD = "|".join(
    rf"{word}(?=[\s:#,])" if word.isascii() else word for word in sorted(_FILM_WORDS, key=len, reverse=True)
)
_FILM_LINE = re.compile(
    rf"[“\"'「『<]?\s*(?P<word>{_ANY_FILM_WORD})\s*[:,#]?\s*"
    r"#?(?P<code>[a-z]\ ?[2-9]|(?=[a-z]*[2-9])[2-9a-hjkmnp-z]{7}|(?-i:[A-HJKMNP-Z]{7}))"
    r"(?:\s*[”\"'」』>]?\s*[.。!~吧]*|(?:[\s,:。]+|(?=[到成至]\s*[0-9]))(?P<rest>\S.*))",
    re.IGNORECASE | re.DOTALL,
)
_TO = re.compile(r"(?:\bto\b|到|成|至)\s*(?=[0-9]{1,4}\s*[kp])", re.IGNORECASE)
_LARGER = re.compile(
    rf"(?:{'|'.join(COMMAND_WORDS['enlarge'])})\s*(?:(?:到|成|to\s)\s*)?(?P<size>[0-9]{{1,4}}\s*[kp])[.。!~吧]*",
    re.IGNORECASE,
)
"""As the label of a button says it: 放大到 4k."""
_SUGGESTED = [word for word, name in _COMMAND_OF.items() if name not in ADMIN_COMMANDS]
_CHINESE_WORDS = sorted((word for word in _COMMAND_OF if not word.isascii()), key=len, reverse=True)

_INVISIBLE = " \t\r\n\u3000\ufeff\u200b\u200e\u200f\u2060"
_AFTER = _INVISIBLE + ":：,，、。"
_CLOSING = _INVISIBLE + ".。!！?？~～"
_SLASH = re.compile(
    r"[/／](\s*)(?:([a-z][a-z0-9_]*)(@\w*)?(?=[\s:：,，、。.!！?？;；]|[^\x00-\x7f]|\Z))?", re.IGNORECASE
)
_MOST_CHARS = 40
_MODEL_NAME_WORDS = 3


def parse_message(incoming: Incoming) -> ParsedMessage:
    """Parse a press or a text. A press comes from outside too: an unknown one is no command."""
    if incoming.pressed is not None:
        return ParsedMessage(incoming, pressed(incoming.pressed))
    if incoming.membership is not None:
        return ParsedMessage(incoming, None)
    has_attachment = incoming.attachment is not None
    return ParsedMessage(incoming, parse(incoming.text, has_attachment=has_attachment, direct=incoming.direct))


def parse(
    text: str, *, has_attachment: bool = False, direct: bool = True, model_words: frozenset[str] = KNOWN
) -> Command | None:
    """Parse the command in this text; None when it is not for us: talk in a group, or nothing at all.

    `has_attachment`: it brings a photo or video, with which no words are something, too. `direct`: a private chat, or
    the bot was addressed. A name after the slash word (`/video@bot`) is another bot's when the bot was not addressed.
    """
    text = text.strip(_INVISIBLE)
    parser = _Parser(model_words)
    slash = _SLASH.match(text)
    command = parser.after_slash(text, slash, direct=direct) if slash else None
    if command is None and direct:
        command = parser.bare_word(text)
        if has_attachment and not isinstance(command, MakeVideo):
            command = None  # a caption is about its photo
    if command is not None or not direct:
        return command
    return PlainText(text) if text or has_attachment else None


@dataclass(frozen=True, slots=True)
class _Parser:
    model_words: frozenset[str]

    def make_video(self, text: str) -> MakeVideo:
        return MakeVideo(*parse_options(text, model_words=self.model_words))

    def after_slash(self, text: str, slash: re.Match[str], *, direct: bool) -> Command | None:
        spaced, word, mention = slash.groups()
        if word is None:
            return self._chinese_after_slash(text[slash.end() :], spaced=bool(spaced), direct=direct)
        name = _COMMAND_OF.get(word.lower())
        if mention and not direct:
            return None
        if name is not None:
            return self._command(name, text[slash.end() :])
        return None if spaced or not direct else _unknown(word)

    def _chinese_after_slash(self, text: str, *, spaced: bool, direct: bool) -> Command | None:
        """Parse a Chinese word after a slash, which may touch what follows: /视频一只狐狸."""
        for word in _CHINESE_WORDS:
            if text.startswith(word):
                return self._command(_COMMAND_OF[word], text[len(word) :], word=word)
        unknown = re.match(r"[^\W\x00-\x7f]+", text)
        return _unknown(unknown[0]) if unknown and direct and not spaced else None

    def film_line(self, text: str) -> Command | None:
        """Parse a typed button under a film: its word and a code, in any width, quoted, with or without a space."""
        line = _FILM_LINE.fullmatch(unicodedata.normalize("NFKC", without_unseen(text)))
        if line is None:
            return None
        name, rest = _COMMAND_OF[line["word"].lower()], line["rest"] or ""
        if rest and name not in _TAKES_WORDS and (name != "swap" or not _may_be_model(rest)):
            return None
        return self._command(name, f"{line['code'].replace(' ', '')} {rest}")

    def bare_word(self, text: str) -> Command | None:
        sentence = film_phrase(without_unseen(text))
        if sentence is not None:
            return self._command(sentence.act, f"{sentence.code} {sentence.size}")
        film = self.film_line(text)
        if film is not None:
            return film
        larger = _LARGER.fullmatch(unicodedata.normalize("NFKC", without_unseen(text)))
        if larger is not None:
            return _enlarge(larger["size"])
        name = _COMMAND_OF.get(text.strip(_CLOSING).lower())
        if name == "confirm":
            return None  # whether that is a yes is for words.py to say
        if name in {*_OF_FILMS, "swap"} - _ALONE:
            return None  # of which film? it may be a prompt
        if name is not None:
            return self._command(name, "", word=text.strip(_CLOSING))
        for word in _CHINESE_WORDS:
            if text.startswith(word) and text[len(word)] in _AFTER:
                return self._with_argument(_COMMAND_OF[word], text[len(word) :], word=word, apart=True)
        match = re.match(r"([a-z]+)(\s*[:：,，]|\s)", text, re.IGNORECASE)
        name = _COMMAND_OF.get(match[1].lower()) if match else None
        if match is None or name is None or (name == "video" and match[2].strip() not in {":", "："}):
            return None
        return self._with_argument(name, text[match.end() :], apart=not match[2].isspace())

    def _with_argument(self, name: str, rest: str, *, word: str = "", apart: bool = False) -> Command | None:
        """Parse a word without a slash: the rest must be what the command takes; else it was a sentence.

        `apart`: the word is set off from the rest, as it is nowhere in a sentence.
        """
        rest = rest.strip(_AFTER)
        takes = {
            "video": True,
            "status": is_code(rest),
            "cancel": is_code(rest),
            "confirm": is_code(rest),
            "again": is_code(rest),
            **dict.fromkeys(_OF_FILMS, is_code(rest)),
            "continue": apart or is_code(rest) or not parse_options(rest, model_words=self.model_words)[0],
            "enlarge": is_code(rest) or not parse_options(rest, model_words=self.model_words)[0],
            "swap": _model_alone(rest.strip(_CLOSING)) is not None,
            "price": not parse_options(rest, model_words=self.model_words)[0],
            "forget": _answer_in(rest) is not None,
            "language": asked_for(rest.strip(_CLOSING)) is not None,
            "settings": is_setting(rest),
            "admin": is_admin_request(rest),
        }
        return self._command(name, rest, word=word) if takes.get(name) else None

    def _command(self, name: str, rest: str, *, word: str = "") -> Command:
        rest = rest.strip(_INVISIBLE).lstrip(_AFTER)
        if name == "video":
            return replace(self.make_video(rest), wants=_WANTS.get(word))
        if name == "price":
            return self._show_price(rest)
        made: dict[str, Callable[[], Command]] = {
            "start": lambda: Start(rest[:_MOST_CHARS] or None),
            "status": lambda: ShowStatus(code_in(rest)),
            "cancel": lambda: Cancel(code_in(rest)),
            "confirm": lambda: _confirm(rest),
            "again": lambda: Again(code_in(rest)),
            "retake": lambda: _another_take(rest, other_words=False),
            "reword": lambda: _another_take(rest, other_words=True),
            "swap": lambda: _other_model(rest),
            "continue": lambda: _continue(rest),
            "enlarge": lambda: _enlarge(rest),
            "full": lambda: _full(rest),
            "unmute": lambda: SwitchSound(code_in(rest), sound=True),
            "mute": lambda: SwitchSound(code_in(rest)),
            "more": lambda: MoreOfFilm(code_in(rest)),
            "original": lambda: OriginalFile(code_in(rest)),
            "delete": lambda: DeleteFilm(code_in(rest)),
            "erase": lambda: DeleteFilm(code_in(rest), "yes"),
            "forget": lambda: Forget(_answer_in(rest)),
            "language": lambda: ChooseLanguage(asked_for(rest.strip(_CLOSING)) or rest[:_MOST_CHARS] or None),
            "settings": lambda: ChangeSettings(parse_settings(rest)),
            "admin": lambda: Administer(parse_admin(rest)),
            "history": ShowHistory,
            "ideas": ShowIdeas,
            "models": ShowModels,
            "balance": ShowBalance,
        }
        return made.get(name, Help)()

    def _show_price(self, rest: str) -> ShowPrice:
        """Parse the options; a few words that are no option can only be meant as a model's name."""
        left, options = parse_options(rest, model_words=self.model_words)
        if options.model is None and 0 < len(left.split()) <= _MODEL_NAME_WORDS:
            return ShowPrice(
                GenerationOptions(left, options.duration_s, options.resolution, options.aspect_ratio, options.seed)
            )
        return ShowPrice(options)


def _unknown(word: str) -> Unknown:
    close = get_close_matches(word.lower(), _SUGGESTED, n=1, cutoff=0.6 if word.isascii() else 0.5)
    return Unknown(word[:_MOST_CHARS], _COMMAND_OF[close[0]] if close else None)


def _answer_in(rest: str) -> Literal["yes", "no"] | None:
    """Read the answer that is typed behind the command; a vague yes is none."""
    meaning = meaning_of(rest)
    if meaning is Meaning.YES:
        return "yes"
    return "no" if meaning is Meaning.NO else None


def _confirm(rest: str) -> Confirm:
    """Parse what is said with a yes: nothing but a code and what may stand in a yes, or it is none."""
    if meaning_of(f"确认 {rest}") is Meaning.YES:
        return Confirm()
    line = line_in(f"确认 {rest}")
    if line is not None and line.kind == "yes":
        return Confirm(line.code, line.way)
    code = plain(rest)
    return Confirm(code_in(code)) if is_code(code) else Confirm(sure=False)


def _another_take(rest: str, *, other_words: bool) -> AnotherTake:
    """Parse a code, and behind it words for the new video; thanks and the like are none."""
    code, words = code_before(rest)
    words = words.strip()
    return AnotherTake(code, other_words, words if words and meaning_of(words) is None else "")


def _continue(rest: str) -> ContinueFilm:
    """Parse a code, and behind it what happens next."""
    code, words = code_before(rest)
    words = words.strip()
    return ContinueFilm(code, words if words and meaning_of(words) is None else "")


def _enlarge(rest: str) -> EnlargeFilm:
    """Parse a code and a resolution, in any order: K7 4k, K7 到 4k."""
    left, options = parse_options(_TO.sub(" ", rest))
    code, more = code_before(left)
    return EnlargeFilm(code, options.resolution or parse_options(more)[1].resolution)


def _full(rest: str) -> MakeFull:
    """Parse a code and a resolution, in any order."""
    asked = _enlarge(rest)
    return MakeFull(asked.job, asked.resolution)


def _price_in(choice: str) -> Decimal | None:
    """Read the price that a button named; None for what is none."""
    try:
        named = Decimal(choice)
    except InvalidOperation:
        return None
    return named if named.is_finite() else None


def _other_model(rest: str) -> OtherModel | AnotherTake:
    """Parse a code, and behind it a model's name: that is how one of several is chosen where nothing is pressed.

    A name alone is about the offer that is open, or the latest film.
    """
    code, model = code_before(rest.strip(_CLOSING))
    if code is None:
        return OtherModel(model=_model_alone(model))
    left, options = parse_options(f"--model {model}")
    if model and not left and options != GenerationOptions(options.model):
        return AnotherTake(code, words=f"--model {model}")  # more is wanted of it than another model
    return OtherModel(code, (read_model(model) or model[:_MOST_CHARS]) if model else None)


def _may_be_model(words: str) -> bool:
    """Return whether somebody may mean a model by this: one word, or several that name one."""
    return len(words.split()) == 1 or _model_alone(words) is not None


def _model_alone(words: str) -> str | None:
    """Return the model that these words name, and nothing else."""
    return None if parse_options(f"--model {words}")[0] else read_model(words)


def pressed(data: str) -> Command | None:
    """Parse a button's data. It comes from outside: anything unknown is None."""
    known = split(data)
    if known is None:
        return None
    kind, value = known
    job, _, choice = value.partition(".")
    size, _, price = choice.partition(".")
    made: dict[str, Command | None] = {
        "cancel": Cancel(job),
        "yes": Confirm(job, int(choice) if choice.isascii() and choice.isdigit() else 0),
        "again": Again(job),
        "fix": Again(job, with_fallback=True),
        "lang": ChooseLanguage(value.lower()),
        "idea": ShowIdeas(value) if value in PHRASES else None,
        "other": OtherModel(job),
        "take": AnotherTake(job),
        "words": AnotherTake(job, other_words=True),
        "file": OriginalFile(job),
        "next": ContinueFilm(job, agreed=_price_in(choice)),
        "pixels": EnlargeFilm(job, size or None, _price_in(price)),
        "full": MakeFull(job, size.strip("-") or None, _price_in(price)),
        "sound": SwitchSound(job, sound=True, agreed=_price_in(choice)),
        "silent": SwitchSound(job, agreed=_price_in(choice)),
        "more": MoreOfFilm(job),
        "delete": DeleteFilm(job),
        "erase": DeleteFilm(job, "yes"),
        "keep": DeleteFilm(job, "no"),
        "forget": Forget("yes" if job == "yes" else "no" if job == "no" else None),
        "pick": OtherModel(job, choice or None),
        "set": ChangeSettings(setting) if (setting := pressed_setting(value)) is not None else None,
        "allow": Administer(parse_admin(f"allow {value}")),
    }
    return made[kind]
