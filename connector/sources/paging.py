"""What was read becomes a page: children joined to their records, fingerprints, doubles, and the balance of counts.

Pure: no database here. A row is packed to bytes as it is read; the bytes make the fingerprint and show its size.
May import: core, errors, base, orjson, the standard library.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from connector.core import keys
from connector.core.chain import commitment, digest
from connector.core.kind_mapping import KindMapping
from connector.core.model import Problem, RecordKey, SourceRow
from connector.core.selects import SECRET, ChildSelect
from connector.errors import SourceError
from connector.sources.base import Page

MAX_VALUE = 1_000_000
"""No value that belongs into a document is longer, in bytes; what is longer is a record's problem, not our memory."""


class Packed(NamedTuple):
    """One row: its values by column, its bytes for the fingerprint, and a column that was too large ("" if none)."""

    columns: Mapping[str, Any]
    data: bytes
    too_large: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to one query."""

    names: tuple[str, ...]
    rows: tuple[Packed, ...]


NO_ROWS = Rows((), ())


@dataclass(frozen=True, slots=True)
class Results:
    """The answers to all queries of one page.

    outside: records that no range can hold, as (problem, how many); they are counted as unexplained.
    refused: why none of the records between lo and hi can be used, though they are there."""

    lo: Any
    hi: Any
    root: Rows = NO_ROWS
    children: Mapping[str, Rows] = field(default_factory=dict)
    universe: Rows | None = None
    outside: tuple[tuple[Problem, int], ...] = ()
    refused: Problem | None = None


def pack(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Packed]:
    """Pack rows as they arrive: values sorted by column name, as a JSON array."""
    order = sorted(range(len(names)), key=names.__getitem__)
    ordered = itemgetter(*order) if len(order) > 1 else tuple
    for row in rows:
        data = _packed(ordered(row))
        if len(data) <= MAX_VALUE:
            yield Packed(dict(zip(names, row, strict=True)), data, "")
        else:
            yield _without_large_values(dict(zip(names, row, strict=True)), data)


def make_page(kind: KindMapping, agency: str, evidence_key: bytes, results: Results) -> Page:
    """Return the page.

    A result that lacks the columns of its key raises SourceError E-SOURCE-COLUMN."""
    by_id, problems = _by_local_id(kind, results.root)
    balance = _balance(kind, results.universe, frozenset(by_id), len(problems))
    problems += balance.problems
    families = [_family(kind, child, results.children.get(child.name, NO_ROWS)) for child in kind.children]
    known = by_id.keys() | balance.known
    signed = _Signing(evidence_key, kind, results)
    rows: list[SourceRow] = []
    for local_id, found in by_id.items():
        if local_id in balance.withheld:
            continue
        source_key = local_id.partition(":")[2]
        below = [family.get(source_key, ()) for family in families]
        if problem := results.refused or _unreadable(kind, found, below):
            problems.append((local_id, problem))
            continue
        rows.append(
            SourceRow(
                key=RecordKey(agency, kind.kind, local_id),
                columns=found[0].columns,
                children={
                    child.name: tuple(row.columns for row in listed)
                    for child, listed in zip(kind.children, below, strict=True)
                },
                fingerprint=signed.fingerprint(found[0], below),
                identity=signed.identity(found[0]),
            )
        )
    problems += [("", problem) for problem, _ in results.outside]
    outside = sum(count for _, count in results.outside)
    return Page(
        kind=kind.kind,
        lo=results.lo,
        hi=results.hi,
        rows=tuple(rows),
        problems=tuple(problems),
        universe=balance.universe + outside,
        selected=balance.selected,
        excluded=balance.excluded,
        refused_secret=len(balance.secret_ids),
        secret_ids=balance.secret_ids,
        excluded_ids=balance.excluded_ids,
        unexplained=balance.unexplained + outside + _strays(kind, families, known),
        excluded_as=balance.excluded_as,
    )


# --- records and their children


def _by_local_id(kind: KindMapping, root: Rows) -> tuple[dict[str, list[Packed]], list[tuple[str, Problem]]]:
    """The rows by local_id (several under one: doubles), and the problems of those that have no local_id."""
    _need(kind, root, kind.key, kind.select.table)
    by_id: dict[str, list[Packed]] = {}
    nameless: list[tuple[str, Problem]] = []
    for row in root.rows:
        local_id = kind.local_id(row.columns)
        if isinstance(local_id, Problem):
            nameless.append(("", local_id))
        else:
            by_id.setdefault(local_id, []).append(row)
    return by_id, nameless


def _family(kind: KindMapping, child: ChildSelect, found: Rows) -> dict[str, list[Packed]]:
    """The rows of one child query by the source key of their record, in the order of the query."""
    _need(kind, found, child.key, child.table)
    by_key: dict[str, list[Packed]] = {}
    for row in found.rows:
        columns = row.columns
        by_key.setdefault(keys.join_key(columns[name] for name in child.key), []).append(row)
    return by_key


def _strays(kind: KindMapping, families: Iterable[Mapping[str, Sequence[Packed]]], known: Collection[str]) -> int:
    """How many child rows belong to no record, so that nobody would miss them: keys may be equal for the database
    ("KN-1" and "kn-1 ") and not for us."""
    return sum(len(rows) for family in families for key, rows in family.items() if f"{kind.source}:{key}" not in known)


def _need(kind: KindMapping, found: Rows, columns: Sequence[str], table: str) -> None:
    for column in columns:
        if column not in found.names and found.names:
            raise SourceError("E-SOURCE-COLUMN", kind=kind.kind, table=table, column=column)


def _unreadable(kind: KindMapping, found: Sequence[Packed], below: Sequence[Sequence[Packed]]) -> Problem | None:
    """Why a record that was read cannot be used: it stands twice, has a broken key, or holds something enormous."""
    for column in kind.key:
        if not keys.is_whole(found[0].columns[column]):
            return Problem("/local_id", "E-MAP-TEXT", kind.origin(column), "valid Unicode")
    if len(found) > 1:
        return Problem("/local_id", "E-MAP-DUPLICATE-KEY", kind.origin(kind.key[0]), str(len(found)))
    if column := found[0].too_large:
        return _too_large(kind, kind.origin(column))
    for child, rows in zip(kind.children, below, strict=True):
        for row in rows:
            if row.too_large:
                return _too_large(kind, child.origin(row.too_large))
    return None


def _too_large(kind: KindMapping, column: str) -> Problem:
    pointer = next((step.pointer for step in kind.trace if step.column == column), "")
    return Problem(pointer, "E-MAP-TEXT", column, f"at most {MAX_VALUE} characters")


# --- fingerprints


class _Signing:
    """Makes the fingerprints of one page: HMAC over the JSON array of names and rows, root first, then children."""

    def __init__(self, evidence_key: bytes, kind: KindMapping, results: Results) -> None:
        self._key = evidence_key
        self._identity = kind.settings.identity
        self._root = orjson.dumps(sorted(results.root.names))
        self._children = [
            orjson.dumps([child.name, *sorted(results.children.get(child.name, NO_ROWS).names)])
            for child in kind.children
        ]

    def fingerprint(self, row: Packed, below: Sequence[Sequence[Packed]]) -> str:
        parts = [self._root, row.data]
        for names, rows in zip(self._children, below, strict=True):
            parts.append(names)
            parts += [child.data for child in rows]
        return commitment(self._key, b"[" + b",".join(parts) + b"]")

    def identity(self, row: Packed) -> str:
        """`<which columns>:<their values, keyed>`: two can be compared only if the mapping names the same columns."""
        if not self._identity or not row.columns.keys() >= {*self._identity}:
            return ""
        names = orjson.dumps(self._identity)
        values = _packed([row.columns[name] for name in self._identity])
        return f"{digest(names)[:8]}:{commitment(self._key, names + values)}"


def _packed(values: Sequence[Any]) -> bytes:
    try:
        return orjson.dumps(values, default=_as_json)
    except TypeError:  # half a character, an integer beyond 64 bits: rare, slower, and as deterministic
        return json.dumps(values, default=_as_json).encode()


def _as_json(value: Any) -> str:
    match value:
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _without_large_values(columns: dict[str, Any], data: bytes) -> Packed:
    large = [n for n, v in columns.items() if isinstance(v, (str, bytes, bytearray)) and len(v) > MAX_VALUE]
    if not large:
        return Packed(columns, data, "")
    return Packed({name: None if name in large else value for name, value in columns.items()}, b"", large[0])


# --- what there is against what was selected


@dataclass(frozen=True, slots=True)
class _Balance:
    universe: int
    selected: int
    excluded: Mapping[str, int]
    secret_ids: frozenset[str]
    excluded_ids: frozenset[str]
    withheld: frozenset[str]  # selected all the same: they are not sent
    known: frozenset[str]  # all that the universe names
    unexplained: int
    problems: tuple[tuple[str, Problem], ...]
    excluded_as: Mapping[str, str] = field(default_factory=dict)


_NOBODY: frozenset[str] = frozenset()


def _balance(kind: KindMapping, universe: Rows | None, selected: frozenset[str], nameless: int) -> _Balance:
    """Hold the universe against the selection. Who is both selected and left out is left out, and unexplained."""
    if universe is None or kind.universe is None:
        count = len(selected) + nameless
        return _Balance(count, count, {}, _NOBODY, _NOBODY, _NOBODY, _NOBODY, 0, ())
    _need(kind, universe, (*kind.key, "excluded"), kind.select.table)
    reasons: dict[str, str] = {}
    nameless_there = 0
    for row in universe.rows:
        local_id = kind.local_id(row.columns)
        if isinstance(local_id, Problem):
            nameless_there += 1
        elif reasons.get(local_id) != SECRET:  # a secret stays one, whatever a second row says
            reasons[local_id] = keys.plain(row.columns["excluded"]).strip()
    secret = frozenset(local_id for local_id, reason in reasons.items() if reason == SECRET)
    declared = frozenset(local_id for local_id, reason in reasons.items() if reason in kind.universe.reasons)
    unknown = frozenset(local_id for local_id, reason in reasons.items() if reason) - secret - declared
    contrary = selected & declared
    open_ids = reasons.keys() - secret - declared - unknown
    return _Balance(
        universe=len(reasons) + nameless_there,
        selected=len(selected - secret - declared - unknown) + nameless,
        excluded=dict(Counter(reasons[local_id] for local_id in declared - contrary)),
        secret_ids=secret,
        excluded_ids=declared,
        withheld=secret | declared | unknown,
        known=frozenset(reasons),
        unexplained=len(open_ids - selected)
        + len(selected - reasons.keys())
        + len(contrary)
        + len(unknown)
        + abs(nameless_there - nameless),
        problems=tuple(_contradictions(kind, len(selected & secret), len(contrary), len(unknown))),
        excluded_as={local_id: reasons[local_id] for local_id in declared},
    )


def _contradictions(kind: KindMapping, secret: int, contrary: int, unknown: int) -> Iterator[tuple[str, Problem]]:
    """Mistakes of the queries, told with counts only: the records concerned stay unnamed."""
    column = f"{kind.select.table}.excluded"
    if secret:
        yield "", Problem("", "E-MAP-SECRET-SELECTED", column, str(secret))
    if contrary:
        yield "", Problem("", "E-MAP-EXCLUDED-SELECTED", column, str(contrary))
    if unknown:
        yield "", Problem("", "E-MAP-REASON", column, str(unknown))
