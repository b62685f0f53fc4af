"""Runs `reelbot invite`: links that open the web chat for guests, each once; who has one; and taking it back."""

import argparse

from bot import logs
from bot.channels.web_names import NAME, OPERATOR
from bot.channels.webchat.settings import WebSettings
from bot.cli import setting_problems
from bot.cli.console import DONE, BadUsage, Failure, note, out, out_json
from bot.cli.json_forms import moment
from bot.cli.reports import opened, when
from bot.settings import Settings
from bot.store import Store
from bot.store.invitations import LINK_S, Invitation
from bot.store.web_people import BY_BROWSER

_DAY_S = 24 * 3600.0


async def invite(options: argparse.Namespace) -> int:
    """Invite a guest, take an invitation back, or list all. Raises Failure."""
    logs.configure(secrets=[], level="WARNING")
    if options.list:
        return await _list(as_json=options.json)
    name = options.name
    if not NAME.fullmatch(name or "") or name == OPERATOR or BY_BROWSER.fullmatch(name):
        raise BadUsage("a guest's name has up to 32 of a-z, 0-9 and -, for example anna; “operator” is yourself")
    settings = setting_problems.load(writes=True)
    await Store.prepare(settings.store_url)
    store = await Store.open(settings.store_url)
    try:
        return await (
            _revoke(store, name, as_json=options.json)
            if options.revoke
            else _invite(store, name, settings, as_json=options.json)
        )
    finally:
        store.close()


async def _invite(store: Store, name: str, settings: Settings, *, as_json: bool) -> int:
    if WebSettings().token is None:
        raise Failure("the web chat is off: set REELBOT_WEB_TOKEN (`openssl rand -hex 24`) and start `reelbot run`")
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    link = f"{base}/chat/enter#invitation={await store.invitations.invite(name)}"
    if as_json:
        out_json({"user": f"web:{name}", "link": link})
        return DONE
    out(link)
    note(
        f"The link opens the web chat once, as {name}, within {LINK_S / _DAY_S:.0f} days. Whoever opens it can spend "
        f"up to REELBOT_USER_DAILY_USD a day. `reelbot invite {name} --revoke` ends it; the same command again makes "
        "a new link, for another browser."
    )
    return DONE


async def _revoke(store: Store, name: str, *, as_json: bool) -> int:
    if not await store.invitations.revoke(name):
        raise Failure(f"nobody called {name} is invited: `reelbot invite --list`")
    if as_json:
        out_json({"user": f"web:{name}", "holds": False})
        return DONE
    note(f"{name} can no longer use the web chat. The films stay.")
    return DONE


async def _list(*, as_json: bool) -> int:
    async with opened() as store:
        guests = await store.invitations.all()
    if as_json:
        out_json([_facts(guest) for guest in guests])
        return DONE
    for guest in guests:
        out(f"{guest.name:<32}  {when(guest.invited)}  {_standing(guest)}")
    if not guests:
        note("nobody is invited: `reelbot invite NAME`")
    return DONE


def _standing(guest: Invitation) -> str:
    if not guest.holds:
        return "revoked"
    return f"opened {when(guest.opened)}" if guest.opened is not None else "not opened yet"


def _facts(guest: Invitation) -> dict[str, object]:
    return {
        "user": f"web:{guest.name}",
        "invited": moment(guest.invited),
        "opened": moment(guest.opened),
        "holds": guest.holds,
    }
