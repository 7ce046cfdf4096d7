"""Plausibility guards: what stops a cycle before anything of it is recorded, until a named person approves.

    checked(...)   what this cycle trips over; writes nothing, so a dry run shows the same
    settle(...)    each trip is one stored decision with its numbers; what trips no more is lifted
    seen.remember  what a finished cycle saw of each source: the next one is held against it

A wrong database, a wrong agency, a table that was emptied or filled anew show in their numbers, and what was sent
wrongly cannot be unsaid. An approval holds for what it is about, and up to the number that it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from connector.core.chain import canonical, digest
from connector.core.mapping import CompiledMapping
from connector.core.model import Cause, Kind
from connector.errors import SourceError
from connector.logs import get_logger
from connector.sources.base import Source
from connector.stages.bounds import Bounds
from connector.stages.context import Context
from connector.stages.hidden import Hidden
from connector.stages.judging import Foreseen, foresee_kind
from connector.stages.reach import Reach
from connector.stages.reading import mapping_mark
from connector.stages.recording import Reader
from connector.stages.seen import Seen, last_seen, name_in
from connector.store import marks, records

FIRST_RUN = "first_run"
SOURCE_EMPTY = "source_empty"
SOURCE_SHRUNK = "source_shrunk"
CLOCK_BACK = "clock_back"
FUTURE_ROWS = "future_rows"
MAPPING_CHANGE = "mapping_change"
IDS_REUSED = "ids_reused"
RETYPED = "columns_retyped"

Answer = TypeVar("Answer")

MARGIN, MARGIN_ROWS = 0.05, 50
"""A source goes on living while somebody decides: an approved plan may grow by this share, or by so many rows."""


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
class Checked:
    """What the guards found: trips that nobody has approved, the names of all that were asked, each source as it is
    now, and which kinds must be read in full."""

    trips: tuple[Trip, ...]
    asked: tuple[str, ...]
    seen: Mapping[str, Seen]
    swept: tuple[Kind, ...]


def checked(context: Context, reader: Reader, reach: Reach, swept: Sequence[Kind]) -> Checked:
    """Ask every guard; `swept` are the kinds that this cycle will read in full. Reads only. Raises SourceError.

    Each source is held against itself: one that is empty must not hide behind another one. The dear guard, about a
    changed mapping, reads the whole source, and only if the mapping has changed."""
    before, mapping = last_seen(context, reader.mapping), reader.mapping
    clocks = _reached(reader, reach, lambda part: reader.source.clock(part.kind(part.kinds[0])))
    back = list(_clocks_back(mapping, before, clocks, reader.bounds))
    if back:
        swept = mapping.kinds  # its times can no more be compared: whatever comes of it, everything is read
    counts = _reached(reader, reach, lambda part: _counts(context, reader, part, swept))
    later = _reached(reader, reach, lambda part: _later(reader, part, clocks[part.source]))
    seen = {source: Seen(clocks[source], counts[source]) for source in counts if source in later}
    new = [source for source in seen if _is_first_run(context, mapping, source, before)]
    found = [
        *_first_run(mapping, seen, new, reader.bounds),
        *back,
        *_smaller(mapping, before, seen, reader.bounds),
        *_future(mapping, later, reader.bounds),
    ]
    asked = [FIRST_RUN, SOURCE_EMPTY, SOURCE_SHRUNK, CLOCK_BACK, FUTURE_ROWS]
    trips = waiting(context, found)
    if not trips:
        asked.append(MAPPING_CHANGE)
        trips = waiting(context, _mapping_change(context, reader, reach, new))
    if reach.trouble is not None:  # of a source that is away nobody knows that its guard is over
        asked = [trip.name for trip in trips]
    return Checked(tuple(trips), tuple(asked), seen, tuple(swept))


def _reached(reader: Reader, reach: Reach, ask: Callable[[CompiledMapping], Answer]) -> dict[str, Answer]:
    """Ask each source that is not lost, by its mapping. Raises SourceError if there is no other."""
    found: dict[str, Answer] = {}
    for part in reader.mapping.sources:
        if not reach.is_sound(part.source):
            continue
        try:
            found[part.source] = ask(part)
        except SourceError as error:
            reach.lose(part.source, error)
    return found


def _counts(context: Context, reader: Reader, part: CompiledMapping, swept: Sequence[Kind]) -> dict[str, int]:
    counts = {str(kind): _count(context, reader.source, part, kind) for kind in part.kinds if kind in swept}
    return {kind: count for kind, count in counts.items() if count is not None}


def _count(context: Context, source: Source, part: CompiledMapping, kind: Kind) -> int | None:
    """Return the rows of a kind; None if it cannot be read now: then nothing of it will be recorded either.

    Raises SourceError for one that never was swept: its first run must not begin uncounted on another day."""
    try:
        return source.count(part.kind(kind))
    except SourceError as error:
        with context.store.read() as connection:
            first = marks.last_sweep(connection, context.agency, kind) is None
        if first or error.is_away:
            raise
        return None


def _later(reader: Reader, part: CompiledMapping, clock: datetime) -> dict[str, int]:
    """How many rows of each kind that dates its changes say they come from after the source's own time."""
    limit = clock + timedelta(seconds=reader.bounds.clock_tolerance_s)
    dated = [part.kind(kind) for kind in part.kinds if part.kind(kind).settings.changed_at]
    return {str(kind.kind): reader.source.later_than(kind, limit) for kind in dated}


# --- the guards ----------------------------------------------------------------------------------------------------


