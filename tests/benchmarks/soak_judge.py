"""Who judges a soak: by what stands in fal's books and in the chats, whatever the program's own tables say."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from bot.store.tables import ledger
from tests.benchmarks.stage import Stage

Json = dict[str, Any]


@dataclass
class Judge:
    """`asked`: prompts by chat and message. `requests`: fal's. `said`: the bot's messages, by chat. `excuses`: whether
    what was sent at that time may have come twice.
    """

    asked: Mapping[tuple[int, int], str]
    requests: Sequence[Json]
    said: Mapping[int, Sequence[Json]]
    excuses: Callable[[float], bool]

    @cached_property
    def bought(self) -> Counter[str]:
        return Counter(str(request["body"]["prompt"]) for request in self.requests)

    @cached_property
    def films(self) -> dict[str, list[float]]:
        """When films were sent that answer it; by prompt."""
        found: dict[str, list[float]] = {prompt: [] for prompt in self.asked.values()}
        for chat, messages in self.said.items():
            for message in messages:
                if "video" in message:
                    answered = message["reply_to_message"]["message_id"]
                    found[self.asked[chat, answered]].append(float(message["date"]))
        return found

    @cached_property
    def twice(self) -> dict[str, list[float]]:
        return {prompt: sorted(times) for prompt, times in self.films.items() if len(times) > 1}

    @property
    def waits(self) -> list[str]:
        """What was bought and has not come."""
        return [prompt for prompt, sent in self.films.items() if self.bought[prompt] and not sent]

    def counts(self) -> Iterator[str]:
        delivered = sum(1 for times in self.films.values() if times)
        most, excused = max(self.bought.values(), default=0), sum(map(self._excused, self.twice.values()))
        yield f"messages                  {len(self.asked)}"
        yield f"orders that fal took      {self.bought.total()}, at most {most} for one job"
        yield f"delivered                 {delivered}"
        yield f"sent more than once       {len(self.twice)}, of these {excused} excused"

    def problems(self) -> Iterator[str]:
        known = set(self.asked.values())
        for prompt, times in self.bought.items():
            if times > 1:
                yield f"{prompt!r} was bought {times} times"
            if prompt not in known:
                yield f"{prompt!r} was bought, and nobody asked for it"
        yield from (f"{prompt!r} was bought, and never came" for prompt in self.waits)
        for prompt, sent in self.films.items():
            if sent and not self.bought[prompt]:
                yield f"{prompt!r} came, and was never bought"
        for prompt, sent in self.twice.items():
            if not self._excused(sent):
                yield f"{prompt!r} came {len(sent)} times, and no worker died, froze or was cut off meanwhile"
        yield from self._unanswered()

    def _excused(self, sent: Sequence[float]) -> bool:
        """Each but the last was sent by a worker that did not live, or could not write, to say so."""
        return all(self.excuses(at) for at in sent[:-1])

    def _unanswered(self) -> Iterator[str]:
        """Whoever asked was answered, with a film or with a word."""
        for (chat, message), prompt in self.asked.items():
            answers = [
                each for each in self.said[chat] if each.get("reply_to_message", {}).get("message_id") == message
            ]
            if not answers:
                yield f"{prompt!r} was never answered"


def ledger_problems(stage: Stage, rows: Sequence[Any]) -> list[str]:
    """Each job's ledger adds up to what its row says."""
    held, spent = Counter[str](), Counter[str]()
    for entry in stage.read(sa.select(ledger)):
        held[entry.job_id] += entry.reserved_micro
        spent[entry.job_id] += entry.spent_micro
    broken = []
    for row in rows:
        due = row.price_micro if row.charge in {"yes", "possibly"} else 0
        if (held[row.id], spent[row.id]) != (row.reserved_micro, due):
            broken.append(f"{row.id} ({row.state}): the ledger holds {held[row.id]}, spent {spent[row.id]}")
    return broken
