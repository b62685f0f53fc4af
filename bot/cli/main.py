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
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from itertools import count
from pathlib import Path

from pydantic import ValidationError

from bot import logs
from bot.channels import manifests
from bot.channels.protocol import ChannelManifest, ConsoleCommand
from bot.cli import argument_types, setting_problems
from bot.cli.console import DONE, FAILED, MISUSED, BadUsage, Failure, open_streams
from bot.cli.usage import Help, Parser, example
from bot.jobs.job_lock import AlreadyHeld
from bot.jobs.process_lock import AlreadyRunning
from core.errors import VideoError
from core.pricing import MOST_SEED

_MOST_INTERRUPTS = 2
_ONE_OBJECT = "one JSON object on stdout, and nothing else there"
_A_LIST = "a JSON list on stdout, and nothing else there"
SHELLS = ("bash", "zsh", "fish")

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
    open_streams()
    try:
        options = parser_of_all().parse_args(arguments)
    except ValueError as error:  # a chat's folder is broken
        return _fail(str(error))
    except SystemExit:
        _flushed(DONE)  # a help's reader may have had enough, as `head` has
        raise
    ended: list[int] = []
    os.umask(0o077)  # what is written holds keys, and what people said and showed
    try:
        asyncio.run(_ended(options, ended))
    except (KeyboardInterrupt, asyncio.CancelledError):  # what the command had still to say stands there
        return _flushed(ended[0] if ended else _fail("interrupted"))
    return _flushed(ended[0])


async def _ended(options: argparse.Namespace, ended: list[int]) -> None:
    """Run the command, and note its exit code: interrupted, nobody takes what it returns or raises."""
    _cancel_when_interrupted()
    try:
        ended.append(await _run(options))
    except Failure as error:
        ended.append(_fail(str(error), MISUSED if isinstance(error, BadUsage) else FAILED))
    except VideoError as error:
        ended.append(_fail(_words(error)))
    except ValidationError as error:
        problems = setting_problems.problem_texts(error).items()
        ended.append(_fail("; ".join(f"{name}: {text}" for name, text in problems)))
    except setting_problems.SettingsWrong as error:
        ended.extend(_fail(each) for each in error.problems)
    except BrokenPipeError:  # the reader of our output has had enough, as `head` does
        ended.append(_flushed(DONE))
    except (AlreadyRunning, AlreadyHeld, ValueError, OSError) as error:
        ended.append(_fail(logs.redact(_plain(error))))


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


