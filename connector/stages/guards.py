"""Plausibility guards: what stops a cycle before anything of it is recorded, until a named person approves.

    checked(...)   what this cycle trips over; writes nothing, so a dry run shows the same
    settle(...)    each trip is one stored decision with its numbers; what trips no more is lifted
    remember(...)  what a finished cycle saw of the source: the next one is held against it

A wrong database, a wrong agency, a table that was emptied or filled anew show in their numbers, and what was sent
wrongly cannot be unsaid. An approval holds for what it is about, and up to the number that it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from connector.core.chain import canonical, digest
from connector.core.mapping import CompiledMapping
from connector.core.model import Cause, Kind
from connector.core.secrecy import SecrecyPolicy
from connector.errors import SourceError
from connector.logs import get_logger
from connector.sources.base import Source
from connector.stages.context import Context
from connector.stages.hidden import Hidden
from connector.stages.judging import Foreseen, foresee_kind
from connector.stages.reading import mapping_mark
from connector.store import marks, records

FIRST_RUN = "first_run"
SOURCE_EMPTY = "source_empty"
SOURCE_SHRUNK = "source_shrunk"
CLOCK_BACK = "clock_back"
FUTURE_ROWS = "future_rows"
MAPPING_CHANGE = "mapping_change"
IDS_REUSED = "ids_reused"
RETYPED = "columns_retyped"

SEEN = "source.seen"
"""Mark: the source's clock and the size of each kind's table, as the last finished cycle saw them."""

MARGIN, MARGIN_ROWS = 0.05, 50
"""A source goes on living while somebody decides: an approved plan may grow by this share, or by so many rows."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of `[collect]`."""

    first_run_limit: int = 5_000
    shrink_limit: float = 0.2
    shrink_floor: int = 20
    clock_tolerance_s: float = 300.0
    future_limit: int = 10
    identity_limit: int = 20
    mapping_change_limit: int = 100


