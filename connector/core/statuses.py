"""Which change of a national status cannot be: of what was at an end, only one thing can follow.

Little is known of the order that the national side keeps, so little is called impossible: a closed record can only be
received anew or withdrawn, a withdrawn one only be received anew. Statuses that nobody knows are not judged. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

AFTER_THE_END: Mapping[str, frozenset[str]] = {
    "closed": frozenset({"closed", "received", "withdrawn"}),
    "withdrawn": frozenset({"withdrawn", "received"}),
}
"""What can follow each status that ends a record: also itself, told once more."""

KNOWN = frozenset(
    {
        "received",
        "validated",
        "returned_for_correction",
        "duplicate_suspected",
        "linked_to_matter",
        "forwarded_to_agency",
        "accepted_for_settlement",
        "deadline_extended",
        "settled",
        "enforced",
        "closed",
        "withdrawn",
    }
)


def is_impossible(before: str, after: str) -> bool:
    """Return whether a record cannot have gone from one status to the other."""
    possible = AFTER_THE_END.get(before)
    return possible is not None and after in KNOWN and after not in possible
