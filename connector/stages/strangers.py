"""Known keys that came back on other records: held to the end of the sweep, so that many of them change nothing.

A software that was set up anew begins its numbers again at 1. Its rows would become new versions of other people's
records. A few are corrections by clerks; many stop the sweep (guard `ids_reused`).
"""

from __future__ import annotations

from dataclasses import replace

from connector.core.model import Kind
from connector.stages import guards
from connector.stages.bounds import Bounds
from connector.stages.context import Context
from connector.stages.guards import Trip
from connector.stages.judging import Judged
from connector.store.marks import SweepCounts
from connector.store.records import Reading


class Strangers:
    """The strangers of one sweep. At most as many as the bound are kept; with an approved plan they pass."""

    def __init__(self, context: Context, kind: Kind, last_sweep: int, bounds: Bounds) -> None:
        self.readings: list[Reading] = []
        self._context = context
        self._kind, self._last_sweep, self._bounds = kind, last_sweep, bounds
        self._limit = bounds.identity_limit
        self._count = 0
        one_too_many = self._trip(bounds.identity_limit + 1)
        self._approved = one_too_many is not None and not guards.waiting(context, [one_too_many])

    def _trip(self, count: int) -> Trip | None:
        return guards.reused_ids(self._kind, count, self._last_sweep, self._bounds)

    def keep(self, judged: Judged) -> Judged:
        """Take the strangers out of a page and return the rest, unless a person has approved them."""
        self._count += len(judged.reused)
        if self._approved or not judged.reused:
            return judged
        room = max(self._limit - len(self.readings), 0)
        self.readings += [one for one in judged.readings if one.key.local_id in judged.reused][:room]
        others = tuple(one for one in judged.readings if one.key.local_id not in judged.reused)
        return replace(judged, readings=others)

    def too_many(self) -> Trip | None:
        """Return the trip if there are more so far than the bound, or than somebody has approved."""
        trip = self._trip(self._count)
        return trip if trip is not None and guards.waiting(self._context, [trip]) else None

    def as_page(self) -> Judged:
        """Return those that were kept, as one more page to record."""
        return Judged(tuple(self.readings), (), SweepCounts(), frozenset(), frozenset())
