"""Notes who asked to be let in, and tells the admins: of each stranger once, of five a day, then that more have come.

Of a stranger are kept the id, the name that the chat shows, the group and the time: no word, no file.
"""

import logging
import unicodedata

from bot.channels.types import Action, Incoming
from bot.messages.admin_alerts import Alerts
from bot.messages.callback_data import data_if_fits
from bot.messages.i18n import translate
from bot.store import Store

log = logging.getLogger(__name__)

_NAME_CHARS = 40
_NO_TEXT = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})  # a name must not turn or break the line it stands in


class StrangerNotices:
    """The notices about strangers."""

    def __init__(self, *, store: Store, alerts: Alerts) -> None:
        self._store = store
        self._alerts = alerts

    async def note(self, incoming: Incoming) -> None:
        """Note a stranger and tell the admins, best effort: the answer to the stranger does not wait for it."""
        group = _group(incoming)
        name = shown_name(incoming.name)
        try:
            word = await self._store.strangers.note(incoming.user, name=name, group=group)
        except Exception as error:  # noqa: BLE001 - whatever the database does
            log.warning("a stranger was not noted", extra={"user": incoming.user, "error": type(error).__name__})
            return
        if word == "each":
            ids = [each for each in (incoming.user, group) if each is not None]
            facts = {"id": incoming.user, "name": name, "chat": group}
            self._alerts.ask("alert-stranger", lambda language: allow_buttons(ids, language), **facts)
        elif word == "summary":
            self._alerts.ask("alert-strangers", lambda _language: ())


def allow_buttons(ids: list[str], language: str) -> tuple[Action, ...]:
    """Return a button for each of these ids that lets it in; none for one that no button can hold."""
    found = [(ident, data_if_fits("allow", ident)) for ident in ids]
    return tuple(Action(translate(language, "button-allow", id=ident), data) for ident, data in found if data)


def shown_name(name: str | None) -> str:
    """Return a name as it may stand in a line of ours: short, without signs that nobody sees."""
    plain = "".join(" " if unicodedata.category(each) in _NO_TEXT else each for each in name or "")
    return " ".join(plain.split())[:_NAME_CHARS]


def _group(incoming: Incoming) -> str | None:
    """Return the chat where the stranger wrote, unless it is their own."""
    address = incoming.address
    return None if address.chat_id == incoming.sender_id else f"{address.channel}:{address.chat_id}"
