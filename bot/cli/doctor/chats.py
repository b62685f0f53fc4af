"""Checks the chats, each by what its own folder knows to look at."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from bot.app import App
from bot.channels import how_to_connect, manifests
from bot.channels.protocol import ChannelPort
from bot.channels.types import Finding
from bot.cli.doctor.findings import Check, all_of, checked
from bot.cli.doctor.ledger import OPENING, is_missing
from bot.conversation.access import Access
from bot.logs import redact
from bot.settings import Settings


async def chats(settings: Settings) -> Sequence[Finding]:
    """Check every chat that is connected, all at once."""
    with TemporaryDirectory(prefix="reelbot-look-") as folder:
        elsewhere = {"output_dir": Path(folder)}
        if not is_missing(settings):
            elsewhere["database_url"] = SecretStr(settings.store_url)  # type: ignore[assignment] # of two kinds
        try:
            async with OPENING:
                app = await App.build(settings.model_copy(update=elsewhere))
        except (ValueError, OSError) as error:
            return [Finding("chats", "wrong", redact(str(error)))]
        app.parts.alerts.mute()
        try:
            if not app.channels:
                return [Finding("chats", "off", f"no chat is connected: {how_to_connect()}; or `reelbot setup`")]
            let_in = {each.id for each in await app.store.admissions.all() if each.allowed is not None}
            access = Access.from_settings(settings.access, settings.admins, chats=manifests())
            known = sorted(let_in | access.listed)
            found = await all_of([(name, _of(channel, known)) for name, channel in app.channels.items()])
            return (
                found if access.everybody else [*found, *_locked(app.channels, let_in | access.listed | access.admins)]
            )
        finally:
            for channel in app.channels.values():
                await channel.stop()
            await app.close()


def _locked(channels: Mapping[str, ChannelPort], people: Collection[str]) -> Iterable[Finding]:
    """Yield a warning about each chat of which nobody may use the bot; one with a login lets in who logged in."""
    for name, channel in channels.items():
        if channel.manifest.is_set_up is None and not any(each.startswith(f"{name}:") for each in people):
            text = f"nobody of {name} may use the bot yet: `reelbot setup` makes you its admin, or set REELBOT_ADMINS"
            yield Finding("admission", "warn", text)


def _of(channel: ChannelPort, known: Sequence[str]) -> Check:
    prefix = f"{channel.name}:"
    ids = [each.removeprefix(prefix) for each in known if each.startswith(prefix)]

    async def check() -> Sequence[Finding]:
        first = Finding(channel.name, "ok", await channel.check())
        groups = [each for each in ids if channel.manifest.is_group(each)]
        return [first, *await checked(channel.name, lambda: channel.examine(groups))]

    return check
