"""The tree of errors of the library: a class per reaction, a `code` per reason. Facts hold no secrets and no prompts.

VideoError
 ├─ BadRequest         the asker's wish cannot be granted (unknown model, option, price)       user
 ├─ BadReference       the photo or video given cannot be used                                 user
 ├─ ContentRefused     the model's content rules said no                                       user
 ├─ NotConfigured      key, credit, permission, endpoint: somebody must fix an account         operator
 │   ├─ OutOfCredits
 │   └─ ModelNotAllowed
 ├─ AssetHostDown      the published asset cannot be fetched from outside                      operator
 ├─ GenerationFailed   fal or the model behind it failed                                       upstream
 ├─ SubmitNotSent      the submit provably never reached fal: nothing was bought               upstream
 ├─ SubmitUnconfirmed  the submit may have reached fal: it may have been paid                  upstream
 ├─ StillRunning       not a failure: the wait ended before the render did                     upstream
 ├─ ResultExpired      a finished video is neither here nor at fal any more                    upstream
 ├─ DownloadFailed     the finished file could not be fetched whole (free to repeat)           upstream
 ├─ Unavailable        fal did not answer a free question just now (free to repeat)            upstream
 ├─ MediaError         a file could not be read, or the child that reads it died               user
 └─ Cancelled          somebody stopped it
"""

from enum import StrEnum
from typing import Any, ClassVar

from core.errors.sentences import details, sentence


class Blame(StrEnum):
    """The party that must act."""

    USER = "user"
    OPERATOR = "operator"
    UPSTREAM = "upstream"


class Repeat(StrEnum):
    """The cost of a repeat: NEVER helps, FREE_STEP costs nothing, ASK_USER buys again (a person decides)."""

    NEVER = "never"
    FREE_STEP = "free_step"
    ASK_USER = "ask_user"


Fact = str | int | float | bool | None


class VideoError(Exception):
    """The base of all errors of the library. `str` says what happened and what to do next.

    `code` is a stable word of ERROR_CODES, `facts` are its details; neither they nor any text of an error hold a key, a
    prompt or an address of fal. `blame`: who must act. `repeat`: what a second try costs.
    """

    blame: ClassVar[Blame] = Blame.UPSTREAM
    repeat: ClassVar[Repeat] = Repeat.NEVER
    default_code: ClassVar[str] = "generation_failed"

    def __init__(self, code: str | None = None, **facts: Fact) -> None:
        self.code: str = code or self.default_code
        self.facts: dict[str, Fact] = facts
        self.ends_request: bool = False
        """Whether fal itself has ended the request with this (core/fal/error_map.py). Nothing else ends a paid job."""
        self.fals_own: bool = False
        """Whether an order was refused in fal's own documented form, or in its proxy's (core/fal/error_map.py): proof
        that fal did not take it. Any other words may come from a gateway, after fal took it.
        """
        self._fetch_with = ""
        super().__init__(self.code, facts)

    @property
    def request_id(self) -> str | None:
        """Return the id of the request at fal that this error is about; None: there is none, or it is not known."""
        found = self.facts.get("request_id")
        return found if isinstance(found, str) else None

    def ordered_as(self, request_id: str) -> None:
        """Name the accepted order that this error leaves behind, and how its video is fetched unless fal ended it."""
        self.facts["request_id"] = request_id
        if not self.ends_request:
            self._fetch_with = f" Ordered already: core.poll_video({request_id!r}) fetches it, for nothing."

    def __str__(self) -> str:
        """Return a sentence that can be printed: half an emoji in it is shown as its number."""
        facts = ", ".join(f"{name}={value}" for name, value in details(self.code, self.facts).items())
        text = f"{sentence(self.code, self.facts)}{self._fetch_with} [{self.code}{': ' if facts else ''}{facts}]"
        return text.encode(errors="backslashreplace").decode()

    def __repr__(self) -> str:
        facts = "".join(f", {name}={value!r}" for name, value in self.facts.items())
        return f"{type(self).__name__}({self.code!r}{facts})"

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in vars(self).items() if name not in {"code", "facts"}}
        return (_rebuild, (type(self), self.code, dict(self.facts)), state)


def _rebuild(cls: type[VideoError], code: str, facts: dict[str, Fact]) -> VideoError:
    return cls(code, **facts)


