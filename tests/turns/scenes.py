"""What people do in several steps, each of which is held against the law: several photos, what is made of a film, a
change of mind.
"""

from collections.abc import Iterator
from dataclasses import replace

from tests.turns.acts import YES, Acts, Person
from tests.turns.law import NOTHING, OF_FILMS, Allowed, BrokenError, Photos, a_bare_yes
from tests.turns.shown import Terms, is_way, photos_of, terms_of, terms_of_way
from tests.turns.talkers import OnTelegram, OnWeChat, Seen

Steps = Iterator[tuple[str, Allowed]]
"""The kind of each act, and what it may buy; the next is taken when the bot has answered."""

WITH_PHOTOS = (
    "{}", "{}", "{}, --model h3", "{}, --model wan-3.0", "{}, --model h3-max-turbo", "first to last, {}",
    "{}，首尾帧", "one of each, {}", "{}，每张做一个", "{}, as references", "only the first, {}", "{}, 10s, budget",
)  # fmt: skip
"""Words for several photos: the model takes all of them, or one; what is to be made of them is said, or not."""
FILMS = (
    "",
    "",
    ", budget",
    " --model flux-3-draft",
    " --model h3 480p",
    " --model wan-3.0 480p",
    " --model pixverse-6 360p",
)
"""Films of which more can be made: a draft in full, with sound or without, one whose model goes on by itself."""


_OFTEN = {"sound": 4, "silent": 4, "full": 3, "pixels": 3, "next": 3, "take": 2}
"""How often each kind of button is pressed: what few films have, more often."""


class Scenes(Acts):
    """The scenes."""

    def several_photos(self, person: Person) -> Steps:
        """Photos, at once or one by one, before their words or after them; then one way of what is offered is taken."""
        pick = self.random.choice
        yield "no", self.no(person)  # nothing lies on the table now
        count, words = pick((2, 2, 2, 3, 4)), pick(WITH_PHOTOS).format(self.idea(person))
        order = pick(("photos", "photos", "words", "caption"))
        in_caption = order == "caption" and isinstance(person.talker, OnTelegram)
        if order == "words":
            self.say(person, words)
            yield "words", NOTHING
        files: list[str] = []
        for number in (count,) if in_caption or pick((True, False)) else (1,) * count:
            files += self.send(person, number, words if in_caption else "")
            yield "photos", NOTHING
        if order != "words" and not in_caption:
            self.say(person, words)
            yield "words", NOTHING
        offer = self._offered(person, "several photos")
        if photos_of(offer) != count:
            raise BrokenError(f"{person.talker.kind}: {count} photos were sent, and offered is {offer}")
        self.reached[f"{person.talker.kind}: an offer of {count} photos"] += 1
        yield from self._take(person, offer, tuple(files))

    def _offered(self, person: Person, what: str) -> Seen:
        offers = person.memory.last_offers
        if not offers:
            raise BrokenError(f"{person.talker.kind}, {what}: nothing is offered by {person.memory.last}")
        return offers[-1]

    def _take(self, person: Person, offer: Seen, files: Photos) -> Steps:
        """Take the offer in one of its ways: it buys just that, of just these photos."""
        ways = [(data, label) for data, label in offer.buttons if data.startswith("yes:") and "$" in label]
        is_alone = len(person.memory.open_offers) == 1 and not isinstance(person.talker, OnWeChat)
        if self.random.random() < 0.2 and is_alone:
            allowed, terms = a_bare_yes(person.memory, passive=False), terms_of(offer.text)
            self.say(person, self.random.choice(YES))
            self.reached["several photos: yes"] += 1
            yield "yes", replace(allowed, files=_files(terms, files))
            return
        terms = self.random.choice(list(dict.fromkeys(_terms(*each, offer) for each in ways)))
        data, label = self.random.choice([each for each in ways if _terms(*each, offer) == terms])
        self.reached[f"several photos: {terms.films} of {terms.photos}"] += 1
        allowed = self.pressed(person, data, label, offer)
        yield "press", replace(allowed, least=allowed.most, files=_files(terms, files))

    def making_more(self, person: Person) -> Steps:
        """A film is ordered, or one is there; more is made of it by the buttons under it, and they are pressed anew."""
        if self.random.random() < 0.6 or not _films(person):
            yield "command", self.command(person, wishes=FILMS)
        films = _films(person)
        if not films:
            return
        film = self.random.choice(films[-3:])
        if self.random.random() < 0.8:
            yield "press", self._press_more(person, film)
        code = _film_of(film)
        buttons = [
            (data, label, each)
            for each in person.memory.seen
            for data, label in each.buttons
            if data.split(":")[0] in OF_FILMS and data.split(":")[1].startswith(code) and "$" in label
        ]
        kinds = sorted({data.split(":")[0] for data, _, _ in buttons})
        if not kinds:
            return
        kind = self.random.choices(kinds, [_OFTEN[each] for each in kinds])[0]
        data, label, on = self.random.choice([each for each in buttons if each[0].startswith(kind + ":")])
        self.reached[f"made of a film: {kind}"] += 1
        yield "press", self.pressed(person, data, label, on)
        if self.random.random() < 0.4:
            yield "again_press", self.pressed(person, data, label, on)

    def _press_more(self, person: Person, film: Seen) -> Allowed:
        data, label = next(each for each in film.buttons if each[0].startswith("more:"))
        return self.pressed(person, data, label, film)

    def more_in_words(self, person: Person) -> Steps:
        """What is made of the latest film is asked for in words: they buy nothing, the yes to their offer does."""
        yield "command", self.command(person, wishes=FILMS)
        yield "no", self.no(person)
        yield "goes_on", self.goes_on(person)
        for offer in person.memory.last_offers:
            self.reached[f"{person.talker.kind}: offered in words"] += 1
            yield "press", self.pressed(person, *_yes(offer), offer)

    def change_of_mind(self, person: Person) -> Steps:
        """An offer is replaced by other wishes: a yes to the old one buys nothing, a yes to the new one just that."""
        yield "no", self.no(person)
        self.say(person, self.idea(person))
        yield "words", NOTHING
        old = self._offered(person, "words")
        yield "nearly", self.nearly(person)
        if self.random.random() < 0.5:
            yield "wish", self.wish(person)
        else:
            self.say(person, self.random.choice(("and very slowly", "再慢一点")))
            yield "words", NOTHING
        new = self._offered(person, "a wish")
        if new.offer == old.offer:
            raise BrokenError(f"{person.talker.kind}: the offer {old.offer} has changed and keeps its code")
        self.reached["an old offer is pressed"] += 1
        self.pressed(person, *_yes(old), old)
        yield "old_press", NOTHING
        yield "press", self.pressed(person, *_yes(new), new)


def _yes(offer: Seen) -> tuple[str, str]:
    return next((data, label) for data, label in offer.buttons if data == f"yes:{offer.offer}")


def _terms(data: str, label: str, offer: Seen) -> Terms:
    return terms_of_way(label, offer.text) if is_way(data) else terms_of(offer.text)


def _files(terms: Terms, files: Photos) -> tuple[Photos, ...]:
    """The photos of each film."""
    if terms.films > 1:
        return tuple((each,) for each in files)
    return (files[: terms.photos],)


def _films(person: Person) -> list[Seen]:
    """Films on show of which more can be made by buttons."""
    return [each for each in person.memory.seen if any(data.startswith("more:") for data, _ in each.buttons)]


def _film_of(film: Seen) -> str:
    return next(data.partition(":")[2] for data, _ in film.buttons if data.startswith("more:"))
