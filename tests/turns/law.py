"""The law of consent, as far as it can be told from what a person did and what was on show.

Nothing of the program is asked here but what it has set money aside for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from core.pricing import find, usd_text
from tests.turns.shown import Terms, film_of, is_way, size_on, sound_on, terms_of, terms_of_way
from tests.turns.stage import Purchase
from tests.turns.talkers import Seen


class BrokenError(AssertionError):
    """A law is broken."""


Photos = tuple[str, ...]
"""The photos of one film, by what their chat calls them, in their order."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one act may buy. `least` and `most`: so many jobs; `prompt`: of exactly these words.

    `offers`: as what one of these offers showed. `source`: with a photo. `terms`: of so many photos each. `files`: of
    exactly these, film by film. `price`: for what this label says, all together. `again_of`, `follows`, `steps`: of
    that film, and what is done with it. `size`, `sound`: as the button said.
    """

    least: int = 0
    most: int = 0
    prompt: str | None = None
    offers: tuple[Seen, ...] = ()
    again_of: str | None = None
    follows: str | None = None
    steps: frozenset[str] = frozenset()
    size: str | None = None
    sound: bool | None = None
    price: str | None = None
    source: bool | None = None
    terms: Terms | None = None
    files: tuple[Photos, ...] | None = None


_STEPS = {
    "next": frozenset({"continue"}),
    "full": frozenset({"full", "enhance"}),
    "pixels": frozenset({"upscale"}),
    "sound": frozenset({"sound"}),
    "silent": frozenset({"silent"}),
}
OF_FILMS = frozenset({*_STEPS, "take"})
"""The kinds of buttons that make something of a film."""
_FROM_FILM = {"continue", "upscale", "enhance"}
_ASKED_ABOVE = Decimal("2.00")


_STILL_OPEN = re.compile(r"(?:Still open: |还有一份报价等你确认：)(.+?)(…?)[,，] ?[^,，$\n]*(\$\d+\.\d\d)")
"""Where there are buttons, what is repeated is named by its words."""
_DOLLARS = re.compile(r"\$(\d[\d,]*\.\d\d)")


NOTHING = Allowed()


@dataclass
class Memory:
    """What is known of a chat before an act. `known`: every offer that was ever shown, by its code.

    `last`: the messages of the bot's latest word. `used`: the priced buttons that have bought. `on_table`: something
    may lie on the table, so that a command may be asked about. `waits_for_photo`: the words of a command that asked for
    its photo just now. `sent`: every photo that was sent here, in order. `erased`: a film may have been deleted.
    `is_killed`: a process was, since the last answer here. `doubled`: offers whose sender was killed over it, so that
    they were sent once more.
    """

    seen: list[Seen] = field(default_factory=list)
    last: list[Seen] = field(default_factory=list)
    toasts: int = 0
    bought: list[Purchase] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    on_table: bool = False
    waits_for_photo: str | None = None
    known: dict[str, Seen] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    erased: bool = False
    is_killed: bool = False
    doubled: set[str] = field(default_factory=set)

    @property
    def last_offers(self) -> list[Seen]:
        """The offers of the bot's latest word."""
        return [each for each in self.last if each.offer]

    @property
    def repeated(self) -> list[Seen]:
        """The offers that the bot's latest word repeated in one line with their price: by code, or by their words."""
        texts = [each.text for each in self.last if not each.offer and "$" in each.text]
        named = [offer for code, offer in self.known.items() if any(code in text for text in texts)]
        lines = [found.groups() for text in texts for found in _STILL_OPEN.finditer(text)]
        found = [
            offer
            for offer in self.open_offers
            for words, cut, price in lines
            if f"“{words}{'' if cut else '”'}" in offer.text and price in offer.text
        ]
        return named or list({offer.offer: offer for offer in found}.values())

    @property
    def open_offers(self) -> list[Seen]:
        """Every offer that can still be seen."""
        return [each for each in self.seen if each.offer]