class BadRequest(VideoError):
    """An option, model or prompt that cannot be granted."""

    blame = Blame.USER
    default_code = "invalid_input"


class BadReference(VideoError):
    """A photo or video that cannot be used."""

    blame = Blame.USER
    default_code = "bad_reference"


class ContentRefused(VideoError):
    """A refusal by the model's content rules."""

    blame = Blame.USER
    repeat = Repeat.ASK_USER
    default_code = "content_policy_violation"


class NotConfigured(VideoError):
    """A key, credit or endpoint that somebody must set up."""

    blame = Blame.OPERATOR
    repeat = Repeat.ASK_USER
    default_code = "not_configured"


class OutOfCredits(NotConfigured):
    """An account at fal without credit."""

    default_code = "out_of_credits"


class ModelNotAllowed(NotConfigured):
    """A model that the key may not use."""

    default_code = "model_not_allowed"


class AssetHostDown(VideoError):
    """A published asset that cannot be fetched from outside."""

    blame = Blame.OPERATOR
    repeat = Repeat.ASK_USER
    default_code = "asset_unreachable"


class GenerationFailed(VideoError):
    """A failure of fal or of the model behind it."""

    repeat = Repeat.ASK_USER
    default_code = "generation_failed"


class SubmitNotSent(VideoError):
    """A submit that provably never reached fal: nothing was bought."""

    repeat = Repeat.FREE_STEP
    default_code = "submit_not_sent"


class SubmitUnconfirmed(VideoError):
    """A submit that may have reached fal: it may have been paid."""

    repeat = Repeat.ASK_USER
    default_code = "submit_unknown"


class StillRunning(VideoError):
    """A wait that ended before the render did. Not a failure: fal goes on."""

    repeat = Repeat.FREE_STEP
    default_code = "still_running"


class ResultExpired(VideoError):
    """A finished video that is neither here nor at fal any more."""

    repeat = Repeat.ASK_USER
    default_code = "result_expired"


class DownloadFailed(VideoError):
    """A finished file that could not be fetched whole. A repeat is free."""

    repeat = Repeat.FREE_STEP
    default_code = "download_failed"


class Unavailable(VideoError):
    """A free question that fal did not answer. A repeat is free."""

    repeat = Repeat.FREE_STEP
    default_code = "fal_unavailable"


class MediaError(VideoError):
    """A file that could not be read, or whose child process died."""

    blame = Blame.USER
    default_code = "unreadable_media"


class Cancelled(VideoError):
    """A request that somebody stopped."""

    blame = Blame.USER
    default_code = "cancelled"


ERROR_CODES: tuple[str, ...] = (
    # accounts and settings
    "not_configured",
    "invalid_key",
    "out_of_credits",
    "insufficient_credits",
    "key_locked",
    "model_not_allowed",
    "endpoint_not_allowed",
    "model_not_found",
    "wrong_endpoint",
    "storage_not_allowed",
    "asset_unreachable",
    "no_asset_host",
    # options
    "image_url_not_public",
    "unknown_model",
    "model_retired",
    "model_unavailable",
    "unpriced",
    "bad_option",
    "prompt_missing",
    "prompt_too_long",
    "invalid_input",
    "price_changed",
    "unknown_request",
    # photos and videos given
    "unsupported_media",
    "unreadable_media",
    "truncated_media",
    "file_too_large",
    "image_too_small",
    "image_aspect_ratio",
    "video_too_long",
    "video_too_short",
    "audio_too_short",
    "audio_too_long",
    "source_not_supported",
    "too_many_pictures",
    "source_unavailable",
    "preparation_budget",
    "film_gone",
    "chain_too_long",
    "large_enough",
    "draft_gone",
    "bad_reference",
    # what fal and its models answer
    "content_policy_violation",
    "no_media_generated",
    "face_detection_error",
    "generation_failed",
    "generation_timeout",
    "downstream_service_error",
    "upstream_unavailable",
    "fal_busy",
    "fal_unavailable",
    "submit_not_sent",
    "submit_unknown",
    "still_running",
    "result_expired",
    # the finished file
    "download_failed",
    "video_broken",
    "disk_full",
    "cancelled",
    # a worker
    "worker_crashed",
    "record_unreadable",
)
"""Every code there is, in the order of the README's table. The bot's catalogue has a sentence for each."""
