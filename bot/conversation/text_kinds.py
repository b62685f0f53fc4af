"""Tells what kind of words a text is: a prompt, wishes alone, small talk, nothing that describes a video. Pure."""

from bot.channels.types import Incoming
from bot.conversation import commands
from bot.conversation.generation_options import as_flags, parse_options
from bot.conversation.photo_words import photo_way, read_with_photos
from bot.conversation.situation import Situation
from bot.conversation.words import Meaning, line_in, meaning_of

_SMALL_TALK = frozenset(
    {Meaning.YES, Meaning.VAGUE, Meaning.NO, Meaning.THANKS, Meaning.GREETING, Meaning.NOISE, Meaning.FETCH}
)


def quoted_words(incoming: Incoming) -> str:
    """Return the words of the message that this one replies to, where they describe a video; of a photo none."""
    quoted = incoming.quoted
    if quoted is None or quoted.ours or quoted.attachment is not None or meaning_of(quoted.text) is not None:
        return ""
    match commands.parse(quoted.text):
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
    return not isinstance(commands.parse(caption), commands.PlainText | commands.MakeVideo)


def is_small_talk(prompt: str) -> bool:
    """Return whether a command's own words may be meant as something else: "/video thanks", "/video 👍"."""
    meaning = meaning_of(prompt)
    shows_something = meaning is Meaning.NOISE and any(character.isalpha() for character in prompt)
    return meaning in _SMALL_TALK and not shows_something


def is_only_options(text: str) -> bool:
    """Return whether the text is wishes for a video, and no words of one."""
    prompt, options = parse_options(text)
    return not prompt and options != parse_options("")[1]


def as_typed(command: commands.MakeVideo, situation: Situation) -> str:
    """Return the words of a command as they were typed, options and all, to be read again when its photo is there."""
    text = situation.incoming.text.strip()
    found = text.find(command.prompt[:20]) if command.prompt else -1
    return text[found:] if found > 0 else command.prompt
