"""Runs the console commands that the chats offer."""

import argparse

from bot import logs
from bot.app import App
from bot.channels.types import SendError
from bot.cli.console import DONE, Failure, out, out_json
from bot.settings import Settings


async def channel_command(options: argparse.Namespace) -> int:
    """Run a chat's console command, with that chat connected."""
    manifest, command = options.manifest, options.word
    logs.configure(secrets=[], level="WARNING")
    app = await App.build(Settings())
    try:
        channel = app.channels.get(manifest.name)
        if channel is None:
            raise Failure(f"{manifest.title} is not connected: set {manifest.hint}")
        line = await next(each.run for each in manifest.commands if each.word == command)(channel)
    except SendError as error:
        raise Failure(error.reason) from None
    finally:
        for each in app.channels.values():
            await each.stop()
        await app.close()
    if options.json:
        out_json({"channel": manifest.name, "command": command, "text": line})
    else:
        out(line)
    return DONE
