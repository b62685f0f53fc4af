"""A worker that dies after any commit of a decision: its message is answered as if nothing had been, and once.

Each case is played once as it is, to count its commits, and then by one more person for each of them: the handling of
that person's last message ends right after that commit, as by a kill, and the message is met again. What the person
reads, and what is bought, is the same each time.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from bot.channels.types import Address, Message
from bot.store.database import Connection
from bot.store.records import ACTIVE, Job, State
from bot.store.tables import inbox, jobs, ledger
from tests.bench import Bench, bench
from tests.corpus import jpeg
from tests.fakes.botapi import buttons
from tests.fakes.wechat import WeChatFake

T = TypeVar("T")
PHOTO = jpeg((640, 360))
CASES: dict[str, list[str]] = {
    "yes": ["a fox", "yes"],
    "yes by its code": ["a fox", "/confirm {code}"],
    "yes by its button": ["a fox", "press yes:{code}"],
    "one of each": ["photo", "photo", "let it snow", "press yes:{code}.1"],
    "a yes that is dearer now": ["a fox", "dearer", "yes"],
    "no": ["a fox", "no"],
    "no by its button": ["a fox", "press cancel:{code}"],
    "no to a photo": ["photo", "算了"],
    "cancel at fal": ["/video sandbox:slow-60 fox", "rendering", "/cancel"],
    "again": ["/video a fox", "delivered", "/again"],
    "a remedy": ["/video sandbox:fail fox", "failed", "press again:{code}"],
    "another take": ["/video a fox", "delivered", "press take:{code}"],
    "an edit": ["a fox", "edit a wolf"],
    "another model": ["a fox", "press pick:{code}.wan-2.7"],
    "a command": ["/video a fox"],
    "an offer": ["a fox"],
    "a setting that moves another": ["/settings 15s", "/settings model wan"],
    "a language": ["/language en", "/language zh"],
    "an admin allows": ["/admin allow telegram:{number}"],
    "an admin removes": ["/admin allow telegram:{number}", "/admin remove telegram:{number}"],
    "an admin stops": ["a fox", "/admin stop {code}"],
    "an admin sets a cap": ["/admin cap telegram:-100{number} 5"],
}
LAST = {"an admin pauses": ["/admin pause"], "an admin resumes": ["/admin pause", "/admin resume"]}
FIRST_PERSON = 2000
CARDS = ("🎬 On it", "Happy Horse, 5 s", "Wan 2.7, 5 s", "The people who run this bot have stopped")
"""They follow the job and not the message; that its owner was told of a stop besides is lost with the worker."""


class Died(Exception):
    """The end of a worker."""


class Deaths:
    """Counts the commits of each chat's decisions, and ends the handling of a message after one of them."""

    def __init__(self, made: Bench) -> None:
        self._write = made.app.store.database.write
        made.app.store.database.write = self.write  # type: ignore[method-assign]
        self.commits: Counter[str] = Counter()
        self.at: dict[str, int] = {}

    async def write(self, work: Callable[[Connection], T]) -> T:
        made = await self._write(work)
        task = asyncio.current_task()
        name = task.get_name() if task is not None else ""
        if name.startswith("inbox "):
            person = name.rpartition(":")[2]
            self.commits[person] += 1
            if self.commits[person] == self.at.get(person):
                raise Died
        return made


async def row(made: Bench, person: int) -> Any:
    query = sa.select(jobs).where(jobs.c.user == f"telegram:{person}").order_by(jobs.c.created)
    rows = await made.app.store.database.read(lambda tx: tx.execute(query).all())
    return rows[-1] if rows else None


async def answered(made: Bench, person: int) -> None:
    """Wait until nothing of this chat is still to be decided or answered."""
    query = sa.select(inbox.c.id).where(inbox.c.chat == f"telegram:{person}", inbox.c.state == "new")
    async with asyncio.timeout(60):
        while any(
            _of(update) == person for update in made.telegram.world.updates
        ) or await made.app.store.database.read(lambda tx: tx.execute(query).scalar() is not None):
            await asyncio.sleep(0.02)


