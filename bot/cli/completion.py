"""Runs `reelbot completion`: a script for the shell. It is static, so that no key press waits for a Python."""

import argparse
from collections.abc import Iterator
from importlib import import_module

import shtab

from bot.cli.console import DONE, out

_FILES = {"FILE", "FILE_OR_URL"}
_FOLDERS = {"DIR"}


async def completion(options: argparse.Namespace) -> int:
    """Print the script."""
    parser = import_module("bot.cli.main").parser_of_all()
    for action in _actions(parser):
        if action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif action.metavar in _FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    for line in shtab.complete(parser, shell=options.shell).splitlines():
        out(line)
    return DONE


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # noqa: SLF001 - as shtab itself reads them: argparse has no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for each in action.choices.values():
                yield from _actions(each)
        yield action
