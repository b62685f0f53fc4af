"""What a stranger sends is answered, by who they are to the bot; nothing of it is kept, fetched or shown."""

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from bot.store.database import Connection
from bot.store.people_tables import admissions
from tests.bench import Bench, bench
from tests.corpus import jpeg
from tests.fakes.ilink import ILinkFake, Quote
from tests.fakes.wechat import WeChatFake
from tests.fakes.wecom import WeComFake
from tests.flows.test_ilink_flow import log_in
from tests.jobs.test_forgotten_people import files_with, rows_with

WORD = "zebraquartz"
"""Stands in everything that the stranger says."""
OF_PEOPLE = (
    "allowances", "answers", "codes", "dialogues", "history", "inbox", "jobs", "journal", "memory", "message_map",
    "outbox", "people", "preferences", "strangers", "submits",
)  # fmt: skip

_OF_THE_START = "memory telegram:menu:.*"

Laid = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture
def laid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Laid:
    """A bench on each database."""
    url = {} if database_url.startswith("sqlite") else {"database_url": database_url}
    return lambda **more: bench(tmp_path, monkeypatch, **(url | more))


def kept(tx: Connection) -> dict[str, bool]:
    """Every row of those tables that know people, by its table and key; True: it lapses by itself."""
    found = {}
    tables = sa.MetaData()
    tables.reflect(tx, only=[f"reelbot_{each}" for each in OF_PEOPLE])
    for table in tables.tables.values():
        for row in tx.execute(sa.select(table)).mappings():
            first = row.get("origin") or row.get("key") or row.get("user") or row.get("id")
            name = f"{table.name.removeprefix('reelbot_')} {first}"
            found[name] = row.get("until") is not None
    return found


async def rows(made: Bench) -> dict[str, bool]:
    return await made.app.store.database.read(kept)


async def has_left(
    made: Bench, before: dict[str, bool], *, lapsing: tuple[str, ...], staying: tuple[str, ...] = ()
) -> None:
    """Nothing but these is there that was not before: by patterns of what lapses by itself, and of what stays."""
    await made.at_rest()
    new = {name: lapses for name, lapses in (await rows(made)).items() if name not in before}
    odd = [
        name
        for name, lapses in new.items()
        if not any(re.fullmatch(each, name) for each in (*(lapsing if lapses else ()), *staying, _OF_THE_START))
    ]
    assert odd == []
    said = await made.app.store.database.read(lambda tx: rows_with(tx, WORD))
    assert said + files_with(made.settings.output_dir, WORD) == []
    assert [path for path in made.settings.uploads_dir.rglob("*") if path.is_file()] == []


def test_in_telegram(laid: Laid) -> None:
    async def story() -> None:
        async with laid() as made:
            fake, before = made.telegram, await rows(made)
            fake.user_says(7001, f"/video a fox {WORD}")
            await made.until(lambda: any("telegram:7001" in each for each in fake.texts(7001)))
            calls = len(fake.calls())
            fake.user_says(7001, f"a hare {WORD}", photo=jpeg())
            fake.user_says(42, "/help")
            await made.until(lambda: fake.texts(42))
            await made.at_rest()
            later = [each for each in fake.calls()[calls:] if each.method != "getUpdates"]
            assert not [each for each in later if str(each.params.get("chat_id")) == "7001"]  # answered a moment ago
            assert not [each for each in fake.calls() if each.method in {"getFile", "sendChatAction"}]
            mine = ("inbox telegram:.*", r"memory telegram:.*:42", "dialogues .*", "message_map .*")
            await has_left(
                made,
                before,
                lapsing=("memory telegram:[a-z]+:[0-9]+:7001", *mine),
                staying=("strangers telegram:7001", *mine),
            )

    asyncio.run(story())


def test_in_telegram_by_a_press_and_by_a_block(laid: Laid) -> None:
    async def story() -> None:
        async with laid(access="telegram:42,telegram:-100500") as made:
            fake = made.telegram
            fake.group(-100500)
            fake.user_says(-100500, "/video", sender=42)
            await made.until(lambda: fake.texts(-100500))
            await made.at_rest()
            before = await rows(made)
            fake.group(-100600)
            fake.user_says(7001, "hello")
            await made.until(lambda: fake.texts(7001))
            fake.world.blocks(7001)
            fake.world.blocks(7001, blocked=False)
            fake.user_says(42, "/help")
            await made.until(lambda: fake.texts(42))
            mine = ("inbox .*", r"memory telegram:.*:42", "dialogues .*", "message_map .*")
            await has_left(
                made,
                before,
                lapsing=("memory telegram:[a-z]+:[0-9]+:7001", *mine),
                staying=("strangers telegram:7001", *mine),
            )

    asyncio.run(story())


