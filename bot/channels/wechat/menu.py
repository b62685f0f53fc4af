"""The Official Account's menu: three buttons, at most five under each. A tap is answered; it never begins a job."""

from typing import Any

from bot.channels.services import Translate
from bot.channels.wechat.parsing import MENU_KEYS

_LANGUAGE = "zh"  # one menu for all who follow


def menu(translate: Translate) -> dict[str, Any]:
    """Build the menu as WeChat's API takes it."""

    def tap(name: str) -> dict[str, str]:
        return {"type": "click", "name": translate(_LANGUAGE, _WORDS[name]), "key": MENU_KEYS[name]}

    def under(words: str, *names: str) -> dict[str, Any]:
        return {"name": translate(_LANGUAGE, words), "sub_button": [tap(name) for name in names]}

    mine = under("wechat-menu-mine", "status", "history", "next")
    return {"button": [tap("make"), mine, under("wechat-menu-more", "models", "price", "help")]}


_WORDS = {
    "make": "wechat-menu-make",
    "status": "wechat-menu-status",
    "history": "wechat-menu-history",
    "next": "wechat-menu-next",
    "models": "wechat-menu-models",
    "price": "wechat-menu-price",
    "help": "wechat-menu-help",
}
