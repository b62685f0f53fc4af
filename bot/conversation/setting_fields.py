"""What can be set with /settings: one row per field, with its words, its values and who may change it. Pure.

`FIELDS` is the whole table. A person's own settings are set in the private chat and hold everywhere; a group's are set
in the group, by its admins. For an order the person's own words come first, then the person's settings, then the
group's, then the operator's defaults (planning.py).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.conversation.generation_options import GenerationOptions, parse_options, written
from bot.messages import zones
from bot.messages.languages import LANGUAGES, asked_for
from core import pricing
from core.catalogue import Endpoint
from core.errors import BadRequest
from core.types import Mode

Owner = Literal["person", "group"]
"""Whose settings may hold a field: a person's, changed by that person; a group's, changed by the group's admins."""

BOTH: frozenset[Owner] = frozenset({"person", "group"})

_RATIO = re.compile(r"[0-9]{1,4}:[0-9]{1,4}")
_LINES = re.compile(r"[0-9]{3,4}p|[24]k|f?hd|sd")


@dataclass(frozen=True, slots=True)
class Field:
    """A row of the table.

    `values` gives the values that the catalogue allows for a model, `read` the value that somebody means by a few
    words, or None. `option`: its name in GenerationOptions; None: it is no option of an order.
    """

    name: str
    words: tuple[str, ...]
    values: Callable[[str], tuple[str, ...]]
    read: Callable[[str], str | None]
    option: str | None
    owners: frozenset[Owner] = BOTH


def endpoint_of(model: str) -> Endpoint:
    """Return the row of a model by which its values are listed: that for words, else its first. Raises BadRequest.

    What fal does not take of it just now is left out, unless that is all of it.
    """
    found = pricing.find(model)
    mode = Mode.TEXT_TO_VIDEO if Mode.TEXT_TO_VIDEO in found.modes else next(iter(found.modes))
    return pricing.offered(found, mode) or found.modes[mode]


def _models(_model: str) -> tuple[str, ...]:
    """Return the tiers and the models that make a video of words: what is only for photos is nobody's usual one.

    Nor is what fal does not take just now.
    """
    able = [model for model in pricing.list_models() if pricing.offered(model, Mode.TEXT_TO_VIDEO)]
    return tuple(model.tier or model.key for model in able)


def read_model(words: str) -> str | None:
    """Return the tier, which follows the operator's choice of models, or the key."""
    named = parse_options(f"--model {words}")[1].model if not _is_model(words) else words
    if named is None or not _is_model(named):
        return None
    model = pricing.find(named)
    return model.tier if model.tier == named.strip().lower() else model.key


def _is_model(name: str) -> bool:
    try:
        pricing.find(name)
    except BadRequest:
        return False
    return True


def _read_seconds(words: str) -> str | None:
    for text in (f"--duration {words}", words):  # "十秒" is a length only where no number is looked for
        left, options = parse_options(text)
        if options.duration_s and not left:
            return str(options.duration_s)
    return None


def _read_shape(words: str) -> str | None:
    left, options = parse_options(f"--aspect {words}")
    return options.aspect_ratio if not left and _RATIO.fullmatch(options.aspect_ratio or "") else None


def _read_resolution(words: str) -> str | None:
    left, options = parse_options(f"--resolution {words}")
    return options.resolution if not left and _LINES.fullmatch(options.resolution or "") else None


def _read_sound(words: str) -> str | None:
    for text in (f"--sound {words}", words):
        left, options = parse_options(text)
        if options.sound is not None and not left:
            return "on" if options.sound else "off"
    return None


FIELDS: tuple[Field, ...] = (
    Field(
        "model",
        ("model", "tier", "模型", "档位", "檔位"),
        values=_models,
        read=read_model,
        option="model",
    ),
    Field(
        "seconds",
        ("seconds", "second", "duration", "length", "时长", "時長", "秒数", "秒數", "长度", "長度"),
        values=lambda model: tuple(map(str, endpoint_of(model).durations)),
        read=_read_seconds,
        option="duration_s",
    ),
    Field(
        "shape",
        (
            "shape",
            "aspect",
            "ratio",
            "format",
            "画面比例",
            "畫面比例",
            "画幅",
            "畫幅",
            "比例",
            "形状",
            "形狀",
            "宽高比",
            "寬高比",
        ),
        values=lambda model: endpoint_of(model).aspect_ratios,
        read=_read_shape,
        option="aspect_ratio",
    ),
    Field(
        "resolution",
        ("resolution", "sharpness", "quality", "清晰度", "分辨率", "解析度"),
        values=lambda model: tuple(map(str.lower, endpoint_of(model).resolutions)),
        read=_read_resolution,
        option="resolution",
    ),
    Field(
        "sound",
        ("sound", "audio", "声音", "聲音", "音效", "有无声音", "有無聲音"),
        values=lambda model: ("on", "off") if endpoint_of(model).sound_field else (),
        read=_read_sound,
        option="sound",
    ),
    Field(
        "language",
        ("language", "lang", "语言", "語言"),
        values=lambda _model: LANGUAGES,
        read=asked_for,
        option=None,
    ),
    Field(
        "zone",
        ("zone", "timezone", "time zone", "tz", "时区", "時區"),
        values=lambda _model: zones.OFFERED,
        read=zones.read,
        option=None,
    ),
)

