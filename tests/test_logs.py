"""Logs: two forms, fields, and nothing secret in either, whichever way it comes in."""

import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from bot import logs

FAL_KEY = "9c1d8f2e-1111-2222-3333-444455556666:0123456789abcdef0123456789abcdef"
BOT_TOKEN = "7712345678:AAH-abcdefghijklmnopqrstuvwxyz_0123"
FAL_FILE = "https://v3b.fal.media/files/b/0a8/output.mp4?x=1"
ODD_SECRET = 'p"ss w/rd:秘密'

log = logging.getLogger("bot.test_logs")


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Logging is one per process: put back what this file changes."""
    root = logging.getLogger()
    names = ("httpx", "httpcore", "telegram", "dbos", "uvicorn", "alembic", "sqlalchemy", "PIL", "libav")
    levels = {name: logging.getLogger(name).level for name in names}
    dbos = logging.getLogger("dbos")
    before = list(root.handlers), root.level, list(dbos.handlers), dbos.propagate
    hooks = sys.excepthook, threading.excepthook
    yield
    root.handlers[:], dbos.handlers[:] = before[0], before[2]
    root.setLevel(before[1])
    dbos.propagate = before[3]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    logs.forget_secrets()


def written(act: Callable[[], object], *, as_json: bool = False, secrets: tuple[str, ...] = ()) -> str:
    stream = io.StringIO()
    logging.getLogger().handlers[:] = []  # pytest's own would raise what a broken line raises
    logs.configure(json=as_json, secrets=secrets, stream=stream)
    act()
    return stream.getvalue()


def test_human_form_is_aligned_and_shows_the_fields() -> None:
    text = written(lambda: log.info("job ready", extra={"job_id": "K3X9Q2", "reason": "no room left", "seconds": 5}))
    clock, rest = text.split(" ", 1)
    assert len(clock) == len("12:00:01")
    assert rest == f'INFO    {"job ready":<34} job_id=K3X9Q2 reason="no room left" seconds=5\n'


def test_json_form_is_one_object_a_line() -> None:
    def act() -> None:
        log.warning("job %s is late", "K3X9Q2", extra={"job_id": "K3X9Q2", "seconds": 5, "level": "mine", "why": None})
        log.info("second")

    first, second = (json.loads(line) for line in written(act, as_json=True).splitlines())
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "warning",  # a field never covers one of these
        "logger": "bot.test_logs",
        "message": "job K3X9Q2 is late",
        "job_id": "K3X9Q2",
        "seconds": 5,
        "why": None,
    }
    assert second["message"] == "second"


def test_json_unless_a_person_watches() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    pipe, terminal = io.StringIO(), Terminal()
    logs.configure(stream=pipe)
    log.info("one")
    logs.configure(stream=terminal)
    log.info("two")
    assert json.loads(pipe.getvalue())["message"] == "one"
    assert terminal.getvalue().rstrip().endswith("INFO    two")


@pytest.mark.parametrize(
    ("text", "gone", "left"),
    [
        (f"key {FAL_KEY} refused", FAL_KEY[-32:], "key [hidden] refused"),
        (f"Authorization: Key {FAL_KEY}", FAL_KEY[-32:], "Authorization: Key [hidden]"),
        ("{'Authorization': 'Bearer abc.def-ghi'}", "abc.def-ghi", "{'Authorization': 'Bearer [hidden]'}"),
        ("sent Key fake-falai-key-12345", "fake-falai", "sent Key [hidden]"),
        (
            f"POST https://api.telegram.org/bot{BOT_TOKEN}/getMe",
            BOT_TOKEN,
            "POST https://api.telegram.org/bot[hidden]/getMe",
        ),
        (f"ExtBot[token={BOT_TOKEN}]", BOT_TOKEN, "ExtBot[token=[hidden]"),
        (f"The token `{BOT_TOKEN}` was rejected", BOT_TOKEN, "The token `[hidden]` was rejected"),
        (BOT_TOKEN.replace(":", "%3A"), "AAH", "[hidden]"),
        (f"from {FAL_FILE} to disk", "fal.media", "from [fal file] to disk"),
        ('{"url": "https://fal.media/a.mp4", "n": 1}', "fal.media", '{"url": "[fal file]", "n": 1}'),
        ("host V3.FAL.MEDIA:443 is down", "FAL.MEDIA", "host [fal file] is down"),
        ("token 61a0@im.bot:5ecre7-of_x refused", "5ecre7", "token 61a0@im.bot:[hidden] refused"),
        ("61a0@im.bot%3A5ecre7ofx", "5ecre7", "61a0@im.bot:[hidden]"),
        (
            "GET /get_qrcode_status?qrcode=abcdef&verify_code=4711",
            "4711",
            "GET /get_qrcode_status?qrcode=[hidden]&verify_code=[hidden]",
        ),
        ("GET /cgi-bin/x?access_token=abcdef&type=1", "abcdef", "GET /cgi-bin/x?access_token=[hidden]&type=1"),
        ("postgresql://bot:hunter2@db/reelbot", "hunter2", "postgresql://bot:[hidden]@db/reelbot"),
        (f"GET /videos/a.mp4?e=1795529708&s={'0f' * 32}", "0f0f", "GET /videos/a.mp4?e=1795529708&s=[hidden]"),
        ("POST /fal/webhook/K3X9Q2.c2lnbmF0dXJl 200", "c2lnb", "POST /fal/webhook/[hidden] 200"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, gone: str, left: str) -> None:
    assert gone not in logs.redact(text)
    assert logs.redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "request 019ded6c-d871-7290-bbf1-ddc6993f8958 is queued at https://queue.fal.run/alibaba/happy-horse",
        "12:00:01 job K3X9Q2: 5 s of happy-horse for telegram:7712345678",
        "Key (id)=(K3X9Q2) already exists",
        "FAL_KEY is not set, TELEGRAM_BOT_TOKEN is",
        "https://user@example.org:8443/path",
    ],
)
def test_what_does_not_is_left_alone(text: str) -> None:
    assert logs.redact(text) == text


@pytest.mark.parametrize("as_json", [False, True])
def test_known_secrets_are_hidden_wherever_they_stand(as_json: bool) -> None:
    def act() -> None:
        log.info("token %s", ODD_SECRET)
        log.info(ODD_SECRET, extra={"field": ODD_SECRET, "nested": {"a": [ODD_SECRET]}})
        log.info("in an address: %s", "https://example.org/?k=p%22ss%20w%2Frd%3A%E7%A7%98%E5%AF%86")

    text = written(act, as_json=as_json, secrets=(ODD_SECRET,))
    assert "[hidden]" in text
    for part in ("w/rd", "w%2Frd", "秘密", "\\u79d8"):
        assert part not in text


@pytest.mark.parametrize("as_json", [False, True])
def test_tracebacks_and_chained_exceptions_too(as_json: bool) -> None:
    def act() -> None:
        def ask() -> None:
            raise ValueError(f"401 at https://api.telegram.org/bot{BOT_TOKEN}/getMe")

        try:
            try:
                ask()
            except ValueError as error:
                error.add_note(f"Authorization: Key {FAL_KEY}")
                raise RuntimeError(f"download of {FAL_FILE} broke") from error
        except RuntimeError:
            log.exception("step failed", extra={"job_id": "K3X9Q2"}, stack_info=True)

    text = written(act, as_json=as_json)
    assert "ValueError" in text
    assert "RuntimeError" in text
    assert "direct cause" in text
    for secret in (BOT_TOKEN, FAL_KEY, "fal.media", FAL_KEY[-32:]):
        assert secret not in text
    assert len(text.splitlines()) == 1 or not as_json


def test_nobody_forges_a_line_or_moves_the_cursor() -> None:
    text = written(lambda: log.info("hello %s", "a\n12:00:00 INFO forged", extra={"chat": "\x1b[2Jx\r\ny"}))
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert "\r" not in text


def test_chatty_libraries_are_quiet_below_warning() -> None:
    def act() -> None:
        for name in (
            "httpx",
            "httpcore.http11",
            "telegram.ext",
            "dbos",
            "uvicorn.error",
            "alembic.runtime",
            "sqlalchemy.engine",
        ):
            logging.getLogger(name).setLevel(logging.INFO)  # as some do to themselves
            logging.getLogger(name).info("HTTP Request: POST https://api.telegram.org/bot%s/getMe", BOT_TOKEN)
            logging.getLogger(name).warning("careful")

    lines = written(act).splitlines()
    assert len(lines) == 7
    assert all("careful" in line for line in lines)


def test_the_level_is_kept_and_a_second_call_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.configure(json=False, stream=first)
    logs.configure(json=False, stream=second, level="WARNING")
    log.info("no")
    log.warning("yes")
    assert first.getvalue() == ""
    assert second.getvalue().count("\n") == 1


def test_a_line_that_cannot_be_written_leaks_nothing() -> None:
    text = written(lambda: log.info("%d files", BOT_TOKEN))
    assert BOT_TOKEN not in text
    assert "could not be written" in text


def test_what_nobody_caught_is_logged_without_secrets() -> None:
    def act() -> None:
        thread = threading.Thread(target=lambda: (_ for _ in ()).throw(RuntimeError(f"bot{BOT_TOKEN}")))
        thread.start()
        thread.join()

    text = written(act)
    assert "crashed" in text
    assert BOT_TOKEN not in text


def test_a_crash_of_the_process_prints_no_secret() -> None:
    program = (
        "from bot import logs\n"
        "logs.configure(secrets=['hunter2hunter2'])\n"
        "import logging, warnings\n"
        "logging.getLogger('uvicorn.error').error('with hunter2hunter2')\n"
        "warnings.warn('hunter2hunter2')\n"
        "raise SystemError('it was hunter2hunter2')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    events = [json.loads(line) for line in ended.stderr.splitlines()]
    assert ended.returncode == 1
    assert "hunter2" not in ended.stderr + ended.stdout
    assert [event["message"] for event in events][-1] == "crashed"
    assert "SystemError: it was [hidden]" in events[-1]["exception"]


def test_what_postgres_says_about_a_row_is_hidden() -> None:
    said = "duplicate key value\nDETAIL:  Key (prompt)=(a fox\\ny) already exists.\nrest"
    shown = logs.redact(said)
    assert "a fox" not in shown
    assert shown.endswith("\nrest")
