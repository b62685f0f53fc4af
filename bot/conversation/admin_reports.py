"""The lists that /admin answers with: codes, ids and dollars; no word of what people asked for.

`zone`: the admin's, see bot/messages/zones.py.
"""

from dataclasses import replace

from bot.channels.types import Message
from bot.conversation.access import Access
from bot.conversation.stranger_notices import allow_buttons
from bot.messages import job_messages, zones
from bot.messages.i18n import translate
from bot.store import Store
from bot.store.admissions import Admission
from bot.store.database import now_ms
from bot.store.ledger import WINDOW_MS, Caps
from bot.store.records import ACTIVE, Job, State

_MOST = 20
_MOST_BUTTONS = 5
WAITING = (State.QUEUED, State.AWAITING_CONFIRMATION)
RUNNING = (*sorted(ACTIVE - {State.QUEUED}), State.PARKED)


class AdminReports:
    """The reports for admins."""

    def __init__(self, *, store: Store, access: Access, caps: Caps) -> None:
        self._store = store
        self._access = access
        self._caps = caps

    async def overview(self, language: str, words: str) -> Message:
        """Say how many wait, run and failed, and what was spent. `words`: what else can be said."""
        jobs, day_ago = self._store.jobs, now_ms() - WINDOW_MS
        _, strangers = await self._store.strangers.waiting(newest=1)
        counts = {
            "strangers": strangers,
            "waiting": sum((await jobs.count_by_user(WAITING)).values()),
            "running": sum((await jobs.count_by_user(RUNNING)).values()),
            "failed": sum((await jobs.count_by_user([State.FAILED], since=day_ago)).values()),
        }
        paused_by = await self._store.pause.by()
        lines = [translate(language, "operator-is-paused", user=paused_by)] if paused_by is not None else []
        lines += [translate(language, "operator-counts", **counts), await self._in_all(language)]
        return Message("\n".join([*lines, translate(language, "operator-words", words=words)]))

    async def _in_all(self, language: str) -> str:
        standing = await self._store.ledger.standing()
        return job_messages.balance(language, standing, self._caps.all_micro, key="balance-all")

    async def waiting(self, language: str, zone: str | None) -> Message:
        """List who asks to be let in, with a button for each, and whose orders wait."""
        strangers, count = await self._store.strangers.waiting(newest=_MOST)
        lines = [translate(language, "operator-strangers" if strangers else "operator-strangers-none")]
        for each in strangers:
            facts = {"name": each.name, "id": each.id, "chat": each.group, "when": zones.clock(language, each.at, zone)}
            lines.append(translate(language, "operator-stranger-line", **facts))
        lines += _more(count - len(strangers), language)
        queued = await self._store.jobs.count_by_user(WAITING)
        lines.append(translate(language, "operator-queue" if queued else "operator-queue-none"))
        people = sorted(queued.items(), key=lambda each: (-each[1], each[0]))
        for user, number in people[:_MOST]:
            lines.append(translate(language, "operator-queue-line", user=user, count=number))
        lines += _more(len(people) - _MOST, language)
        newest = [each.id for each in strangers[:_MOST_BUTTONS]]
        return Message("\n".join(lines), allow_buttons(newest, language))

    async def running(self, language: str) -> Message:
        """List what is in the works."""
        jobs = await self._store.jobs.find(states=RUNNING, newest=_MOST)
        count = sum((await self._store.jobs.count_by_user(RUNNING)).values())
        lines = [translate(language, "operator-running" if jobs else "operator-running-none")]
        lines += [self._line(job, language) for job in jobs]
        return Message("\n".join([*lines, *_more(count - len(jobs), language)]))

    @staticmethod
    def _line(job: Job, language: str) -> str:
        state = job_messages.state_line(replace(job, language=language), place=0, now_ms=now_ms())
        model = job.model_name or job.request.model
        return translate(language, "operator-running-line", job=job.id, user=job.user, model=model, state=state)

    async def failed(self, language: str, zone: str | None) -> Message:
        """List what failed within a day, with the code of each error."""
        day_ago = now_ms() - WINDOW_MS
        newest = await self._store.jobs.find(states=[State.FAILED], newest=_MOST)
        jobs = [job for job in newest if job.changed >= day_ago]
        count = sum((await self._store.jobs.count_by_user([State.FAILED], since=day_ago)).values())
        lines = [translate(language, "operator-failed" if jobs else "operator-failed-none")]
        for job in jobs:
            code = job.error.code if job.error else ""
            facts = {"job": job.id, "user": job.user, "when": zones.clock(language, job.changed, zone), "code": code}
            lines.append(translate(language, "operator-failed-line", **facts))
        return Message("\n".join([*lines, *_more(count - len(jobs), language)]))

    async def spent(self, language: str) -> Message:
        """Say what was spent within 24 hours, in all and by person."""
        people = await self._store.ledger.spent_lately()
        lines = [await self._in_all(language)]
        for user, standing in people[:_MOST]:
            reserved = job_messages.usd(standing.reserved_micro) if standing.reserved_micro else ""
            facts = {"user": user, "spent": job_messages.usd(standing.spent_micro), "held": reserved}
            lines.append(translate(language, "operator-spent-line", **facts))
        return Message("\n".join([*lines, *_more(len(people) - _MOST, language)]))

    async def access(self, language: str, zone: str | None) -> Message:
        """List who may use the bot and why, and the caps of groups."""
        lines = [translate(language, "operator-access")]
        if self._access.everybody:
            lines.append(translate(language, "operator-access-open"))
        lines += [translate(language, "operator-access-admin", id=each) for each in sorted(self._access.admins)]
        rows = await self._store.admissions.all()
        lines += [_by_code(each, language, zone) for each in rows if each.admin and each.id not in self._access.admins]
        owners = sorted(self._access.owners.all - self._access.admins)
        lines += [translate(language, "operator-access-owner", id=each) for each in owners]
        by_setting = sorted(self._access.listed - self._access.admins)
        lines += [translate(language, "operator-access-setting", id=each) for each in by_setting]
        settled = self._access.admins | self._access.listed
        for old, new in await self._store.moves.all():
            if old in settled and new not in settled:
                lines.append(translate(language, "operator-access-moved", old=old, new=new))
        let_in = [each for each in rows if each.allowed is not None and each.admin is None and each.id not in settled]
        lines += [_let_in(each, language, zone) for each in let_in]
        for each in rows:
            if each.cap_micro is not None:
                standing, _ = await self._store.ledger.group_standing(each.id, self._caps)
                facts = {"used": job_messages.usd(standing.used_micro), "cap": job_messages.usd(each.cap_micro)}
                lines.append(translate(language, "operator-access-cap", id=each.id, **facts))
        if self._caps.group_micro is not None:
            cap = job_messages.usd(self._caps.group_micro)
            lines.append(translate(language, "operator-access-default-cap", cap=cap))
        return Message("\n".join(lines))


def _let_in(row: Admission, language: str, zone: str | None) -> str:
    facts = {"id": row.id, "when": zones.clock(language, row.allowed or 0, zone), "user": row.allowed_by}
    return translate(language, "operator-access-let-in", **facts)


def _by_code(row: Admission, language: str, zone: str | None) -> str:
    facts = {"id": row.id, "when": zones.clock(language, row.admin or 0, zone)}
    return translate(language, "operator-access-admin-code", **facts)


def _more(count: int, language: str) -> list[str]:
    return [translate(language, "operator-more", count=count)] if count > 0 else []
