"""Figures that take longer than a page may: worked out beside the pages, and shown with when that was.

    boards = Refreshed(lambda code: board_of(app, code), every_s=10)
    found = boards.value("H51.01")        # the newest there is; None only before there is any

May import: errors, logs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from connector.errors import KntcError
from connector.logs import get_logger

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Measured(Generic[T]):
    """A figure and when it was worked out."""

    value: T
    at: datetime


class Refreshed(Generic[T]):
    """One figure per agency. Whoever asks for one that is older than `every_s` gets it as it is, and sets the next
    working-out going; nobody waits but for the very first, and that no longer than `patience_s`."""

    def __init__(
        self,
        compute: Callable[[str], T],
        now: Callable[[], datetime],
        *,
        every_s: float = 10.0,
        patience_s: float = 2.0,
    ) -> None:
        self._compute = compute
        self._now = now
        self._every_s = every_s
        self._patience_s = patience_s
        self._known: dict[str, Measured[T]] = {}
        self._begun_s: dict[str, float] = {}
        self._under_way: dict[str, Future[None]] = {}
        self._lane = ThreadPoolExecutor(max_workers=1, thread_name_prefix="figures")
        self._lock = threading.Lock()

    def value(self, agency: str) -> Measured[T] | None:
        """Return the newest figure; None where there is none yet."""
        running = self._renewed(agency)
        if running is not None and agency not in self._known:
            wait([running], timeout=self._patience_s)
        return self._known.get(agency)

    def _renewed(self, agency: str) -> Future[None] | None:
        with self._lock:
            running = self._under_way.get(agency)
            if running is not None and not running.done():
                return running
            if agency in self._begun_s and time.monotonic() - self._begun_s[agency] < self._every_s:
                return None
            self._begun_s[agency] = time.monotonic()
            self._under_way[agency] = self._lane.submit(self._work, agency)
            return self._under_way[agency]

    def _work(self, agency: str) -> None:
        at = self._now()
        try:
            self._known[agency] = Measured(self._compute(agency), at)
        except KntcError as error:  # the store is busy or closed: the page shows what there is, and of when
            get_logger().warning("console.stale", agency=agency, error_id=error.id)
        except Exception as error:  # noqa: BLE001  its text may hold values; the next one tries again
            get_logger().error("console.stale", agency=agency, error=type(error).__name__)

    def close(self) -> None:
        """Begin no more; wait for the one that is under way."""
        self._lane.shutdown(wait=True, cancel_futures=True)
