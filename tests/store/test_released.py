"""The database that version 0.1.0 released with a job in flight: whatever comes later finishes it."""

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.jobs.test_crash import World

RELEASED = Path(__file__).parent.parent / "samples" / "released"


@pytest.mark.parametrize("version", sorted(path.name for path in RELEASED.iterdir()))
def test_a_job_that_a_release_left_in_flight_is_finished(version: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    shutil.copyfile(RELEASED / version / "reelbot.db", tmp_path / "out" / "reelbot.db")
    shutil.copytree(RELEASED / version / "requests", tmp_path / "fal" / "requests")
    made = World(tmp_path, f"sqlite:///{tmp_path}/out/reelbot.db")
    try:
        made.telegram("says", chat=42, text="/status")
        assert made.states() == {"a fox in flight": "rendering"}
        made.start_bot()
        made.until(lambda: made.states() == {"a fox in flight": "delivered"})
        assert made.posts() == 0
        assert len(made.films()) == 1
        of_01 = sa.text("SELECT status FROM workflow_status WHERE name = 'render_v1'")
        assert [row.status for row in made.read(of_01)] in (["SUCCESS"], ["CANCELLED"])
    finally:
        made.close()
