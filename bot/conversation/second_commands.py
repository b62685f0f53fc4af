"""Finds a second command in a message: one message is one order, and what would be left out is said before it. Pure."""

import re

from bot.channels.types import Incoming
from bot.conversation import commands
from bot.conversation.command_parser import parse
from bot.conversation.words import Meaning, meaning_of

_WORD = r"([a-z]+|[\u4e00-\u9fff]+)"
_SLASH = re.compile(rf"(?<=\s)[/／]{_WORD}|(?<=\n)[/／] {_WORD}", re.IGNORECASE)  # amid a line "/ " only separates
_MOST_CHARS = 12  # of a line that takes back what is above it


def second_command(incoming: Incoming) -> str | None:
    """Return the words of the message's second command, or of the no at its end; None: it has but one."""
    text = incoming.text.strip()
    for slash in _SLASH.finditer(text):
        rest, before = text[slash.start() :], text[: slash.start()].split()
        if len(before) == 1 and before[0].startswith("@"):
            continue  # the bot was called by its name
        if isinstance(parse(rest, direct=False), commands.Command):
            return rest.splitlines()[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()][1:]
    for line in lines if incoming.direct else ():
        if not line[0].isascii() and _is_command(line):
            return line
    if lines and incoming.direct and len(lines[-1]) <= _MOST_CHARS and meaning_of(lines[-1]) is Meaning.NO:
        return lines[-1]
    return None


def _is_command(line: str) -> bool:
    return not isinstance(parse(line), commands.PlainText | None)