def _plain(error: Exception) -> str:
    """Return an error's words without the system's number for it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _fail(reason: str, code: int = FAILED) -> int:
    print(f"reelbot: {' '.join(reason.split())}", file=sys.stderr)  # noqa: T201 - this is the console
    return code


def _flushed(code: int) -> int:
    """Write what is left to write; where nobody reads it any more, or the disk is full, it is dropped in silence."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def parser_of_all() -> Parser:
    """Build the grammar of all commands."""
    parser = Parser(prog="reelbot", description="AI video in your chats.")
    parser.add_argument("--version", action="version", version=f"reelbot {version('reelbot')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, body: str, words: str, *examples: str) -> argparse.ArgumentParser:
        shown = example(*examples or (name,))
        added = commands.add_parser(name, help=words, description=words, epilog=shown, formatter_class=Help)
        added.set_defaults(body=body)
        return added

    demo_parser = command("demo", "serve.demo", "the whole product offline: no account, no key, no cost")
    demo_parser.add_argument("--port", type=argument_types.whole(0, 65535), default=8080, help="0: a free one")
    demo_parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    command("run", "serve.run", "serve every chat that has its credentials; SIGTERM and Ctrl+C stop it cleanly")
    _generate_parser(
        command(
            "generate",
            "generate.generate",
            "one video: price first, then progress, then the path of the file",
            "generate a red fox runs through fresh snow --model budget",
            "generate let it blink --image photo.jpg --yes",
            "generate - --yes --json < prompt.txt",
        )
    )
    _upscale_parser(
        command(
            "upscale",
            "generate.upscale",
            "a copy of a film with more pixels: price first, then the path of the file",
            "upscale film.mp4 --resolution 4k",
        )
    )
    publish_parser = command(
        "publish",
        "generate.publish",
        "put a photo or video where fal can fetch it, print its address",
        "publish photo.jpg",
    )
    publish_parser.add_argument("source", metavar="FILE_OR_URL", type=argument_types.file_or_url)
    publish_parser.add_argument("--json", action="store_true", help=_ONE_OBJECT)
    poll_parser = command(
        "poll",
        "generate.poll",
        "wait for any fal request, ours or not, and download its video; free",
        "poll 019ded6c-d871-7290-bbf1-ddc6993f8958",
    )
    poll_parser.add_argument("request_id", metavar="REQUEST_ID", type=argument_types.request_id)
    poll_parser.add_argument("--json", action="store_true", help=_ONE_OBJECT)
    models_parser = command("models", "models.list_models", "tiers, models, what each accepts and costs")
    models_parser.add_argument("--json", action="store_true", help=_A_LIST)
    models_parser.add_argument(
        "--check",
        action="store_true",
        help="ask fal whether it still takes what is sold here, and say what it does not",
    )
    _report_parsers(command)
    for name, offered in _chat_commands().items():
        words = "; ".join(f"{each.word}: {each.help}" for _, each in offered)
        chat_parser = command(name, "channel_commands.channel_command", words, f"{name} {offered[0][1].word}")
        chat_words = chat_parser.add_subparsers(required=True, metavar="|".join(each.word for _, each in offered))
        for manifest, each in offered:
            word_parser = chat_words.add_parser(each.word, help=each.help, description=each.help)
            word_parser.set_defaults(manifest=manifest, command=each)
            for option in each.options:
                word_parser.add_argument(
                    f"--{option.name}", metavar=option.value, type=argument_types.of_form(option.form), help=option.help
                )
            word_parser.add_argument("--json", action="store_true", help=_ONE_OBJECT)
    invited = "a link that opens the web chat for a guest, once, as web:NAME"
    _invite_parser(command("invite", "invite.invite", invited, "invite anna", "invite --list"))
    secret_parser = command(
        "secret",
        "secret.secret",
        "a new signing secret; old cookies, links and callback addresses lapse",
        "secret rotate",
    )
    secret_parser.add_argument("word", metavar="rotate", choices=["rotate"])
    secret_parser.add_argument("--json", action="store_true", help=_ONE_OBJECT)
    doctor_parser = command(
        "doctor", "doctor.run", "check the whole chain and say how to fix what is wrong; exit code 1 if anything is"
    )
    doctor_parser.add_argument("--json", action="store_true", help="for scripts")
    _setup_parser(
        command(
            "setup",
            "setup.setup",
            "ask for what is needed, check it at its servers, write .env, make you the admin",
            "setup",
            "setup --chats web --secret FAL_KEY=key.txt",
        )
    )
    backup_parser = command(
        "backup",
        "backup.backup",
        "a consistent copy of the database, with the receipts, while the bot runs",
        "backup copies/$(date +%F)",
    )
    backup_parser.add_argument("dir", type=Path, metavar="DIR", help="the folder that is made for it")
    backup_parser.add_argument("--json", action="store_true", help=_ONE_OBJECT)
    completion_parser = command(
        "completion",
        "completion.completion",
        "what makes a shell complete these commands with the Tab key: bash, zsh or fish",
        "completion bash > ~/.local/share/bash-completion/completions/reelbot",
        'completion zsh > "${fpath[1]}/_reelbot"',
        "completion fish > ~/.config/fish/completions/reelbot.fish",
    )
    completion_parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    return parser


def _report_parsers(command: Callable[..., argparse.ArgumentParser]) -> None:
    jobs_parser = command(
        "jobs",
        "reports.jobs",
        "what is running, done, failed",
        "jobs --state rendering",
        "jobs --user telegram:42 --newest 5 --json",
    )
    jobs_parser.add_argument("--user", type=argument_types.user, help="for example telegram:42")
    jobs_parser.add_argument("--state", choices=STATES, type=lambda word: _OLD_STATES.get(word, word), metavar="STATE")
    jobs_parser.add_argument("--newest", type=argument_types.whole(1), default=50, metavar="N", help="how many (50)")
    jobs_parser.add_argument("--json", action="store_true", help=_A_LIST)
    spend_parser = command(
        "spend",
        "reports.spend",
        "what was spent, is set aside, was given back, and fal's own bill beside the quotes, in exact dollars",
        "spend --by user",
        "spend --by model --csv > spent.csv",
    )
    spend_parser.add_argument("--by", choices=["user", "model", "day"], default="day", help="one line each (day, UTC)")
    form = spend_parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="for spreadsheets")
    form.add_argument("--json", action="store_true", help=_A_LIST)
    job_parser = command(
        "job",
        "reports.job",
        "one job's whole story, by its id or the short code that people see",
        "job K7QX2AB",
        "job K7 --user telegram:42",
    )
    job_parser.add_argument("id", metavar="ID", type=argument_types.job_id, help="for example K7QX2AB, or K7")
    job_parser.add_argument("--user", type=argument_types.user, help="whose short code it is")
    job_parser.add_argument("--cancel", action="store_true", help="stop it")
    job_parser.add_argument("--json", action="store_true", help=_ONE_OBJECT)


