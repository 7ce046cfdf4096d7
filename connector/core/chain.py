"""Canonical bytes, digests, commitments, and the audit chain.

Canonical JSON here is what orjson writes with sorted keys: equal to RFC 8785 as long as keys are ASCII, integers
stay below 2^53 and there are no floats; `tests/core/test_chain.py` holds the two against each other.
May import: orjson, the standard library, `model`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from connector.core.model import Entry, Event

GENESIS = "0" * 64
"""`prev` of the first entry of every chain."""

ENTRY_FORMAT = 1
ENTRY_FIELDS = 15


def canonical(value: Any) -> bytes:
    """Return the canonical JSON bytes of a value that holds no float."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(data: bytes) -> str:
    """Return the SHA-256 of the bytes, 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def commitment(key: bytes, data: bytes) -> str:
    """Return HMAC-SHA256(key, data) in hex: says "the same" to whoever holds the key, and nothing to others.

    A bare digest of a small document can be found by trying; so outside the encrypted ledger only these appear."""
    return hmac.new(key, data, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The end of one agency's chain: `seq` 0 and GENESIS while it is empty."""

    agency: str
    seq: int
    hash: str


def link(head: Head, event: Event, program: str, config_digest: str) -> Entry:
    """Return the entry that follows `head`: its hash covers the canonical array, which holds the hash before it."""
    content = canonical(
        [
            ENTRY_FORMAT,
            head.agency,
            head.seq + 1,
            head.hash,
            event.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            event.name,
            event.actor.name,
            event.actor.authenticated,
            event.actor.trigger,
            event.key.kind if event.key else "",
            event.key.local_id if event.key else "",
            event.version or 0,
            dict(event.facts),
            program,
            config_digest,
        ]
    )
    return Entry(head.agency, head.seq + 1, head.hash, digest(content), content.decode())


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first entry that does not fit: `rule` is E-AUDIT-HASH, E-AUDIT-PREV, E-AUDIT-GAP, E-AUDIT-FORM or
    E-AUDIT-FILED."""

    seq: int
    rule: str


Link = tuple[int, bytes, bytes, bytes | None]
"""An entry as it is followed: its place, the hash that stands beside it, its content, and what it is filed under
(`filed_under`), None where it is filed nowhere."""

Fields = list[Any]
"""What an entry says, in the order of `link`."""


@dataclass(slots=True)
class Following:
    """How far a chain was followed: its last good head, and the first entry that does not fit, None if all do."""

    head: Head
    fault: ChainFault | None = None

    def through(self, links: Iterable[Link]) -> Iterator[Fields]:
        """Yield what each entry says, as long as they fit; `head` and `fault` are told when no more come.

        Entries come in the order of their places. Nothing is believed but the content: hash and place are computed
        from it."""
        agency, seq, prev = self.head.agency, self.head.seq, self.head.hash
        try:
            for place, said, content, filed in links:
                hash_ = hashlib.sha256(content).hexdigest()
                if place != seq + 1:
                    self.fault = ChainFault(place, "E-AUDIT-GAP")
                elif hash_.encode() != said:
                    self.fault = ChainFault(place, "E-AUDIT-HASH")
                elif (fields := fields_of(content)) is None:
                    self.fault = ChainFault(place, "E-AUDIT-FORM" if _is_text(content) else "E-AUDIT-HASH")
                elif fields[3] != prev or fields[2] != place or fields[1] != agency:
                    self.fault = ChainFault(place, "E-AUDIT-PREV")
                elif filed is not None and filed != filed_under(fields):
                    self.fault = ChainFault(place, "E-AUDIT-FILED")
                else:
                    seq, prev = place, hash_
                    yield fields
                    continue
                return
        finally:
            self.head = Head(agency, seq, prev)


def verify(entries: Iterable[Entry], after: Head) -> tuple[Head, ChainFault | None]:
    """Follow the chain from `after`; return the last good head, and the first fault or None."""
    following = Following(after)
    for _ in following.through((entry.seq, entry.hash.encode(), entry.content.encode(), None) for entry in entries):
        pass
    return following.head, following.fault


def filed_under(fields: Fields) -> bytes:
    """Return by what a store finds an entry: the hash before it, when, what happened, and to which record. Whoever
    changes that beside the entry hides it from all who look for it."""
    return "\n".join((fields[3], fields[4], fields[5], fields[9], fields[10])).encode(errors="replace")


def _is_text(content: bytes) -> bool:
    """Whether this can have been a text when it was hashed."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def fields_of(content: bytes) -> Fields | None:
    """Return what an entry says, None if this is not what `link` writes: a chain that somebody else has linked anew may
    hold anything."""
    try:
        fields = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    if type(fields) is not list or len(fields) != ENTRY_FIELDS:
        return None
    _, _, _, _, at, event, actor, _, trigger, kind, local_id, version, facts, _, _ = fields
    texts = type(at) is type(event) is type(actor) is type(trigger) is type(kind) is type(local_id) is str
    return fields if texts and isinstance(version, int) and type(facts) is dict else None
