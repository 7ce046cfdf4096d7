"""Records that are held back, by what holds them: a rule and a field, or a cause without problems. Reads only.

One mistake in a code map or a form holds hundreds of records; whoever mends it once wants to see it once. The older
version of a key is never quarantined (`lifecycle.REPLACEABLE`), so the index of the quarantined tells all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, String, func, select, type_coerce

from connector.core.model import Kind, RecordKey, State
from connector.store.tables import Delivery, Instant, table_of

_delivery = table_of(Delivery)

_IN_ARRAY = re.compile(r"/\d+(?=/|$)")
_raw = type_coerce(_delivery.c.problems, String)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What holds records of a kind back. Without problems: `cause` says it, and rule, pattern and column are "".

    pattern: the field, `*` for any place in a list."""

    kind: Kind
    cause: str
    rule: str = ""
    pattern: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """How many records one mistake holds, since when the oldest, one of them, and one of its problems."""

    mistake: Mistake
    count: int
    oldest: datetime
    example: RecordKey
    problem: Mapping[str, str]


def groups(connection: Connection, agency: str) -> list[Group]:
    """Return the mistakes, those of most records first. A record with several mistakes counts with each.

    Uses ix_delivery_quarantined alone: no row is read, and equal problems are told apart only once."""
    rows = connection.execute(
        select(
            _delivery.c.kind,
            _delivery.c.cause,
            _raw.label("problems"),
            func.count().label("records"),
            func.min(_delivery.c.state_at, type_=Instant()).label("oldest"),
            func.min(_delivery.c.local_id).label("example"),
        )
        .where(_delivery.c.agency == agency, _delivery.c.state == State.QUARANTINED)
        .group_by(_delivery.c.kind, _delivery.c.cause, _delivery.c.problems)
    )
    found: dict[Mistake, Group] = {}
    for row in rows:
        for mistake, problem in _mistakes(Kind(row.kind), row.cause or "", row.problems):
            key = RecordKey(agency, mistake.kind, row.example)
            _add(found, Group(mistake, row.records, row.oldest, key, problem))
    return sorted(found.values(), key=lambda group: (-group.count, group.oldest, str(group.mistake)))


def _add(found: dict[Mistake, Group], group: Group) -> None:
    known = found.get(group.mistake)
    if known is None:
        found[group.mistake] = group
        return
    first = min(known, group, key=lambda one: one.oldest)
    found[group.mistake] = replace(first, count=known.count + group.count)


def _mistakes(kind: Kind, cause: str, problems: str | None) -> Iterator[tuple[Mistake, Mapping[str, str]]]:
    """Yield each mistake of a record once, with the first problem that shows it."""
    told: set[Mistake] = set()
    for problem in orjson.loads(problems) if problems else ():
        pattern = _IN_ARRAY.sub("/*", problem.get("pointer", ""))
        mistake = Mistake(kind, cause, problem.get("rule", ""), pattern, problem.get("column", ""))
        if mistake not in told:
            told.add(mistake)
            yield mistake, problem
    if not told:
        yield Mistake(kind, cause), {}


@dataclass(frozen=True, slots=True)
class Held:
    """One record in the list of a mistake: since when, and its place in the list."""

    key: RecordKey
    version: int
    since: datetime
    at: int


def of_mistake(connection: Connection, agency: str, wanted: Mistake, after: int = 0, limit: int = 50) -> list[Held]:
    """Return the records that one mistake holds, oldest version first, from behind `after` on."""
    alike = _texts_with(connection, agency, wanted)
    rows = connection.execute(
        select(_delivery.c.id, _delivery.c.local_id, _delivery.c.version, _delivery.c.state_at, _raw.label("problems"))
        .where(
            _delivery.c.agency == agency,
            _delivery.c.state == State.QUARANTINED,
            _delivery.c.kind == wanted.kind,
            _delivery.c.cause == wanted.cause,
            _delivery.c.id > after,
        )
        .order_by(_delivery.c.id)
    )
    found: list[Held] = []
    for row in rows:
        if row.problems in alike:
            found.append(Held(RecordKey(agency, wanted.kind, row.local_id), row.version, row.state_at, row.id))
        if len(found) == limit:
            break
    return found


def _texts_with(connection: Connection, agency: str, wanted: Mistake) -> set[str | None]:
    texts: Iterable[Any] = connection.execute(
        select(_raw.label("problems"))
        .distinct()
        .where(
            _delivery.c.agency == agency,
            _delivery.c.state == State.QUARANTINED,
            _delivery.c.kind == wanted.kind,
            _delivery.c.cause == wanted.cause,
        )
    ).scalars()
    return {text for text in texts if any(one == wanted for one, _ in _mistakes(wanted.kind, wanted.cause, text))}
