"""Looks at what may be wrong with a bot beside its token: the webhook, the groups, the rights there."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from bot.channels.telegram.request import BotClient
from bot.channels.telegram.rights import Rights
from bot.channels.telegram.settings import TelegramSettings
from bot.channels.types import Address, Finding, Obstacle

_MOST_GROUPS = 20
_LATELY_S = 3600.0
_OBSTACLES: Mapping[Obstacle, str] = {
    "removed": "the bot is not in it: add it, or take the group off the list",
    "no-right": "the bot may not write there: give it the right to send messages",
    "no-video-right": "the bot may send no videos there: give it the right to send media",
    "topic-closed": "its topic is closed",
}


async def examine_bot(
    bot: BotClient, settings: TelegramSettings, rights: Rights, groups: Sequence[str], *, public_url: str | None
) -> list[Finding]:
    """Return the findings on the webhook and the groups. Raises TelegramError."""
    me, webhook = await bot.ask("getMe"), await bot.ask("getWebhookInfo")
    found = [_webhook(webhook if isinstance(webhook, dict) else {}, settings, public_url)]
    found += _groups_at_all(me if isinstance(me, dict) else {}, groups)
    for group in groups[:_MOST_GROUPS]:
        obstacle = await rights.obstacle(Address("telegram", group))
        text = "the bot may send videos there" if obstacle is None else _OBSTACLES[obstacle]
        found.append(Finding(f"telegram:{group}", "ok" if obstacle is None else "warn", text))
    return found


def _webhook(facts: Mapping[str, Any], settings: TelegramSettings, public_url: str | None) -> Finding:
    name, url = "telegram webhook", str(facts.get("url") or "")
    if not settings.webhook:
        text = (
            "one is set, and `reelbot run` removes it: is another program using this bot?" if url else "none: polling"
        )
        return Finding(name, "warn" if url else "ok", text)
    ours = f"{public_url}/telegram"
    if url != ours:
        where = "is not set yet" if not url else "leads to another address"
        return Finding(name, "warn", f"{where}; `reelbot run` sets it to {ours}")
    failed_at, waiting = facts.get("last_error_date"), facts.get("pending_update_count")
    if isinstance(failed_at, int) and time.time() - failed_at < _LATELY_S:
        reason = str(facts.get("last_error_message") or "no reason given")
        return Finding(name, "wrong", f"Telegram could not reach {ours} lately: {reason}. Check REELBOT_PUBLIC_URL")
    return Finding(name, "ok", f"{ours}; {waiting or 0} updates wait")


def _groups_at_all(me: Mapping[str, Any], groups: Sequence[str]) -> list[Finding]:
    name = "telegram groups"
    if me.get("can_join_groups") is False:
        text = "the bot can join none: @BotFather, /setjoingroups, Enable"
        return [Finding(name, "warn" if groups else "info", text)]
    if me.get("can_read_all_group_messages") is True:
        text = "privacy mode is off: the bot sees all that is written; what is not for it is dropped"
        return [Finding(name, "info", text)]
    text = "privacy mode is on: in groups the bot sees commands, replies to it and its @name, which is all it needs"
    return [Finding(name, "info", text)]
