"""Bounds, sorts and prints the findings of the checks."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict

from bot.channels.types import Finding, SendError
from bot.cli.console import out
from bot.logs import redact
from bot.messages.i18n import admin_text
from core.config import masked_url
from core.errors import VideoError

WAIT_S = 20.0
"""Seconds for each check; all run at once, so this is about what the whole takes at most."""
_ORDER = ("wrong", "warn", "ok", "off", "info")
_COLOURS = {"wrong": 31, "warn": 33, "ok": 32}
Check = Callable[[], Awaitable[Sequence[Finding]]]


async def checked(name: str, check: Check) -> list[Finding]:
    """Return what a check finds; that it fails, or takes too long, is a finding by this name."""
    try:
        async with asyncio.timeout(WAIT_S):
            return list(await check())
    except TimeoutError:
        text = f"no answer within {WAIT_S:.0f} seconds: is the network up?"
    except VideoError as error:
        text = admin_text(error.code, error.facts)
    except SendError as error:
        text = redact(error.reason)
    except (OSError, ValueError) as error:
        text = redact(str(error))
    return [Finding(name, "wrong", masked_url(text))]


async def all_of(checks: Sequence[tuple[str, Check]]) -> list[Finding]:
    """Run all checks at once and return their findings in the order of the checks."""
    found = await asyncio.gather(*(checked(name, check) for name, check in checks))
    return [finding for each in found for finding in each]


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with what must be mended first. One cause counts once, whatever it keeps from being seen."""
    causes: dict[str, str] = {}
    found = []
    for each in findings:
        first = causes.setdefault(each.text, each.name) if each.state == "wrong" else each.name
        hidden = Finding(each.name, "off", f"not looked at: first mend “{first}”")
        found.append(each if first == each.name else hidden)
    return sorted(found, key=lambda each: _ORDER.index(each.state))


def show(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print the findings, a line each, and how many are wrong; or all as JSON."""
    if as_json:
        out(json.dumps([asdict(finding) for finding in findings], indent=2))
        return
    for each in findings:
        out(f"{each.state:<6} {each.name:<24} {each.text}", colour=_COLOURS.get(each.state))
    wrong, odd = (sum(each.state == state for each in findings) for state in ("wrong", "warn"))
    if wrong:
        out(f"{_count(wrong, 'thing')} must be mended, {_count(odd, 'warning')}", colour=_COLOURS["wrong"])
    else:
        out(f"nothing is wrong, {_count(odd, 'warning')}", colour=_COLOURS["ok"])


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
