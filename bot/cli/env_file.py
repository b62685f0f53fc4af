"""Reads and changes `.env` line by line: what a person mistypes there is named, and all else stays as it was.

Four programs read this file, each by rules of its own: python-dotenv for us, Docker Compose, systemd, and shells. A
line that only some of them read as it was meant is a warning; one that we do not is wrong.
"""

import codecs
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.cli import setting_names

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./~-]+")
_CURLY = "“”„‟‘’‚‛«»「」『』＂＇"
_UNSEEN = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\u3000\ufeff]")
_NOT_UTF8 = "save it as UTF-8 (in an editor: “Save as…”, encoding UTF-8)"


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is odd about a setting in `.env`: its name, and what to write instead. No value is in it.

    `state` "wrong": we do not read it as it was meant.
    """

    name: str
    state: Literal["wrong", "warn"]
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file as it stands there. `name` is "" where it sets nothing that we can read."""

    number: int
    raw: str
    name: str = ""
    value: str = ""


def read_lines(text: str) -> list[Line]:
    """Split the file into lines and find what each sets."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return [_line(number, raw) for number, raw in enumerate(plain.split("\n"), 1)]


def _line(number: int, raw: str) -> Line:
    before, equals, after = raw.partition("=")
    name = before.strip().removeprefix("export ").strip()
    if not equals or raw.lstrip().startswith("#") or not _NAME.fullmatch(name):
        return Line(number, raw)
    return Line(number, raw, name, after)


def problems(path: Path, known: Collection[str]) -> list[LineProblem]:
    """Return everything that is odd about this file, in the order of its lines. `known`: all settings' names."""
    if path.is_dir():
        return [_of_file(path, "is a folder: put the settings into a file of this name")]
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return [_of_file(path, f"cannot be read ({reason}): make it yours, chown $USER {path}; chmod 600 {path}")]
    text = _decoded(raw)
    if isinstance(text, str):
        return [*_of_bytes(path, raw, text, known), *_of_lines(read_lines(text.removeprefix("\ufeff")), known)]
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name = _first_name(raw.decode("utf-16", "replace").split("\n")[0], known)
        return [_of_file(path, f"is UTF-16 text{f' ({name} and all below it)' if name else ''}: {_NOT_UTF8}")]
    where = raw[: text.start].count(b"\n") + 1
    name = _first_name(raw.split(b"\n")[where - 1].decode("ascii", "ignore"), known)
    return [_of_file(path, f"line {where}{f' ({name})' if name else ''} is not UTF-8 text: {_NOT_UTF8}")]


def _of_file(path: Path, text: str) -> LineProblem:
    return LineProblem(path.name, "wrong", text)


def _decoded(raw: bytes) -> str | UnicodeDecodeError:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return error


def _of_bytes(path: Path, raw: bytes, text: str, known: Collection[str]) -> Iterator[LineProblem]:
    if "\0" in text:
        yield _of_file(path, f"holds zero bytes, as UTF-16 text does: {_NOT_UTF8}")
    elif raw.startswith(codecs.BOM_UTF8):
        name = _first_name(text.split("\n", maxsplit=1)[0], known) or path.name
        yield LineProblem(
            name, "warn", "begins with a byte order mark, which not every program skips: save as UTF-8 without BOM"
        )
    if b"\r\n" in raw:
        yield LineProblem(path.name, "warn", f"has the line ends of Windows: sed -i 's/\\r$//' {path.name}")
    elif b"\r" in raw:
        yield LineProblem(path.name, "warn", f"has the line ends of old Macs: sed -i 's/\\r/\\n/g' {path.name}")


def _first_name(line: str, known: Collection[str]) -> str:
    found = re.search(r"[A-Za-z_][A-Za-z0-9_]+", line)
    meant = _meant(found[0], known) if found else ""
    return meant if meant in known else ""


