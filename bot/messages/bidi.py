"""Keeps the direction of people's words to themselves: a right-to-left prompt must not turn the line that shows it.

First strong isolate and pop, as Unicode's bidirectional algorithm (UAX 9) has them; chats show neither.
"""

import re

_OPEN, _CLOSE = "\u2068", "\u2069"
_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
"""Embeddings, overrides, isolates and marks: one that is left open reaches beyond the words."""


def plain(words: str) -> str:
    """Return the words without controls of their own, as they are counted and cut."""
    return _CONTROLS.sub("", words)


def isolated(words: str) -> str:
    """Return the words with their direction isolated, and without controls of their own; nothing stays nothing.

    Each line by itself, since an isolate ends with its line.
    """
    lines = plain(words).split("\n")
    return "\n".join(f"{_OPEN}{line}{_CLOSE}" if line.strip() else line for line in lines)
