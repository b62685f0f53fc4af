"""The law of consent, as far as it can be told from what a person did and what was on show.

Nothing of the program is asked here but what it has set money aside for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from core.pricing import find, usd_text
from tests.turns.stage import Purchase
from tests.turns.talkers import Seen


class BrokenError(AssertionError):
    """A law is broken."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one act may buy. `least` and `most`: so many jobs; `prompt`: of exactly these words.

    `offers`: as what one of these offers showed. `again_of`, `follows`, `price`: as the button said. `source`: with a
    photo. `sources`: of so many photos.
    """

    least: int = 0
    most: int = 0
    prompt: str | None = None
    offers: tuple[Seen, ...] = ()
    again_of: str | None = None
    follows: str | None = None
    price: str | None = None
    source: bool | None = None
    sources: int | None = None


_WAYS = {
    "First photo to second": (2, 1),
    "从第一张变到第二张": (2, 1),
    "Both in one video": (2, 1),
    **{words: (count, 1) for count in range(2, 11) for words in (f"All {count} in one", f"{count} 张放进一个视频")},
    "Only the first photo": (1, 1),
    "只做第一张": (1, 1),
    "One of each": (1, 10),
    "每张做一个": (1, 10),
}
"""Of how many photos each film of a way is, and how many films it may be."""


_STILL_OPEN = re.compile(r"(?:Still open: |还有一份报价等你确认：)(.+?)(…?)[,，] ?[^,，$\n]*(\$\d+\.\d\d)")
"""Where there are buttons, what is repeated is named by its words."""


NOTHING = Allowed()


@dataclass
class Memory:
    """What is known of a chat before an act. `known`: every offer that was ever shown, by its code.

    `last`: the messages of the bot's latest word. `used`: the priced buttons that have bought. `on_table`: something
    may lie on the table, so that a command may be asked about. `waits_for_photo`: the words of a command that asked for
    its photo just now.
    """

    seen: list[Seen] = field(default_factory=list)
    last: list[Seen] = field(default_factory=list)
    toasts: int = 0
    bought: list[Purchase] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    on_table: bool = False
    waits_for_photo: str | None = None
    known: dict[str, Seen] = field(default_factory=dict)

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
        return named or [
            offer
            for offer in self.open_offers
            for words, cut, price in lines
            if f"“{words}{'' if cut else '”'}" in offer.text and price in offer.text
        ]

    @property
    def open_offers(self) -> list[Seen]:
        """Every offer that can still be seen."""
        return [each for each in self.seen if each.offer]


def a_bare_yes(memory: Memory) -> Allowed:
    """A yes counts for the offer that was the bot's latest word; where two are open it is asked which.

    Where old offers stay in sight (WeChat) nobody sees whether another is open. A film that comes at the same time
    may be the latest word.
    """
    last = memory.last_offers
    if not last and len(memory.repeated) == 1:
        return Allowed(0, 1, offers=tuple(memory.repeated))
    if len(last) != 1:
        return NOTHING
    is_alone = len(memory.open_offers) == 1 and memory.last == last
    return Allowed(int(is_alone), 1, offers=tuple(last))


def a_quoted_yes(quoted: Seen) -> Allowed:
    return Allowed(0, 1, offers=(quoted,)) if quoted.offer else NOTHING


def a_press(memory: Memory, data: str, label: str, on: Seen, *, passive: bool) -> Allowed:
    """A priced button buys once; any other never."""
    kind, _, value = data.partition(":")
    if data in memory.used or "$" not in label:
        return NOTHING
    if kind == "yes" and ("." in value or "-" in value):
        sources, most = next((of for words, of in _WAYS.items() if words in label), (None, 1))
        return Allowed(0, most, sources=sources, price=label if most == 1 else None)
    if kind == "yes":
        shown = any(each.key == on.key and each.offer for each in memory.seen)
        return Allowed(int(shown and not passive), 1, offers=(on,))
    if kind in {"next", "full", "pixels", "sound", "silent"}:
        return Allowed(0, 1, follows=value.partition(".")[0], price=label)
    if kind in {"take", "again", "fix"}:
        return Allowed(0, 1, again_of=value, price=label)
    return NOTHING


def check(what: str, allowed: Allowed, before: Memory, bought: Sequence[Purchase]) -> list[Purchase]:
    """Hold what was bought by an act against what it may buy; return what is new. Raises BrokenError."""
    ids = [each.job_id for each in bought]
    if len(set(ids)) != len(ids):
        raise BrokenError(f"{what}: a job was paid for twice: {ids}")
    new = [each for each in bought if each.job_id not in {one.job_id for one in before.bought}]
    if not allowed.least <= len(new) <= allowed.most:
        wanted = f"{allowed.least} to {allowed.most}"
        raise BrokenError(f"{what}: bought {len(new)} instead of {wanted}: {[each.prompt for each in new]}")
    for each in new:
        _check_one(what, allowed, each)
    return new


def _check_one(what: str, allowed: Allowed, bought: Purchase) -> None:
    price = usd_text(Decimal(bought.price_micro) / 1_000_000)
    if allowed.prompt is not None and bought.prompt != allowed.prompt:
        raise BrokenError(f"{what}: bought “{bought.prompt}” instead of “{allowed.prompt}”")
    if allowed.source is not None and bool(bought.sources) != allowed.source:
        raise BrokenError(f"{what}: bought {'with' if bought.sources else 'without'} a photo")
    if allowed.sources is not None and bought.sources != allowed.sources:
        raise BrokenError(f"{what}: bought with {bought.sources} photos instead of {allowed.sources}")
    if allowed.again_of is not None and bought.again_of != allowed.again_of:
        raise BrokenError(f"{what}: bought {bought.job_id}, which repeats {bought.again_of}")
    if allowed.follows is not None and allowed.follows not in {bought.follows, bought.again_of}:
        raise BrokenError(f"{what}: bought {bought.job_id}, which goes on from {bought.follows}")
    if allowed.price is not None and price not in allowed.price:
        raise BrokenError(f"{what}: bought for {price}")
    if allowed.offers and not any(_is_as_shown(offer, bought, price) for offer in allowed.offers):
        shown = [offer.text for offer in allowed.offers]
        raise BrokenError(
            f"{what}: bought “{bought.prompt}”, {bought.model}, {price}, which is not what {shown} showed"
        )


def _is_as_shown(offer: Seen, bought: Purchase, price: str) -> bool:
    photo = any(word in offer.text for word in ("photo", "照片", "第一张"))
    shape = bought.shape or ""
    words = all(word in offer.text for word in (f"“{bought.prompt}”", find(bought.model).name, price, shape))
    same = offer.offer is None or len(offer.offer) < 7 or offer.offer == bought.job_id
    return words and same and photo == bool(bought.sources)


def changed(before: Sequence[Seen], after: Sequence[Seen]) -> list[Seen]:
    """What the bot has said, or changed, since."""
    known = set(before)
    return [each for each in after if each not in known]
