"""Runs the console commands that the chats offer."""

import argparse
import asyncio
import sys

from bot import logs
from bot.app import App
from bot.channels.protocol import ConsoleCommand
from bot.channels.types import SendError, SendOutcome
from bot.cli.console import DONE, Failure, note, out, out_json
from bot.settings import Settings


class ConsoleTerminal:
    """The terminal of this process, as a chat's command sees it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    def option(self, name: str) -> str | None:
        """Return what stands behind `--name`; None: it was not given."""
        value = getattr(self._options, name, None)
        return None if value is None else str(value)

    def say(self, text: str) -> None:
        """Print it; where the result is JSON, beside it."""
        (note if self._options.json else out)(text)

    async def ask(self, question: str) -> str:
        """Read a line. Raises SendError where nobody can answer."""
        sys.stderr.write(question)
        sys.stderr.flush()
        line: str = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            raise SendError(SendOutcome.REJECTED, "there is nobody to answer: start this in a terminal")
        return line.strip()


async def channel_command(options: argparse.Namespace) -> int:
    """Run a chat's console command, with that chat connected."""
    manifest = options.manifest
    logs.configure(secrets=[], level="WARNING")
    app = await App.build(Settings())
    try:
        channel = app.found.get(manifest.name)
        if channel is None:
            raise Failure(f"{manifest.title} is not connected: set {manifest.hint}")
        command: ConsoleCommand = options.command
        line = await command.run(channel, ConsoleTerminal(options))
    except SendError as error:
        raise Failure(error.reason) from None
    finally:
        for each in app.found.values():
            await each.stop()
        await app.close()
    if options.json:
        out_json({"channel": manifest.name, "command": command.word, "text": line})
    else:
        out(line)
    return DONE