@dataclass(frozen=True, slots=True)
class Trip:
    """One guard that stops: `total` went beyond `limit`. An approval holds while everything in `about` is the same
    and the total is at most `allows`. `parts` are shown beside it."""

    name: str
    total: int
    limit: int
    allows: int
    about: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)

    @property
    def numbers(self) -> dict[str, int | str]:
        """What is stored of it, and shown to whoever decides."""
        parts = {str(name): count for name, count in self.parts.items()}
        return {**parts, "total": self.total, "allows": self.allows, "limit": self.limit, **self.about}

    def is_covered_by(self, numbers: Mapping[str, Any]) -> bool:
        """Whether a stored decision of the same guard speaks of this trip too."""
        same = all(numbers.get(name) == value for name, value in self.about.items())
        return same and isinstance(numbers.get("allows"), int) and self.total <= numbers["allows"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a source from outside. `at`: when it was noted, "" if it never was."""

    clock: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    at: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the guards found: trips that nobody has approved, the names of all that were asked, the source as it is
    now, and which kinds must be read in full."""

    trips: tuple[Trip, ...]
    asked: tuple[str, ...]
    seen: Seen
    swept: tuple[Kind, ...]


def checked(
    context: Context,
    source: Source,
    mapping: CompiledMapping,
    policy: SecrecyPolicy,
    bounds: Bounds,
    swept: Sequence[Kind],
) -> Checked:
    """Ask every guard; `swept` are the kinds that this cycle will read in full. Reads only. Raises SourceError.

    The dear one, about a changed mapping, reads the whole source, and only if the mapping has changed."""
    before = last_seen(context)
    clock = source.clock()
    if any(_clock_back(before, Seen(clock), bounds)):
        swept = mapping.kinds  # its times can no more be compared: whatever comes of it, everything is read
    counts = {str(kind): _count(context, source, mapping, kind) for kind in swept}
    seen = Seen(clock, {kind: count for kind, count in counts.items() if count is not None})
    found = [
        *_first_run(context, mapping, seen, bounds),
        *_clock_back(before, seen, bounds),
        *_smaller(before, seen, bounds, whole=len(seen.counts) == len(mapping.kinds)),
        *_future(source, mapping, seen, bounds),
    ]
    asked = [FIRST_RUN, SOURCE_EMPTY, SOURCE_SHRUNK, CLOCK_BACK, FUTURE_ROWS]
    trips = waiting(context, found)
    if not trips:
        asked.append(MAPPING_CHANGE)
        trips = waiting(context, _mapping_change(context, source, mapping, policy, bounds))
    return Checked(tuple(trips), tuple(asked), seen, tuple(swept))


def _count(context: Context, source: Source, mapping: CompiledMapping, kind: Kind) -> int | None:
    """Return the rows of a kind; None if it cannot be read now: then nothing of it will be recorded either.

    Raises SourceError for one that never was swept: its first run must not begin uncounted on another day."""
    try:
        return source.count(mapping.kind(kind))
    except SourceError as error:
        with context.store.read() as connection:
            first = marks.last_sweep(connection, context.agency, kind) is None
        if first or error.is_away:
            raise
        return None


# --- the guards ----------------------------------------------------------------------------------------------------


def _first_run(context: Context, mapping: CompiledMapping, seen: Seen, bounds: Bounds) -> Iterable[Trip]:
    """The first sweep of an agency would create more records than the bound."""
    with context.store.read() as connection:
        sweeps = [marks.last_sweep(connection, context.agency, kind) for kind in mapping.kinds]
    total = sum(seen.counts.values())
    if total > bounds.first_run_limit and not any(sweep is not None and sweep.universe for sweep in sweeps):
        about = {"mapping": mapping.digest[:16]}
        yield Trip(FIRST_RUN, total, bounds.first_run_limit, _with_margin(total), about, seen.counts)


def _clock_back(before: Seen, seen: Seen, bounds: Bounds) -> Iterable[Trip]:
    """The source's clock stands behind what it was: a restored copy, or times that cannot be compared any more."""
    if before.clock is None or seen.clock is None:
        return
    behind_s = int((before.clock - seen.clock).total_seconds())
    if behind_s > bounds.clock_tolerance_s:
        about = {"source_clock": before.clock.isoformat(" ", "seconds")}
        yield Trip(CLOCK_BACK, behind_s, int(bounds.clock_tolerance_s), behind_s, about)


def _smaller(before: Seen, seen: Seen, bounds: Bounds, *, whole: bool) -> Iterable[Trip]:
    """The source is empty, or a kind has lost more than the bound's share, and more than its floor of rows."""
    about = {"since": before.at}
    had = sum(before.counts.get(kind, 0) for kind in seen.counts)
    if whole and had and not sum(seen.counts.values()):
        yield Trip(SOURCE_EMPTY, had, 0, had, about)
        return
    lost = {kind: before.counts.get(kind, 0) - now for kind, now in seen.counts.items()}
    many = {
        kind: count
        for kind, count in lost.items()
        if count > bounds.shrink_floor and count > before.counts[kind] * bounds.shrink_limit
    }
    if many:
        total = sum(many.values())
        about |= {"kinds": " ".join(sorted(many))}
        yield Trip(SOURCE_SHRUNK, total, bounds.shrink_floor, _with_margin(total), about, many)


def _future(source: Source, mapping: CompiledMapping, seen: Seen, bounds: Bounds) -> Iterable[Trip]:
    """More rows than a slip of the pen here and there say that they were changed after the source's own time."""
    if seen.clock is None:
        return
    limit = seen.clock + timedelta(seconds=bounds.clock_tolerance_s)
    dated = [mapping.kind(kind) for kind in mapping.kinds if mapping.kind(kind).settings.changed_at]
    counts = {str(kind.kind): source.later_than(kind, limit) for kind in dated}
    total = sum(counts.values())
    if total > bounds.future_limit:
        yield Trip(FUTURE_ROWS, total, bounds.future_limit, total, {}, counts)


def _mapping_change(
    context: Context, source: Source, mapping: CompiledMapping, policy: SecrecyPolicy, bounds: Bounds
) -> Iterable[Trip]:
    """A changed mapping would make more new versions than the bound. What comes out the same is not counted."""
    mark = mapping_mark(mapping, policy)
    with context.store.read() as connection:
        sweeps = [marks.last_sweep(connection, context.agency, kind) for kind in mapping.kinds]
    finished = [sweep for sweep in sweeps if sweep is not None]
    # A kind without any is the rest of a first run that was cut short, unless others were swept under another mapping.
    if not any(sweep.universe for sweep in finished) or all(sweep.mapping_digest == mark for sweep in finished):
        return
    counts: dict[str, int] = {}
    hidden = Hidden()
    for kind in mapping.kinds:
        try:
            for page in foresee_kind(context, source, mapping, policy, kind, hidden):
                if context.stop.is_set():
                    return
                counts[kind] = counts.get(kind, 0) + _new_versions(context, page)
        except SourceError as error:
            if error.is_away:
                raise
            # Of this kind, and of what hangs on it, nothing will be recorded: the collect says why.
    total = sum(counts.values())
    if total > bounds.mapping_change_limit:
        parts = {kind: count for kind, count in counts.items() if count}
        about = {"mapping": mark[:16]}
        yield Trip(MAPPING_CHANGE, total, bounds.mapping_change_limit, _with_margin(total), about, parts)


def _new_versions(context: Context, page: Foreseen) -> int:
    changed = sum(planned.what != "same" and not planned.still_bad for _, planned in page.planned)
    with context.store.read() as connection:
        known = records.known(connection, context.agency, page.kind, sorted(page.judged.excluded_ids))
    return changed + sum(before.cause is not Cause.EXCLUDED for before in known.values())


def reused_ids(kind: Kind, count: int, sweep: int, bounds: Bounds) -> Trip | None:
    """Return the trip of a sweep that met `count` known keys on rows that are other records; None within the bound.

    `sweep`: the last finished sweep of the kind, in which the keys still were what they had been."""
    if count <= bounds.identity_limit:
        return None
    about = {"kinds": str(kind), "sweep": str(sweep)}
    return Trip(IDS_REUSED, count, bounds.identity_limit, _with_margin(count), about, {str(kind): count})


def _with_margin(total: int) -> int:
    return total + max(MARGIN_ROWS, int(total * MARGIN))


# --- decisions -----------------------------------------------------------------------------------------------------


def waiting(context: Context, trips: Iterable[Trip]) -> list[Trip]:
    """Return the trips that no approved plan covers. Reads only."""
    found = list(trips)
    if not found:
        return []
    with context.store.read() as connection:
        approved = {
            trip.name: [g.numbers for g in marks.guards(connection, context.agency, trip.name) if g.approved_by]
            for trip in found
        }
    return [trip for trip in found if not any(trip.is_covered_by(numbers) for numbers in approved[trip.name])]


def settle(context: Context, trips: Sequence[Trip], asked: Iterable[str]) -> None:
    """Store each trip as one decision to be made, and lift the waiting ones of guards that trip no more.

    A decision that waits already and covers the trip is left as it is: its plan can still be approved by name."""
    tripped = {trip.name for trip in trips}
    with context.store.read() as connection:
        open_ = {guard.name: guard for guard in marks.open_guards(connection, context.agency)}
    over = [name for name in asked if name in open_ and name not in tripped]
    new = [trip for trip in trips if trip.name not in open_ or not trip.is_covered_by(open_[trip.name].numbers)]
    if not (new or over):
        return
    with context.store.write() as tx:
        for name in over:
            marks.lift(tx, context.agency, name, context.actor)
        for trip in new:
            plan = plan_of(context, trip)
            if marks.guard_of(tx.connection, plan) is None:
                marks.trip(tx, context.agency, trip.name, plan, trip.numbers, context.actor)
    for trip in new:
        get_logger().warning(
            "guard.tripped", agency=context.agency, guard=trip.name, plan=plan_of(context, trip), counts=trip.parts
        )


def plan_of(context: Context, trip: Trip) -> str:
    """Return the short name under which exactly this plan can be approved."""
    return digest(canonical([context.agency, trip.name, context.generation, trip.numbers]))[:12]


# --- what was seen -------------------------------------------------------------------------------------------------


def last_seen(context: Context) -> Seen:
    """Return what the last finished cycle saw; nothing at all before there was one."""
    with context.store.read() as connection:
        mark = marks.mark_of(connection, context.agency, SEEN)
    if mark is None:
        return Seen()
    value = orjson.loads(mark[0])
    return Seen(datetime.fromisoformat(value["clock"]), value["counts"], mark[1].isoformat())


def remember(context: Context, seen: Seen) -> None:
    """Note what this cycle saw, now that all of it is recorded: the next one is held against it."""
    before = last_seen(context)
    if seen.clock is None:
        return
    value = {"clock": seen.clock.isoformat(), "counts": {**before.counts, **seen.counts}}
    with context.store.write() as tx:
        marks.advance(tx, context.agency, SEEN, canonical(value).decode())
