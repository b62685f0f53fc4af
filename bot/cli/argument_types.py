"""Reads the values of options: what cannot be meant ends with code 2, before anything is asked or bought."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable

from bot.channels import manifests
from core import pricing
from core.errors import BadRequest

_USER = re.compile(r"(?P<channel>[a-z]+):\S+")
_REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_JOB = re.compile(r"(?P<job>[A-Za-z0-9]{2,12})(-[0-9])?")
SHELL = "shell"
"""As in bot/store/records.py, which loads the database."""


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return the reader of a whole number of at least `least` and at most `most`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ArgumentTypeError(f"{text!r} is no whole number") from None
        if number < least or (most is not None and number > most):
            within = f"from {least} to {most}" if most is not None else f"{least} or more"
            raise ArgumentTypeError(f"{number} is not possible: {within}")
        return number

    return read


def model(text: str) -> str:
    """Read a tier, a model or an endpoint."""
    try:
        pricing.find(text)
    except BadRequest:
        near = " or ".join(pricing.near(text))
        meant = f" (is {near} meant?)" if near else ""
        raise ArgumentTypeError(f"there is no model {text!r}{meant}; `reelbot models` lists them") from None
    return text


def resolution(text: str) -> str:
    """Read a resolution, whichever a model makes."""
    if not pricing.is_resolution(text):
        raise ArgumentTypeError(f"{text!r} is no resolution: for example 480p, 720p, 1080p, 4k")
    return text


def aspect_ratio(text: str) -> str:
    """Read an aspect ratio, whichever a model makes."""
    if not pricing.is_aspect_ratio(text):
        raise ArgumentTypeError(f"{text!r} is no aspect ratio: for example 16:9, 9:16, 1:1")
    return text


def of_form(form: re.Pattern[str] | None) -> Callable[[str], str]:
    """Return the reader of a value of this form; None: of any."""

    def read(text: str) -> str:
        if form is not None and not form.fullmatch(text):
            raise ArgumentTypeError(f"{text!r} is not possible; --help says what is")
        return text

    return read


def file_or_url(text: str) -> str:
    """Read the name of a file, or an address."""
    scheme, is_address, _ = text.partition("://")
    if not text or (is_address and scheme.lower() not in {"http", "https"}):
        raise ArgumentTypeError(f"{text!r} is neither a file nor an address that begins with https://")
    return text


def user(text: str) -> str:
    """Read a person's id with the chat in front."""
    read, channels = _USER.fullmatch(text), sorted([*manifests(), SHELL])
    if read is None:
        raise ArgumentTypeError(f"{text!r} is nobody's id: for example telegram:42, with the chat in front")
    if read["channel"] not in channels:
        raise ArgumentTypeError(f"there is no chat {read['channel']!r}: it is one of {', '.join(channels)}")
    return text


def request_id(text: str) -> str:
    """Read the id of a request at fal."""
    if not _REQUEST.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is no request id: for example 019ded6c-d871-7290-bbf1-ddc6993f8958")
    return text


def job_id(text: str) -> str:
    """Read a job's id or short code, also with the number of an offer's way behind it."""
    read = _JOB.fullmatch(text.strip())
    if read is None:
        raise ArgumentTypeError(f"{text!r} is no job: for example K7QX2AB, or K7 as people see it")
    return read["job"].upper()
