"""Runs `reelbot run` and `reelbot demo`."""

import argparse

from pydantic import SecretStr

from bot import logs
from bot.app import App, serve, serve_demo
from bot.channels import how_to_connect, manifests
from bot.cli import setting_problems
from bot.cli.console import DONE, note, out
from bot.settings import OutputFolder, Settings


async def run(_options: argparse.Namespace) -> int:
    """Serve every channel that has its credentials."""
    odd = setting_problems.require_sound()
    settings = setting_problems.load(writes=True)
    logs.configure(secrets=_secrets(settings), level=settings.log_level.upper())
    for each in odd:
        note(f"reelbot: {each.name}: {each.text}")

    async def ready(app: App, address: str) -> None:
        _say_what_is_served(app, settings, address)

    await serve(settings, on_ready=ready)
    return DONE


def _say_what_is_served(app: App, settings: Settings, address: str) -> None:
    """Print what is served; an address only where a page answers."""
    served = ", ".join(sorted(app.channels)) or "no chat yet"
    pages = [each.manifest.title for each in app.channels.values() if each.manifest.serves_files]
    note(f"reelbot serves {served}" + "".join(f"; {title} is at {address}" for title in pages))
    if not app.channels:
        note(f"{how_to_connect()}; `reelbot doctor` tells more")
    if settings.fal_key is None and settings.fal_proxy_url is None:
        note("FAL_KEY is not set: nothing can be ordered")


async def demo(options: argparse.Namespace) -> int:
    """Serve the demo."""
    logs.configure(secrets=[])

    async def ready(_app: App, address: str) -> None:
        out(f"The demo is open at {address}")
        out("Write /video a red fox running through fresh snow, or add a photo with a caption. Ctrl+C ends it.")

    await serve_demo(
        output_dir=options.output or OutputFolder().folder,
        port=options.port,
        on_ready=ready,
    )
    return DONE


def _secrets(settings: Settings) -> list[str]:
    """Return everything that no log may show: each secret of our settings and of the channels'."""
    found = []
    for each in (settings, *(manifest.settings() for manifest in manifests().values())):
        values = [getattr(each, name) for name in type(each).model_fields]
        found += [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
    return found
