"""Named facts: one that holds nonsense, or is of another version, stops nothing."""

import pytest

from bot.store import Store
from bot.store.stored import number
from tests.store.test_store import on_store


@pytest.mark.parametrize("odd", ["", "soon", "1.5", "{}"])
def test_an_odd_time_counts_as_long_ago(database_url: str, odd: str) -> None:
    async def story(store: Store) -> None:
        assert await store.installation.due("told", gap_s=3600)
        assert not await store.installation.due("told", gap_s=3600)
        await store.installation.put("told", odd)
        assert await store.installation.due("told", gap_s=3600)
        assert not await store.installation.due("told", gap_s=3600)

    on_store(database_url, story)


def test_a_stored_number_is_read_and_nothing_else() -> None:
    assert [number(each) for each in ("17", None, "", "x", "-3")] == [17, 0, 0, 0, -3]
