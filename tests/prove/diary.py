"""What the program logged in a run, by virtual time: for whoever reads how a law was broken. Formatted only then."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LINES = 400
_OURS = ("bot", "core")
_PLAIN = frozenset(vars(logging.makeLogRecord({})))


class Diary(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[tuple[float, logging.LogRecord | str]] = deque(maxlen=_LINES)
        self.now: Callable[[], float] = lambda: 0.0

    def begin(self, now: Callable[[], float]) -> None:
        self._lines.clear()
        self.now = now

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append((self.now(), record))

    def note(self, what: str) -> None:
        self._lines.append((self.now(), what))

    def text(self) -> str:
        return "\n".join(f"{at:10.3f} {_said(line)}" for at, line in self._lines)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """The program's loggers write here and nowhere else."""
        before = [(log := logging.getLogger(name), log.handlers, log.level, log.propagate) for name in _OURS]
        for log, *_ in before:
            log.handlers, log.propagate = [self], False
            log.setLevel(logging.INFO)
        try:
            yield
        finally:
            for log, handlers, level, propagate in before:
                log.handlers, log.propagate = handlers, propagate
                log.setLevel(level)


def _said(line: logging.LogRecord | str) -> str:
    if isinstance(line, str):
        return f"== {line}"
    facts = {name: value for name, value in vars(line).items() if name not in _PLAIN and name != "message"}
    error = line.exc_info[1] if line.exc_info else None
    why = f" {type(error).__name__}: {str(error)[:200]}" if error is not None else ""
    return f"{line.name} {line.getMessage()} {facts or ''}{why}"
