"""Runs `reelbot models`: what can be bought, and what it costs. Loads no database and no chat."""

import argparse

from bot.cli.console import DONE, out
from core import pricing
from core.config import TierSettings


async def list_models(_options: argparse.Namespace) -> int:
    """Print every model. Raises ValidationError where the tiers are set to what there is not."""
    TierSettings()
    for model in pricing.list_models():
        out(f"{model.name}  [{model.key}]" + (f"  tier: {model.tier}" if model.tier else ""))
        for line in pricing.describe(model):
            out(f"    {line}")
    return DONE
