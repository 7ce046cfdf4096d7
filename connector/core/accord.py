"""Whether ledger and national side agree about one key, and what may be done where they do not. Decisions only.

    agrees           the nation holds the newest version, or must hold nothing
    missing_remote   the ledger has a receipt, the nation has no record
    missing_local    the nation has a record under our key that the ledger may only have forgotten
    differs          national_older, national_newer, other_digest, other_id, held_there (we think it refused)
    orphan           a record there that is none of ours: under an unknown key, or entered by hand
    duplicate        two records there for one key; one by hand that is a record of ours
    mirror_behind    agrees, but our mirror shows an older status
    not_confirmable  nobody can tell yet: in flight, held back here, or a kind that nobody can look for

May import: `model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.core.model import Cause, Held, SightingName, State


class Accord(StrEnum):
    """What comparing one key with the national side shows."""

    AGREES = "agrees"
    MISSING_REMOTE = "missing_remote"
    MISSING_LOCAL = "missing_local"
    DIFFERS = "differs"
    ORPHAN = "orphan"
    DUPLICATE = "duplicate"
    MIRROR_BEHIND = "mirror_behind"
    NOT_CONFIRMABLE = "not_confirmable"


class Fix(StrEnum):
    """What an approved plan does about a finding."""

    ASK_AGAIN = "ask_again"  # look for it; put the same version again only if absent or older
    ADOPT = "adopt"  # take their version for the newest; what the source shows next follows it
    TAKE_STATUS = "take_status"
    PERSON = "person"  # nothing by itself
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Ours:
    """What the ledger holds of a key: its newest version, and what it knows of the nation's copy.

    received: the newest version with a receipt of this generation, 0 if none. in_source: the last finished sweep saw
    the row. shown: the sequence of the status in our mirror, None if there is none."""

    version: int
    digest: str
    state: State
    cause: Cause | None
    has_body: bool
    received: int
    national_id: str
    in_source: bool
    shown: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one key, how exactly, and what an approved plan does about it."""

    accord: Accord
    how: str = ""
    fix: Fix = Fix.NOTHING


AGREES = Finding(Accord.AGREES)
IN_FLIGHT = Finding(Accord.NOT_CONFIRMABLE, "in_flight")
HELD_BACK = Finding(Accord.NOT_CONFIRMABLE, "held_back")
NOT_LISTED = Finding(Accord.NOT_CONFIRMABLE, "not_listed")
NOT_LOOKED_FOR = Finding(Accord.NOT_CONFIRMABLE, "not_looked_for")
BY_HAND = Finding(Accord.ORPHAN, "by_hand", Fix.PERSON)
TYPED_THERE = Finding(Accord.MISSING_REMOTE, "by_hand", Fix.PERSON)
"""Missing under our key, and there without one, entered by hand: putting it again would make two of it."""
BY_HAND_TWICE = Finding(Accord.DUPLICATE, "by_hand", Fix.PERSON)

_GOING = frozenset({State.PENDING, State.SENDING, State.UNKNOWN})
_REFUSED = frozenset({State.REJECTED, State.QUARANTINED})

CONFIRMED = frozenset({Accord.AGREES, Accord.MIRROR_BEHIND})
"""What lets `verified_through` pass: the nation holds exactly what the ledger says."""

OPEN = frozenset(Accord) - {Accord.AGREES, Accord.NOT_CONFIRMABLE}
"""Findings that a report lists; what agrees or cannot be told yet is counted."""


def compare(ours: Ours | None, held: Sequence[Held], *, complete: bool) -> Finding:
    """Return what one key's ledger entry and the nation's records under that key say together.

    complete: everything the source shows is in the ledger (a sweep was finished, and the store lost nothing since), so
    that a key unknown here is nobody's of ours."""
    if len(held) > 1:
        return Finding(Accord.DUPLICATE, "two_records", Fix.PERSON)
    if not held:
        return _absent(ours) if ours is not None else AGREES
    if ours is None:
        if complete:
            return Finding(Accord.ORPHAN, "unknown_key", Fix.PERSON)
        return Finding(Accord.MISSING_LOCAL, "forgotten", Fix.ADOPT)
    found = _both(ours, held[0])
    if found.accord is Accord.AGREES and _is_behind(ours, held[0]):
        return Finding(Accord.MIRROR_BEHIND, "", Fix.TAKE_STATUS)
    return found


