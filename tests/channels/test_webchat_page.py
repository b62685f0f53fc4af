"""The demo as a person meets it: a real browser, the real program, from the first word to the playing film."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import Chromium
from tests.corpus import jpeg, voice
from tests.fresh import fresh_sqlite
from tests.warm import Started, Warm

pytestmark = pytest.mark.browser


@contextmanager
def demo(folder: Path, *, cold: bool = False) -> Iterator[str]:
    """`reelbot demo` on a free port, with every credential of the world in its environment, to be ignored.

    `cold`: as a shell starts it, with nothing imported and no database.
    """
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "FAL_KEY": "real-key",
        "FAL_QUEUE_URL": "https://nowhere.example",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    env |= {"TELEGRAM_BOT_TOKEN": "1:real", "HTTPS_PROXY": "http://127.0.0.1:9", "REELBOT_PUBLIC_URL": "nonsense"}
    log = folder / "demo.log"
    arguments = ["-m", "bot", "demo", "--port", "0"]
    process: Started
    if cold:
        with log.open("wb") as out:
            process = subprocess.Popen([sys.executable, *arguments], cwd=folder, env=env, stdout=out, stderr=out)
    else:
        fresh_sqlite(folder / "output" / "demo" / "reelbot.db")
        process = Warm(arguments, folder=folder, env=env, out=log, err=log)
    try:
        yield address_in(log, process)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)
    assert code == 0, log.read_text()


def address_in(log: Path, process: Started) -> str:
    """Where the page is, once the program says it."""
    while process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+/", log.read_text() if log.exists() else "")
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def said(page: Any) -> str:
    text: str = page.inner_text("#talk")
    return text


def test_from_the_first_word_to_the_playing_film(tmp_path: Path, browser: Chromium) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    with demo(tmp_path, cold=True) as address, browser() as context:
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.get_by_text("/video a little boat").wait_for()

        page.fill("#text", "/video a red fox running through fresh snow")
        page.keyboard.press("Enter")
        page.locator(".bar").wait_for()  # progress is seen
        film = page.locator(".film video")
        film.wait_for(timeout=60_000)
        page.evaluate("video => { video = document.querySelector('.film video'); video.muted = true; video.play(); }")
        page.wait_for_function("() => document.querySelector('.film video').currentTime > 0.3")
        shown = film.evaluate("video => [video.videoWidth, video.videoHeight, video.currentTime > 0.3, !video.error]")
        assert shown == [1280, 720, True, True]

        page.set_input_files("#file", str(tmp_path / "photo.jpg"))
        page.locator("#preview").wait_for()
        page.fill("#text", "let it snow, budget")
        page.keyboard.press("Enter")
        page.locator(".film").nth(1).wait_for(timeout=60_000)
        assert "Wan 2.5" in said(page)
        assert page.locator(".bubble.me img").evaluate("image => image.naturalWidth > 0")

        page.locator(".bubble:not(.me)", has_text="Done.").nth(1).wait_for()
        before = said(page)
        page.reload()
        page.locator(".film").nth(1).wait_for()
        assert said(page) == before  # survives a reload

        with page.expect_download() as download:
            page.locator(".film a").first.click()
        assert Path(download.value.path()).read_bytes()[4:8] == b"ftyp"
        assert "fal" not in page.content().lower()
        assert problems == []
    assert (tmp_path / "output" / "demo" / "reelbot.db").exists()
    assert len(list((tmp_path / "output" / "demo" / "videos").glob("*.mp4"))) >= 2


def test_two_files_at_once_are_a_film_from_the_first_to_the_second(tmp_path: Path, browser: Chromium) -> None:
    files = [tmp_path / f"{name}.jpg" for name in ("first", "second")]
    for file, height in zip(files, (360, 400), strict=True):
        file.write_bytes(jpeg((640, height)))
    with demo(tmp_path) as address, browser() as context:
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.set_input_files("#file", [str(file) for file in files])
        page.locator("#preview-more img").wait_for()
        assert page.inner_text("#preview-name") == "first.jpg, second.jpg"
        page.fill("#text", "the flower opens")
        page.keyboard.press("Enter")
        way = page.get_by_role("button", name="First photo to second, MiniMax H3 Max (up to $0.48)")
        way.wait_for()
        assert page.locator(".bubble.me img").count() == 2
        assert page.get_by_role("button", name="One of each: 2 videos ($1.40)").is_visible()
        way.click()
        page.locator(".film").wait_for(timeout=60_000)
        assert "MiniMax H3 Max" in said(page)
        assert problems == []
    assert len(list((tmp_path / "output" / "demo" / "videos").glob("*h3-max*.mp4"))) == 1


def test_a_photo_and_a_sound_at_once_are_a_photo_that_speaks(tmp_path: Path, browser: Chromium) -> None:
    photo, song = tmp_path / "face.jpg", voice(tmp_path / "song.mp3", codec="libmp3lame", rate=44_100)
    photo.write_bytes(jpeg((640, 360)))
    with demo(tmp_path) as address, browser() as context:
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.set_input_files("#file", [str(photo), str(song)])
        page.locator("#preview-more").get_by_text("♪").wait_for()
        page.click("#send")
        page.get_by_text("Your photo would speak your recording.").wait_for()
        assert "LTX 2.5 Fast" in said(page)
        assert page.locator(".bubble.me audio").count() == 1
        page.fill("#text", "yes")
        page.keyboard.press("Enter")
        page.locator(".film").wait_for(timeout=60_000)
        assert problems == []
    assert len(list((tmp_path / "output" / "demo" / "videos").glob("*ltx-2.5-fast_1080p*.mp4"))) == 1


def test_in_chinese_with_every_command(tmp_path: Path, browser: Chromium) -> None:
    with demo(tmp_path) as address, browser(locale="zh-CN") as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_text("写下画面").first.wait_for()
        for number, command in enumerate(("帮助", "模型", "价格", "历史", "状态", "/nonsense", "你好"), start=1):
            page.fill("#text", command)
            page.keyboard.press("Enter")
            page.locator(".bubble:not(.me)").nth(number - 1).wait_for()
        assert page.locator(".bubble:not(.me)").count() == 7
        page.fill("#text", "/language en")
        page.keyboard.press("Enter")
        page.locator(".bubble:not(.me)").nth(7).wait_for()
        page.fill("#text", "/help")
        page.keyboard.press("Enter")
        page.get_by_text("/models").last.wait_for()


def test_a_button_that_shows_the_price_is_a_yes(tmp_path: Path, browser: Chromium) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    with demo(tmp_path) as address, browser() as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_text("/video a little boat").click()
        expect(page.locator("#send")).to_have_text("Make · $0.70")  # an example buys nothing by itself
        assert page.locator(".bubble").count() == 0
        page.fill("#text", "thanks")
        expect(page.locator("#send")).to_have_text("")
        page.fill("#text", "a red fox runs through fresh snow, budget")
        expect(page.locator("#send")).to_have_text("Make · $0.25")
        page.locator("#send").click()
        page.locator(".film").wait_for(timeout=60_000)
        expect(page.locator("#send")).to_have_text("")
        page.set_input_files("#file", str(tmp_path / "photo.jpg"))
        page.fill("#text", "let it snow")
        expect(page.locator("#send")).to_have_text("Make · $0.70")
        page.locator("#remove").click()
        page.fill("#text", "thank you")
        expect(page.locator("#send")).to_have_text("")


def test_without_a_price_words_are_offered(tmp_path: Path, browser: Chromium) -> None:
    with demo(tmp_path) as address, browser() as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_text("/video a little boat").wait_for()
        page.route("**/chat/price", lambda route: route.abort())
        page.fill("#text", "a red fox runs through fresh snow")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="$0.70").first.wait_for()
        assert page.locator(".film").count() == 0


def test_settings_are_changed_on_their_keyboard_in_its_place(tmp_path: Path, browser: Chromium) -> None:
    with demo(tmp_path) as address, browser() as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_text("/video a little boat").wait_for()
        page.fill("#text", "/settings")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="model: Happy Horse").click()
        page.get_by_role("button", name="Wan 2.5").click()
        page.get_by_text("model: Wan 2.5 ✓").first.wait_for()
        assert page.locator(".bubble:not(.me)").count() == 1


def test_a_message_that_did_not_go_through_can_be_sent_again(tmp_path: Path, browser: Chromium) -> None:
    with demo(tmp_path) as address, browser() as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_text("/video a little boat").wait_for()
        page.route("**/chat/send", lambda route: route.abort())
        page.fill("#text", "/help")
        page.keyboard.press("Enter")
        page.locator(".bubble.failed").wait_for()
        assert page.inner_text(".problem") == "The bot could not be reached. Is the network there?"
        page.unroute("**/chat/send")
        page.locator(".bubble.failed button").click()
        page.locator(".bubble:not(.me)").wait_for()
        assert page.locator(".bubble.me").count() == 1


LONG = {
    "en": "Try the photo in 16:9 for up to $10.50",
    "zh-CN": "照片改成 16:9 再试（最多 $10.50），以及更多的文字一直写下去直到放不下为止",
}


def drawn(page: Any) -> None:
    """Wait until the browser has drawn what stands there, and told the page where it scrolled to."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def wider_than_the_screen(page: Any) -> list[str]:
    """What sticks out at a side, however little."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((each) => {
             const box = each.getBoundingClientRect();
             return box.width > 0 && (box.left < 0 || box.right > innerWidth);
           }).map((each) => `${each.tagName} ${each.className}`)"""
    )
    scrolls = page.evaluate(
        "() => document.querySelector('#talk').scrollWidth > document.querySelector('#talk').clientWidth"
    )
    return [*found, *(["#talk scrolls sideways"] if scrolls else [])]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_on_a_phone_nothing_is_cut_hidden_or_out_of_sight(tmp_path: Path, browser: Chromium, locale: str) -> None:
    label = LONG["zh-CN" if locale == "zh-CN" else "en"]

    def with_a_long_button(route: Any) -> None:
        answer = route.fetch().json()
        for each in answer["messages"]:
            each["actions"] = [{"label": label, "data": "again:K7QX2AB"}] if each["from"] == "bot" else None
        route.fulfill(json=answer)

    with demo(tmp_path) as address, browser(locale=locale, has_touch=True, device_scale_factor=2) as context:
        page = context.new_page()
        page.route("**/chat/messages*", with_a_long_button)
        for number, width in enumerate((375, 320), start=1):
            page.set_viewport_size({"width": width, "height": 640})
            page.goto(address)
            page.locator("#badge").wait_for()
            written, room = page.evaluate(
                """() => { const text = document.querySelector("#text"), style = getComputedStyle(text);
                     const pen = document.createElement("canvas").getContext("2d");
                     pen.font = style.font;
                     return [pen.measureText(text.placeholder).width,
                       text.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)]; }"""
            )
            assert 0 < written <= room, (width, written, room)
            assert wider_than_the_screen(page) == []
            buttons = page.locator(".actions button")
            for said in range(2 * number - 2, 2 * number):
                expect(buttons).to_have_count(said)  # of the first page: they come back
                page.fill("#text", "/help")
                page.keyboard.press("Enter")
                expect(buttons).to_have_count(said + 1)
            assert wider_than_the_screen(page) == []
            drawn(page)
            page.set_viewport_size({"width": width, "height": 320})  # the keyboard opens
            last = buttons.last
            page.wait_for_function(
                """() => { const talk = document.querySelector("#talk");
                     return talk.scrollHeight - talk.scrollTop - talk.clientHeight < 2; }"""
            )
            assert last.bounding_box()["y"] < 320
            # again, for an answer that comes just then may go to its end before the page hears of it
            page.wait_for_function(
                "() => { if (pinned) document.querySelector('#talk').scrollTop = 0; return !pinned; }"
            )
            page.set_viewport_size({"width": width, "height": 300})  # who reads further up stays there
            drawn(page)
            assert page.evaluate("() => document.querySelector('#talk').scrollTop") == 0


