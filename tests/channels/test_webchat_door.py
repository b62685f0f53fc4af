"""The web chat of `reelbot run` in a real browser: the token, an invitation, behind Caddy, on a phone."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from bot.messages.i18n import translate
from tests.browser import Chromium
from tests.deploy_files import DEPLOY, tool
from tests.serving import WEB, free_port
from tests.web_run import TOKEN, Run, wait_for

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def chats(page: Any) -> None:
    """The page is the chat, and what is said in it is answered."""
    expect(page.locator("#composer")).to_be_visible()
    page.wait_for_load_state()  # its script has run
    page.locator("#text").fill("/help")
    page.locator("#text").press("Enter")
    expect(page.locator("article.bubble:not(.me)").first).to_be_visible(timeout=20_000)


def test_the_token_opens_the_page_for_the_operator(tmp_path: Path, browser: Chromium) -> None:
    with Run(tmp_path).serving() as run, browser() as desk:
        page = desk.new_page()
        page.goto(run.address)
        page.locator("#token").fill("not-the-token-at-all")
        page.locator("button").first.click()
        expect(page.locator("#wrong")).to_be_visible()
        page.locator("#token").fill(TOKEN)
        page.locator("button").first.click()
        chats(page)
        other = desk.browser.new_context(**PHONE).new_page()
        other.goto(run.address)
        other.locator("#token").fill(TOKEN)
        other.locator("button").first.tap()
        expect(other.locator("article.bubble:not(.me)").first).to_be_visible(
            timeout=20_000
        )  # one person, whatever the browser
        assert json.loads(run.shell("invite", "--list", "--json")) == []


def test_every_tab_of_a_browser_loads_hears_and_sends(tmp_path: Path, browser: Chromium) -> None:
    with Run(tmp_path).serving() as run, browser() as desk:
        first = desk.new_page()
        first.goto(run.address)
        first.locator("#token").fill(TOKEN)
        first.locator("button").first.click()
        others = [desk.new_page() for _ in range(8)]
        for page in others:
            page.goto(run.address)
            expect(page.locator("#composer")).to_be_visible()
        chats(others[-1])
        for page in (first, *others):
            expect(page.locator("article.me")).to_have_count(1)
        first.close()  # the one that listened
        others[0].locator("#text").fill("/models")
        others[0].locator("#text").press("Enter")
        expect(others[-1].locator("article.me")).to_have_count(2)


def test_an_invitation_opens_the_page_for_a_guest_once(tmp_path: Path, browser: Chromium) -> None:
    with Run(tmp_path, REELBOT_LOG_LEVEL="debug").serving() as run, browser(locale="zh-CN", **PHONE) as phone:
        link = run.shell("invite", "anna")
        assert re.fullmatch(rf"{run.address}/chat/enter#invitation=[\w-]{{32}}", link)
        page = phone.new_page()
        page.goto(link)
        expect(page.locator("#inside")).to_be_hidden()
        page.locator("#guest-form button").tap()
        chats(page)
        again = phone.new_page()
        again.goto(link)
        expect(again.locator("#inside")).to_be_visible()
        again.locator("#guest-form button").tap()
        expect(again.locator("#void")).to_contain_text("已经用过")
        (anna,) = json.loads(run.shell("invite", "--list", "--json"))
        assert (anna["user"], anna["holds"], anna["opened"] is not None) == ("web:anna", True, True)
        run.shell("invite", "anna", "--revoke")
        page.reload()
        expect(page.locator("#token")).to_be_visible()
        assert "revoked" in run.shell("invite", "--list")
        assert link.partition("=")[2] not in (tmp_path / "run.log").read_text()


@contextmanager
def caddy(run: Run, public: str) -> Iterator[None]:
    """Our Caddyfile, with a certificate of its own for a name of this machine."""
    config = run.folder / "Caddyfile"
    own = "admin off\n\tauto_https disable_redirects\n\tskip_install_trust\n"
    config.write_text((DEPLOY / "Caddyfile").read_text().replace("admin off\n", own))
    process = subprocess.Popen(
        [tool("caddy"), "run", "--adapter", "caddyfile", "--config", config],
        env={"HOME": str(run.folder), "REELBOT_PUBLIC_URL": public, "REELBOT_UPSTREAM": f"127.0.0.1:{run.port}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def test_behind_caddy_under_a_public_name(tmp_path: Path, browser: Chromium) -> None:
    public = f"https://bot.localhost:{free_port()}"
    run = Run(tmp_path, REELBOT_PUBLIC_URL=public)
    with run.serving(), caddy(run, public), browser(ignore_https_errors=True, **PHONE) as phone:
        port = public.rpartition(":")[2]
        name = public.removeprefix("https://")
        sni = {"sni_hostname": "bot.localhost"}
        wait_for(f"https://127.0.0.1:{port}", headers={"Host": name}, extensions=sni)
        page = phone.new_page()
        answer = page.goto(public)
        assert "max-age" in answer.headers["strict-transport-security"]
        page.locator("#token").fill(TOKEN)
        page.locator("button").first.tap()
        chats(page)
        (cookie,) = phone.cookies()
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
        for path in ("/nothing", "/healthz"):  # what is not ours has a page, too
            hidden = WEB.get(f"https://127.0.0.1:{port}{path}", headers={"Host": name}, extensions=sni)
            assert (hidden.status_code, "Nothing is here" in hidden.text) == (404, True)
        assert run.shell("invite", "ben").startswith(f"{public}/chat/enter#invitation=")


def test_who_asks_too_much_reads_when_to_go_on(tmp_path: Path, browser: Chromium) -> None:
    """The refusal as the server words it; what it refuses, tests/channels/test_webchat_rates.py says."""
    sentence = translate("zh", "web-too-fast", wait_s="1")
    refusal = {"status": 429, "headers": {"Retry-After": "1"}, "json": {"error": sentence}}
    with Run(tmp_path).serving() as run, browser(locale="zh-CN") as desk:
        page = desk.new_page()
        page.goto(run.address)
        page.locator("#token").fill(TOKEN)
        page.locator("button").first.click()
        chats(page)
        page.route("**/chat/send", lambda route: route.fulfill(**refusal), times=1)
        page.locator("#text").fill("/models")
        page.locator("#text").press("Enter")
        expect(page.locator(".failed .problem")).to_have_text(sentence)
        page.route("**/chat/messages*", lambda route: route.fulfill(**refusal), times=1)
        page.locator(
            ".failed button"
        ).click()  # it goes through, and what was refused to be read is read a moment later
        expect(page.locator("article.bubble:not(.me)")).to_have_count(2, timeout=20_000)
        expect(page.locator(".failed")).to_have_count(0)
