"""Runs `reelbot models`: what can be bought, and what it costs. Loads no database and no chat."""

import argparse
import shutil
import sys
import textwrap

from bot.cli.console import DONE, is_terminal, out, out_json
from bot.cli.model_forms import model_form
from core import pricing
from core.config import TierSettings

_INDENT = 4
_LEAST = 30


async def list_models(options: argparse.Namespace) -> int:
    """Print every model. Raises ValidationError where the tiers are set to what there is not."""
    TierSettings()
    if options.json:
        out_json([model_form(model) for model in pricing.list_models()])
        return DONE
    columns = max(_LEAST, shutil.get_terminal_size().columns) if is_terminal(sys.stdout) else None
    for model in pricing.list_models():
        out(f"{model.name}  [{model.key}]" + (f"  tier: {model.tier}" if model.tier else ""))
        for line in pricing.describe(model):
            out(_fitted(line, columns))
    return DONE


def _fitted(line: str, columns: int | None) -> str:
    """Indent the line, and break it at spaces where a terminal is narrower."""
    indent = " " * _INDENT
    if columns is None:
        return indent + line
    return textwrap.fill(
        line,
        columns - 1,
        initial_indent=indent,
        subsequent_indent=indent * 2,
        break_long_words=False,
        break_on_hyphens=False,
    )
