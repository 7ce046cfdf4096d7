"""Pruning an agency's log: the oldest entries go, once they lie in an export that was verified whole.

    read the export           with the very program that lies in it: nothing may be wrong with it
    compare it with the log   same store, same beginning, the hash of the chain at its end
    how far                   not past its end, not past what is too young or about a held case, not past what a
                              head file may name
    MAINTENANCE TRANSACTION   the prefix goes, `audit.pruned` comes (store/pruning.py)

If the process dies before that commit, nothing has happened; after it, everything has, and the head file names an entry
that is still there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from pathlib import Path

from sqlalchemy import Connection

from connector import verifier
from connector.core import chain
from connector.core.chain import Head
from connector.core.model import Actor
from connector.errors import DataError, TamperError
from connector.store import agreement, audit, holds, pruned, pruning
from connector.store.agreement import Story
from connector.store.db import Store, store_id
from connector.store.pruning import Prefix
from connector.verifier import Report

READ_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Plan:
    """What a prune would take out. `last`: the last entry of the export; `kept`: the first one that stays because it is
    too young, 0 if none is; `held`: the first that stays because it is about a held case, 0 if none does."""

    prefix: Prefix
    last: int
    kept: int
    held: int


def plan(store: Store, agency: str, file: Path, older_than: datetime) -> Plan:
    """Return what may go of the log: what the export holds, and is older than that. Reads only.

    Raises DataError where the export is not whole, not of this log as it begins now, or not the same as it; TamperError
    where the log itself does not hold together; OSError."""
    digest = _digest_of(file)
    report = verifier.verify(file)
    if report.faults:
        raise DataError("E-PRUNE-EXPORT", file=file.name, rule=report.faults[0].rule)
    if _digest_of(file) != digest:
        raise DataError("E-PRUNE-EXPORT", file=file.name, rule="E-EXPORT-DIGEST")
    with store.read() as connection:
        head = store.heads.check(connection, agency)
    on_file = store.heads.read(agency)
    named = min(head.seq, on_file.seq if on_file else 0)  # a death after the commit leaves the head file as it is now
    with store.read() as connection:
        begins = _same_beginning(connection, agency, file, report)
        found = audit.last_before(connection, agency, older_than)
        held = holds.first_entry(connection, agency)
        bound = min(report.head_seq, found, named - 1, held - 1 if held else named)
        through, story = _followed(connection, begins, bound, report)
    prefix = Prefix(begins, through, story.states, story.receipts, digest)
    young = found + 1 if found < report.head_seq else 0
    return Plan(prefix, report.head_seq, young, held if held <= report.head_seq else 0)


def prune(store: Store, found: Plan, actor: Actor, reason: str) -> bool:
    """Carry the plan out in one transaction. False: nothing was done, for somebody else has pruned meanwhile."""
    with store.write() as tx:
        return pruning.prune(tx, found.prefix, actor, reason)


def _digest_of(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while part := opened.read(READ_BYTES):
            digest.update(part)
    return digest.hexdigest()


def _same_beginning(connection: Connection, agency: str, file: Path, report: Report) -> Head:
    begins = pruned.beginning(connection, agency)
    if (report.agency, report.store) != (agency, store_id(connection)):
        raise DataError("E-PRUNE-OTHER", file=file.name, agency=agency)
    if report.before != (begins.seq, begins.hash):
        raise DataError("E-PRUNE-BEGIN", file=file.name, seq=report.before[0] + 1, first=begins.seq + 1)
    if audit.hashes_at(connection, agency, [report.head_seq]) != {report.head_seq: report.head_hash}:
        raise DataError("E-PRUNE-OTHER", file=file.name, agency=agency)
    gone = pruned.standing(connection, agency)
    if gone is not None and pruned.told_digest(connection, agency) != gone.told:
        raise TamperError("E-AUDIT-PRUNED", agency=agency, seq=gone.seq)
    return begins


def _followed(connection: Connection, begins: Head, bound: int, report: Report) -> tuple[Head, Story]:
    """Follow the log to the export's end: every entry that goes is the one that was exported. Return the last one that
    goes, and what those told of each version."""
    following = chain.Following(begins)
    exported = takewhile(lambda link: link[0] <= report.head_seq, audit.links(connection, begins.agency))
    entries = following.through(exported)
    story = agreement.story_of(islice(entries, max(0, bound - begins.seq)))
    for _ in entries:  # what stays is followed too
        pass
    if following.fault is not None:
        raise TamperError(following.fault.rule, agency=begins.agency, seq=following.fault.seq)
    if bound <= begins.seq:
        return begins, story
    return Head(begins.agency, bound, audit.hashes_at(connection, begins.agency, [bound])[bound]), story
