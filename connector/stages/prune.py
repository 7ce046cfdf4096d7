"""Pruning an agency's log: the oldest entries go, once they lie in an export that was verified whole.

    read the export           with the very program that lies in it: nothing may be wrong with it, nor with it and the
                              checkpoints of all places
    compare it with the log   same store, same beginning, the hash of the chain at its end
    how far                   not past its end, not past what is too young or about a held case, not past what a
                              head file may name, nor the entry of the newest checkpoint
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
from connector.store.places import Places
from connector.store.pruning import Prefix
from connector.verifier import Report

READ_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Plan:
    """What a prune would take out. `last`: the last entry of the export; then the first one that stays because it is
    too young (`kept`), is about a held case (`held`), or is the one that the newest checkpoint names (`signed`): 0 if
    it is not in the export, or there is none."""

    prefix: Prefix
    last: int
    kept: int
    held: int
    signed: int


def plan(store: Store, agency: str, file: Path, older_than: datetime, places: Places) -> Plan:
    """Return what may go of the log: what the export holds, and is older than that. Reads only.

    Raises DataError where the export is not whole, does not agree with the checkpoints of all places, is not of this
    log as it begins now, or not the same as it; TamperError where the log itself does not hold together; OSError."""
    digest = _digest_of(file)
    kept = list(places.files(agency))
    report = verifier.verify(file, kept)
    with store.read() as connection:
        met, of = audit.met(connection, agency, kept), (agency, store_id(connection))
    if report.store and (report.agency, report.store) != of:
        raise DataError("E-PRUNE-OTHER", file=file.name, agency=agency)
    younger = ("E-CHECKPOINT-LATER", "E-CHECKPOINT-AHEAD")  # than the export: the log itself has their entries
    if wrong := [fault for fault in report.faults if not (fault.rule in younger and fault.seq in met)]:
        raise DataError("E-PRUNE-EXPORT", file=file.name, rule=wrong[0].rule)
    if _digest_of(file) != digest:
        raise DataError("E-PRUNE-EXPORT", file=file.name, rule="E-EXPORT-DIGEST")
    with store.read() as connection:
        head = store.heads.check(connection, agency)
    on_file = store.heads.read(agency)
    named = min(head.seq, on_file.seq if on_file else 0)  # a death after the commit leaves the head file as it is now
    with store.read() as connection:
        begins = _same_beginning(connection, agency, file, report)
        found = audit.last_before(connection, agency, older_than)
        # That of the newest checkpoint stays: what others keep from outside must still meet the log, or a prune could
        # take whatever contradicts it.
        held, signed = holds.first_entry(connection, agency), max(met, default=0)
        bound = min(report.head_seq, found, *(seq - 1 for seq in (named, held, signed) if seq))
        through, story = _followed(connection, begins, bound, report)
    prefix = Prefix(begins, through, story.states, story.receipts, digest)
    young, last = found + 1 if found < report.head_seq else 0, report.head_seq
    return Plan(prefix, last, young, held if held <= last else 0, signed if signed <= last else 0)


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
