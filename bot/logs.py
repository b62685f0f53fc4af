"""Structured logs: aligned lines for a person at a terminal, one JSON object a line for everything else.

An event is a short sentence and its fields: `log.info("job ready", extra={"job_id": "K3X9Q2"})`. Secrets and fal's file
addresses are taken out last, from the finished text, so that arguments, tracebacks and chained exceptions are covered.
"""

import json as jsonlib
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO
from urllib.parse import quote

_HIDDEN = "[hidden]"
_SHORTEST_SECRET = 4  # shorter ones stand in half of all words
_MESSAGE_WIDTH = 34

_CHATTY = ("httpx", "httpcore", "telegram", "dbos", "uvicorn", "alembic", "sqlalchemy", "PIL", "libav")
"""Only warnings of these are shown. httpx writes whole request lines at INFO, and Telegram's hold the bot's token."""

_OURS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_DBOS_EXTRAS = frozenset({"applicationID", "applicationVersion", "executorID", "operationUUID", "traceId"})

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # fal's files: `https://v3.fal.media/files/...`, with and without the scheme
    (
        re.compile(
            r"(?:https?://)?(?:[\w-]{1,63}\.){0,5}fal\.media\b(?::\d{1,5})?(?:[/?#][^\s\"'<>\\)\]]*)?", re.IGNORECASE
        ),
        "[fal file]",
    ),
    # fal's keys: a uuid, a colon, 32 hex digits
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?::|%3A)[0-9a-f]{16,}", re.IGNORECASE), _HIDDEN),
    # Telegram's tokens, alone or in `/bot<token>/getMe`
    (re.compile(r"\d{5,20}(?::|%3A)[A-Za-z0-9_-]{30,}", re.IGNORECASE), _HIDDEN),
    # personal WeChat's tokens: `<id>@im.bot:<secret>`
    (re.compile(r"(@im\.bot)(?::|%3A)[^\s\"'<>&,;)\]}]{6,}", re.IGNORECASE), rf"\1:{_HIDDEN}"),
    (
        re.compile(r"(authorization[\"']?\s*[:=,]\s*[\"']?(?:key |bearer |basic )?)[^\s\"',;]+", re.IGNORECASE),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"\b(Key|Bearer) [A-Za-z0-9_.:%+/=-]{12,}"), rf"\1 {_HIDDEN}"),
    # query parameters and headers that hold a secret by their very name
    (
        re.compile(
            r"\b((?:access_|secret[_-])?token|secret|signature|api_?key|password|qrcode|verify_code|aes_?key)=[^\s&\"'<>)]+",
            re.IGNORECASE,
        ),
        rf"\1={_HIDDEN}",
    ),
    # the password of a database or proxy address
    (re.compile(r"(\w://[^\s:/@]*):[^\s/]+@"), rf"\1:{_HIDDEN}@"),
    # our own links to a video, which are signed
    (re.compile(r"([?&]s=)[0-9a-f]{64}\b"), rf"\1{_HIDDEN}"),
    # what PostgreSQL says about a row, with its values
    (re.compile(r"(\b(?:DETAIL|CONTEXT): )(?:[^\n\\]|\\(?!n))+"), rf"\1{_HIDDEN}"),
    # our own callback address: its last part is a token
    (re.compile(r"(/fal/webhook/)[\w.~%-]+"), rf"\1{_HIDDEN}"),
)

_known: dict[str, re.Pattern[str]] = {}


def hide(secrets: Iterable[str]) -> None:
    """Hide these exact values from now on in every log and redacted text, also in their percent-encoded form."""
    for secret in secrets:
        for form in {secret, quote(secret, safe="")}:
            if len(form) >= _SHORTEST_SECRET:
                _known[form] = re.compile(re.escape(form))


def forget_secrets() -> None:
    """Hide nothing by its value any more: for a process that changes its settings, as tests do."""
    _known.clear()


def redact(text: str) -> str:
    """Return `text` without known secrets, anything shaped like one, and fal's file addresses."""
    for pattern in sorted(_known.values(), key=lambda each: -len(each.pattern)):
        text = pattern.sub(_HIDDEN, text)
    for pattern, instead in _SHAPES:
        text = pattern.sub(instead, text)
    return text


def configure(
    *,
    json: bool | None = None,
    level: str | int = "INFO",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every log of the process to `stream` (standard error). `json` None: only where no person watches.

    May be called again; the last call counts, and secrets once named stay hidden. Uncaught exceptions, in any thread,
    are logged too instead of being printed as they are.
    """
    hide(secrets)
    target = stream or sys.stderr
    as_json = not target.isatty() if json is None else json
    handler = _Handler(target)
    handler.setFormatter(_JsonLines() if as_json else _Human())
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    _quieten()
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _quieten() -> None:
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # dbos would write to the console by itself, past our redaction, unless it finds a handler already there.
    engine = logging.getLogger("dbos")
    engine.handlers[:] = [logging.NullHandler()]
    engine.propagate = True


class _Handler(logging.StreamHandler[TextIO]):
    def filter(self, record: logging.LogRecord) -> bool:
        """Check the level again: chatty libraries set their own levels back at start."""
        if record.levelno < logging.WARNING and record.name.partition(".")[0] in _CHATTY:
            return False
        return bool(super().filter(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Drop a log line that cannot be written: the stock method prints its raw arguments, which may leak."""
        try:
            self.stream.write(f"a log line of {record.name} could not be written ({record.filename}:{record.lineno})\n")
        except (OSError, ValueError):
            return  # the stream itself is gone


class _Human(logging.Formatter):
    """A format for people: `12:00:01 INFO job ready job_id=K3X9Q2 channel=telegram`."""

    def format(self, record: logging.LogRecord) -> str:
        clock = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = " ".join(f"{name}={_shown(value)}" for name, value in _fields(record).items())
        message = _one_line(record.getMessage())
        line = f"{clock} {record.levelname:<7} {message:<{_MESSAGE_WIDTH}} {fields}".rstrip()
        trace = _trace(record)
        return redact(f"{line}\n{trace}" if trace else line)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        event: dict[str, object] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        for name, value in _fields(record).items():
            event.setdefault(name, _jsonable(value))
        trace = _trace(record)
        if trace:
            event["exception"] = redact(trace)
        return jsonlib.dumps(event)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _OURS and name not in _DBOS_EXTRAS}


def _jsonable(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _shown(value: object) -> str:
    text = _one_line(str(value))
    return f'"{text}"' if " " in text or not text else text


def _one_line(text: str) -> str:
    """Escape line breaks and control characters: nobody writes a second log line with what they send."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _trace(record: logging.LogRecord) -> str:
    parts = []
    if record.exc_info and record.exc_info[0] is not None:
        parts.append("".join(traceback.format_exception(*record.exc_info)).rstrip())
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(parts)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("bot").critical("crashed", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