def _of(update: dict[str, Any]) -> int:
    held = update.get("message") or update.get("edited_message") or update["callback_query"]
    return int(held["from"]["id"])


async def shown(made: Bench, person: int, data: str) -> None:
    """Wait for this button."""
    while not any(data in buttons(message) for message in made.telegram.said(person)):
        await asyncio.sleep(0.02)


async def step(made: Bench, person: int, what: str) -> None:
    chat, found = made.telegram, await row(made, person)
    what = what.format(code=found.id if found is not None else "", number=person * 10)
    kind, _, rest = what.partition(" ")
    async with asyncio.timeout(60):
        if kind in {"rendering", "delivered", "failed"}:
            while (await row(made, person)).state != kind:
                await asyncio.sleep(0.02)
            return
        if kind == "dearer":
            change = jobs.update().where(jobs.c.id == found.id).values(price_micro=jobs.c.price_micro - 10_000)
            await made.app.store.database.write(lambda tx: tx.execute(change))
            return
        if kind == "press":
            data = rest.partition(".")[0].replace("pick", "other") if rest.startswith("pick") else rest
            await shown(made, person, data)
            if rest.startswith("pick"):
                chat.presses(person, data)
                await shown(made, person, rest)
            chat.presses(person, rest)
        elif kind == "photo":
            chat.user_says(person, "", photo=PHOTO)
        elif kind == "edit":
            words = [
                number for (where, number), each in chat.world.messages.items() if where == person and "text" in each
            ]
            chat.world.edits(person, words[0], rest)
        else:
            if what == "yes":  # to what they see
                await shown(made, person, f"yes:{found.id}")
            chat.user_says(person, what)
    await answered(made, person)


async def play(made: Bench, deaths: Deaths, person: int, steps: list[str], *, die_at: int = 0) -> tuple[list[str], int]:
    """What the person reads in answer to the last step, without what is told twice, and the jobs; and how many commits
    it took."""
    for each in steps[:-1]:
        await step(made, person, each)
    before = {message["message_id"] for message in made.telegram.said(person)}
    deaths.commits[str(person)] = 0
    deaths.at[str(person)] = die_at
    await step(made, person, steps[-1])
    async with asyncio.timeout(60):  # it is counted a moment after others can read what it wrote
        while not deaths.commits[str(person)]:
            await asyncio.sleep(0.02)
    commits = deaths.commits[str(person)]
    async with asyncio.timeout(60):  # what is on its way ends, or stands still
        while await made.app.store.jobs.find(user=f"telegram:{person}", states=ACTIVE - {State.RENDERING}):
            await asyncio.sleep(0.02)
    said = [each["text"] for each in made.telegram.said(person) if each["message_id"] not in before and "text" in each]
    heard = [re.sub(r"\b[2-9A-HJKMNP-Z]{7}\b|\b\d{4,}\b", "…", text) for text in said]
    found = await made.app.store.jobs.find(user=f"telegram:{person}")
    rows = [f"{_kind(job)}: {job.request.prompt}, {job.request.model}, {job.usd}" for job in found]
    return sorted({text for text in heard if not text.startswith(CARDS)}) + sorted(rows), commits


def _kind(job: Job) -> str:
    """Return its state, as far as the person's word brought it there and not time."""
    if job.cancel_asked:
        return "cancelled"
    return str(job.state) if job.state in {State.AWAITING_CONFIRMATION, State.CANCELLED, State.FAILED} else "ordered"


async def bought(made: Bench, person: int) -> int:
    query = sa.select(sa.func.count(sa.distinct(ledger.c.job_id))).where(ledger.c.user == f"telegram:{person}")
    return int(await made.app.store.database.read(lambda tx: tx.execute(query).scalar_one()))


