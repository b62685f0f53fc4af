"""What stands on an offer, or on a button with a price: of how many photos, how many films, for how much.

As a person reads it: nothing of the program is asked. Films are named by the codes of their jobs.
"""

import re
from dataclasses import dataclass

from tests.turns.talkers import Seen


@dataclass(frozen=True, slots=True)
class Terms:
    """So many films, each of so many photos."""

    films: int = 1
    photos: int = 0


_OF_EACH = re.compile(r"One video of each photo, (\d+) in all|每张照片各做一个，共 (\d+) 个")
_OF_A_PAIR = re.compile(r"begins with your first photo and ends with your second|从第一张照片变到第二张")
_OF_ALL = re.compile(r"what your (\d+) photos show|把这 (\d+) 张照片|With your (\d+) photos|用你发的 (\d+) 张照片")
_OF_ONE = re.compile(r"photo|照片|第一张|素材|With your video|用你发的视频")
_SENT = re.compile(r"first of your (\d+) photos|你发了 (\d+) 张")
_SIZE = re.compile(r"\b(\d{3,4}[pP]|[248][kK])\b")
_FILM = re.compile(
    r"(?:Goes on from|A sharper copy of|The draft|The same as|A new try of job) ([2-9A-HJKMNP-Z]{7})\b"
    r"|\n([2-9A-HJKMNP-Z]{7}) made anew"
)

_WAYS: tuple[tuple[re.Pattern[str], Terms | None], ...] = (
    (re.compile(r"First photo to second|从第一张变到第二张"), Terms(1, 2)),
    (re.compile(r"Both in one video"), Terms(1, 2)),
    (re.compile(r"All (\d+) in one video|(\d+) 张放进一个视频"), None),
    (re.compile(r"Only the first photo|只做第一张"), Terms(1, 1)),
    (re.compile(r"Without the photo|不用照片"), Terms(1, 0)),
)
_EACH = re.compile(r"One of each: (\d+) videos|每张做一个，共 (\d+) 个")


def terms_of(text: str) -> Terms:
    """What a plain yes to an offer makes."""
    if found := _OF_EACH.search(text):
        return Terms(_number(found), 1)
    if _OF_A_PAIR.search(text):
        return Terms(1, 2)
    if found := _OF_ALL.search(text):
        return Terms(1, _number(found))
    return Terms(1, int(_OF_ONE.search(text) is not None))


def terms_of_way(label: str, offer: str) -> Terms:
    """What a way of an offer makes; one that is about words is made of the offer's photos."""
    if found := _EACH.search(label):
        return Terms(_number(found), 1)
    for way, terms in _WAYS:
        if found := way.search(label):
            return terms or Terms(1, _number(found))
    return Terms(1, terms_of(offer).photos)


def photos_of(offer: Seen) -> int:
    """Of how many photos an offer speaks, whichever way of it is taken."""
    found = _SENT.search(offer.text)
    ways = [terms_of_way(label, "") for data, label in offer.buttons if "$" in label and is_way(data)]
    said = [each.films * each.photos for each in (terms_of(offer.text), *ways)]
    return max([_number(found) if found else 0, *said])


def is_way(data: str) -> bool:
    """Whether a yes takes another way than the plain one."""
    return data.startswith("yes:") and bool({".", "-"} & set(data))


def size_on(label: str) -> str | None:
    """The sharpness that a button names."""
    found = _SIZE.search(label)
    return found[1] if found else None


def sound_on(label: str) -> bool:
    """Whether a button for the same film anew says that it has sound."""
    return not ("without" in label or "无声" in label)


def film_of(text: str) -> str | None:
    """The film that an offer makes something of, by its whole code."""
    found = _FILM.search(text)
    return next(filter(None, found.groups())) if found else None


def _number(found: re.Match[str]) -> int:
    return int(next(filter(None, found.groups())))
