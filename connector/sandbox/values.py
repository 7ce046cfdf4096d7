"""The values that the parts of the sandbox hand each other.

Nouns: an *effect* is one thing that happened nationally because of a PUT; more than one per (key, version) is the
very mistake that the connector exists to avoid. An *event* is a status change; the *feed* is the order in which
events are handed out, which may differ from the order in which they happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple


class Key(NamedTuple):
    """One record, as the path names it."""

    agency: str
    kind: str
    local_id: str


class Effect(NamedTuple):
    """One version of one record: what at most one national effect may exist for."""

    agency: str
    kind: str
    local_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Held:
    """What the national side holds of a record. `sequence` counts its status changes from 1."""

    national_id: str
    version: int
    digest: str
    received_at: str
    status: str
    sequence: int


class Stored(StrEnum):
    """What became of a PUT."""

    CREATED = "created"
    REPLACED = "replaced"
    REPLAYED = "replayed"  # the same version and digest again, without a further effect
    REPEATED = "repeated"  # the same again, with a further effect: this server is not idempotent
    OLDER = "older"
    OTHER = "other"  # the same version with another digest


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One event as the feed hands it out; `position` is its place there."""

    position: int
    event_id: str
    sequence: int
    kind: str
    local_id: str
    national_id: str
    status: str
    occurred_at: str
    note: str


class Line(NamedTuple):
    """One line of the manifest; `number` is its place there, local_id "" if none was given."""

    number: int
    local_id: str
    national_id: str
    version: int
    digest: str
    status: str
    status_sequence: int
    entered_by: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One request and its answer. `status` is what was, or would have been, sent; `fault` names what was played."""

    seq: int
    at: str
    method: str
    path: str
    agency: str
    kind: str
    local_id: str
    version: int
    digest: str
    idempotency_key: str
    status: int
    fault: str


class Repeats(StrEnum):
    """Which events of the feed come twice, or late."""

    ONCE = ""
    TWICE = "duplicate_events"
    LATE = "late_events"


def timestamp(now: datetime) -> str:
    """Return an aware time as RFC 3339 in UTC, to the millisecond."""
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
