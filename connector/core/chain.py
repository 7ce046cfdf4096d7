"""Canonical bytes, digests, commitments, and the audit chain.

Canonical JSON here is what orjson writes with sorted keys: equal to RFC 8785 as long as keys are ASCII, integers
stay below 2^53 and there are no floats; `tests/core/test_chain.py` holds the two against each other.
May import: orjson, the standard library, `model`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
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
    """The first entry that does not fit: `rule` is E-AUDIT-HASH, E-AUDIT-PREV, E-AUDIT-GAP or E-AUDIT-FORM."""

    seq: int
    rule: str


def verify(entries: Iterable[Entry], after: Head) -> tuple[Head, ChainFault | None]:
    """Follow the chain from `after`; return the last good head, and the first fault or None.

    Entries come in the order of `seq`. Nothing is believed but the content: hash and place are computed from it."""
    head = after
    for entry in entries:
        if entry.seq != head.seq + 1:
            return head, ChainFault(entry.seq, "E-AUDIT-GAP")
        if digest(entry.content.encode()) != entry.hash:
            return head, ChainFault(entry.seq, "E-AUDIT-HASH")
        try:
            fields = orjson.loads(entry.content)
        except orjson.JSONDecodeError:
            fields = None
        if not _is_entry(fields):
            return head, ChainFault(entry.seq, "E-AUDIT-FORM")
        if fields[1:4] != [head.agency, entry.seq, head.hash]:
            return head, ChainFault(entry.seq, "E-AUDIT-PREV")
        head = Head(head.agency, entry.seq, entry.hash)
    return head, None


def _is_entry(fields: object) -> bool:
    """Whether this is what `link` writes: a chain that somebody else has linked anew may hold anything."""
    if not isinstance(fields, list) or len(fields) != ENTRY_FIELDS:
        return False
    texts = [fields[place] for place in (4, 5, 6, 8, 9, 10)]
    return all(isinstance(text, str) for text in texts) and isinstance(fields[11], int) and isinstance(fields[12], dict)
