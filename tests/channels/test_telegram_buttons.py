"""What stands below and inside a text on servers old and new: colours, questions, folded words; answers to presses."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.channels.telegram import tables
from bot.channels.telegram.lengths import units
from bot.channels.types import Action, Address, Incoming, Message, SendError, SendOutcome, Toast
from bot.conversation.generation_options import GenerationOptions
from bot.conversation.price_list import prices
from bot.messages import job_lists
from bot.messages.languages import LANGUAGES
from tests.channels.telegram_bench import ME, Bench, bench, film, jpeg
from tests.fakes.botapi import buttons

GROUP = Address("telegram", "-100300")
CANCEL = Action("Cancel", "cancel:K3X", danger=True)
YES = Action("Make it", "yes:K3X")
ANEW = Action("Another take ($0.70)", "anew:K3X")
HELP = Action("Other model", "model:K3X")
EVERY = (YES, ANEW, HELP, CANCEL)
OLD: list[dict[str, Any]] = [
    {"version": (9, 3), "unknown": "ignored"},
    {"version": (9, 3), "unknown": "refused"},
    {"version": (10, 0), "unknown": "ignored"},
    {"version": (10, 0), "unknown": "refused"},
]


def on_the_bench(folder: Path, story: Callable[[Bench], Awaitable[None]], **more: Any) -> None:
    async def play() -> None:
        async with bench(folder, **more) as on:
            on.telegram.world.private(42)
            on.telegram.group(-100300)
            await story(on)

    asyncio.run(play())


def styles(markup: dict[str, Any]) -> list[str | None]:
    return [button.get("style") for row in markup["inline_keyboard"] for button in row]


# Buttons


def test_what_buys_and_what_destroys_have_colours(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        status = await on.channel.show(ME, Message("On it", EVERY))
        await on.channel.show(ME, Message("Nearly done", EVERY), replace=status)
        await on.channel.send_video(ME, film(tmp_path, actions=EVERY))
        for message in on.telegram.said(42):
            assert styles(message["reply_markup"]) == ["success", "success", None, "danger"]
            assert buttons(message) == ["yes:K3X", "anew:K3X", "model:K3X", "cancel:K3X"]

    on_the_bench(tmp_path, story)


TABLE = Message(
    "Models:\n• Fox <b>, $0.25\n• A note",
    table=(("Model", "Price"), ("Fox <b>", "$0.25")),
    below_table="A note",
    actions=(Action("More", "more:1"),),
)


def test_a_table_is_drawn_where_the_server_knows_tables(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        ref = await on.channel.show(ME, TABLE)
        (message,) = on.telegram.said(42)
        assert (str(message["message_id"]), buttons(message)) == (ref, ["more:1"])
        title, table, note = message["rich_message"]["blocks"]
        assert (title["text"], note["text"]) == ("Models:", "A note")
        assert [[cell["text"] for cell in row] for row in table["cells"]] == [list(row) for row in TABLE.table]
        assert [cell.get("is_header") for cell in table["cells"][0]] == [True, True]

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize("refusal", ["older", "refused"])
def test_lined_up_letters_stand_in_for_a_table_that_the_server_refuses(tmp_path: Path, refusal: str) -> None:
    async def story(on: Bench) -> None:
        if refusal == "refused":
            on.telegram.fail(
                "sendRichMessage", "status", times=9, status=400, description="Bad Request: RICH_MESSAGE_INVALID"
            )
        for count in (1, 2):
            ref = await on.channel.show(ME, TABLE)
            message = on.telegram.said(42)[count - 1]
            assert (str(message["message_id"]), buttons(message)) == (ref, ["more:1"])
            title, *drawn, note = message["text"].splitlines()
            assert (title, note) == ("Models:", "A note")
            assert drawn == ["Model    Price", "─" * tables.WIDTH, "Fox <b>  $0.25"]
            assert message["entities"] == [{"type": "pre", "offset": 8, "length": len("\n".join(drawn))}]
            assert len(on.telegram.calls("sendRichMessage")) == 1

    on_the_bench(tmp_path, story, **({"version": (10, 1)} if refusal == "older" else {}))


LONG = Message(
    "Models:",
    table=(("Model", "Price"), *((f"狐狸 {number}", "$0.25") for number in range(600))),
    below_table="A note",
    actions=(Action("More", "more:1"),),
)


def test_a_long_table_is_in_several_messages_and_no_row_is_torn(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.show(ME, LONG)
        said = on.telegram.said(42)
        assert len(said) > 1
        lines = [line for message in said for line in message["text"].splitlines()]
        assert [line for line in lines if line.startswith("狐狸")] == [
            f"狐狸 {number}".ljust(6) + "  $0.25" for number in range(600)
        ]
        assert lines.count("Model     Price") == len(said)
        assert [buttons(message) for message in said] == [[]] * (len(said) - 1) + [["more:1"]]
        assert lines[-1] == "A note"

    on_the_bench(tmp_path, story, version=(10, 1))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("most", [4096, 700])
def test_the_lists_of_models_and_prices_are_lined_up_for_a_phone(language: str, most: int) -> None:
    asked = [GenerationOptions(), *(GenerationOptions(model) for model in ("veo-3.1", "seedance", "h3-max", "ltx-2.3"))]
    for message in (job_lists.models(language), *(prices(each, language) for each in asked)):
        parts = list(tables.aligned(message, most=most))
        for text, at, size in parts:
            assert 0 < units(text) <= most
            assert text == text.strip()
            block = text.encode("utf-16-le")[2 * at : 2 * (at + size)].decode("utf-16-le")
            assert all(tables.width(line) <= tables.WIDTH for line in block.splitlines())
        said = "\n".join(text for text, _, _ in parts)
        table = message.narrow_table or message.table
        for row in table[1:]:
            assert all(word in said for cell in row for word in cell.split(" "))


def test_columns_are_lined_up_by_what_is_seen_of_them() -> None:
    message = Message("T", table=(("模型", "s"), ("可灵", "5"), ("Veo", "10"), ("e\u0301", "é"), ("🦊", "4")))
    ((text, _, _),) = tables.aligned(message, most=4096)
    assert text.splitlines()[1:] == ["模型  s", "─" * tables.WIDTH, "可灵  5", "Veo   10", "e\u0301     é", "🦊    4"]


def test_a_table_in_doubt_is_not_said_twice(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.fail("sendRichMessage", kind="lose_answer")
        with pytest.raises(SendError) as error:
            await on.channel.show(ME, TABLE)
        assert error.value.outcome is SendOutcome.UNCONFIRMED
        assert len(on.telegram.said(42)) == 1

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize("server", OLD, ids=lambda each: f"{each['version']} {each['unknown']}")
def test_an_older_server_gets_everything_that_it_can_show(tmp_path: Path, server: dict[str, Any]) -> None:
    async def story(on: Bench) -> None:
        status = await on.channel.show(ME, Message("On it", EVERY, asks=True))
        await on.channel.show(ME, Message("Nearly done", EVERY, asks=True), replace=status)
        await on.channel.send_video(ME, film(tmp_path, actions=EVERY))
        text, video = on.telegram.said(42)
        assert (text["text"], video["caption"]) == ("Nearly done", "A fox")
        assert [len(buttons(message)) for message in (text, video)] == [4, 4]

    on_the_bench(tmp_path, story, **server)


def test_a_server_that_refuses_a_field_is_not_asked_twice_and_again_after_a_day(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.show(ME, Message("On it", (CANCEL,)))
        calls = on.telegram.calls("sendMessage")
        assert [call.done for call in calls] == [False, True]
        await on.channel.show(ME, Message("On it", (CANCEL,)))
        await on.again().send_video(ME, film(tmp_path, actions=(CANCEL,)))
        assert [call.done for call in on.telegram.calls()] == [False, True, True, True]
        assert [styles(call.params["reply_markup"]) for call in on.telegram.calls()[1:]] == [[None]] * 3
        on.key_values.ahead_s = 86_401.0
        on.telegram.world.version = (10, 3)
        await on.channel.show(ME, Message("On it", (CANCEL,)))
        assert styles(on.telegram.calls()[-1].params["reply_markup"]) == ["danger"]

    on_the_bench(tmp_path, story, version=(9, 3), unknown="refused")


def test_a_database_that_is_away_only_makes_it_ask_again(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.key_values.away = True
        for _ in range(2):
            await on.channel.show(ME, Message("On it", (CANCEL,)))
        await on.channel.send_video(ME, film(tmp_path, actions=(CANCEL,)))
        assert [call.done for call in on.telegram.calls()] == [False, True] * 3

    on_the_bench(tmp_path, story, version=(9, 3), unknown="refused")


def test_another_refusal_does_not_make_a_server_old(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        on.telegram.fail("sendMessage", "status", status=400, description="Bad Request: BUTTON_DATA_INVALID", times=1)
        await on.channel.show(ME, Message("On it", (CANCEL,)))
        assert [buttons(message) for message in on.telegram.said(42)] == [[]]
        await on.channel.show(ME, Message("On it", (CANCEL,)))
        assert styles(on.telegram.said(42)[-1]["reply_markup"]) == ["danger"]

    on_the_bench(tmp_path, story)


# Questions


def test_a_question_opens_the_keyboard(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        await on.channel.show(ME, Message("What should it show?\nFor example: a fox", asks=True))
        asked = on.telegram.user_says(-100300, "/video", sender=42)
        await on.channel.show(GROUP, Message("🦊" * 50, asks=True), reply_to=str(asked))
        mine, groups = [call.params["reply_markup"] for call in on.telegram.calls("sendMessage")]
        assert mine == {"force_reply": True, "input_field_placeholder": "What should it show?"}
        assert groups == {"force_reply": True, "selective": True, "input_field_placeholder": "🦊" * 31 + "…"}

    on_the_bench(tmp_path, story)


def test_beside_buttons_it_opens_where_the_server_knows_that(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        status = await on.channel.show(ME, Message("Which words?", (HELP,), asks=True))
        (message,) = on.telegram.said(42)
        assert message["reply_markup"]["force_reply"] is True
        assert buttons(message) == ["model:K3X"]
        await on.channel.show(ME, Message("Thank you", asks=True), replace=status)  # an edit cannot open it
        assert "reply_markup" not in on.telegram.calls("editMessageText")[0].params

    on_the_bench(tmp_path, story)


# Folded words


def quoted(message: dict[str, Any]) -> str:
    (entity,) = message["entities"]
    assert entity["type"] == "expandable_blockquote"
    code: bytes = message["text"].encode("utf-16-le")
    return code[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")


@pytest.mark.parametrize("text", ["🦊 On it", "  On it \n", ""])
def test_long_words_are_folded_below_the_text(tmp_path: Path, text: str) -> None:
    words = "a fox 🦊 in the snow, " * 20

    async def story(on: Bench) -> None:
        status = await on.channel.show(ME, Message(text, (HELP,), long=f"\n{words}\n"))
        (message,) = on.telegram.said(42)
        assert message["text"] == (f"{text.strip()}\n" if text.strip() else "") + words.strip()
        assert quoted(message) == words.strip()
        assert buttons(message) == ["model:K3X"]
        await on.channel.show(ME, Message("🦊🦊", long=words), replace=status)
        (message,) = on.telegram.said(42)
        assert message["text"].startswith("🦊🦊\n")
        assert quoted(message) == words.strip()

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize(("text_chars", "long_chars"), [(10, 9000), (3000, 3000), (4000, 900), (9000, 900), (5, 4090)])
def test_folded_words_stay_within_a_message(tmp_path: Path, text_chars: int, long_chars: int) -> None:
    message = Message("x" * text_chars, long="🦊" * (long_chars // 2))

    async def story(on: Bench) -> None:
        status = await on.channel.show(ME, message)
        said = on.telegram.said(42)
        assert "".join(each["text"] for each in said).count("x") == text_chars
        assert quoted(said[-1]).startswith("🦊" * 100)
        assert quoted(said[-1]).endswith("🦊" if long_chars <= 4096 - 1 - text_chars else ("🦊", "…"))
        await on.channel.show(ME, replace(message, actions=(HELP,)), replace=status)
        assert quoted(on.telegram.said(42)[-1]).startswith("🦊" * 100)

    on_the_bench(tmp_path, story)


@pytest.mark.parametrize("method", ["sendMessage", "editMessageText"])
def test_words_that_cannot_be_folded_are_shown(tmp_path: Path, method: str) -> None:
    async def story(on: Bench) -> None:
        status = await on.channel.show(ME, Message("On it"))
        words = "Bad Request: ENTITY_BOUNDS_INVALID"
        on.telegram.fail(method, "status", status=400, description=words, only_with="entities", times=9)
        place = status if method == "editMessageText" else None
        await on.channel.show(ME, Message("On it", (HELP,), long="a fox"), replace=place)
        message = on.telegram.said(42)[-1]
        assert (message["text"], message.get("entities")) == ("On it\na fox", None)
        assert buttons(message) == ["model:K3X"]

    on_the_bench(tmp_path, story)


# The cover


def test_a_cover_goes_with_a_video_and_an_old_server_gets_none(tmp_path: Path) -> None:
    cover = tmp_path / "cover.jpg"
    cover.write_bytes(jpeg((1280, 720)))

    async def story(on: Bench) -> None:
        await on.channel.send_video(ME, film(tmp_path, cover=cover, actions=(HELP,)))
        (message,) = on.telegram.videos(42)
        assert message["video"]["cover"][0]["width"] == 1280
        assert message["video"]["thumbnail"]["width"] == 320
        on.telegram.world.version, on.telegram.world.unknown = (8, 2), "refused"
        other = replace(film(tmp_path, cover=cover, actions=(HELP,)), path=tmp_path / "other.mp4")
        other.path.write_bytes((tmp_path / "film.mp4").read_bytes())
        await on.channel.send_video(ME, other)
        message = on.telegram.videos(42)[-1]
        assert "cover" not in message["video"]
        assert message["video"]["thumbnail"]["width"] == 320
        assert buttons(message) == ["model:K3X"]
        cover.unlink()
        await on.channel.send_video(ME, film(tmp_path, cover=cover))

    on_the_bench(tmp_path, story)


# Presses


async def pressed(on: Bench, data: str = "cancel:K3X") -> Incoming:
    count = len(on.box.all)
    on.telegram.presses(42, data)
    await on.telegram.until(lambda: len(on.box.all) > count)
    return on.box.all[-1]


def polled(folder: Path, story: Callable[[Bench], Awaitable[None]], **more: Any) -> None:
    async def started(on: Bench) -> None:
        await on.channel.start()
        await on.channel.show(ME, Message("working", (CANCEL,)))
        await story(on)

    on_the_bench(folder, started, **more)


def test_a_press_is_answered_with_a_toast_once(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        press = await pressed(on)
        assert await on.channel.toast(press, Toast("🦊" * 300))
        assert not await on.channel.toast(press, Toast("Once more"))
        assert not await on.again().toast(press, Toast("From elsewhere"))
        (call,) = on.telegram.calls("answerCallbackQuery")
        assert on.telegram.world.toasts[press.event_id.removeprefix("press-")] == "🦊" * 99 + "…"
        assert "show_alert" not in call.params

    polled(tmp_path, story)


def test_another_process_may_answer_a_press(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        press = await pressed(on)
        assert await on.again().toast(press, Toast("Stopping"))
        assert not await on.channel.toast(press, Toast("Stopping"))
        assert len(on.telegram.calls("answerCallbackQuery")) == 1

    polled(tmp_path, story)


def test_a_press_that_nobody_answers_is_answered_blank_once(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        press = await pressed(on)
        await on.telegram.until(lambda: on.telegram.calls("answerCallbackQuery"))
        assert not await on.channel.toast(press, Toast("Too late"))
        (call,) = on.telegram.calls("answerCallbackQuery")
        assert "text" not in call.params
        assert on.telegram.world.toasts == {}

    polled(tmp_path, story, press_s=0.0)


def test_a_toast_in_time_leaves_nothing_to_be_answered_blank(tmp_path: Path) -> None:
    """The timer of the process that took the press finds it claimed by the one that handled it."""

    async def story(on: Bench) -> None:
        on.box.broken = 1
        query = on.telegram.presses(42, "cancel:K3X")
        press = Incoming(ME, "7000000001", f"press-{query}", "42", pressed="cancel:K3X")
        assert await on.again().toast(press, Toast("Stopping"))
        await on.channel.start()
        await on.telegram.until(lambda: len(on.box.all) == 1 and on.telegram.pending == 0)
        await pressed(on)
        await on.telegram.until(lambda: len(on.telegram.calls("answerCallbackQuery")) == 2)
        first, second = on.telegram.calls("answerCallbackQuery")
        assert (first.params["callback_query_id"], first.params["text"]) == (query, "Stopping")
        assert second.params["callback_query_id"] != query

    async def begun(on: Bench) -> None:
        await on.channel.show(ME, Message("working", (CANCEL,)))
        await story(on)

    on_the_bench(tmp_path, begun, press_s=0.0)


def test_a_toast_that_did_not_come_through_may_be_asked_for_again(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        press = await pressed(on)
        on.telegram.flood("answerCallbackQuery", retry_after=1)
        assert not await on.channel.toast(press, Toast("Stopping"))
        assert await on.channel.toast(press, Toast("Stopping"))

    polled(tmp_path, story)


def test_what_is_no_press_has_no_toast(tmp_path: Path) -> None:
    async def story(on: Bench) -> None:
        assert not await on.channel.toast(Incoming(ME, "7000000001", "5", "42", text="hello"), Toast("Hello"))
        press = Incoming(ME, "7000000001", "press-999", "42", pressed="cancel:K3X")
        assert not await on.channel.toast(press, Toast("Too old"))
        assert len(on.telegram.calls("answerCallbackQuery")) == 1

    on_the_bench(tmp_path, story)
