"""Checks fal: the keys, the balance, the way of an asset to it, and the clock. Spends nothing."""

import asyncio
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.channels.types import Finding
from bot.cli.doctor.ledger import opened
from bot.http.server import serve_assets
from bot.jobs.billing import needed_micro
from bot.jobs.payload_removal import is_refused
from bot.messages import model_alerts
from bot.settings import Settings
from bot.store.drifts import LOOKED
from bot.store.ledger import caps_of
from bot.store.records import MICRO, micro
from bot.store.stored import number
from core.assets import publish
from core.errors import NotConfigured, Unavailable
from core.fal import clock
from core.fal.billing import Billing
from core.fal.client import FalQueue
from core.fal.storage import ProcessKeyValues

_MOST_OFF_S = 60.0
_REFUSED_BY_PROXY = "ProxyError"


async def fal_key(settings: Settings) -> Sequence[Finding]:
    """Check that fal accepts the key."""
    queue = FalQueue.from_settings(settings)
    try:
        await queue.check_key()
    except Unavailable as error:
        if settings.fal_proxy_url is None or error.facts.get("reason") != _REFUSED_BY_PROXY:
            raise
        text = "FAL_PROXY_URL: the proxy does not let us through; has its address the name and password that it wants?"
        return [Finding("fal key", "wrong", text)]
    finally:
        await queue.close()
    return [Finding("fal key", "ok", "fal accepts it")]


async def models(settings: Settings) -> Sequence[Finding]:
    """Say what the last look found that fal does not take of the catalogue, or that there was no look yet."""
    async with opened(settings) as store:
        drifts, looked = await store.drifts.all(), number(await store.installation.get(LOOKED))
    if not looked and not drifts:
        text = "fal was not asked yet whether it takes all that is sold: `reelbot models --check` asks"
        return [Finding("models", "info", text)]
    when = f"{datetime.fromtimestamp(looked / 1000, tz=UTC):%Y-%m-%d %H:%M} UTC" if looked else "just now"
    if not drifts:
        return [Finding("models", "ok", f"fal takes all that is sold, as of {when}")]
    lines = [model_alerts.line("en", key, found).removeprefix("• ") for key, found in drifts.items()]
    return [Finding("models", "warn", f"{text} `reelbot models --check` asks fal again") for text in lines]


async def books(settings: Settings) -> Sequence[Finding]:
    """Check the admin key by reading the balance with it, and whether that balance is low."""
    name, billing = "fal admin key", Billing.from_settings(settings)
    if billing is None and settings.fal_admin_key is None:
        return [Finding(name, "off", "FAL_ADMIN_KEY is not set: fal's own bill and balance are not read")]
    if billing is None:
        return [Finding(name, "off", "not used: with FAL_PROXY_URL the proxy says what it charged")]
    try:
        left = await billing.balance()
    except NotConfigured as error:
        if error.code != "invalid_key":
            raise
        return [Finding(name, "wrong", "fal refuses it: make a key of ADMIN scope at fal.ai/dashboard/keys")]
    finally:
        await billing.close()
    return [Finding(name, "ok", "fal accepts it"), await _balance(settings, left)]


async def forgetting(settings: Settings) -> Sequence[Finding]:
    """Say whether what fal keeps of ended jobs is deleted there. Nothing is deleted by this."""
    name = "forget at fal"
    if not settings.forget_at_fal:
        text = "REELBOT_FORGET_AT_FAL is not set: fal keeps words and results for about a month, /forget or not"
        return [Finding(name, "off", text)]
    if settings.fal_admin_key is None:
        return [Finding(name, "wrong", "REELBOT_FORGET_AT_FAL needs FAL_ADMIN_KEY: a key of ADMIN scope")]
    if settings.fal_proxy_url is not None:
        return [Finding(name, "wrong", "not possible through FAL_PROXY_URL: unset REELBOT_FORGET_AT_FAL")]
    try:
        async with opened(settings) as store:
            refused = await is_refused(store)
    except (OSError, ValueError):
        refused = False  # the database has a finding of its own
    if refused:
        return [Finding(name, "wrong", "fal has refused to delete with FAL_ADMIN_KEY: make a key of ADMIN scope")]
    return [Finding(name, "ok", "an hour after a job's end, at once after /forget and a deletion")]


async def _balance(settings: Settings, left: Decimal) -> Finding:
    try:
        async with opened(settings) as store:
            held_micro = (await store.ledger.standing()).reserved_micro
    except (OSError, ValueError):
        held_micro = 0  # the database has a finding of its own
    need = needed_micro(caps_of(settings).all_micro, held_micro)
    if left <= 0:
        return Finding("fal balance", "wrong", f"{left:.2f} USD: top up at fal.ai/dashboard/billing")
    low = f", less than a day may cost ({need / MICRO:.2f} USD): top up soon" if micro(left) < need else ""
    return Finding("fal balance", "info" if low else "ok", f"{left:.2f} USD left{low}")


async def round_trip(settings: Settings) -> Sequence[Finding]:
    """Publish a small photo as a job would, which checks it from outside, and remove it.

    fal is asked again whether the key may upload, whatever it said before. Folders that are not there are not made.
    """
    host = publish.host_from_settings(settings, key_values=ProcessKeyValues({}))
    with TemporaryDirectory(prefix="reelbot-look-") as folder:
        if not all(each.is_dir() for each in (settings.assets_dir, settings.work_dir)):
            settings = settings.model_copy(update={"output_dir": Path(folder)})
        async with serve_assets(settings):
            asset = await publish.publish_asset(_photo(), settings=settings, host=host)
            await asyncio.to_thread((settings.assets_dir / asset.filename).unlink, missing_ok=True)
    where = "the asset folder" if settings.assets_from_folder else "fal storage"
    return [Finding("asset round trip", "ok", f"a photo published through {where} can be fetched")]


def _photo() -> bytes:
    """Make a plain grey 320 x 320 bitmap: a 54-byte header, then rows of three bytes a pixel."""
    side = 320
    pixels = b"\x80" * (side * side * 3)
    header = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54)
    return header + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 24, 0, len(pixels), 2835, 2835, 0, 0) + pixels


async def time_of_day(settings: Settings) -> Sequence[Finding]:
    """Compare this machine's clock with fal's: with a wrong one signatures and caps go wrong."""
    try:
        ahead_s = await clock.ahead_s(settings)
    except Unavailable:
        return []  # the key's own finding says so
    if ahead_s is None:
        return []
    if abs(ahead_s) <= _MOST_OFF_S:
        return [Finding("clock", "ok", "right by fal's")]
    way = "behind" if ahead_s > 0 else "ahead of"
    return [Finding("clock", "wrong", f"{abs(ahead_s):.0f} seconds {way} fal's: set it, with timedatectl set-ntp true")]
