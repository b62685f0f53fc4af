"""The pages that the server itself shows a browser: what went wrong, and what runs here where no web chat does."""

from collections.abc import Callable, Sequence
from html import escape
from http import HTTPStatus
from typing import Protocol

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}"
    "h1{font-size:1.3rem}code{overflow-wrap:anywhere}:root{color-scheme:light dark}"
)
ERRORS = frozenset({400, 401, 403, 404, 405, 413, 429, 500, 503})
"""The statuses that have a sentence of their own; any other is told as 400 or 500."""


class Translate(Protocol):
    """The catalogue's sentence `key` in a language."""

    def __call__(self, language: str, key: str, /, **facts: str) -> str:
        """Return the sentence."""


class Words:
    """The sentences of the pages. `pick`: our language for a browser's list of them."""

    def __init__(self, translate: Translate, pick: Callable[[str | None], str]) -> None:
        self._translate = translate
        self._pick = pick

    def error(self, status: int, accepted: str | None, *, sentence: str | None = None) -> bytes:
        """Render the page of an error. `sentence`: what the route itself says about it."""
        language = self._pick(accepted)
        known = status if status in ERRORS else _alike(status)
        return _page(language, str(status), sentence or self._translate(language, f"page-{known}"))

    def about(self, accepted: str | None, chats: Sequence[str]) -> bytes:
        """Render the page of a server without the web chat. `chats`: the titles of those that run."""
        language = self._pick(accepted)
        runs = self._translate(language, "page-about-chats", chats=", ".join(chats))
        none = self._translate(language, "page-about-none")
        how = self._translate(language, "page-about-how")
        return _page(language, "reelbot", self._translate(language, "page-about"), runs if chats else none, how)


class PlainWords(Words):
    """The standard's own phrases, for a server that has no catalogue: the one that shell commands start for fal."""

    def __init__(self) -> None:
        super().__init__(_phrase, lambda _accepted: "en")


def _phrase(_language: str, key: str, /, **_facts: str) -> str:
    return HTTPStatus(int(key.rpartition("-")[2])).phrase


def _alike(status: int) -> int:
    return HTTPStatus.BAD_REQUEST if status < HTTPStatus.INTERNAL_SERVER_ERROR else HTTPStatus.INTERNAL_SERVER_ERROR


def _page(language: str, title: str, *sentences: str) -> bytes:
    paragraphs = "".join(f"<p>{escape(each)}</p>" for each in sentences)
    return (
        f'<!doctype html><html lang="{escape(language)}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>reelbot</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{paragraphs}</html>"
    ).encode()