def a_bare_yes(memory: Memory, *, passive: bool) -> Allowed:
    """A yes counts for the offer that was the bot's latest word; where two are open it is asked which.

    Where old offers stay in sight (`passive`, WeChat) nobody sees whether another is open; of several answers in a row
    the last one is the latest word. A film that comes at the same time may be the latest word.
    """
    last = memory.last_offers
    if not last and len(memory.repeated) == 1:
        return _as_shown(memory.repeated[0])
    if last and passive:
        return _as_shown(last[-1], must=len(memory.open_offers) == 1 and memory.last == last)
    if len(last) != 1:
        return NOTHING
    return _as_shown(last[0], must=len(memory.open_offers) == 1 and memory.last == last)


def a_quoted_yes(quoted: Seen) -> Allowed:
    return _as_shown(quoted) if quoted.offer else NOTHING


def _as_shown(offer: Seen, *, must: bool = False) -> Allowed:
    films = terms_of(offer.text).films
    return Allowed(films if must else 0, films, offers=(offer,))


def a_press(memory: Memory, data: str, label: str, on: Seen, *, passive: bool) -> Allowed:
    """A priced button buys once, what it says, and one of an offer only while that is open; any other never.

    `passive`: what stood in the chat stays there, and nobody sees what is open.
    """
    kind, _, value = data.partition(":")
    code = value.replace("-", ".").partition(".")[0]
    if data in memory.used or "$" not in label:
        return NOTHING
    shown = any(each.key == on.key and (data, label) in each.buttons for each in memory.seen) and not passive
    if kind == "yes":
        if not passive and code not in {each.offer for each in memory.seen}:
            return NOTHING
        if is_way(data):
            terms = terms_of_way(label, on.text)
            return Allowed(terms.films if shown else 0, terms.films, terms=terms, price=label)
        return _as_shown(on, must=shown)
    must = shown and _is_first_of(memory, code, label)
    if kind == "take":
        return Allowed(int(must), 1, again_of=code, price=label)
    if kind in _STEPS:
        size = size_on(label) if kind in {"full", "pixels"} else None
        sound = sound_on(label) if kind in {"sound", "silent"} else None
        return Allowed(int(must), 1, follows=code, steps=_STEPS[kind], price=label, size=size, sound=sound)
    if kind in {"again", "fix"}:
        return Allowed(0, 1, again_of=value, price=label)
    return NOTHING


def _is_first_of(memory: Memory, film: str, label: str) -> bool:
    """Whether nothing was made of the film before, and its price is one that is not asked about."""
    made = any(film in {each.follows, each.again_of} for each in memory.bought)
    prices = [Decimal(each.replace(",", "")) for each in _DOLLARS.findall(label)]
    is_mine = any(each.job_id == film for each in memory.bought)
    return is_mine and not made and not memory.erased and bool(prices) and prices[-1] <= _ASKED_ABOVE


def check(what: str, allowed: Allowed, before: Memory, bought: Sequence[Purchase]) -> list[Purchase]:
    """Hold what was bought by an act against what it may buy; return what is new. Raises BrokenError."""
    ids = [each.job_id for each in bought]
    if len(set(ids)) != len(ids):
        raise BrokenError(f"{what}: a job was paid for twice: {ids}")
    new = [each for each in bought if each.job_id not in {one.job_id for one in before.bought}]
    if not allowed.least <= len(new) <= allowed.most:
        wanted = f"{allowed.least} to {allowed.most}"
        raise BrokenError(f"{what}: bought {len(new)} instead of {wanted}: {[each.prompt for each in new]}")
    if new:
        _check_all(what, allowed, new)
    for each in new:
        _check_photos(what, before, each)
        _check_one(what, allowed, each)
        _check_of_film(what, allowed, each, before)
    return new


