"""The fields of a call by the version of the Bot API that knows them, and what each must be like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.botapi.world import Json, Unknown, Version

_PARAMETERS: Mapping[str, Version] = {"cover": (8, 3), "ephemeral_message_parameters": (10, 3)}
_BUTTONS: Mapping[str, Version] = {
    "text": (2, 0),
    "callback_data": (2, 0),
    "url": (2, 0),
    "style": (9, 4),
    "icon_custom_emoji_id": (9, 4),
    "disabled": (10, 3),
}
_MARKUPS: Mapping[str, Version] = {"inline_keyboard": (2, 0), "force_reply": (10, 3)}
_FORCE_REPLY = {"force_reply", "selective", "input_field_placeholder"}
_STYLES = {"danger", "success", "primary"}
_ENTITIES = {"bold", "italic", "code", "pre", "blockquote", "expandable_blockquote", "text_link"}
_HIGH_SURROGATES = range(0xD800, 0xDC00)


class Refused(Exception):
    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


@dataclass(frozen=True, slots=True)
class Fields:
    """What a server of this version makes of the fields: those it does not know it ignores, or refuses the call."""

    version: Version
    unknown: Unknown

    def parameter(self, params: Mapping[str, Any], name: str) -> Any:
        """A parameter, where this version knows it."""
        return self._known({name: params[name]} if name in params else {}, _PARAMETERS, "the call").get(name)

    def markup(self, params: Mapping[str, Any], *, edit: bool = False) -> Json | None:
        markup = params.get("reply_markup")
        if markup is None:
            return None
        if "inline_keyboard" not in markup:
            return _force_reply(markup, edit=edit)
        markup = self._known(markup, _MARKUPS, "the inline keyboard markup")
        rows = [[self._button(each) for each in row] for row in markup["inline_keyboard"]]
        return {**markup, "inline_keyboard": rows}

    def _button(self, button: Json) -> Json:
        button = self._known(button, _BUTTONS, "the inline keyboard button")
        if "url" in button:
            if not re.fullmatch(r"https://t\.me/\w+(\?start=[A-Za-z0-9_-]{1,64})?", button["url"]):
                raise Refused(400, "Bad Request: BUTTON_URL_INVALID")
            if "callback_data" in button:
                raise Refused(400, "Bad Request: BUTTON_TYPE_INVALID")
        if not button["text"] or not 1 <= len(button.get("callback_data", "url").encode()) <= 64:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
        if button.get("style", "danger") not in _STYLES:
            raise Refused(400, "Bad Request: invalid button style specified")
        return button

    def _known(self, given: Json, since: Mapping[str, Version], where: str) -> Json:
        known = {name: value for name, value in given.items() if since.get(name, (99, 0)) <= self.version}
        if known != given and self.unknown == "refused":
            raise Refused(400, f"Bad Request: unsupported field {min(set(given) - set(known))} in {where}")
        return known

    def entities(self, text: str, entities: list[Json] | None) -> list[Json] | None:
        """Within the text, in UTF-16 units, and not through the middle of a character."""
        if not entities:
            return None
        code = text.encode("utf-16-le")
        for each in entities:
            start, end = each["offset"], each["offset"] + each["length"]
            if each["type"] not in _ENTITIES or start < 0 or each["length"] <= 0 or end > units(text):
                raise Refused(400, "Bad Request: ENTITY_BOUNDS_INVALID")
            if any(int.from_bytes(code[2 * at - 2 : 2 * at], "little") in _HIGH_SURROGATES for at in (start, end)):
                raise Refused(400, "Bad Request: ENTITY_BOUNDS_INVALID")
        if text != text.strip():
            raise Refused(400, "Bad Request: ENTITY_BOUNDS_INVALID")  # it strips the ends, and the rest would move
        return entities


def _force_reply(markup: Json, *, edit: bool) -> Json:
    if edit:
        raise Refused(400, "Bad Request: inline keyboard expected")
    if markup.get("force_reply") is not True or not set(markup) <= _FORCE_REPLY:
        raise Refused(400, "Bad Request: object expected as reply markup")
    if not 1 <= units(markup.get("input_field_placeholder", "x")) <= 64:
        raise Refused(400, "Bad Request: REPLY_MARKUP_INVALID")
    return markup


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
