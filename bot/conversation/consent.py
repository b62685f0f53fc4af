"""Tells a yes: the closed list that consent to a price must equal, word for word. Pure.

Whatever else stands in a message, an emoji or a question mark too, it is no yes: the offer is made again, at no cost.
"""

import re

from bot.conversation.word_lists import LISTS, phrases

_YES = LISTS["yes"]
YES_WORDS: dict[str, str] = {
    phrase.replace("_", " "): kind
    for kind, group in (
        ("thanks", phrases(_YES["thanks"])),
        ("polite", phrases(_YES["polite"])),
        ("opening", phrases(_YES["openings"])),
        ("act", phrases(_YES["acts_zh"], _YES["acts_en"])),
        ("agreement", phrases(_YES["agreements_zh"], _YES["agreements_en"])),
    )
    for phrase in group
}
"""What a yes is made of, and nothing else: the closed list."""
_LONGEST_YES = max(map(len, YES_WORDS))
_STOPS = re.compile(r"[\s,.。、!~…]+")


def is_yes(plain: str) -> bool:
    """Return whether a folded text holds nothing but the words of a yes, and among them an act, or agreements alone.

    Without a stop only an act or a courtesy may touch what is before it, or a word its own like ("做好" is no yes).
    """
    text = _STOPS.sub(" ", plain)
    ways: list[set[tuple[str, str]]] = [set() for _ in range(len(text) + 2)]  # up to here: how sure, and the last word
    ways[0].add(("", ""))
    for start in range(len(text)):
        for end in range(start + 1, min(len(text), start + _LONGEST_YES) + 1) if ways[start] else ():
            word = text[start:end]
            kind = YES_WORDS.get(word)
            if kind and _stands_alone(text, start, end):
                touches = start > 0 and text[start - 1] != " "
                after = {
                    _surer(sure, kind) for sure, last in ways[start] if _may_follow(kind, word, sure, last, touches)
                }
                ways[end + (text[end : end + 1] == " ")].update((sure, word) for sure in after)
    return any(sure in {"act", "agreement"} for sure, _ in ways[len(text)])


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Return whether no English word is cut in two here."""
    cuts_before = start > 0 and text[start - 1].isascii() and text[start - 1].isalnum() and text[start].isascii()
    return not cuts_before and not (
        end < len(text) and text[end].isascii() and text[end].isalnum() and text[end - 1].isascii()
    )


def _may_follow(kind: str, word: str, sure: str, last: str, touches: bool) -> bool:
    if kind == "thanks" and sure != "act":
        return False
    return not touches or kind in {"act", "polite", "thanks"} or word == last


def _surer(sure: str, kind: str) -> str:
    """Return how sure a yes is after one more word; an opening makes mere agreements doubtful."""
    if "act" in {sure, kind}:
        return "act"
    if "opening" in {sure, kind}:
        return "opening"
    return "agreement" if "agreement" in {sure, kind} else sure
