"""SIGKILL at each named moment of a job's life, on both databases, then a restart: one purchase, one delivery or more.

The names of the moments stand in the test ids. One set of outside servers and one output folder per database; each
moment has a person of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store.tables import jobs, ledger, submits
from tests.corpus import jpeg
from tests.jobs.test_crash import World
from tests.postgres import Cluster

CHATS = iter(range(100, 1000))


@dataclass
class Moment:
    """A person's job in the world, and what can be seen of it."""

    world: World
    chat: int
    prompt: str
    posts_before: int

    @property
    def row(self) -> Any:
        rows = self.world.read(sa.select(jobs).where(jobs.c.user == f"telegram:{self.chat}").order_by(jobs.c.created))
        return rows[-1] if rows else None

    def state(self) -> str | None:
        row = self.row
        return row.state if row else None

    def claim(self) -> str | None:
        rows = self.world.read(sa.select(submits.c.state).where(submits.c.job_id == self.row.id)) if self.row else []
        return rows[0].state if rows else None

    def bought(self) -> int:
        return self.world.submits().count(self.prompt)

    def films(self) -> list[Any]:
        return [message for message in self.world.telegram("said", chat=self.chat) if "video" in message]

    def is_watched(self) -> bool:
        """fal was asked how it stands with this one."""
        rows = self.world.read(sa.select(submits.c.request_id).where(submits.c.job_id == self.row.id))
        return any(f"{rows[0].request_id}/status" in call["path"] for call in self.world.fal("log"))

    def posts(self) -> int:
        """To fal, since its person came."""
        return self.world.posts() - self.posts_before

    def says(self, text: str, **more: Any) -> None:
        self.world.telegram("says", chat=self.chat, text=text, **more)

    def presses(self, kind: str) -> None:
        data = f"{kind}:{self.row.id}"
        self.world.until(lambda: data in str(self.world.telegram("said", chat=self.chat)))
        self.world.telegram("presses", chat=self.chat, data=data)

    def reached(self, true: Callable[[], Any]) -> None:
        self.world.until(true, 60)

    def money(self) -> tuple[int, int]:
        """(held, spent) in micro-dollars, summed over the ledger's rows of this person."""
        sums = sa.select(sa.func.sum(ledger.c.reserved_micro), sa.func.sum(ledger.c.spent_micro))
        held, spent = self.world.read(sums.where(ledger.c.user == f"telegram:{self.chat}"))[0]
        return int(held or 0), int(spent or 0)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("points")
    if request.param == "sqlite":
        url = f"sqlite:///{folder}/out/reelbot.db"
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.database()
    made = World(folder, url)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def moment(standing: World) -> Iterator[Moment]:
    chat = next(CHATS)
    standing.start_bot(REELBOT_ACCESS="open", REELBOT_DAILY_USD="1000")
    yield Moment(standing, chat, f"fox of {chat}", standing.posts())
    standing.kill_bot()
    standing.telegram("heal")


def _killed(moment: Moment) -> None:
    moment.world.kill_bot()
    moment.world.start_bot(REELBOT_ACCESS="open", REELBOT_DAILY_USD="1000")


def before_the_claim(moment: Moment) -> None:
    moment.world.telegram("fail", method="file", kind="slow", delay_s=4.0)
    moment.world.telegram("says", chat=moment.chat, text=moment.prompt, photo=jpeg().decode("latin-1"))
    moment.reached(lambda: moment.state() == "preparing")


def after_the_record(moment: Moment) -> None:
    moment.says(f"/video {moment.prompt}")
    moment.reached(lambda: moment.claim() == "accepted")


def after_the_post_before_the_record(moment: Moment) -> None:
    moment.world.fal("faults", kind="submit_slow", seconds=3.0)
    moment.says(f"/video {moment.prompt}")
    moment.reached(moment.bought)


