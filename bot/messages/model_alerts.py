"""What the admins read of models that fal has changed: which, what is wrong, and what the bot does about it. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from bot.messages.i18n import joined, keys, translate, translate_known
from bot.store.drifts import Changes, Key, MovedPrice
from core.catalogue import offers
from core.catalogue.drift import Finding, UnitPrice

_SHOWN = 12
_VALUES = 8
_HUNDRED = Decimal(100)


def changed(language: str, changes: Changes) -> str:
    """Say what is held back from now on, and what is sold again."""
    lines = []
    if changes.worse:
        lines += [translate(language, "alert-models-changed")]
        lines += _shortened(language, [line(language, key, found) for key, found in changes.worse.items()])
    if changes.well:
        lines += [translate(language, "alert-models-back")]
        lines += _shortened(language, [f"• {_row(language, key)}" for key in changes.well])
    return "\n".join(lines)


def line(language: str, key: Key, findings: Sequence[Finding]) -> str:
    """Say what is wrong with one row, and what the bot does."""
    off = "off" if offers.is_off(key, findings) else "less"
    found = (_finding(language, each) for each in findings)
    what = joined(language, *found, translate(language, "alert-model-then", off=off))
    return translate(language, "alert-model-line", row=_row(language, key), what=what)


def _finding(language: str, finding: Finding) -> str:
    shown = ", ".join(finding.values[:_VALUES]) + " …" * (len(finding.values) > _VALUES)
    key = f"alert-model-{finding.code.replace('_', '-')}"
    return translate_known(language, key, otherwise="alert-model-unknown", field=finding.field, values=shown)


def odd_price(language: str, key: Key, price: UnitPrice) -> str:
    """Say that fal names a price of a second that is none of the row's."""
    return translate(language, "alert-odd-unit-price", row=_row(language, key), price=_price(price))


def prices(language: str, moved: Sequence[MovedPrice]) -> str:
    """Say which unit prices moved, and that the bot still quotes its own."""
    lines = [_price_line(language, each) for each in moved]
    return "\n".join([translate(language, "alert-unit-prices"), *_shortened(language, lines)])


def _price_line(language: str, moved: MovedPrice) -> str:
    keys = [key for key, _ in offers.rows() if key[0] == moved.endpoint]
    name = _row(language, keys[0]) if keys else moved.endpoint
    percent = ""
    if moved.before.amount and (moved.before.unit, moved.before.currency) == (moved.now.unit, moved.now.currency):
        percent = f"{_HUNDRED * (moved.now.amount - moved.before.amount) / moved.before.amount:+.1f}"
    facts = {"model": name, "before": _price(moved.before), "now": _price(moved.now), "percent": percent}
    return translate(language, "alert-unit-price-line", **facts)


def _price(price: UnitPrice) -> str:
    sign = "$" if price.currency.upper() == "USD" else f"{price.currency} "
    return f"{sign}{price.amount.normalize():f} / {price.unit}"


def _row(language: str, key: Key) -> str:
    word = f"mode-{key[1]}"
    mode = translate(language, word) if word in keys("en") else str(key[1])
    return translate(language, "model-and-mode", model=offers.name_of(key), mode=mode)


def _shortened(language: str, lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return lines if more <= 0 else [*lines[:_SHOWN], translate(language, "alert-models-more", count=more)]