def test_a_photo_of_no_use_is_said_to_be_that_and_not_sent_again(tmp_path: Path, browser: Chromium) -> None:
    (tmp_path / "photo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with demo(tmp_path) as address, browser() as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_text("/video a little boat").wait_for()
        page.set_input_files("#file", str(tmp_path / "photo.svg"))
        page.fill("#text", "let it snow")
        page.keyboard.press("Enter")
        page.locator(".bubble.failed").wait_for()
        assert page.inner_text(".problem").startswith("This is a drawing (SVG)")
        assert page.locator(".bubble.failed button").count() == 0


def test_a_page_that_opens_while_the_bot_is_away_finds_it_later(tmp_path: Path, browser: Chromium) -> None:
    with demo(tmp_path) as address, browser() as context:
        page = context.new_page()
        away = [True, True]
        page.route("**/chat/words", lambda route: route.abort() if away and away.pop() else route.continue_())
        page.goto(address)
        page.get_by_text("/video a little boat").wait_for()
        assert away == []


def test_what_stands_under_a_film_works_on_the_page(tmp_path: Path, browser: Chromium) -> None:
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    out = tmp_path / "output" / "demo"
    with demo(tmp_path) as address, browser() as context:
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.set_input_files("#file", str(tmp_path / "photo.jpg"))
        page.locator("#preview").wait_for()
        page.fill("#text", "let it snow, budget")
        page.keyboard.press("Enter")
        page.locator(".film").wait_for(timeout=60_000)
        assert page.locator(".film .actions button", has_text="$").count() == 3  # go on, another take, in full
        page.locator(".film").get_by_text("More…").click()
        page.get_by_text("Original file").click()
        with page.expect_download() as download:
            page.locator(".bubble:not(.film) a", has_text="Download").click()
        original = next(path for path in (out / "videos").glob("*.mp4") if "-" not in path.stem.rpartition("_")[2])
        assert Path(download.value.path()).read_bytes() == original.read_bytes()

        page.locator(".film").get_by_text("Another take").click()
        page.locator(".film").nth(1).wait_for(timeout=60_000)
        page.reload()
        assert page.locator(".film").first.get_by_text("Another take").is_disabled()

        source = page.locator(".film video").first.get_attribute("src")
        page.get_by_text("Delete", exact=True).first.click()
        page.get_by_text("Keep it").click()
        page.get_by_text("stays.").wait_for()
        assert page.locator(".film").count() == 2
        page.get_by_text("Delete", exact=True).first.click()
        page.get_by_text("Delete for good", exact=True).click()
        page.get_by_text("is deleted, with its copies").wait_for()
        page.wait_for_function("() => document.querySelectorAll('.film').length === 1")
        assert page.evaluate("src => fetch(src, { cache: 'no-store' }).then(reply => reply.status)", source) == 404
        assert not original.exists()
        assert len([path for path in (out / "uploads").iterdir() if path.suffix != ".owner"]) == 1  # the other's, too
        page.locator(".film").get_by_text("More…").click()
        page.get_by_text("Delete", exact=True).nth(1).click()
        page.get_by_text("Delete for good", exact=True).click()
        page.wait_for_function("() => document.querySelectorAll('.film').length === 0")
        upload = page.locator(".bubble.me img").get_attribute("src")
        while [*(out / "uploads").iterdir(), *(out / "videos").glob("*.mp4")]:
            page.wait_for_timeout(20)
        assert page.evaluate("src => fetch(src, { cache: 'no-store' }).then(reply => reply.status)", upload) == 404
        assert problems == []