def _setup_parser(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        f"{parser.description}. With --chats, --set or --secret nothing is asked. Secrets stand on no command line, "
        "where others see them: they come from files, from standard input, from the environment, or stay as they are "
        "in .env."
    )
    parser.add_argument("--chats", metavar="LIST", help="which to set up, for example telegram,web")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a setting that is no secret")
    parser.add_argument(
        "--secret", metavar="NAME=FILE", action="append", default=[], help="a secret from a file; -: standard input"
    )
    parser.add_argument("--unchecked", action="store_true", help="write what a silent server could not be asked about")
    parser.add_argument(
        "--wait", metavar="SECONDS", type=float, help="for whoever sends the admin's code (900 at a terminal, else 0)"
    )


def _chat_commands() -> dict[str, list[tuple[ChannelManifest, ConsoleCommand]]]:
    """Return the chats' commands by the name under which they stand, which several chats may share."""
    found: dict[str, list[tuple[ChannelManifest, ConsoleCommand]]] = {}
    for manifest in manifests().values():
        for each in manifest.commands:
            found.setdefault(each.under or manifest.name, []).append((manifest, each))
    return found


def _invite_parser(parser: argparse.ArgumentParser) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("name", metavar="NAME", nargs="?", help="a-z, 0-9 and -; the guest is web:NAME")
    who.add_argument("--list", action="store_true", help="who is invited")
    parser.add_argument("--revoke", action="store_true", help="end the guest's sessions; the films stay")
    parser.add_argument("--json", action="store_true", help="one line of JSON on stdout")


def _upscale_parser(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=Path, metavar="FILE", help="a film")
    parser.add_argument("--resolution", choices=("1080p", "4k"), default="1080p", help="1080p or 4k")
    parser.add_argument("--yes", action="store_true", help="buy without asking")
    parser.add_argument("--json", action="store_true", help=_ONE_OBJECT)
    parser.add_argument(
        "--sandbox", action="store_true", help="an offline stand-in for fal: no cost, in output/sandbox"
    )


def _words_missing(options: argparse.Namespace) -> str | None:
    """Return that there are no words, where there have to be: a photo that speaks a sound needs none."""
    needed = not options.prompt and not (options.audio and options.image)
    return "the following arguments are required: PROMPT" if needed else None


def _generate_parser(parser: argparse.ArgumentParser) -> None:
    words = "words, in quotes or not; - reads them from stdin; none are needed for --image with --audio"
    parser.add_argument("prompt", metavar="PROMPT", nargs="*", help=words)
    parser.set_defaults(missing=_words_missing)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--image", type=Path, metavar="FILE", help="animate this photo")
    source.add_argument("--video", type=Path, metavar="FILE", help="change this video")
    many = "a photo of whom or what the film shows; once for each"
    source.add_argument("--reference", type=Path, metavar="FILE", action="append", default=[], help=many)
    parser.add_argument("--last-image", type=Path, metavar="FILE", help="beside --image: end with this photo")
    spoken = "the film has this sound; beside --image that photo speaks it"
    parser.add_argument("--audio", type=Path, metavar="FILE", help=spoken)
    source.add_argument("--extend", metavar="FILE_OR_ID", help="go on from this film, or the film of a request")
    parser.add_argument(
        "--model",
        metavar="M",
        type=argument_types.model,
        help="a tier, a model or a full fal endpoint id (REELBOT_DEFAULT_MODEL)",
    )
    parser.add_argument("--duration", type=argument_types.whole(1, 3600), metavar="N", help="seconds (5)")
    lines = "480p, 720p, 1080p, 4k; the nearest that the model makes"
    parser.add_argument("--resolution", metavar="R", type=argument_types.resolution, help=lines)
    parser.add_argument("--aspect", metavar="A", type=argument_types.aspect_ratio, help="16:9, 9:16, 1:1")
    seed = argument_types.whole(0, MOST_SEED)
    parser.add_argument("--seed", type=seed, metavar="N", help="the same number varies less")
    parser.add_argument("--sound", choices=("on", "off"), help="where the model leaves the choice, at its own price")
    parser.add_argument("--yes", action="store_true", help="buy without asking")
    parser.add_argument("--json", action="store_true", help=_ONE_OBJECT)
    parser.add_argument(
        "--sandbox", action="store_true", help="an offline stand-in for fal: no cost, in output/sandbox"
    )
