"""What Telegram counts: about 30 calls a second over all chats, 20 a minute in a group, about one a second in private.

Edits and deletions count like messages.
"""

from dataclasses import dataclass, field

from bot.channels import budget
from bot.channels.budget import Kind, Place, Rate, Windows

__all__ = ["Budget", "Kind", "Place", "Rate", "Rates"]


@dataclass(frozen=True, slots=True)
class Rates:
    """Every window, and which kinds count in it.

    The sum over all chats is 29 a second, in a group 20 a minute with at most 15 beside the videos, in a private chat
    about one a second with a small burst. Eight cards and eight videos fit into one minute of a group.
    """

    overall: Windows = field(
        default_factory=lambda: {
            (Kind.VIDEO, Kind.PRESS, Kind.TEXT): Rate(24, 1.0),
            (Kind.EDIT, Kind.SIGN): Rate(5, 1.0),
            (Kind.SIGN,): Rate(4, 1.0),
            (Kind.VIDEO,): Rate(4, 0.0),  # uploads share the way out
        }
    )
    private: Windows = field(
        default_factory=lambda: {(Kind.VIDEO, Kind.TEXT): Rate(9, 12.0), (Kind.EDIT,): Rate(6, 24.0)}
    )
    group: Windows = field(
        default_factory=lambda: {
            (Kind.VIDEO, Kind.TEXT): Rate(16, 60.0),
            (Kind.TEXT,): Rate(11, 60.0),
            (Kind.EDIT,): Rate(4, 60.0),
        }
    )

    def of(self, chat: str) -> Windows:
        """Return the windows of this chat; the ids of groups are negative."""
        return self.group if chat.startswith(("-", "@")) else self.private


class Budget(budget.Budget):
    """The budget of one bot of Telegram."""

    def __init__(self, rates: Rates | None = None) -> None:
        super().__init__(rates or Rates())
