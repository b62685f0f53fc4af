"""Dialogues that are written out: what a person says turn by turn, what the answer must hold, what is bought."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.turns.law import changed
from tests.turns.stage import Purchase, Stage
from tests.turns.talkers import OnWeChat, Seen, Talker

_CARD = re.compile(
    r"🎬|Job CODE: (?:Done\.|more on it)|编号 CODE：(?:已完成|详情见)"
)  # while it lives, and what is left of it
_CODE = re.compile(r"\b[2-9A-HJKMNP-Z]{7}\b")
_OF_ALL = re.compile(r"\nAll together:.*")
_NUMBERS = re.compile(r"\b\d{1,2}:\d\d\b|\b\d{4}-\d\d-\d\d\b|\d+ 秒前|\bin \d+ s\b|about \d+ min\w*|约? ?\d+ 分钟")


@dataclass(frozen=True, slots=True)
class Turn:
    """`does`: words, or "photo", "photos 2", "photo: caption", "press LABEL", "mention WORDS", "quote WORDS" (about the
    latest film or offer). `hears`: what must stand in the answer; "" for silence. `buys`: so many jobs.
    """

    does: str
    hears: str
    buys: int = 0


class Speaker:
    """One person who goes through a dialogue."""

    def __init__(self, stage: Stage, talker: Talker, turns: Sequence[Turn]) -> None:
        self._stage, self.talker, self.turns = stage, talker, turns
        self._seen: list[Seen] = []
        self._bought: list[Purchase] = []
        self.heard: list[list[str]] = []

    def take(self, number: int) -> None:
        """Take one turn, and look at what comes of it. Raises AssertionError."""
        turn, stage, talker = self.turns[number], self._stage, self.talker
        toasts = len(talker.toasts())
        self._do(turn.does)
        stage.until(lambda: stage.rests(talker.user, talker.chat))
        said: list[Seen] = []

        def answered() -> bool:
            said[:] = changed(self._seen, talker.seen())
            offers = {each.offer for each in talker.seen()}
            shown = isinstance(talker, OnWeChat) or stage.open_offers(talker.user, talker.chat) <= offers
            heard = [*(each.text for each in said), *talker.toasts()[toasts:]]
            return shown and (not turn.hears or any(turn.hears in text for text in heard))

        try:
            stage.until(answered, 10)
        except AssertionError:
            heard = [each.text for each in said]
            raise AssertionError(
                f"{talker.kind}, turn {number + 1}, {turn.does!r}: {turn.hears!r} is not in {heard}"
            ) from None
        bought = stage.purchases(talker.user, talker.chat)
        assert len(bought) - len(self._bought) == turn.buys, (
            f"{talker.kind}, {turn.does!r}: {bought[len(self._bought) :]}"
        )
        assert len({each.job_id for each in bought}) == len(bought)
        old = {each.key for each in self._seen}
        self._seen, self._bought = talker.seen(), bought
        # a card that goes on says nothing new, and goes on at its own pace
        spoken = [each for each in said if each.offer or each.key not in old]
        self.heard.append(
            sorted({text for text in (_plain(each) for each in spoken if not each.is_film) if not _CARD.match(text)})
        )

    def _do(self, what: str) -> None:
        kind, _, rest = what.partition(" ")
        more: dict[str, Any] = {}
        if what.startswith("photo"):
            count, _, caption = what.removeprefix("photos").removeprefix("photo").partition(":")
            self.talker.photos(int(count or 1), caption.strip())
        elif kind == "press":
            shown = [(data, label) for each in reversed(self._seen) for data, label in each.buttons]
            (data, *_) = [data for data, label in shown if rest in label]
            self.talker.press(f"确认 {data.removeprefix('yes:')}" if isinstance(self.talker, OnWeChat) else data)
        elif kind in {"quote", "mention"}:
            about = [each for each in self._seen if each.offer or each.is_film]
            more = {"quote": about[-1].key} if kind == "quote" else {"mention": True}
            self.talker.say(rest, **more)
        else:
            self.talker.say(what)


def _plain(seen: Seen) -> str:
    """Its words without codes and times, and without what all together spent, which goes on meanwhile."""
    return _NUMBERS.sub("…", _CODE.sub("CODE", _OF_ALL.sub("", seen.text)))
