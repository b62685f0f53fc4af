"""The console: the grammar of all commands, and their exit codes. The shell is the operator.

Exit codes: 0 done, 1 failed (one line on stderr), 2 bad usage. A command's file is loaded when that command is run, so
that `reelbot --help` loads no engine, no database and no chat.
"""

import argparse
import asyncio
import os
import signal
import sys
import threading
from importlib import import_module
from importlib.metadata import version
from itertools import count
from pathlib import Path

from pydantic import ValidationError

from bot import logs
from bot.channels import manifests
from bot.cli import setting_problems
from bot.cli.console import DONE, FAILED, Failure
from bot.jobs.job_lock import AlreadyHeld
from bot.jobs.process_lock import AlreadyRunning
from core.errors import VideoError

_MOST_INTERRUPTS = 2

STATES = (
    "awaiting-confirmation", "queued", "preparing", "submitting", "rendering", "downloading", "ready", "uploading",
    "delivered", "sent-as-reply", "undelivered", "delivery-unconfirmed", "submit-unconfirmed", "parked", "failed",
    "cancelled", "deleted",
)  # fmt: skip
"""Of a job, as in bot/store/records.py, which loads the database."""
_OLD_STATES = {
    "asking": "awaiting-confirmation",
    "doubt": "submit-unconfirmed",
    "delivery-doubt": "delivery-unconfirmed",
    "handed-over": "sent-as-reply",
}
"""What scripts for 0.1 say."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command that the arguments name, and return its exit code."""
    try:
        options = parser_of_all().parse_args(arguments)
    except ValueError as error:  # a chat's folder is broken
        return _fail(str(error))
    ended: list[int] = []
    os.umask(0o077)  # what is written holds keys, and what people said and showed
    try:
        asyncio.run(_ended(options, ended))
    except (KeyboardInterrupt, asyncio.CancelledError):  # what the command had still to say stands there
        return ended[0] if ended else _fail("interrupted")
    return ended[0]


async def _ended(options: argparse.Namespace, ended: list[int]) -> None:
    """Run the command, and note its exit code: interrupted, nobody takes what it returns or raises."""
    _cancel_when_interrupted()
    try:
        ended.append(await _run(options))
    except Failure as error:
        ended.append(_fail(str(error)))
    except VideoError as error:
        ended.append(_fail(_words(error)))
    except ValidationError as error:
        problems = setting_problems.problem_texts(error).items()
        ended.append(_fail("; ".join(f"{name}: {text}" for name, text in problems)))
    except BrokenPipeError:  # the reader of our output has had enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        ended.append(DONE)
    except (AlreadyRunning, AlreadyHeld, ValueError, OSError) as error:
        ended.append(_fail(logs.redact(str(error))))