BY_NAME = {field.name: field for field in FIELDS}
RESET = (
    "reset",
    "default",
    "defaults",
    "restore",
    "恢复默认",
    "恢復預設",
    "默认",
    "默認",
    "預設",
    "重置",
    "恢复",
    "恢復",
)
_BY_WORD = {word: field for field in FIELDS for word in field.words}
_BY_OPTION = {field.option: field for field in FIELDS if field.option is not None}
_LONGEST_FIRST = "|".join(sorted((re.escape(word) for word in _BY_WORD), key=len, reverse=True))
_NAMED = re.compile(rf"({_LONGEST_FIRST})(?:\s*[=:：]\s*|\s+|(?<=[^\x00-\x7f]))(.*)", re.IGNORECASE | re.DOTALL)
_MARKS = " \t\r\n\u3000.。!！,，、;；"
_MOST_CHARS = 60


@dataclass(frozen=True, slots=True)
class SettingsRequest:
    """What is asked of the settings. Nothing of it: show them.

    `changes`: fields with their new values, None: back to the default. `page`: the field whose values are to be shown.
    `unknown`: words that are no setting, or no value of the field `page`.
    """

    changes: tuple[tuple[str, str | None], ...] = ()
    page: str | None = None
    unknown: str = ""


_ALL_DEFAULT = tuple((field.name, None) for field in FIELDS)


def parse_settings(words: str) -> SettingsRequest:
    """Parse what stands behind /settings: "model veo", "时长 8", "veo 10s 9:16", "恢复默认", "model", or nothing."""
    words = words.strip(_MARKS)
    if not words:
        return SettingsRequest()
    if words.lower() in RESET:
        return SettingsRequest(_ALL_DEFAULT)
    if words.lower() in _BY_WORD:
        return SettingsRequest(page=_BY_WORD[words.lower()].name)
    named = _NAMED.fullmatch(words)
    if named is not None:
        found = _named(_BY_WORD[named[1].lower()], named[2].strip(_MARKS))
        if found.changes:
            return found
        return _bare(words) or found
    return _bare(words) or SettingsRequest(unknown=words[:_MOST_CHARS])


def _named(field: Field, words: str) -> SettingsRequest:
    if words.lower() in RESET:
        return SettingsRequest(((field.name, None),))
    value = field.read(words)
    if value is None:
        return SettingsRequest(page=field.name, unknown=words[:_MOST_CHARS])
    return SettingsRequest(((field.name, value),))


def _bare(words: str) -> SettingsRequest | None:
    """Read options that need no field's name: "veo, 10s, 9:16"; None where anything else stands there."""
    left, options = parse_options(words)
    options_set = {name: getattr(options, name) for name in _BY_OPTION if getattr(options, name) is not None}
    changes = [(_BY_OPTION[name], _BY_OPTION[name].read(written(value))) for name, value in options_set.items()]
    if left or not changes or options.seed is not None or any(value is None for _, value in changes):
        value = read_model(words)
        return SettingsRequest((("model", value),)) if value is not None else None
    return SettingsRequest(tuple((field.name, value) for field, value in changes))


def is_setting(words: str) -> bool:
    """Return whether these words can only be meant as a setting, where a sentence could stand as well."""
    return not parse_settings(words).unknown


def pressed_setting(data: str) -> SettingsRequest | None:
    """Read a button's value: "", "model", "model:veo-3.1", "model:default", "reset"; None for what is none of ours."""
    if data == "reset":
        return SettingsRequest(_ALL_DEFAULT)
    name, _, value = data.partition(":")
    if not data:
        return SettingsRequest()
    if name not in BY_NAME:
        return None
    if not value:
        return SettingsRequest(page=name)
    return _named(BY_NAME[name], value)


def options_of(stored: dict[str, str]) -> GenerationOptions:
    """Read stored values as options; what the catalogue does not know any more counts as not set."""
    found: dict[str, str] = {}
    for name, value in stored.items():
        field = BY_NAME.get(name)
        read = field.read(value) if field is not None and field.option is not None else None
        if field is not None and field.option is not None and read is not None:
            found[field.option] = read
    seconds = found.get("duration_s")
    return GenerationOptions(
        model=found.get("model"),
        duration_s=int(seconds) if seconds else None,
        resolution=found.get("resolution"),
        aspect_ratio=found.get("aspect_ratio"),
        sound=found["sound"] == "on" if "sound" in found else None,
    )
