"""What a person may ask for: a command for each, as data. command_parser.py reads them out of texts and presses."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from bot.channels.types import Incoming
from bot.conversation.admin_words import AdminRequest
from bot.conversation.generation_options import GenerationOptions
from bot.conversation.setting_fields import SettingsRequest

_NO_OPTIONS = GenerationOptions()


@dataclass(frozen=True, slots=True)
class MakeVideo:
    """Make a video from this prompt. `wants`: the word of the command names what it is made from."""

    prompt: str
    options: GenerationOptions = _NO_OPTIONS
    wants: Literal["photo", "words"] | None = None


@dataclass(frozen=True, slots=True)
class ShowStatus:
    """Show the state of one job, or of all that run."""

    job: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel one job, or decline one offer."""

    job: str | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """Accept an offer: buy it at the price that was named. `way`: 0 as it stands, else one of its other ways.

    `sure` False: more was said than a yes and a code, so the offer is only shown.
    """

    job: str | None = None
    way: int = 0
    sure: bool = True


@dataclass(frozen=True, slots=True)
class OtherModel:
    """Show the models with which this offer or film could be made, or make it with one of them."""

    job: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class AnotherTake:
    """Make a finished video once more, as a purchase of its own; `other_words`: of words that are yet to be said.

    `words`: what was typed with it, to be added to the film's words, or with `other_words` in their place.
    """

    job: str | None = None
    other_words: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True)
class ContinueFilm:
    """Go on from a finished video; `words`: what happens then. `agreed`: the price on the button, in dollars."""

    job: str | None = None
    words: str = ""
    agreed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class EnlargeFilm:
    """Make a copy of a finished video with more pixels. `agreed`: the price on the button, in dollars."""

    job: str | None = None
    resolution: str | None = None
    agreed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MakeFull:
    """Make a draft whole. `agreed`: the price on the button, in dollars. `resolution` "anew": by its words alone."""

    job: str | None = None
    resolution: str | None = None
    agreed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SwitchSound:
    """Make a finished video anew with sound, or without. `agreed`: the price on the button, in dollars."""

    job: str | None = None
    sound: bool = False
    agreed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MoreOfFilm:
    """Show all that can be made of a finished video."""

    job: str | None = None


@dataclass(frozen=True, slots=True)
class OriginalFile:
    """Send a finished video as a file, as it was made (free)."""

    job: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteFilm:
    """Delete a finished video: ask first; `answer`: yes or no to that question."""

    job: str | None = None
    answer: Literal["yes", "no"] | None = None


FilmCommand = (
    OtherModel
    | AnotherTake
    | OriginalFile
    | DeleteFilm
    | ContinueFilm
    | EnlargeFilm
    | MakeFull
    | SwitchSound
    | MoreOfFilm
)
"""What can be said of a finished video, by the buttons under it or typed with its code."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Forget everything that is kept of this person: ask first; `answer`: yes or no to that question."""

    answer: Literal["yes", "no"] | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Send a finished video once more (free), or reorder a failed job (a purchase of its own).

    `with_fallback`: with what was offered against its failure.
    """

    job: str | None = None
    with_fallback: bool = False


@dataclass(frozen=True, slots=True)
class ShowBalance:
    """Show what may still be spent."""


@dataclass(frozen=True, slots=True)
class ShowHistory:
    """Show the latest jobs."""


@dataclass(frozen=True, slots=True)
class ShowModels:
    """Show the models."""


@dataclass(frozen=True, slots=True)
class ShowIdeas:
    """Show camera moves and styles, or add this one to what is offered or lies on the table."""

    phrase: str | None = None


@dataclass(frozen=True, slots=True)
class ShowPrice:
    """Show the price with these options."""

    options: GenerationOptions = _NO_OPTIONS


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    """Choose a language: `language` is one of ours, else what was asked for, as given."""

    language: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Show or change the settings of the person, or of the group that this is written in."""

    request: SettingsRequest = SettingsRequest()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Administer:
    """Do what an admin asks for. Whether this person is one is checked later."""

    request: AdminRequest


@dataclass(frozen=True, slots=True)
class Help:
    """Show how it works."""


@dataclass(frozen=True, slots=True)
class Start:
    """Greet a new person. `payload`: what the link that they came by carries."""

    payload: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A slash command that does not exist; `suggestion` is the nearest that does."""

    word: str
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class PlainText:
    """Words without a command, alone or with a photo or video, in a private chat or addressed to the bot."""

    text: str


Command = (
    MakeVideo
    | ShowStatus
    | Cancel
    | Confirm
    | FilmCommand
    | Forget
    | Again
    | ShowBalance
    | ShowHistory
    | ShowIdeas
    | ShowModels
    | ShowPrice
    | ChooseLanguage
    | ChangeSettings
    | Administer
    | Help
    | Start
    | Unknown
    | PlainText
)


@dataclass(frozen=True, slots=True)
class ParsedMessage:
    """A message with the command that is in it. The one place where text becomes a command is `parse_message`."""

    incoming: Incoming
    command: Command | None

    @property
    def for_us(self) -> bool:
        """Return whether it is for the bot: talk between people in a group is neither stored nor answered."""
        incoming = self.incoming
        beside_words = incoming.pressed or incoming.other or incoming.membership
        return self.command is not None or beside_words is not None

    @property
    def is_light(self) -> bool:
        """Return whether it is a press, or a command that cannot order anything by itself."""
        if self.incoming.pressed is not None:
            return True
        return self.command is not None and not isinstance(self.command, MakeVideo | PlainText)


COMMANDS = (
    "video", "status", "cancel", "history", "continue", "again", "delete", "ideas", "models", "price", "settings",
    "balance", "language", "forget", "help",
)  # fmt: skip
"""Those that menus and help list."""
ADMIN_COMMANDS = ("admin",)
"""Those that menus and help list for admins alone."""