def _cancel_when_interrupted() -> None:
    """Cancel this task at the first Ctrl+C and at the second, so that it can say what stands; a third ends the process.

    Python's own way raises the second in the middle of whatever code runs.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if threading.current_thread() is not threading.main_thread():
        return  # another program has called us: its signals are its own
    if task is None or signal.getsignal(signal.SIGINT) in {signal.SIG_IGN, None}:
        return  # begun in the background of a script: not for us
    interrupts = count(1)

    def interrupt() -> None:
        if next(interrupts) == _MOST_INTERRUPTS:
            loop.remove_signal_handler(signal.SIGINT)
        task.cancel()

    loop.add_signal_handler(signal.SIGINT, interrupt)


async def _run(options: argparse.Namespace) -> int:
    module, _, name = options.body.partition(".")
    return int(await getattr(import_module(f"bot.cli.{module}"), name)(options))


def _words(error: VideoError) -> str:
    from bot.messages.i18n import admin_text  # noqa: PLC0415 - the catalogue is heavy, and most commands need none of it

    return admin_text(error.code, error.facts)


def _fail(reason: str) -> int:
    print(f"reelbot: {' '.join(reason.split())}", file=sys.stderr)  # noqa: T201 - this is the console
    return FAILED


def parser_of_all() -> argparse.ArgumentParser:
    """Build the grammar of all commands."""
    parser = argparse.ArgumentParser(prog="reelbot", description="AI video in your chats.")
    parser.add_argument("--version", action="version", version=f"reelbot {version('reelbot')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, body: str, words: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=words, description=words)
        added.set_defaults(body=body)
        return added

    demo_parser = command("demo", "serve.demo", "the whole product offline: no account, no key, no cost")
    demo_parser.add_argument("--port", type=int, default=8080, help="0: a free one")
    demo_parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    command("run", "serve.run", "serve every chat that has its credentials; SIGTERM and Ctrl+C stop it cleanly")
    _generate_parser(
        command("generate", "generate.generate", "one video: price first, then progress, then the path of the file")
    )
    publish_parser = command(
        "publish", "generate.publish", "put a photo or video where fal can fetch it, print its address"
    )
    publish_parser.add_argument("source", metavar="FILE_OR_URL")
    poll_parser = command(
        "poll", "generate.poll", "wait for any fal request, ours or not, and download its video; free"
    )
    poll_parser.add_argument("request_id", metavar="REQUEST_ID")
    poll_parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    command("models", "models.list_models", "tiers, models, what each accepts and costs")
    jobs_parser = command("jobs", "reports.jobs", "what is running, done, failed")
    jobs_parser.add_argument("--user", help="for example telegram:42")
    jobs_parser.add_argument("--state", choices=STATES, type=lambda word: _OLD_STATES.get(word, word))
    jobs_parser.add_argument("--newest", type=int, default=50, help="how many (50)")
    spend_parser = command(
        "spend",
        "reports.spend",
        "what was spent, is set aside, was given back, and fal's own bill beside the quotes, in exact dollars",
    )
    spend_parser.add_argument("--by", choices=["user", "model", "day"], default="day", help="one line each (day, UTC)")
    spend_parser.add_argument("--csv", action="store_true", help="for spreadsheets")
    job_parser = command("job", "reports.job", "one job's whole story")
    job_parser.add_argument("id", metavar="ID")
    job_parser.add_argument("--cancel", action="store_true", help="stop it")
    for manifest in manifests().values():
        if manifest.commands:
            words = "; ".join(f"{each.word}: {each.help}" for each in manifest.commands)
            channel_parser = command(manifest.name, "channel_commands.channel_command", words)
            names = [each.word for each in manifest.commands]
            channel_parser.add_argument("word", metavar="|".join(names), choices=names)
            channel_parser.set_defaults(manifest=manifest)
    _invite_parser(command("invite", "invite.invite", "a link that opens the web chat for a guest, once, as web:NAME"))
    secret_parser = command(
        "secret", "secret.secret", "a new signing secret; old cookies, links and callback addresses lapse"
    )
    secret_parser.add_argument("word", metavar="rotate", choices=["rotate"])
    secret_parser.add_argument("--json", action="store_true", help="for scripts")
    doctor_parser = command(
        "doctor", "doctor.run", "check the whole chain and say how to fix what is wrong; exit code 1 if anything is"
    )
    doctor_parser.add_argument("--json", action="store_true", help="for scripts")
    backup_parser = command(
        "backup", "backup.backup", "a consistent copy of the database, with the receipts, while the bot runs"
    )
    backup_parser.add_argument("dir", type=Path, metavar="DIR", help="the folder that is made for it")
    return parser


def _invite_parser(parser: argparse.ArgumentParser) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("name", metavar="NAME", nargs="?", help="a-z, 0-9 and -; the guest is web:NAME")
    who.add_argument("--list", action="store_true", help="who is invited")
    parser.add_argument("--revoke", action="store_true", help="end the guest's sessions; the films stay")
    parser.add_argument("--json", action="store_true", help="the list for scripts")


def _generate_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", metavar="PROMPT")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--image", type=Path, metavar="FILE", help="animate this photo")
    source.add_argument("--video", type=Path, metavar="FILE", help="change this video")
    parser.add_argument("--model", help="a tier, a model or a full fal endpoint id (REELBOT_DEFAULT_MODEL)")
    parser.add_argument("--duration", type=int, metavar="N", help="seconds (5)")
    parser.add_argument("--resolution", metavar="R", help="480p, 720p, 1080p, 4k; the nearest that the model makes")
    parser.add_argument("--aspect", metavar="A", help="16:9, 9:16, 1:1")
    parser.add_argument("--seed", type=int, metavar="N", help="the same number varies less")
    parser.add_argument("--yes", action="store_true", help="buy without asking")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument(
        "--sandbox", action="store_true", help="an offline stand-in for fal: no cost, in output/sandbox"
    )
