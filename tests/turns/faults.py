"""Known faults, put back into a worker: what the machine must find."""

from collections.abc import Callable

FAULTS: dict[str, Callable[[], None]] = {}
