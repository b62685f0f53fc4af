"""SIGKILL at each step of /forget, on both databases, then a restart: nothing is left, no more is bought.

The steps stand in the test ids.
"""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store.payloads import payloads
from bot.store.people_tables import forgotten
from bot.store.tables import jobs, ledger
from tests.jobs.test_crash import ADMIN_KEY, World, world
from tests.jobs.test_forgotten_people import WORD, files_with, rows_with

STEPS = {
    "the wish": "INSERT INTO reelbot_forgotten",
    "the end of a job": "UPDATE reelbot_jobs SET state",
    "the settings": "DELETE FROM reelbot_preferences",
    "the messages": "UPDATE reelbot_inbox SET incoming",
    "the draft": "DELETE FROM reelbot_dialogues",
    "the mark of the wish": "*.forgotten",
    "the mark of the film": "*.deleted",
    "the film": "*/videos/*.mp4",
    "the message that shows it": "UPDATE reelbot_message_map",
    "what fal said": "*.result",
    "the words of the claim": "UPDATE reelbot_submits SET body",
    "the messages about it": "DELETE FROM reelbot_message_map",
    "the end of the wish": "UPDATE reelbot_forgotten SET done",
    "what fal keeps": "INSERT INTO reelbot_payloads",
}
SETTINGS = {"FAL_ADMIN_KEY": ADMIN_KEY, "REELBOT_FORGET_AT_FAL": "true"}


def texts(made: World) -> str:
    return "\n".join(each.get("text", "") for each in made.telegram("said", chat=42))


def rows(made: World) -> list[str]:
    engine = sa.create_engine(made.database_url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    try:
        with engine.connect() as tx:
            return rows_with(tx, WORD)
    finally:
        engine.dispose()


def sums(made: World) -> Any:
    return made.read(sa.select(sa.func.sum(ledger.c.spent_micro), sa.func.sum(ledger.c.reserved_micro)))


@pytest.mark.parametrize("step", STEPS)
def test_killed_at(tmp_path: Path, database_url: str, step: str) -> None:
    with world(tmp_path, database_url) as made:
        usual, armed = made.program, tmp_path / "armed"
        made.program = ("-m", "tests.dying_worker")
        made.start_bot(**SETTINGS, DIES_AT=STEPS[step], DIES_WHILE=str(armed))
        made.telegram("says", chat=42, text="/settings model happy-horse")
        made.telegram("says", chat=42, text=f"/video a fox {WORD}")
        made.until(lambda: "delivered" in made.states().values())
        made.telegram("says", chat=42, text=f"a boat {WORD}")
        made.until(lambda: "awaiting-confirmation" in made.states().values())
        made.telegram("says", chat=42, text="/forget")
        made.until(lambda: "2 orders" in texts(made))
        paid = sums(made)
        armed.touch()
        made.telegram("says", chat=42, text="/forget yes")
        assert made.bot is not None
        assert made.bot.wait(60) != 0
        armed.unlink()
        made.program = usual
        made.start_bot(**SETTINGS)
        made.until(lambda: made.read(sa.select(forgotten.c.done))[0][0] is not None, 100)
        made.until(lambda: made.read(sa.select(payloads.c.gone)) != [], 100)
        made.until(lambda: not made.films())
        assert {row.state for row in made.read(sa.select(jobs.c.state))} == {"deleted"}
        assert rows(made) == []
        assert files_with(tmp_path / "out", WORD) == []
        assert not list((tmp_path / "out" / "videos").glob("*.mp4"))
        assert [each["body"] for each in made.fal("requests")] == [{}]
        assert sums(made) == paid
        assert made.posts() == 1
