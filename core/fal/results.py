"""Finds the video in a result: bare, in an envelope, nested, listed, or as a text. Pure.

fal's models and the gateways before them wrap results differently (fal docs; openclaw/openclaw#91989). What a result
repeats of the question (the source video, a reference) and its pictures are never taken for the video.
"""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

_DEEPEST = 12
_VIDEO = "video"
_PLACES = frozenset(
    {"url", "uri", "href", "file", "files", "file_url", "download_url", "signed_url", "output", "outputs", "result"}
    | {"results", "response", "data", "payload", "content"}
)
"""Names under which a bare address may stand."""
_NOT_IT = frozenset(
    {
        "input",
        "request",
        "argument",
        "param",
        "parameter",
        "source",
        "reference",
        "original",
        "image",
        "audio",
        "thumbnail",
        "preview",
        "poster",
    }
    | {"cover", "frame", "mask", "log", "metric", "prompt", "detail", "error", "status", "cancel", "webhook"}
)
"""Words of names that hold something else: what was asked, a picture, an error with the address of its page."""
_OTHER_MEDIA = ("image/", "audio/", "text/")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]{0,20}://")

_Found = tuple[int, int, str]
"""How far its name is from "video", how deep it stands, the address."""


def video_addresses(reply: Any, *, but: Collection[str] = ()) -> list[str]:
    """Return the addresses in the likeliest place, the least nested first.

    `reply` is parsed JSON. `but`: the sources that were sent; a result that repeats one does not mean it.
    """
    found = [each for each in _search(reply, rank=2, depth=0, fits=True) if each[2] not in but]
    best = min((rank for rank, _, _ in found), default=0)
    nearest = sorted((each for each in found if each[0] == best), key=lambda each: each[1])
    return [address for _, _, address in nearest]


def draft_cache(reply: Any) -> str | None:
    """Return the address of what fal kept of a draft, by which it is made whole; None where there is none.

    `{"video": {...}, "draft_cache": {"url": ...}}` (the drafts of FLUX 3).
    """
    cache = reply.get("draft_cache") if isinstance(reply, dict) else None
    url = cache.get("url") if isinstance(cache, dict) else cache
    return url if isinstance(url, str) and _SCHEME.match(url) else None


def _search(value: Any, *, rank: int, depth: int, fits: bool) -> Iterator[_Found]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield from _in_text(value, rank=rank, depth=depth, fits=fits)
    elif isinstance(value, list):
        for inner in value:
            yield from _search(inner, rank=rank, depth=depth + 1, fits=fits)
    elif isinstance(value, dict) and not _is_other_media(value):
        for name, inner in value.items():
            words = _words(name)
            if not _NOT_IT.intersection(words):
                near, fit = min(rank, _rank(words)), _VIDEO in words or name.lower() in _PLACES
                yield from _search(inner, rank=near, depth=depth + 1, fits=fit)


def _in_text(text: str, *, rank: int, depth: int, fits: bool) -> Iterator[_Found]:
    """Yield an address, or those in JSON that was packed into a text."""
    if text.lstrip()[:1] in {"{", "[", '"'}:
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            return
        yield from _search(inner, rank=rank, depth=depth + 1, fits=fits)
    elif fits and _SCHEME.match(text):
        yield rank, depth, text


def _is_other_media(value: dict[str, Any]) -> bool:
    kind = value.get("content_type")
    return isinstance(kind, str) and kind.lower().startswith(_OTHER_MEDIA)


def _rank(words: list[str]) -> int:
    if words == [_VIDEO]:
        return 0
    return 1 if _VIDEO in words else 2


def _words(name: str) -> list[str]:
    """Split a name into words: `outputVideos` and `output_video` are output and video.

    `response_url` names the queue's address.
    """
    if name.lower() == "response_url":
        return ["request"]
    return [_singular(word) for word in _HUMP.sub("_", name).lower().replace("-", "_").split("_") if word]


def _singular(word: str) -> str:
    return word if word.endswith("us") else word.removesuffix("s")  # status
