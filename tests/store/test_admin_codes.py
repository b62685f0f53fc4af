"""The one-time code that makes its sender an admin: once, for minutes, and a few tries."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store import Store
from bot.store.admin_codes import CODE_S, MOST_TRIES, code_in
from bot.store.people_tables import admin_codes
from tests.store.test_store import on_store

USER = "telegram:42"


@pytest.mark.parametrize(
    "text",
    [
        "admin-AB2CD-EF3GH",
        " /start admin-AB2CD-EF3GH\n",
        "ADMIN-ab2cd-ef3gh",
        "admin ab2cd ef3gh",
        "start admin-AB2CDEF3GH",
        "ａｄｍｉｎ－ＡＢ２ＣＤ－ＥＦ３ＧＨ",
    ],
)
def test_a_code_is_known_however_it_is_typed(text: str) -> None:
    assert code_in(text) == "admin-AB2CD-EF3GH"


@pytest.mark.parametrize(
    "text", ["", "admin", "/admin waiting", "/start K7QX2AB", "admin-AB2CD-EF3GH please", "x" * 99]
)
def test_other_words_are_no_code(text: str) -> None:
    assert code_in(text) is None


def test_a_code_counts_once_and_its_hash_alone_is_stored(database_url: str) -> None:
    async def story(store: Store) -> None:
        code = await store.admin_codes.issue()
        assert code_in(code) == code
        stored = await store.database.read(lambda tx: str(tx.execute(sa.select(admin_codes)).all()))
        assert code.removeprefix("admin-") not in stored
        assert await store.admin_codes.spent_by(code) is None
        assert await store.admissions.admins() == frozenset()
        outcomes = await asyncio.gather(*(store.admin_codes.redeem(code, f"telegram:{each}") for each in range(4)))
        assert sorted(outcomes) == ["admin", "none", "none", "none"]
        (admin,) = await store.admissions.admins()
        assert await store.admin_codes.spent_by(code) == admin
        assert await store.admissions.allowed([admin]) == {admin}
        assert await store.admissions.remove(admin)
        assert await store.admissions.admins() == frozenset()

    on_store(database_url, story)


def test_who_guesses_alone_does_not_use_up_the_tries(database_url: str) -> None:
    async def story(store: Store) -> None:
        code = await store.admin_codes.issue()
        guesses = [await store.admin_codes.redeem("admin-22222-22222", "telegram:66") for _ in range(9)]
        assert guesses.count("wrong") < MOST_TRIES
        assert await store.admin_codes.redeem(code, "telegram:66") == "none"  # one who has guessed is not believed
        assert await store.admin_codes.redeem(code, USER) == "admin"

    on_store(database_url, story)


def test_five_tries_in_all_and_a_new_code_has_new_ones(database_url: str) -> None:
    async def story(store: Store) -> None:
        code = await store.admin_codes.issue()
        for each in range(MOST_TRIES):
            assert await store.admin_codes.redeem("admin-22222-22222", f"telegram:{each}") == "wrong"
        assert await store.admin_codes.redeem(code, USER) == "none"
        again = await store.admin_codes.issue()
        assert await store.admin_codes.redeem(code, USER) == "wrong"
        assert await store.admin_codes.redeem(again, USER) == "admin"

    on_store(database_url, story)


def test_a_code_lapses(database_url: str) -> None:
    async def story(store: Store) -> None:
        code = await store.admin_codes.issue()
        late = sa.update(admin_codes).values(expires=admin_codes.c.expires - int(CODE_S * 1000))
        await store.database.write(lambda tx: tx.execute(late).rowcount)
        assert await store.admin_codes.redeem(code, USER) == "none"
        await store.admin_codes.revoke()
        assert await store.admin_codes.spent_by(code) is None

    on_store(database_url, story)


def test_whom_setup_made_an_admin_is_told_of_once(database_url: str) -> None:
    async def story(store: Store) -> None:
        assert await store.admin_codes.untold() == ()
        for user in ("telegram:42", "telegram:43"):
            code = await store.admin_codes.issue()
            assert await store.admin_codes.redeem("admin-22222-22222", user, by_setup=True) == "wrong"
            assert await store.admin_codes.redeem(code, user, by_setup=True) == "admin"
        assert await store.admin_codes.redeem(await store.admin_codes.issue(), USER) == "admin"
        assert await store.admin_codes.untold() == ("telegram:42", "telegram:43")
        assert await store.admin_codes.untold() == ()

    on_store(database_url, story)


def test_a_code_that_counts_nothing_waits_for_no_turn(tmp_path: Path) -> None:
    """Anybody may send codes without end, also while somebody writes for long."""

    async def story(store: Store) -> None:
        await store.admin_codes.issue()
        for _ in range(3):
            assert await store.admin_codes.redeem("admin-22222-22222", USER) == "wrong"
        with closing(sqlite3.connect(tmp_path / "reelbot.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(20):
                outcomes = [await store.admin_codes.redeem("admin-22222-22222", USER) for _ in range(50)]
            assert set(outcomes) == {"none"}
            other.execute("ROLLBACK")

    on_store(f"sqlite:///{tmp_path / 'reelbot.db'}", story)
