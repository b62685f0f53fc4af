"""What browsers had before the web chat knew its people goes to one person, once."""

from dataclasses import replace

from bot.channels.types import Address
from bot.store import Store
from bot.store.ledger import Caps, OverCap
from tests.store.test_people_and_groups import draft
from tests.store.test_store import on_store

DESK, PHONE = "0123456789ab", "ba9876543210"
CAPS = Caps(all_micro=20_000_000, user_micro=1_500_000)


async def ordered(store: Store, event: str, browser: str) -> str | OverCap:
    new = draft(event, group=None)
    asked = replace(new.incoming, address=Address("web", browser), sender_id=browser, account="web", event_id=event)
    made = await store.jobs.accept(replace(new, incoming=asked), inbox_id=None, caps=CAPS)
    assert made is not None
    return made


def test_two_browsers_become_the_operator(database_url: str) -> None:
    async def story(store: Store) -> None:
        await store.transcript.add("operator", {"text": "of today"})
        for number, browser in enumerate((DESK, PHONE, DESK)):
            await store.transcript.add(browser, {"text": f"{number}"})
        await store.transcript.add("anna", {"text": "of a guest"})
        job_id = await ordered(store, "event-0001", DESK)
        assert isinstance(job_id, str)
        await store.message_map.put(Address("web", DESK), "3", job_id)
        assert await store.web_people.unite("operator") == 2
        assert await store.message_map.job_of(Address("web", "operator"), "3") == job_id  # it stands under its number
        entries = await store.transcript.read("operator")
        assert [entry["text"] for entry in entries] == ["of today", "0", "1", "2"]
        assert len({entry["change"] for entry in entries}) == 4
        assert [entry["text"] for entry in await store.transcript.read("anna")] == ["of a guest"]
        job = await store.jobs.get(job_id)
        assert job is not None
        assert (job.user, job.chat, job.address.chat_id) == ("web:operator", "web:operator", "operator")
        assert isinstance(await ordered(store, "event-0002", "operator"), str)
        assert isinstance(await ordered(store, "event-0003", "operator"), OverCap)  # one purse, with what was spent
        assert await store.web_people.unite("operator") == 0

    on_store(database_url, story)
