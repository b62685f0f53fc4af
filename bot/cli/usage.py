"""The grammar's own manners: an example in each help, and what was probably meant by a word that does not exist."""

import argparse
import re
import sys
from difflib import get_close_matches
from typing import Any, NoReturn

from bot.cli.console import MISUSED

_CHOICE = re.compile(r"(argument (?P<where>\S+): )?invalid choice: '(?P<typed>.*?)' \(choose from (?P<choices>.*)\)")
_UNKNOWN = "unrecognized arguments: "
EXAMPLE = "for example:"


class Help(argparse.HelpFormatter):
    """The usual help, but for the lines of an example, which stay as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(EXAMPLE) else super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """A parser that ends with code 2 and one sentence, in which stands what was probably meant."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse, and refuse what is left over or missing here, where the command's own options are known."""
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(_UNKNOWN + " ".join(rest))
        missing = self.get_default("missing")
        problem = missing(found) if missing is not None else None
        if problem is not None:
            self.error(problem)
        return found, rest

    def error(self, message: str) -> NoReturn:
        """End with the usage and the reason."""
        self.print_usage(sys.stderr)
        self.exit(MISUSED, f"reelbot: {self._reason(message)}\n")

    def _reason(self, message: str) -> str:
        choice = _CHOICE.fullmatch(message)
        if choice:
            return _no_such(choice["where"] or "", choice["typed"], re.findall(r"[^\s',]+", choice["choices"]))
        if message.startswith(_UNKNOWN):
            typed = message.removeprefix(_UNKNOWN)
            first, options = typed.split()[0].partition("=")[0], [*self._option_string_actions]
            if first.startswith("-"):
                return f"{self.prog} has no option {first}{_meant(first, options)}"
            return f"{typed!r} stands where nothing is expected: options stand before or after the words"
        return message


def _no_such(where: str, typed: str, choices: list[str]) -> str:
    if where == "COMMAND":
        return f"there is no command {typed!r}{_meant(typed, choices)}; `reelbot --help` lists them"
    return f"{where} cannot be {typed!r}{_meant(typed, choices)}; it is one of {', '.join(choices)}"


def _meant(typed: str, choices: list[str]) -> str:
    near = get_close_matches(typed.lower(), choices, n=1, cutoff=0.6)
    return f" (is {near[0]} meant?)" if near else ""


def example(*lines: str) -> str:
    """Return the example that stands under a command's help."""
    return "\n".join([EXAMPLE, *(f"  reelbot {line}" for line in lines)])
