"""Since when a case is closed, as far as that can be known: from then on the time runs after which its texts go.

A case is a paper with all that hangs on it. It is closed where the national side says so of every petition in it, or
holds none of it any more because it was withdrawn, and nothing of it is under way here. Where that cannot be known,
the case is open: nobody erases by guess. What comes later opens it again.
May import: model, statuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.core import statuses
from connector.core.model import Kind, State

AT_REST = frozenset({State.DELIVERED, State.RETRACTED, State.NOT_SENT})
"""Where a record's newest version stands when nothing is to be done about it here."""


@dataclass(frozen=True, slots=True)
class Part:
    """One record of a case: where its newest version stands and since when, and the newest national status with its
    time, "" and None if there is none."""

    kind: Kind
    state: State
    since: datetime
    status: str = ""
    status_at: datetime | None = None


def closed_since(parts: Sequence[Part]) -> datetime | None:
    """Return since when the case is closed, None where it is open or nobody can tell.

    The newest of all that happened to any of its records: a decision that came after the end counts from there."""
    if any(part.state not in AT_REST for part in parts):
        return None
    if any(part.status and part.status not in statuses.KNOWN for part in parts):
        return None
    deciding = [part for part in parts if part.kind is Kind.PETITION] or list(parts)
    if not deciding or not all(map(_is_over, deciding)):
        return None
    return max(moment for part in parts for moment in (part.since, part.status_at) if moment is not None)


def _is_over(part: Part) -> bool:
    return part.state is State.RETRACTED or part.status in statuses.AFTER_THE_END