def while_fal_renders(moment: Moment) -> None:
    moment.prompt = f"sandbox:slow-2 {moment.prompt}"
    moment.says(f"/video {moment.prompt}")
    moment.reached(lambda: moment.state() == "rendering" and moment.is_watched())


def in_the_middle_of_the_download(moment: Moment) -> None:
    moment.world.fal("faults", kind="file_slow", seconds=4.0)
    moment.says(f"/video {moment.prompt}")
    moment.reached(lambda: moment.state() == "downloading" and list(moment.world.folder.glob("out/videos/*.part")))


def with_the_mp4_on_disk(moment: Moment) -> None:
    moment.says(f"/video {moment.prompt}")
    moment.reached(lambda: moment.row is not None and moment.row.video is not None)


def after_the_chat_accepted(moment: Moment) -> None:
    moment.world.telegram("fail", method="sendVideo", kind="slow", delay_s=3.0)
    moment.says(f"/video {moment.prompt}")
    moment.reached(moment.films)


GO_ON = (
    before_the_claim,
    after_the_record,
    after_the_post_before_the_record,
    while_fal_renders,
    in_the_middle_of_the_download,
    with_the_mp4_on_disk,
    after_the_chat_accepted,
)


@pytest.mark.parametrize("come_to", GO_ON, ids=lambda each: each.__name__)
def test_killed(moment: Moment, come_to: Callable[[Moment], None]) -> None:
    come_to(moment)
    moment.world.kill_bot()
    had, over = len(moment.films()), moment.state() == "delivered"
    moment.world.start_bot(REELBOT_ACCESS="open", REELBOT_DAILY_USD="1000")
    moment.reached(lambda: moment.state() == "delivered")
    assert moment.bought() == 1
    assert len(moment.films()) == had + (not over)  # who dies between the chat's word and its own row sends once more
    assert had == (come_to is after_the_chat_accepted) or come_to is with_the_mp4_on_disk
    held, spent = moment.money()
    assert (held, spent) == (0, moment.row.price_micro)


def test_killed_after_the_claim_before_the_post_arrived(moment: Moment) -> None:
    """Nobody can know whether it left: it is parked, its owner told, and the money stays set aside."""
    moment.world.fal("faults", kind="submit_late", seconds=30.0)
    moment.says(f"/video {moment.prompt}")
    moment.reached(lambda: moment.claim() == "sending")
    moment.reached(moment.posts)
    _killed(moment)
    moment.reached(lambda: moment.state() == "submit-unconfirmed")
    moment.reached(lambda: "may have been charged" in str(moment.world.telegram("said", chat=moment.chat)))
    assert moment.bought() == 0
    assert moment.films() == []
    assert moment.money() == (moment.row.price_micro, 0)


def test_killed_while_it_asks(moment: Moment) -> None:
    moment.prompt = "a long film of foxes"
    moment.says(f"/video {moment.prompt}, 15s, 1080p")
    moment.reached(lambda: moment.state() == "awaiting-confirmation")
    _killed(moment)
    assert moment.bought() == 0
    assert moment.money() == (0, 0)
    moment.presses("yes")
    moment.reached(lambda: moment.state() == "delivered")
    assert moment.bought() == 1


@pytest.mark.parametrize(("kind", "state"), [("lose_answer", "delivery-unconfirmed"), ("status", "undelivered")])
def test_killed_while_the_video_waits(moment: Moment, kind: str, state: str) -> None:
    refusal = {"status": 403, "description": "Forbidden: bot was blocked by the user"} if kind == "status" else {}
    moment.world.telegram("fail", method="sendVideo", kind=kind, **refusal)
    moment.says(f"/video {moment.prompt}")
    moment.reached(lambda: moment.state() == state)
    _killed(moment)
    assert moment.state() == state
    moment.presses("again")
    moment.reached(lambda: moment.state() == "delivered")
    assert moment.bought() == 1
    assert moment.money() == (0, moment.row.price_micro)