def _of_lines(lines: list[Line], known: Collection[str]) -> Iterator[LineProblem]:
    places: dict[str, list[Line]] = {}
    above = ""
    for line in lines:
        if line.name:
            places.setdefault(line.name.upper(), []).append(line)
            yield from _of_line(line, known)
        elif (stripped := line.raw.strip("\ufeff \t\r\u3000\u00a0")) and not stripped.startswith(("#", "＃")):
            yield from _unread(line, stripped, known, above=above)
        above = line.name.upper()
    for name, found in places.items():
        if len(found) > 1:
            numbers = " and ".join(str(line.number) for line in found)
            yield LineProblem(name, "warn", f"stands on lines {numbers}: only the last counts; delete the others")


def _unread(line: Line, text: str, known: Collection[str], *, above: str) -> Iterator[LineProblem]:
    """Explain a line that sets nothing: no =, a full-width one, a colon, a name with foreign signs, a broken line."""
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub(" ", text)).strip().removeprefix("export ").strip()
    name = re.split(r"[\s=:：]", plain, maxsplit=1)[0].strip("\"'" + _CURLY)
    meant = _meant(name.replace("-", "_").upper(), known)
    where = f"line {line.number}"
    within = _within(text, known)
    if within is not None and within != name.upper():
        yield LineProblem(within, "wrong", f"{where} does not begin with the name alone: write {within}=value")
    elif meant not in known and above in known:
        yield LineProblem(above, "wrong", f"{where} sets nothing: if it is the rest of {above}, put all on one line")
    elif meant not in known:
        yield LineProblem(".env", "warn", f"{where} sets nothing: write NAME=value, or # before a remark")
    elif "=" not in text and "＝" not in text:
        yield LineProblem(meant, "wrong", f"{where} has no =, so it sets nothing: write {meant}=value")
    elif "=" not in text:
        yield LineProblem(meant, "wrong", f"{where} has a full-width ＝, so it sets nothing: write {meant}=value")
    else:
        yield LineProblem(meant, "wrong", f"{where} spells the name with other signs: write {meant}=value")


def _within(text: str, known: Collection[str]) -> str | None:
    """Return the setting that stands somewhere before the = of a line, or before its first sign that is no letter."""
    plain = unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).upper()
    before, equals, _ = plain.partition("=")
    if not equals:  # prose may name a setting; one that begins with it hardly is
        begin = _NAME.match(plain)
        return begin[0] if begin and begin[0] in known else None
    words = [*_NAME.findall(before), re.sub(r"\W+", "_", before.strip()).strip("_")]
    return next((each for each in words if each in known), None)


def _meant(name: str, known: Collection[str]) -> str:
    upper = name.upper()
    return upper if upper in known else setting_names.meant(upper, known, cutoff=0.8) or name


def _of_line(line: Line, known: Collection[str]) -> Iterator[LineProblem]:
    name, where, before = line.name, f"line {line.number}", line.raw.partition("=")[0]
    value = line.value.rstrip("\r")
    meant = name.upper()
    if before.strip().startswith("export "):
        yield LineProblem(
            meant, "warn", f"{where} begins with export, which systemd does not read: write {meant}=value"
        )
    elif before != before.strip() or (value.strip() and value != value.lstrip()):
        yield LineProblem(
            meant, "warn", f"{where} has spaces around the =, which not every program skips: write {meant}=value"
        )
    if name != meant and meant in known:
        yield LineProblem(meant, "warn", f"{where} has the name in small letters: write {meant}=value")
    yield from _of_value(meant, where, value)


def _of_value(name: str, where: str, value: str) -> Iterator[LineProblem]:
    text = value.strip()
    quote = text[:1]
    if quote in {'"', "'"} and text:
        body, closed, rest = _unquoted(text)
        if not closed:
            yield LineProblem(name, "wrong", f"{where} opens a {quote} that is never closed: write {name}=value")
        elif rest.strip() and not rest.lstrip().startswith("#"):
            yield LineProblem(name, "wrong", f"{where} has something behind the closing {quote}: write {name}=value")
        elif body != body.strip():
            yield LineProblem(name, "warn", f"{where} has a space at an end, inside the quotes: write {name}=value")
        if rest.lstrip().startswith("#"):
            yield _with_remark(name, where)
    elif re.search(r"\s#", text) or text.startswith("#"):
        yield _with_remark(name, where)
    if text.startswith("="):
        yield LineProblem(name, "wrong", f"{where} has more than one =: write {name}=value")
    if quote != "'" and re.search(r"\$[A-Za-z_{]", text):
        yield LineProblem(
            name, "warn", f"{where} has a $, after which some programs look for a variable: put it in single quotes"
        )


