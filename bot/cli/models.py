"""Runs `reelbot models`: what can be bought, and what it costs. Loads no chat, and no database where there is none."""

import argparse
import shutil
import sys
import textwrap
from importlib import import_module

from pydantic import ValidationError

from bot.cli.console import DONE, is_terminal, out, out_json
from bot.cli.model_forms import model_form
from bot.settings import Settings
from core import pricing
from core.config import TierSettings

_INDENT = 4
_LEAST = 30


async def list_models(options: argparse.Namespace) -> int:
    """Print every model, or with --check what fal says of each.

    Raises ValidationError where the tiers are set to what there is not.
    """
    TierSettings()
    if options.check:
        checked: int = await import_module("bot.cli.model_check").check(as_json=options.json)
        return checked
    await _hold_back()
    if options.json:
        out_json([model_form(model) for model in pricing.list_models()])
        return DONE
    columns = max(_LEAST, shutil.get_terminal_size().columns) if is_terminal(sys.stdout) else None
    for model in pricing.list_models():
        out(f"{model.name}  [{model.key}]" + (f"  tier: {model.tier}" if model.tier else ""))
        for line in pricing.describe(model):
            out(_fitted(line, columns))
    return DONE


async def _hold_back() -> None:
    """Hold back what a running bot has found that fal does not take, where there is a database that knows."""
    try:
        settings = Settings()
    except ValidationError:
        return  # `reelbot doctor` says what is wrong with them
    if settings.database_url is not None or settings.database_file.exists():
        await import_module("bot.cli.model_check").hold_back(settings)


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
