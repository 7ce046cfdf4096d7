"""What every stage of one agency stands on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connector.core.lifecycle import Limits, Probable
from connector.core.model import Actor, Capabilities
from connector.core.pacing import Budget
from connector.sources.papers import Papers
from connector.store.db import Store

Counts = Mapping[str, int]
"""What one commit of a stage did: state or event name -> how many."""


@dataclass(frozen=True, slots=True)
class Context:
    """One agency, bound to its target, with everything a stage may need besides its edge.

    owner: the name in leases, one for whoever holds the stage lock; jitter: one draw from [0, 1), seeded where a run
    must repeat; may_send: whether the stage lock is still ours, asked before each sending, also by worker threads;
    monotonic: seconds that no change of the wall clock moves; papers: where its attachments lie, None: nobody looks."""

    agency: str
    generation: int
    store: Store
    capabilities: Capabilities
    limits: Limits
    actor: Actor
    owner: str
    stop: threading.Event
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    may_send: Callable[[], bool] = lambda: True
    monotonic: Callable[[], float] = time.monotonic
    probable_cases: Probable = Probable.ASK
    budget: Budget = field(default_factory=Budget)
    papers: Papers | None = None

    @property
    def farthest_s(self) -> float:
        """No wait of a delivery is longer; a later time in the store is a wrong clock's."""
        return max(self.limits.longest_delay_s + self.limits.first_delay_s, self.capabilities.absent_after_s)