def _check_all(what: str, allowed: Allowed, new: Sequence[Purchase]) -> None:
    """What an act has bought together: so many films, of these photos, for that price."""
    price = usd_text(sum((Decimal(each.price_micro) for each in new), Decimal()) / 1_000_000)
    if allowed.terms is not None:
        _check_terms(what, allowed.terms, new)
    if allowed.price is not None and price not in _prices(allowed.price):
        raise BrokenError(f"{what}: bought for {price}")
    files = tuple(each.files for each in new)
    if allowed.files is not None and files != allowed.files:
        raise BrokenError(f"{what}: bought with the photos {files} instead of {allowed.files}")
    if len({each.files for each in new}) < len(new):
        raise BrokenError(f"{what}: bought the same photo twice: {files}")
    if allowed.offers and not any(_is_as_shown(offer, new, price) for offer in allowed.offers):
        shown = [offer.text for offer in allowed.offers]
        raise BrokenError(
            f"{what}: bought {[(each.prompt, each.model, each.sources) for each in new]}, {price}, "
            f"which is not what {shown} showed"
        )


def _check_terms(what: str, terms: Terms, new: Sequence[Purchase]) -> None:
    if len(new) != terms.films:
        raise BrokenError(f"{what}: bought {len(new)} films instead of {terms.films}")
    for each in new:
        if each.sources != terms.photos:
            raise BrokenError(f"{what}: bought with {each.sources} photos instead of {terms.photos}")


def _check_photos(what: str, before: Memory, bought: Purchase) -> None:
    """A film is made of photos that were sent here, each once, in their order."""
    places = [before.sent.index(each) if each in before.sent else -1 for each in bought.files]
    if -1 in places or places != sorted(set(places)):
        raise BrokenError(f"{what}: bought of the photos {bought.files}, of {before.sent}")


def _check_one(what: str, allowed: Allowed, bought: Purchase) -> None:
    if allowed.prompt is not None and bought.prompt != allowed.prompt:
        raise BrokenError(f"{what}: bought “{bought.prompt}” instead of “{allowed.prompt}”")
    if allowed.source is not None and bool(bought.sources) != allowed.source:
        raise BrokenError(f"{what}: bought {'with' if bought.sources else 'without'} a photo")
    if allowed.again_of is not None and bought.again_of != allowed.again_of:
        raise BrokenError(f"{what}: bought {bought.job_id}, which repeats {bought.again_of}")
    if allowed.follows is not None and bought.follows != allowed.follows:
        raise BrokenError(f"{what}: bought {bought.job_id}, which is made of {bought.follows}")
    if allowed.steps and bought.step not in allowed.steps:
        raise BrokenError(f"{what}: bought {bought.job_id}, which is “{bought.step}”")
    if allowed.size is not None and (bought.resolution or "").lower() != allowed.size.lower():
        raise BrokenError(f"{what}: bought {bought.resolution} instead of {allowed.size}")
    if allowed.sound is not None and bought.sound is not allowed.sound:
        raise BrokenError(f"{what}: bought {'with' if bought.sound else 'without'} sound")


def _check_of_film(what: str, allowed: Allowed, bought: Purchase, before: Memory) -> None:
    """What a button makes of a film has its words; where it is not made from the film itself, its photos too."""
    code = allowed.follows or allowed.again_of
    film = next((each for each in before.bought if each.job_id == code), None)
    if film is None:
        return
    if bought.prompt != film.prompt:
        raise BrokenError(f"{what}: bought “{bought.prompt}” of “{film.prompt}”")
    if bought.step not in _FROM_FILM and bought.files != film.files:
        raise BrokenError(f"{what}: bought with the photos {bought.files} instead of {film.files}")


def _is_as_shown(offer: Seen, new: Sequence[Purchase], price: str) -> bool:
    terms = terms_of(offer.text)
    film = film_of(offer.text)
    for each in new:
        shape = each.shape if ":" in (each.shape or "") else ""  # else its photos decide
        words = all(word in offer.text for word in (f"“{each.prompt}”", find(each.model).name, price, shape or ""))
        same = offer.offer is None or len(offer.offer) < 7 or len(new) > 1 or offer.offer == each.job_id
        made_of = film is None or film in {each.follows, each.again_of}
        if not (words and same and made_of and each.sources == terms.photos):
            return False
    return len(new) == terms.films


def _prices(label: str) -> list[str]:
    return [f"${each}" for each in _DOLLARS.findall(label)]


def changed(before: Sequence[Seen], after: Sequence[Seen]) -> list[Seen]:
    """What the bot has said, or changed, since."""
    known = set(before)
    return [each for each in after if each not in known]
