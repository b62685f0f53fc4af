"""Tells what the terminal can do, by its own variables: it is asked nothing, so no answer comes too late."""

from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

from core.config import env

_KITTY = {"kitty", "ghostty"}
_ITERM = {"iterm.app", "wezterm"}


class Terminal(BaseSettings):
    """The terminal, by its own variables. Not read from `.env`: they are of the session."""

    model_config = SettingsConfigDict(env_file=None, frozen=True, populate_by_name=True, extra="ignore")

    term: str = env("TERM", "")
    program: str = env("TERM_PROGRAM", "")
    tmux: str = env("TMUX", "")
    no_color: str = env("NO_COLOR", "")

    @property
    def is_dumb(self) -> bool:
        """Return whether it can move no cursor."""
        return self.term in {"", "dumb", "unknown"}

    @property
    def pictures(self) -> Literal["kitty", "iterm"] | None:
        """Return the protocol of its pictures; None where it has none, or stands behind another terminal."""
        if self.is_dumb or self.no_color or self.tmux or self.term.startswith(("tmux", "screen")):
            return None
        program = self.program.lower()
        if program in _KITTY or self.term in {"xterm-kitty", "xterm-ghostty"}:
            return "kitty"
        return "iterm" if program in _ITERM else None
