"""`reelbot`, with one more folder in which chats are looked for."""

import runpy
from pathlib import Path

import bot.channels

if __name__ == "__main__":
    bot.channels.__path__.append(str(Path(__file__).parent / "chats"))
    runpy.run_module("bot", run_name="__main__")
