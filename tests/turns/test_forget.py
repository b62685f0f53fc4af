"""/forget where it is typed, and on a page that is open in two tabs."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.passive_tables import allowances
from bot.store.people_tables import forgotten
from tests.jobs.test_forgotten_people import WORD, files_with, rows_with
from tests.turns.stage import Stage, stage
from tests.turns.talkers import OnPage, OnWeChat


def done(here: Stage) -> bool:
    return bool(here.read(sa.select(forgotten.c.user).where(forgotten.c.done.is_not(None))))


def left(here: Stage) -> list[str]:
    with here.outside() as tx:
        return rows_with(tx, WORD) + files_with(here.folder / "out", WORD)


def texts(talker: Any) -> str:
    return "\n".join(each.text for each in talker.seen())


def test_both_tabs_of_a_page_lose_what_is_forgotten(tmp_path: Path, database_url: str) -> None:
    with stage(tmp_path, database_url) as here:
        page, other = OnPage(here), OnPage(here)
        page.photos(1, f"a fox {WORD}")
        here.until(lambda: WORD in texts(page) and len(page.seen()) > 1)
        here.until(lambda: WORD in texts(other))
        assert list((here.folder / "out").glob("uploads/*"))
        page.say("/forget")
        here.until(lambda: any(("forget:yes" in dict(each.buttons)) for each in other.seen()))
        other.press("forget:yes")
        here.until(lambda: "is being forgotten" in texts(page))
        here.until(lambda: done(here))
        assert WORD not in texts(page) + texts(other)
        assert "is being forgotten" in texts(other)
        assert left(here) == []
        assert not list((here.folder / "out").glob("uploads/*"))
        assert WORD not in here.log()


def test_in_wechat_it_is_typed(tmp_path: Path, database_url: str) -> None:
    with stage(tmp_path, database_url) as here:
        person, other = OnWeChat(here, "ann"), OnWeChat(here, "bob")
        person.say(f"视频 一只狐狸 {WORD}")
        other.say("视频 另一个人的兔子")
        here.until(lambda: here.orders() == 2)
        here.until(lambda: here.rests(person.user, person.chat) and here.rests(other.user, other.chat))
        person.say("删除我的数据")
        here.until(lambda: "忘记我 确认" in texts(person))
        person.say("忘记我 确认")
        here.until(lambda: "正在清除" in texts(person))
        here.until(lambda: done(here))
        assert left(here) == []
        assert WORD not in here.log()
        assert {row.user for row in here.read(sa.select(allowances.c.user))} == {other.user}
        assert any("兔子" in each.prompt for each in here.purchases(other.user, other.chat))