def test_in_wecom(laid: Laid) -> None:
    wecom = WeComFake()

    async def story() -> None:
        async with laid(wecom=wecom, access="wecom:fox") as made:
            await wecom.until(lambda: wecom.line)
            before = await rows(made)
            quote = wecom.quoted_photo(jpeg())
            await wecom.says("stranger", f"a fox {WORD}", photo=jpeg(), quote=quote)
            await wecom.until(lambda: any("wecom:stranger" in each for each in wecom.texts("stranger")))
            await wecom.says("stranger", f"a hare {WORD}", chat="a group of strangers", photo=jpeg())
            await wecom.says("fox", "帮助")
            await wecom.until(lambda: wecom.texts("fox"))
            assert wecom.files.fetched == []
            assert len(wecom.said("stranger")) == 1
            mine = ("inbox wecom:.*:fox:.*", "dialogues .*", "message_map .*", "memory wecom:answer:.*")
            await has_left(
                made,
                before,
                lapsing=("memory wecom:words:.*", "memory wecom:card:.*", "memory wecom:line:.*", *mine),
                staying=("strangers wecom:stranger", "memory wecom:line:.*", *mine),
            )
            answerable = [name for name in await rows(made) if name.startswith("memory wecom:answer:")]
            assert len(answerable) == 1  # FOX's own message alone

    asyncio.run(story())
    assert wecom.violations == []


def test_in_personal_wechat(laid: Laid) -> None:
    ilink = ILinkFake()

    async def story() -> None:
        async with laid(ilink=ilink) as made:
            await log_in(made, ilink, owner="fox@im.wechat")
            bot = ilink.world.all_bots[-1]
            before = await rows(made)
            first = ilink.sends(
                "stranger@im.wechat",
                {"type": 1, "text_item": {"text": f"a fox {WORD}"}},
                ilink.world.photo_item(jpeg(), "raw"),
                bot=bot,
            )
            ilink.says("stranger@im.wechat", f"and {WORD}", quote=Quote(first, title=f"a fox {WORD}"), bot=bot)
            await ilink.until(lambda: any("stranger" in each for each in ilink.person("stranger@im.wechat").texts))
            ilink.says("fox@im.wechat", "帮助", bot=bot)
            await ilink.until(lambda: ilink.person("fox@im.wechat").texts)
            assert len(ilink.person("stranger@im.wechat").texts) == 1
            assert ilink.calls("download") == []
            mine = (r"inbox ilink:.*:fox@.*", r"memory ilink:\w+:.*:fox@im.wechat.*", "dialogues .*", "message_map .*")
            await has_left(
                made,
                before,
                lapsing=(r"memory ilink:(context|pace):.*:stranger@im\.wechat", *mine),
                staying=(
                    r"strangers ilink:stranger@im\.wechat",
                    "memory ilink:cursor:.*",
                    "outbox ilink:fox@im.wechat",
                    *mine,
                ),
            )

    asyncio.run(story())


def test_in_wechat(laid: Laid) -> None:
    wechat = WeChatFake()
    stranger, fox = "oStranger_0123456789abcdefgh", "oFox_0123456789abcdefghijkl"

    async def story() -> None:
        async with laid(wechat=wechat, access=f"wechat:{fox}") as made:
            before = await rows(made)
            seen = await wechat.caller.says(stranger, f"视频 一只狐狸 {WORD}")
            assert seen is not None
            assert stranger in seen.text
            await wechat.caller.sends_photo(stranger, jpeg())
            await has_left(
                made,
                before,
                lapsing=("memory wechat:.*:(call|right):.*",),
                staying=(f"strangers wechat:{stranger}", "memory wechat:.*:(token|right|rights):?.*"),
            )

    asyncio.run(story())


def test_in_the_web_chat_of_a_guest_who_was_shut_out(laid: Laid, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async def with_a_page(_settings: object, _telegram: object) -> None:
            monkeypatch.setenv("REELBOT_WEB_TOKEN", "a-token-of-the-tests-alone")

        async with laid(before=with_a_page) as made:
            store, base = made.app.store, f"http://127.0.0.1:{made.settings.port}"
            invitation = await store.invitations.invite("anna")
            async with httpx.AsyncClient(base_url=base, headers={"Origin": base}, trust_env=False) as web:
                entered = await web.post("/chat/redeem", json={"invitation": invitation})
                assert entered.status_code < 400, entered.text
                out = admissions.update().where(admissions.c.id == "web:anna").values(allowed=None, allowed_by=None)
                await store.database.write(lambda tx: tx.execute(out))
                before = await rows(made)
                upload = (await web.post("/chat/upload", content=jpeg())).json()["upload"]
                said = {"id": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "text": f"a fox {WORD}", "upload": upload}
                assert (await web.post("/chat/send", json=said)).status_code == 202
                await made.at_rest()
                await has_left(made, before, lapsing=(), staying=("strangers web:anna", "journal [0-9]+"))

    asyncio.run(story())
