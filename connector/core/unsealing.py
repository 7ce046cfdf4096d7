"""What the auditor finds in sealed texts: of each, what it says, and whether it is the one that the log tells of.

Opening alone proves that it was sealed as the text of this version of this record, under this commitment. That the log
says so too is shown by the entry of the sealing, by an export of the log, and by the agency's evidence key.
May import: chain, model, sealing.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from connector.core import chain, sealing
from connector.core.model import Kind, RecordKey

SEALED = "body.sealed"
"""The entry that tells of a sealing."""


class Verdict(StrEnum):
    """What is found of one sealed text, the worst first."""

    CLOSED = "closed"  # changed, or not the text of this record, version and commitment
    ENTRY = "entry"  # its entry is not what its hash was made of, or tells of another text
    LOG = "log"  # the export of the log has not this entry, or tells of another commitment
    COMMITMENT = "commitment"  # the evidence key makes another commitment of the text
    OTHER_KEY = "other_key"  # sealed to another key
    UNPROVEN = "unproven"  # opened, and its entry is not there to compare with
    GOOD = "good"


WRONG = frozenset({Verdict.CLOSED, Verdict.ENTRY, Verdict.LOG, Verdict.COMMITMENT})


@dataclass(frozen=True, slots=True)
class SealedText:
    """One sealed text as a file of them holds it. entry: place, hash and content of the entry that tells of its
    sealing, None where it was pruned."""

    key: RecordKey
    version: int
    key_id: str
    commitment: str
    sealed: bytes = field(repr=False)
    entry: tuple[int, str, str] | None

    def line(self) -> bytes:
        """Return it as a line of the file."""
        shown = {
            "kind": str(self.key.kind), "local_id": self.key.local_id, "version": self.version, "key": self.key_id,
            "commitment": self.commitment, "entry": self.entry, "sealed": b64encode(self.sealed).decode("ascii"),
        }  # fmt: skip
        return orjson.dumps(shown) + b"\n"


def parsed(agency: str, line: bytes) -> SealedText:
    """Return what a line says. Raises ValueError where it is no such line."""
    try:
        said = orjson.loads(line)
        seq, hash_, content = said["entry"] or (0, "", "")
        entry = (int(seq), str(hash_), str(content)) if said["entry"] else None
        key = RecordKey(agency, Kind(said["kind"]), str(said["local_id"]))
        sealed = b64decode(said["sealed"], validate=True)
        return SealedText(key, int(said["version"]), str(said["key"]), str(said["commitment"]), sealed, entry)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("no sealed text") from error


@dataclass(frozen=True, slots=True)
class Known:
    """What the auditor holds against it: hash by place of every entry of a verified export that tells of a sealing, and
    the commitments under which its entries tell of each recording; the agency's evidence key. None: he has it not."""

    entries: Mapping[int, str] | None = None
    recorded: Mapping[tuple[str, str, int], frozenset[str]] | None = None
    evidence: bytes | None = None


def judge(one: SealedText, private: X25519PrivateKey, key_id: str, known: Known) -> tuple[Verdict, bytes | None]:
    """Return what is found of a sealed text, and the text, None if it does not open."""
    if one.key_id != key_id:
        return Verdict.OTHER_KEY, None
    text = sealing.opened(private, one.sealed, one.key, one.version, one.commitment)
    if text is None:
        return Verdict.CLOSED, None
    if one.entry is not None and not _tells_of(one.entry, one):
        return Verdict.ENTRY, text
    if not _is_in(known, one):
        return Verdict.LOG, text
    if known.evidence is not None and chain.commitment(known.evidence, text) != one.commitment:
        return Verdict.COMMITMENT, text
    return (Verdict.UNPROVEN if one.entry is None else Verdict.GOOD), text


def _tells_of(entry: tuple[int, str, str], one: SealedText) -> bool:
    seq, hash_, content = entry
    fields = chain.fields_of(content.encode())
    if chain.digest(content.encode()) != hash_ or fields is None:
        return False
    facts: Mapping[str, Any] = fields[12]
    told = (fields[1], fields[2], fields[5], *fields[9:12], facts.get("commitment"), facts.get("sealed"))
    key = (str(one.key.kind), one.key.local_id, one.version)
    return told == (one.key.agency, seq, SEALED, *key, one.commitment, chain.digest(one.sealed))


def _is_in(known: Known, one: SealedText) -> bool:
    if known.entries is not None and one.entry is not None and known.entries.get(one.entry[0]) != one.entry[1]:
        return False
    told = (known.recorded or {}).get((str(one.key.kind), one.key.local_id, one.version))
    return told is None or one.commitment in told
