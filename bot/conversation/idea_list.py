"""Lists camera moves, styles and light that can be added to a scene. Pure."""

from bot.channels.types import Action, Message
from bot.conversation.scene_phrases import GROUPS, SHOWN, phrase_in
from bot.messages.callback_data import data_for
from bot.messages.i18n import translate


def ideas(language: str) -> Message:
    """Return what there is, by what it is about, with buttons for the usual ones."""
    comma, colon = (", ", ": ") if language.startswith("en") else ("、", "：")
    groups = [
        f"{translate(language, f'ideas-{group}')}{colon}{comma.join(phrase_in(name, language) for name in names)}"
        for group, names in GROUPS.items()
    ]
    buttons = tuple(Action(phrase_in(name, language), data_for("idea", name)) for name in SHOWN)
    return Message("\n".join([translate(language, "ideas-title"), "", *groups]), buttons)