def _is_first_run(context: Context, mapping: CompiledMapping, source: str, before: Mapping[str, Seen]) -> bool:
    """Whether nothing of this source was ever read to the end."""
    if mapping.parts:
        return source not in before
    with context.store.read() as connection:
        sweeps = [marks.last_sweep(connection, context.agency, kind) for kind in mapping.kinds]
    return not any(sweep is not None and sweep.universe for sweep in sweeps)


def _first_run(
    mapping: CompiledMapping, seen: Mapping[str, Seen], new: Sequence[str], bounds: Bounds
) -> Iterable[Trip]:
    """The first sweep of an agency, or of one of its sources, would create more records than the bound."""
    parts = {name_in(mapping, kind, source): count for source in new for kind, count in seen[source].counts.items()}
    total = sum(parts.values())
    if total > bounds.first_run_limit:
        about = {"mapping": mapping.digest[:16]}
        yield Trip(FIRST_RUN, total, bounds.first_run_limit, _with_margin(total), about, parts)


def _clocks_back(
    mapping: CompiledMapping, before: Mapping[str, Seen], clocks: Mapping[str, datetime], bounds: Bounds
) -> Iterable[Trip]:
    """A source's clock stands behind what it was: a restored copy, or times that cannot be compared any more."""
    behind: dict[str, int] = {}
    for source, clock in clocks.items():
        was = before[source].clock if source in before else clock
        if (behind_s := int((was - clock).total_seconds())) > bounds.clock_tolerance_s:
            behind[source] = behind_s
    if behind:
        moments = " ".join(before[source].clock.isoformat(" ", "seconds") for source in behind)
        about = {"source_clock": moments} | _named(mapping, behind)
        longest_s = max(behind.values())
        yield Trip(CLOCK_BACK, longest_s, int(bounds.clock_tolerance_s), longest_s, about)


def _smaller(
    mapping: CompiledMapping, before: Mapping[str, Seen], seen: Mapping[str, Seen], bounds: Bounds
) -> Iterable[Trip]:
    """A source is empty, or a kind of it has lost more than the bound's share, and more than its floor of rows; or the
    configuration names a source no more, whose records would count as gone."""
    kinds = {part.source: part.kinds for part in mapping.sources}
    empty: dict[str, int] = {}
    many: dict[str, int] = {}
    for source, was in before.items():
        now = seen[source].counts if source in seen else {}
        had = sum(was.counts.get(kind, 0) for kind in now)
        if source not in kinds:
            many |= {f"{kind}@{source}": count for kind, count in was.counts.items() if count}
        elif len(now) == len(kinds[source]) and had and not sum(now.values()):
            empty[source] = had
        else:
            many |= {
                name_in(mapping, kind, source): lost
                for kind, count in now.items()
                if (lost := was.counts.get(kind, 0) - count) > bounds.shrink_floor
                and lost > was.counts[kind] * bounds.shrink_limit
            }
    since = {"since": max((was.at for was in before.values()), default="")}
    if empty:
        total = sum(empty.values())
        yield Trip(SOURCE_EMPTY, total, 0, total, since | _named(mapping, empty))
    if many:
        total = sum(many.values())
        about = since | {"kinds": " ".join(sorted(many))}
        yield Trip(SOURCE_SHRUNK, total, bounds.shrink_floor, _with_margin(total), about, many)


def _named(mapping: CompiledMapping, sources: Iterable[str]) -> dict[str, str]:
    """Which sources a trip is about, where an agency has several."""
    return {"sources": " ".join(sorted(sources))} if mapping.parts else {}


def _future(mapping: CompiledMapping, later: Mapping[str, Mapping[str, int]], bounds: Bounds) -> Iterable[Trip]:
    """More rows than a slip of the pen here and there say that they were changed after the source's own time."""
    parts = {name_in(mapping, kind, source): count for source in later for kind, count in later[source].items()}
    total = sum(parts.values())
    if total > bounds.future_limit:
        yield Trip(FUTURE_ROWS, total, bounds.future_limit, total, {}, parts)


def _mapping_change(context: Context, reader: Reader, reach: Reach, new: Sequence[str]) -> Iterable[Trip]:
    """A changed mapping would make more new versions than the bound. What comes out the same is not counted, nor what
    a source brings that was never read before: that is its first run."""
    mapping, bounds = reader.mapping, reader.bounds
    with context.store.read() as connection:
        sweeps = {kind: marks.last_sweep(connection, context.agency, kind) for kind in mapping.kinds}
    finished = {kind: sweep for kind, sweep in sweeps.items() if sweep is not None}
    # A kind without any is the rest of a first run that was cut short, unless others were swept under another mapping.
    same = all(sweep.mapping_digest == reader.sweep_mark(kind) for kind, sweep in finished.items())
    if same or not any(sweep.universe for sweep in finished.values()):
        return
    counts: dict[str, int] = {}
    hidden = Hidden()
    read = (part for kind in mapping.kinds for part in mapping.all_of(kind) if part.source not in new)
    for part in read:
        if not reach.can(part):
            continue
        name = mapping.name_of(part)
        try:
            for page in foresee_kind(context, reader.source, mapping, reader.policy, part, hidden):
                if context.stop.is_set():
                    return
                counts[name] = counts.get(name, 0) + _new_versions(context, page)
        except SourceError as error:
            if error.is_away:
                reach.fail(part, error)
            # Of this kind, and of what hangs on it, nothing will be recorded: the collect says why.
    total = sum(counts.values())
    if total > bounds.mapping_change_limit:
        parts = {name: count for name, count in counts.items() if count}
        about = {"mapping": mapping_mark(mapping, reader.policy)[:16]}
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
