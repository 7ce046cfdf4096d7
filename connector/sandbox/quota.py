"""A rate limit as a real side keeps it: so many requests a window and agency, 429 beyond them, and headers that say how
many remain. Windows begin with the first request and follow one another.

May import: the standard library, `wire.py`.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from connector.sandbox.wire import Answer, problem

Headers = tuple[tuple[str, str], ...]
Spelling = Literal["fields", "three", "epoch"]
"""How the limit is told: `RateLimit` as structured fields; `RateLimit-*` in seconds; `X-RateLimit-*` in Unix time."""


@dataclass(slots=True)
class Quota:
    """At most `requests` in each window of `window_s`, for each agency on its own."""

    requests: int
    window_s: int
    spelling: Spelling = "fields"
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _began: dict[str, float] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)

    def count(self, agency: str, now: datetime) -> tuple[Headers, Answer | None]:
        """Count a request; return the headers of its answer, and the refusal if it is one too many."""
        at = now.timestamp()
        with self._lock:
            began = self._began.setdefault(agency, at)
            if not 0 <= at - began < self.window_s:
                began = self._began[agency] = at - (at - began) % self.window_s
                self._seen[agency] = 0
            seen = self._seen[agency] = self._seen.get(agency, 0) + 1
        left_s = math.ceil(began + self.window_s - at)
        headers = self._told(max(self.requests - seen, 0), left_s)
        if seen <= self.requests:
            return headers, None
        return headers, problem(429, "too-many-requests", headers=(("Retry-After", str(left_s)),))

    def _told(self, remaining: int, left_s: int) -> Headers:
        if self.spelling == "fields":
            return (
                ("RateLimit-Policy", f'"default";q={self.requests};w={self.window_s}'),
                ("RateLimit", f'"default";r={remaining};t={left_s}'),
            )
        ends = math.ceil(time.time()) + left_s  # by the clock of the answer's own Date, which is the machine's
        prefix, reset = ("RateLimit", left_s) if self.spelling == "three" else ("X-RateLimit", ends)
        told = (("Limit", self.requests), ("Remaining", remaining), ("Reset", reset))
        return tuple((f"{prefix}-{name}", str(value)) for name, value in told)
