"""Invitations on both databases: a link opens once, sessions hold until it is taken back, its holder is let in."""

import asyncio

import sqlalchemy as sa

from bot.store import Store
from bot.store.invitations import LINK_S
from bot.store.people_tables import invitations
from tests.store.test_store import on_store


async def redeemed(store: Store, secret: str) -> tuple[str, str]:
    found = await store.invitations.redeem(secret)
    assert found is not None
    return found


def test_a_link_opens_once_also_for_two_at_once(database_url: str) -> None:
    async def story(store: Store) -> None:
        secret = await store.invitations.invite("anna")
        assert await store.invitations.redeem("another") is None
        found = await asyncio.gather(*(store.invitations.redeem(secret) for _ in range(5)))
        assert sum(each is not None for each in found) == 1
        (name, series), *_ = [each for each in found if each is not None]
        assert name == "anna"
        assert await store.invitations.holds("anna", series)
        assert not await store.invitations.holds("ben", series)
        assert await store.admissions.allowed(["web:anna"]) == {"web:anna"}

    on_store(database_url, story)


def test_another_link_leaves_open_what_is_open_and_voids_the_one_before(database_url: str) -> None:
    async def story(store: Store) -> None:
        _, series = await redeemed(store, await store.invitations.invite("anna"))
        before, now = await store.invitations.invite("anna"), await store.invitations.invite("anna")
        assert await store.invitations.redeem(before) is None
        assert (await redeemed(store, now)) == ("anna", series)
        assert await store.invitations.holds("anna", series)

    on_store(database_url, story)


def test_what_is_taken_back_ends_and_a_later_invitation_is_another(database_url: str) -> None:
    async def story(store: Store) -> None:
        _, series = await redeemed(store, await store.invitations.invite("anna"))
        open_link = await store.invitations.invite("anna")
        assert await store.invitations.revoke("anna")
        assert not await store.invitations.revoke("anna")
        assert not await store.invitations.holds("anna", series)
        assert await store.invitations.redeem(open_link) is None
        assert await store.admissions.allowed(["web:anna"]) == frozenset()
        _, later = await redeemed(store, await store.invitations.invite("anna"))
        assert not await store.invitations.holds("anna", series)
        assert await store.invitations.holds("anna", later)
        assert [(each.name, each.holds) for each in await store.invitations.all()] == [("anna", True)]

    on_store(database_url, story)


def test_whom_an_admin_has_let_in_stays_so(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.admissions.allow("web:anna", by="telegram:1")
        await store.invitations.invite("anna")
        assert await store.invitations.revoke("anna")
        assert await store.admissions.allowed(["web:anna"]) == {"web:anna"}

    on_store(database_url, story)


def test_a_link_that_nobody_opens_lapses(database_url: str) -> None:
    async def story(store: Store) -> None:
        secret = await store.invitations.invite("anna")
        old = invitations.update().values(invited=invitations.c.invited - int(LINK_S * 1000) - 1)
        await store.database.write(lambda tx: tx.execute(old))
        assert await store.invitations.redeem(secret) is None
        digests = sa.select(invitations.c.digest)
        assert secret not in str(await store.database.read(lambda tx: tx.execute(digests).scalars().all()))

    on_store(database_url, story)
