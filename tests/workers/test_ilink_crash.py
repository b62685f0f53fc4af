"""Personal WeChat in real processes: a login while the bot runs, kill -9 around upload and send, two workers.

`World` and its processes: tests/jobs/test_crash.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.tables import roles
from tests.fakes.ilink import ILinkFake
from tests.jobs.test_crash import KEY, World, delivered, sqlite, world
from tests.postgres import Cluster
from tests.serving import served_in_thread
from tests.warm import Started

FOX = "fox@im.wechat"
_SOON_S = 40.0


class Scene:
    """The world with a personal WeChat in it."""

    def __init__(self, made: World, fake: ILinkFake) -> None:
        self.made, self.fake = made, fake
        self.fox = fake.person(FOX)

    def start(self) -> Started:
        self.made.start_bot(**self.fake.environment)
        assert self.made.bot is not None
        return self.made.bot

    def log_in(self) -> str:
        """The command beside the bot that runs; what it printed."""
        made = self.made
        file = {} if made.database_url.startswith("sqlite") else {"REELBOT_DATABASE_URL": made.database_url}
        env = self.fake.environment | {"REELBOT_OUTPUT_DIR": str(made.folder / "out")} | file
        self.fake.api.logins.scripts = [["confirmed"]]
        before = len((made.folder / "log.txt").read_text())
        assert made.command("wechat", "login", **env) == 0
        made.until(lambda: self.fake.world.all_bots[-1].polling, 20)
        return (made.folder / "log.txt").read_text()[before:]

    def orders(self, words: str = "视频 一只狐狸") -> None:
        self.fake.says(FOX, words)

    def until_delivered(self) -> None:
        self.made.until(lambda: delivered(self.made), _SOON_S)

    def called(self, path: str) -> bool:
        return any(call.path == path for call in self.fake.calls())


@contextmanager
def scene(folder: Path, url: str) -> Iterator[Scene]:
    fake = ILinkFake()
    with served_in_thread(fake) as fake.url, world(folder, url) as made:
        yield Scene(made, fake)
        assert made.posts() == len(made.submits())
        log = (folder / "log.txt").read_text()
        assert [secret for secret in [KEY, *fake.secrets, "fal.media"] if secret in log] == []
        assert fake.world.wrong == []
        assert "Traceback" not in log, log[log.index("Traceback") - 600 :][:3000]


def test_a_login_is_taken_up_while_the_bot_runs(tmp_path: Path) -> None:
    with scene(tmp_path, sqlite(tmp_path)) as on:
        on.start()
        said = on.log_in()
        assert "█" in said
        assert f"ilink:{FOX} has scanned" in said
        on.orders()
        on.until_delivered()
        assert len(on.fox.videos) == 1
        mode = (tmp_path / "out" / "reelbot.db").stat().st_mode
        assert mode & 0o077 == 0  # the token lies there


def test_killed_while_the_video_is_uploaded(tmp_path: Path) -> None:
    with scene(tmp_path, sqlite(tmp_path)) as on:
        on.start()
        on.log_in()
        on.fake.fail("upload", "slow", delay_s=5.0)
        on.orders()
        on.made.until(lambda: on.called("upload"))
        on.made.kill_bot()
        assert on.fox.videos == []
        on.start()
        on.until_delivered()
        assert len(on.fox.videos) == 1
        assert len(on.made.submits()) == 1
        assert on.fake.world.all_bots[0].resets == 0


def test_killed_after_the_video_was_taken(tmp_path: Path) -> None:
    """Nobody knows then: it comes once more rather than never, and is bought once."""
    with scene(tmp_path, sqlite(tmp_path)) as on:
        on.start()
        on.log_in()
        on.fake.fail("sendmessage", "slow", delay_s=5.0, kind_of="video_item")
        on.orders()
        on.made.until(lambda: on.fox.videos)
        on.made.kill_bot()
        on.start()
        on.until_delivered()
        assert len(on.fox.videos) == 2
        assert len(on.made.submits()) == 1


def test_killed_before_the_answer_to_an_order_was_taken(tmp_path: Path) -> None:
    with scene(tmp_path, sqlite(tmp_path)) as on:
        on.start()
        on.log_in()
        refusals = on.fake.fail("sendmessage", "status", code=403, times=99, kind_of="text_item")
        on.orders("一只狐狸在雪地里奔跑")
        on.made.until(lambda: refusals.times < 99)
        on.made.kill_bot()
        on.fake.api.faults.clear()
        assert on.fox.texts == []
        on.start()
        on.made.until(lambda: on.fox.texts)
        assert "确认 K7" in on.fox.texts[0]
        assert on.made.submits() == []


@pytest.mark.parametrize("moment", ["upload", "sendmessage"])
def test_of_two_workers_one_polls_and_the_other_takes_over(tmp_path: Path, postgres: Cluster, moment: str) -> None:
    with scene(tmp_path, postgres.database()) as on:
        first = on.start()
        second, _ = on.made.start_second(**on.fake.environment)
        on.log_in()
        bot = on.fake.world.all_bots[0]
        on.orders()
        on.until_delivered()
        owner = on.made.read(sa.select(roles.c.owner).where(roles.c.name == "ilink"))[0].owner
        victim = next(each for each in (first, second) if f"-{each.pid}-" in owner)
        kind_of = "video_item" if moment == "sendmessage" else None  # its first words leave while it is being bought
        slow = on.fake.fail(moment, "slow", delay_s=3.0, kind_of=kind_of)
        on.orders("视频 一只猫")
        on.made.until(lambda: not slow.times)
        on.made.kill(victim)
        on.orders("视频 一只狗")
        on.made.until(lambda: len(on.made.states()) == 3, _SOON_S)
        on.until_delivered()
        assert sorted(on.made.submits()) == ["一只狐狸", "一只狗", "一只猫"]
        assert 3 <= len(on.fox.videos) <= 4
        assert (bot.conflicts, bot.resets) == (0, 0)
