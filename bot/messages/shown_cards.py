"""What a card says in the chat now, as its row keeps it: so that it is never edited to what it already says."""

from bot.channels.types import Message
from bot.messages.callback_data import split


def fingerprint(message: Message, *, bars: bool) -> str:
    """Return the text, the buttons and the bar of a message in one string. `bars`: the chat shows bars."""
    buttons = "|".join(action.data or action.url or "" for action in message.actions)
    bar = message.progress if bars else None
    return f"{message.text}\n{buttons}\n{bar}"


def is_offer(shown: str) -> bool:
    """Return whether what was shown has a button that orders it."""
    buttons = shown.rpartition("\n")[0].rpartition("\n")[2].split("|")
    return any((split(button) or ("", ""))[0] == "yes" for button in buttons)