async def compare(made: Bench, deaths: Deaths, cases: dict[str, list[str]], first: int, *, in_turns: bool) -> list[str]:
    """What differs where a worker died."""
    people = {name: first + 20 * number for number, name in enumerate(cases)}
    plain = dict(
        zip(
            cases, await asyncio.gather(*(play(made, deaths, people[name], cases[name]) for name in cases)), strict=True
        )
    )
    differ = []

    async def once_more(name: str, number: int) -> None:
        person = people[name] + number
        heard, _ = await play(made, deaths, person, cases[name], die_at=number)
        if heard != plain[name][0]:
            differ.append(f"{name}, after commit {number}: {heard} instead of {plain[name][0]}")
        if await bought(made, person) != await bought(made, people[name]):
            differ.append(f"{name}, after commit {number}: bought {await bought(made, person)}")

    deadly = [(name, number) for name, (_, commits) in plain.items() for number in range(1, commits + 1)]
    if in_turns:
        for name, number in deadly:
            await made.app.store.pause.end()
            await once_more(name, number)
    else:
        await asyncio.gather(*(once_more(*each) for each in deadly))
    assert {name for name, _ in deadly} == set(cases)
    return differ


def _given(database_url: str) -> dict[str, Any]:
    given: dict[str, Any] = {"jobs": 500, "user_jobs": 5, "daily_usd": "1000"}
    is_file = database_url.startswith("sqlite")
    return given if is_file else {**given, "database_url": SecretStr(database_url)}


def test_a_message_whose_worker_died_is_answered_as_if_nothing_had_been(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        everybody = ",".join(f"telegram:{person}" for person in range(FIRST_PERSON, FIRST_PERSON + 1000))
        async with bench(tmp_path, monkeypatch, **_given(database_url), access="", admins=everybody) as made:
            deaths = Deaths(made)
            differ = await compare(made, deaths, CASES, FIRST_PERSON, in_turns=False)
            assert not differ, "\n".join(differ)
            for case in LAST.items():
                await made.app.store.pause.end()
                assert await compare(made, deaths, dict([case]), FIRST_PERSON + 900, in_turns=True) == []

    asyncio.run(story())


WECHAT: dict[str, list[str]] = {
    "yes": ["一只红狐狸", "好的"],
    "yes by its code": ["一只红狐狸", "确认 K7"],
    "no": ["一只红狐狸", "算了"],
    "no by its code": ["一只红狐狸", "取消 K7"],
    "a setting": ["设置 时长 15", "设置 模型 wan"],
    "a language": ["/language en"],
    "a command": ["视频 一只红狐狸"],
}


def test_a_callback_whose_worker_died_is_answered_as_if_nothing_had_been(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        fake = WeChatFake()
        async with bench(tmp_path, monkeypatch, wechat=fake, **_given(database_url), access="open") as made:
            deaths = Deaths(made)

            async def replied(name: str, number: int) -> str:
                person = f"o{name.replace(' ', '_')}_{number}_0123456789"
                for each in WECHAT[name][:-1]:
                    await fake.caller.says(person, each)
                deaths.commits[person], deaths.at[person] = 0, number
                seen = await fake.caller.says(person, WECHAT[name][-1])
                assert seen is not None
                assert deaths.commits[person] >= number
                return seen.text

            plain = dict(zip(WECHAT, await asyncio.gather(*(replied(name, 0) for name in WECHAT)), strict=True))
            died = dict(zip(WECHAT, await asyncio.gather(*(replied(name, 1) for name in WECHAT)), strict=True))
            assert died == plain

    asyncio.run(story())


def test_an_answer_that_is_not_sent_three_times_unsays_no_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong after a decision is written, nobody reads that nothing was bought when it was."""

    async def story() -> None:
        async with bench(tmp_path, monkeypatch) as made:
            await step(made, 42, "a fox")
            channel, tries = made.app.channels["telegram"], Counter[str]()
            show = channel.show

            async def faulty(to: Address, message: Message, **more: Any) -> str:
                tries[message.text] += 1
                if message.text.startswith("Ordered") and tries[message.text] <= 3:
                    raise KeyError(message.text)
                return await show(to, message, **more)

            channel.show = faulty  # type: ignore[method-assign]
            await step(made, 42, "yes")
            await made.until(lambda: len(made.films()) == 1)
            await made.until(lambda: any(text.startswith("Ordered") for text in made.telegram.texts(42)))
            said = made.telegram.texts(42)
            assert not any("Nothing was bought. Please" in text for text in said)
            assert max(tries.values()) == 4

    asyncio.run(story())
