"""Reads what is to be made of several photos: a film from the first to the second, of what all show, of each. Pure.

Most of these words belong to many a scene ("each", "the same person"), so they are read only where several photos
lie on the table, and count only as the whole message or as a stretch of its own at its beginning or end. The lists are
closed: word_lists.toml, [photos].
"""

import re

from bot.conversation.folding import folded
from bot.conversation.generation_options import GenerationOptions, merged, parse_options
from bot.conversation.option_patterns import plain
from bot.conversation.option_words import PHOTO_WAYS
from bot.conversation.word_lists import LISTS, Words, phrases, words_of

_KNOWN: dict[Words, str] = {
    tuple(words_of(phrase.replace("_", " "))): way for way in PHOTO_WAYS for phrase in phrases(LISTS["photos"][way])
}
_MARK = r"(?:[,;:|，；：、。！\n]|[.!](?=\s|\Z)|(?<=\s)(?:--|——|—|–|-)(?=\s))"
_FEW = r"\s{0,8}"  # of all blanks, a pattern would look at each from each
_FIRST = re.compile(rf"{_FEW}([^\s,;:|，；：、。！][^,;:|，；：、。！\n]{{0,59}}?){_MARK}{{1,4}}{_FEW}(?=\S)")
_LAST = re.compile(rf"{_MARK}{_FEW}([^,;:|，；：、。！\n]{{1,60}}?)[\s.。!！]{{0,8}}\Z")
_IN_BRACKETS = re.compile(rf"[(（\[【]([^()（）\[\]【】]{{1,60}})[)）\]】]{_FEW}\Z")
_CHINESE_FIRST = re.compile(rf"{_FEW}([^\x00-\x7f]{{2,20}})\s{{1,8}}(?=\S)")  # a space sets Chinese words apart
_CHINESE_LAST = re.compile(rf"\s([^\x00-\x7f]{{2,20}}){_FEW}\Z")
_WHOLE_CHARS = 60
_OPENINGS = frozenset(tuple(words_of(each.replace("_", " "))) for each in phrases(LISTS["photos"]["openings"]))


def photo_way(text: str) -> str | None:
    """Return what the text says is to be made of several photos, where it says nothing else; None: it does not."""
    if len(text) > _WHOLE_CHARS:
        return None
    return _KNOWN.get(tuple(words_of(folded(plain(text)))))


def read_with_photos(text: str) -> tuple[str, GenerationOptions]:
    """Return the prompt and the options of a text beside several photos: see parse_options.

    Of two ways the later one counts, over both a flag.
    """
    prompt, options = parse_options(text)
    found = None
    while (cut := _without_way(prompt)) is not None:
        prompt, way = cut
        found = found or way
        prompt, more = parse_options(prompt)
        options = merged(options, more)
    if found and tuple(words_of(folded(plain(prompt)))) in _OPENINGS:
        prompt = ""
    return prompt, merged(options, GenerationOptions(photos=found))


def _without_way(prompt: str) -> tuple[str, str] | None:
    """Cut the way out of the words that end with one, begin with one or are one."""
    if way := photo_way(prompt):
        return "", way
    for form in (_IN_BRACKETS, _LAST, _CHINESE_LAST):
        match = form.search(prompt)
        if match and (way := photo_way(match[1])):
            return prompt[: match.start()].rstrip(), way
    for form in (_FIRST, _CHINESE_FIRST):
        match = form.match(prompt)
        if match and (way := photo_way(match[1])):
            return prompt[match.end() :], way
    return None
