"""The lists that /admin answers with to whoever has made one account of a chat theirs: of that account alone."""

from collections.abc import Iterable
from dataclasses import replace

from bot.channels.types import Incoming, Message
from bot.conversation.stranger_notices import allow_buttons
from bot.messages import job_messages, zones
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.database import now_ms
from bot.store.ledger import WINDOW_MS
from bot.store.records import ACTIVE, Job, State

WORDS = frozenset({"overview", "waiting", "running", "failed"})
_WAITING = (State.QUEUED, State.AWAITING_CONFIRMATION)
_RUNNING = (*sorted(ACTIVE - {State.QUEUED}), State.PARKED)
_MOST = 20
_MOST_BUTTONS = 5
_LOOKED_AT = 500


class AccountReports:
    """The reports. `incoming` is the owner's message, which has come by their account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def report(self, incoming: Incoming, word: str, language: str, *, words: str, zone: str | None) -> Message:
        """Answer one of `WORDS`. `words`: what else can be said."""
        match word:
            case "waiting":
                return await self._waiting(incoming, language, zone)
            case "running":
                jobs = await self._jobs(incoming, _RUNNING)
                lines = [translate(language, "operator-running" if jobs else "operator-running-none")]
                return Message("\n".join([*lines, *(_running(job, language) for job in jobs[:_MOST])]))
            case "failed":
                jobs = await self._failed(incoming)
                lines = [translate(language, "operator-failed" if jobs else "operator-failed-none")]
                return Message("\n".join([*lines, *(_failed(job, language, zone) for job in jobs[:_MOST])]))
        counts = {
            "strangers": len(await self._strangers(incoming)),
            "waiting": len(await self._jobs(incoming, _WAITING)),
            "running": len(await self._jobs(incoming, _RUNNING)),
            "failed": len(await self._failed(incoming)),
        }
        lines = [translate(language, "operator-account"), translate(language, "operator-counts", **counts)]
        return Message("\n".join([*lines, translate(language, "operator-words", words=words)]))

    async def _jobs(self, incoming: Incoming, states: Iterable[State]) -> list[Job]:
        found = await self._store.jobs.find(states=states, newest=_LOOKED_AT)
        return [job for job in found if is_of(job, incoming)]

    async def _failed(self, incoming: Incoming) -> list[Job]:
        day_ago = now_ms() - WINDOW_MS
        return [job for job in await self._jobs(incoming, [State.FAILED]) if job.changed >= day_ago]

    async def _strangers(self, incoming: Incoming) -> list[str]:
        found, _ = await self._store.strangers.waiting(newest=_MOST)
        return [each.id for each in found if each.id.startswith(f"{incoming.address.channel}:")]

    async def _waiting(self, incoming: Incoming, language: str, zone: str | None) -> Message:
        ids = await self._strangers(incoming)
        lines = [translate(language, "operator-strangers" if ids else "operator-strangers-none")]
        found, _ = await self._store.strangers.waiting(newest=_MOST)
        for each in found:
            if each.id in ids:
                facts = {"name": each.name, "id": each.id, "chat": each.group}
                when = zones.clock(language, each.at, zone)
                lines.append(translate(language, "operator-stranger-line", when=when, **facts))
        queued = await self._jobs(incoming, _WAITING)
        lines.append(translate(language, "operator-queue" if queued else "operator-queue-none"))
        people = [job.user for job in queued]
        lines += [
            translate(language, "operator-queue-line", user=user, count=people.count(user))
            for user in sorted(set(people))
        ]
        return Message("\n".join(lines), allow_buttons(ids[:_MOST_BUTTONS], language))


def is_of(job: Job, incoming: Incoming) -> bool:
    """Return whether the job was asked for by way of the same account."""
    asked = job.incoming
    return (asked.address.channel, asked.account) == (incoming.address.channel, incoming.account)


def _running(job: Job, language: str) -> str:
    state = job_messages.state_line(replace(job, language=language), place=0, now_ms=now_ms())
    model = job.model_name or job.request.model
    return translate(language, "operator-running-line", job=job.id, user=job.user, model=model, state=state)


def _failed(job: Job, language: str, zone: str | None) -> str:
    code = job.error.code if job.error else ""
    facts = {"job": job.id, "user": job.user, "when": zones.clock(language, job.changed, zone), "code": code}
    return translate(language, "operator-failed-line", **facts)