def _with_remark(name: str, where: str) -> LineProblem:
    return LineProblem(
        name,
        "warn",
        f"{where} has a remark behind the value, which systemd takes for a part of it: give it a line of its own",
    )


def _unquoted(text: str) -> tuple[str, bool, str]:
    """Split a quoted value into what stands in the quotes, whether they are closed, and what follows."""
    quote = text[0]
    closed = re.match(rf"{quote}((?:\\.|[^{quote}\\])*){quote}(.*)", text, re.DOTALL)
    return (closed[1], True, closed[2]) if closed else (text[1:], False, "")


def value_problem(name: str, value: str, *, free: bool) -> str | None:
    """Say what is odd about a value as the program got it: quotes, unseen or full-width signs. None: nothing.

    `free`: a path, or a list in which a full-width comma is as good as a plain one. The value is in no answer.
    """
    if any(sign in value for sign in _CURLY) or (value[:1] in "`´" and len(value) > 1 and value[-1] in "`´"):
        return f"has typographic quotes in its value: write {name}=value without quotes"
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return f"has quotes as a part of its value: write {name}=value without quotes"
    if value.startswith(f"{name}="):
        return f"has its own name in its value: write {name}=value"
    if value[:1] == "<" and value[-1:] == ">":
        return f"has < and > around its value: write {name}=value without them"
    if free:
        return None
    if value[-1:] in {'"', "'"} and value.count(value[-1]) == 1:
        return f"has a quote at the end of its value: write {name}=value without quotes"
    if _UNSEEN.search(value):
        return f"has a sign in its value that cannot be seen: write {name}=value anew, typed and not copied"
    if any(unicodedata.east_asian_width(sign) == "F" or sign in "。、" for sign in value):
        return f"has full-width signs in its value: write {name}=value with plain ones"
    return None


# Writing


def quoted(value: str) -> str:
    """Return a value as it is written, so that python-dotenv, Docker Compose, systemd and shells read the same.

    Raises ValueError for one that they read differently, however it is written.
    """
    if _PLAIN.fullmatch(value):
        return value
    if re.search(r"[\x00-\x1f\x7f]", value) or "${" in value or "\\" in value:
        raise ValueError("a line break, a backslash or ${ in a value is read differently by different programs")
    if "'" not in value:
        return f"'{value}'"
    if not re.search(r'["$`!]', value):
        return f'"{value}"'
    raise ValueError("a value with ' and one of \" $ ` ! is read differently by different programs")


def changed(text: str, values: dict[str, str]) -> str:
    """Return the file's text with these set: in place, else below a remark that shows the name, else at the end.

    Remarks, order, unknown lines and the ends of lines stay. Where a name stands twice, the last one counts and is the
    one that is changed. Raises ValueError for a value that cannot be written.
    """
    ends = "\r\n" if "\r\n" in text else "\n"
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    for name, value in values.items():
        new = f"{name}={quoted(value)}"
        at = _last(lines, rf"\s*(?:export\s+)?{name}\s*=")
        example = _last(lines, rf"\s*#\s*{name}=")
        if at is not None:
            lines[at] = new
        elif example is not None:
            lines.insert(example + 1, new)
        else:
            lines.append(new)
    return ends.join([*lines, ""])


def _last(lines: list[str], pattern: str) -> int | None:
    found = [number for number, line in enumerate(lines) if re.match(pattern, line, re.IGNORECASE)]
    return found[-1] if found else None
