"""A small story for the demo: how delivered records move on nationally. Pure, and the same for the same seed.

One petition of each agency is returned for correction, so that a demo shows what the agency has to do then.
May import: the standard library, `faults.chance`, `values.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.core.model import Kind
from connector.sandbox.faults import chance
from connector.sandbox.values import Held, Key

RETURNED = "returned_for_correction"
RETURNED_NOTE = "Đề nghị kiểm tra lại ngày nhận đơn."

STORIES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    Kind.RECEPTION: (("received", "validated"),),
    Kind.PETITION: (
        ("received", "validated", "accepted_for_settlement", "settled", "closed"),
        ("received", "validated", "forwarded_to_agency", "closed"),
        ("received", "validated", "linked_to_matter", "closed"),
    ),
    Kind.HANDLING: (("received", "validated"),),
    Kind.ACCEPTANCE: (
        ("received", "validated", "accepted_for_settlement", "settled", "closed"),
        (
            "received",
            "validated",
            "accepted_for_settlement",
            "deadline_extended",
            "settled",
            "closed",
        ),
    ),
    Kind.DECISION: (("received", "validated", "settled"),),
    Kind.ENFORCEMENT: (("received", "validated", "enforced", "closed"),),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One status change to make."""

    key: Key
    status: str
    note: str = ""


def next_moves(records: Iterable[tuple[Key, Held]], already_returned: frozenset[str], seed: int) -> list[Move]:
    """Return one step of the story for every record that has not reached its end, in the order given.

    already_returned: agencies of which a petition was sent back before. Such a petition waits for a newer version."""
    records = list(records)
    returned = _returned(records, already_returned, seed)
    moves = []
    for key, held in records:
        if key in returned:
            moves.append(Move(key, RETURNED, RETURNED_NOTE))
            continue
        stories = STORIES[key.kind]
        story = stories[int(chance(seed, "story", *key) * len(stories))]
        if held.status in story[:-1]:
            moves.append(Move(key, story[story.index(held.status) + 1]))
    return moves


def _returned(records: list[tuple[Key, Held]], already: frozenset[str], seed: int) -> frozenset[Key]:
    chosen: dict[str, Key] = {}
    for key, held in records:
        if key.kind != Kind.PETITION or held.status != "received" or key.agency in already:
            continue
        best = chosen.get(key.agency, key)
        chosen[key.agency] = min(best, key, key=lambda each: chance(seed, "returned", *each))
    return frozenset(chosen.values())
