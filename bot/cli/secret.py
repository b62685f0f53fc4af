"""Runs `reelbot secret rotate`: a new signing secret, while `reelbot run` serves."""

import argparse
from pathlib import Path

from bot import logs
from bot.cli import setting_problems
from bot.cli.console import DONE, note, out, out_json
from bot.jobs.process_lock import is_held
from bot.settings import Settings
from bot.store import Store
from bot.store.installation import Rotation


async def secret(options: argparse.Namespace) -> int:
    """Replace the signing secret, and say what has lapsed and who has to do what."""
    logs.configure(secrets=[], level="WARNING")
    settings = setting_problems.load(writes=True)
    await Store.prepare(settings.store_url)
    store = await Store.open(settings.store_url)
    try:
        done = await store.installation.rotate()
    finally:
        store.close()
    processes = _serving(settings) if done.processes is None else done.processes
    if options.json:
        facts = {"processes": processes, "renderings": done.renderings, "guests": [f"web:{it}" for it in done.guests]}
        out_json(facts)
    else:
        _say(done, processes)
    return DONE


def _serving(settings: Settings) -> int:
    """Return how many processes serve the database file: one or none."""
    lock = Path(f"{settings.database_file}.lock")
    return int(lock.exists() and is_held(lock))


def _say(done: Rotation, processes: int) -> None:
    out("The signing secret is a new one.")
    out("Lapsed: the web chat's sessions, signed links to films, fal's callback addresses, Telegram's webhook secret.")
    out(f"Processes that serve now, and notice within seconds: {processes}. No restart is needed.")
    if done.renderings:
        out(f"Videos under way whose callback lapsed: {done.renderings}. fal is asked for them instead.")
    note("Whoever has REELBOT_WEB_TOKEN signs in with it again, in each browser.")
    if done.guests:
        note(f"A new link for each guest: {'; '.join(f'reelbot invite {name}' for name in done.guests)}")
    note(
        "Invitations that nobody has opened stay good. Telegram's webhook is registered anew by the bot; what is "
        "refused until then, Telegram sends again. Copies made by `reelbot backup` before hold the old secret: after "
        "putting one back, rotate again."
    )
