"""How many requests may still leave in the national side's present window, shared by the workers of one stage run.

Each takes before it sends and gives back what the answer said. Whatever is on its way counts as used up until its own
answer is there: so the bound holds however many workers there are, and in whatever order answers come.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from connector.core import pacing
from connector.core.model import Rate
from connector.core.pacing import Pace


class Meter:
    """`pace`: what the store knew when the run began, None if nothing. Safe to use from many threads."""

    def __init__(self, pace: Pace | None, now: Callable[[], datetime]) -> None:
        self._lock = threading.Lock()
        self._now = now
        self._pace = pace
        self._on_their_way = 0
        self._heard = pace is not None

    @property
    def blind(self) -> bool:
        """Whether nobody knows yet if there is a limit: then one request goes ahead alone."""
        with self._lock:
            return not self._heard

    def left(self) -> int | None:
        """Return how many requests may leave now, None: no limit is known."""
        with self._lock:
            return self._left()

    def take(self, requests: int) -> bool:
        """Return whether so many may leave now; they are on their way then."""
        with self._lock:
            left = self._left()
            if left is not None and left < requests:
                return False
            self._on_their_way += requests
            return True

    def answered(self, requests: int, rate: Rate | None) -> None:
        """Note that as many as were taken are back, and what was said."""
        with self._lock:
            self._on_their_way -= requests
            self._heard = True
            if rate is None:
                self._pace = pacing.unanswered(self._pace, requests)
            else:
                self._pace = pacing.told(self._pace, rate, self._now())

    def spend(self, requests: int) -> None:
        """Note requests beside the work, of which nobody hears what was said of the limit."""
        with self._lock:
            self._pace = pacing.unanswered(self._pace, requests)

    def pace(self) -> Pace | None:
        """Return what the store should know: what is on its way is used up."""
        with self._lock:
            left = self._left()
            return None if self._pace is None or left is None else Pace(self._pace.limit, left, self._pace.until)

    def _left(self) -> int | None:
        if self._pace is None:
            return None
        self._pace = pacing.at(self._pace, self._now())
        return max(self._pace.remaining - self._on_their_way, 0)