def _absent(ours: Ours) -> Finding:
    if ours.state is State.DELIVERED:
        if not ours.in_source:
            return Finding(Accord.MISSING_REMOTE, "source_gone", Fix.PERSON)
        return (
            Finding(Accord.MISSING_REMOTE, "", Fix.ASK_AGAIN) if ours.has_body else _without_text(Accord.MISSING_REMOTE)
        )
    if ours.state in _REFUSED:
        return Finding(Accord.MISSING_REMOTE, "older", Fix.PERSON) if ours.received else HELD_BACK
    return IN_FLIGHT if ours.state in _GOING else AGREES  # not sent by rule, or taken back


def _both(ours: Ours, held: Held) -> Finding:
    if ours.state is State.SENDING:
        return IN_FLIGHT
    if held.version > ours.version:
        settled = ours.state not in (State.NOT_SENT, State.RETRACTED)
        return Finding(Accord.DIFFERS, "national_newer", Fix.ADOPT if settled else Fix.PERSON)
    if ours.state is State.NOT_SENT:
        return AGREES  # kept there by a decision that the ledger shows
    if held.version < ours.version:
        return _older_there(ours)
    if held.digest != ours.digest:
        return Finding(Accord.DIFFERS, "other_digest", Fix.PERSON)
    if ours.state in _GOING:
        return IN_FLIGHT  # it is there, and the next look or repeat will say so
    if ours.state in _REFUSED:
        return Finding(Accord.DIFFERS, "held_there", Fix.ASK_AGAIN if ours.has_body else Fix.PERSON)
    if ours.national_id and held.national_id != ours.national_id:
        return Finding(Accord.DIFFERS, "other_id", Fix.PERSON)
    return AGREES


def _older_there(ours: Ours) -> Finding:
    if ours.state in _GOING:
        return IN_FLIGHT
    if ours.state in _REFUSED:
        return HELD_BACK
    if ours.state is not State.DELIVERED or not ours.in_source:
        return Finding(Accord.DIFFERS, "national_older", Fix.PERSON)
    return Finding(Accord.DIFFERS, "national_older", Fix.ASK_AGAIN) if ours.has_body else _without_text(Accord.DIFFERS)


def _without_text(accord: Accord) -> Finding:
    """The text was retired: the row must be read again before there is anything to send."""
    return Finding(accord, "text_gone", Fix.PERSON)


def _is_behind(ours: Ours, held: Held) -> bool:
    """The feed tells of changes only: a record that nothing has happened to has no status in the mirror."""
    if ours.shown is None:
        return held.status != "received"
    return held.status_sequence > ours.shown


def seen(sighting: SightingName, ours: Ours) -> Finding:
    """Return what looking for one delivered record says, where the nation has no list."""
    found = _SEEN[sighting]
    if found.fix is Fix.ASK_AGAIN and not ours.in_source:
        return Finding(found.accord, found.how, Fix.PERSON)
    if found.fix is Fix.ASK_AGAIN and not ours.has_body:
        return _without_text(found.accord)
    return found


_SEEN = {
    SightingName.SAME: AGREES,
    SightingName.ABSENT: Finding(Accord.MISSING_REMOTE, "", Fix.ASK_AGAIN),
    SightingName.OLDER: Finding(Accord.DIFFERS, "national_older", Fix.ASK_AGAIN),
    SightingName.NEWER: Finding(Accord.DIFFERS, "national_newer", Fix.PERSON),
    SightingName.OTHER: Finding(Accord.DIFFERS, "other_digest", Fix.PERSON),
    SightingName.SEVERAL: Finding(Accord.DUPLICATE, "two_records", Fix.PERSON),
    SightingName.UNREADABLE: NOT_LOOKED_FOR,
    SightingName.HELD: NOT_LOOKED_FOR,
}
