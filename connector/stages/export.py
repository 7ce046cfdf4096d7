"""An export of one agency's log for an auditor: one file, with all that it takes to verify it anywhere.

    manifest.json    whose log, by whom and when, the head file, and the digest of every other file
    entries.jsonl    [place, hash, content]: the canonical bytes that the hash was made of, as they are
    ledger.jsonl     [kind, local id, version, state] of every version, to compare with the entries both ways
    receipts.jsonl   [hash, canonical text] of what the nation said when it settled a delivery
    pruned.jsonl     [kind, local id, version, state, receipts] as pruned entries told it last; only where the log does
                     not begin with its first entry
    checkpoints.jsonl  [name, text] of those that were made here
    verify.py        verifies it with nothing but Python

Entries hold no value of a record, only states, rules, counts and keyed commitments; so nothing has to be masked. What
people gave as reasons is not in it. Read in one transaction and written line by line.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from sqlalchemy import Connection

from connector import __version__, verifier
from connector.core.model import Actor, Event
from connector.errors import DataError, RolledBackError
from connector.store import agreement, audit, pruned, receipts, spans
from connector.store.db import Store, store_id
from connector.store.places import Places
from connector.store.spans import Reach

FORMAT = 1

VIETNAM = timezone(timedelta(hours=7))
"""As in the program that verifies: it must work where no zones are installed."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What stands in an export. `noted`: whether the log itself says that it was made; a store that went back in time
    takes no entry."""

    entries: int
    head_hash: str
    noted: bool


@dataclass(frozen=True, slots=True)
class Days:
    """A range of days, both included, as Vietnam counts them."""

    first: date
    last: date

    @property
    def begin(self) -> datetime:
        """Return when the first day begins."""
        return datetime.combine(self.first, time(), VIETNAM)

    @property
    def end(self) -> datetime:
        """Return when the day after the last one begins."""
        return datetime.combine(self.last + timedelta(days=1), time(), VIETNAM)


@dataclass(slots=True)
class _Archive:
    archive: zipfile.ZipFile
    at: datetime
    files: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, lines: Iterable[bytes]) -> None:
        """Write one file line by line, and remember its digest."""
        info = zipfile.ZipInfo(name, self.at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        digest = hashlib.sha256()
        with self.archive.open(info, "w", force_zip64=True) as file:
            for line in lines:
                digest.update(line)
                file.write(line)
        self.files[name] = digest.hexdigest()


def export(
    store: Store, agency: str, places: Places, environment: str, actor: Actor, file: BinaryIO, days: Days | None = None
) -> Exported:
    """Write the export of an agency's whole log, or of these days, into a new file.

    Raises OSError, and DataError where there is no entry of those days. That it is made is the last entry of the log.
    If the process dies here, the log says more than there is: an auditor asks for the file, and gets the next one."""
    noted = _note(store, agency, actor)
    head_file = _head_file(store, agency)  # before the entries: what is written meanwhile only makes the chain longer
    with zipfile.ZipFile(file, "w") as archive, store.read() as connection:
        out = _Archive(archive, store.now())
        found = _reach(connection, agency, days, places)
        before, last = _add_entries(out, connection, agency, found)
        _add_ledger(out, connection, agency, found)
        shipped = (one for one in _checkpoints(places, agency) if found is None or found.holds(_seq_of(one)))
        out.add("checkpoints.jsonl", (orjson.dumps(list(one)) + b"\n" for one in shipped))
        out.add("verify.py", [Path(verifier.__file__).read_bytes()])
        manifest: dict[str, Any] = {
            "format": FORMAT, "agency": agency, "store": store_id(connection), "environment": environment,
            "program": __version__, "made_at": out.at.isoformat().replace("+00:00", "Z"), "made_by": actor.name,
            "entries": last["seq"] - before, "first": before + 1, "head": last["hash"], "head_file": head_file,
            "files": dict(out.files),
        }  # fmt: skip
        if days is not None and found is not None:
            manifest |= _of_range(connection, agency, days, found)
        out.add("manifest.json", [orjson.dumps(manifest, option=orjson.OPT_INDENT_2)])
    return Exported(int(last["seq"]) - before, str(last["hash"]), noted)


def _reach(connection: Connection, agency: str, days: Days | None, places: Places) -> Reach | None:
    if days is None:
        return None
    agreeing = audit.met(connection, agency, Places(places.own).files(agency))
    found = spans.reach(connection, agency, days.begin, days.end, agreeing)
    if found is None:
        raise DataError("E-EXPORT-EMPTY", agency=agency)
    return found


def _add_ledger(out: _Archive, connection: Connection, agency: str, found: Reach | None) -> None:
    """Write what the ledger holds, the receipts, and what is kept of pruned entries; of a range only what its entries
    tell of."""
    ledger: Iterable[object] = agreement.versions(connection, agency)
    kept = receipts.lines(connection, agency)
    if found is not None:
        told = spans.told(connection, agency, found)
        ledger, kept = told.versions(connection, agency), (line for line in kept if line[0] in told.receipts)
    out.add("ledger.jsonl", (orjson.dumps(row) + b"\n" for row in ledger))
    out.add("receipts.jsonl", (orjson.dumps(line) + b"\n" for line in kept))
    if found is None and pruned.first(connection, agency).seq:
        out.add("pruned.jsonl", pruned.lines(connection, agency))


def _add_entries(out: _Archive, connection: Connection, agency: str, found: Reach | None) -> tuple[int, dict[str, Any]]:
    """Write the entries; return the place before the first, and place and hash of the last."""
    before = found.begin - 1 if found else pruned.first(connection, agency).seq
    last: dict[str, Any] = {"seq": before, "hash": verifier.GENESIS}
    out.add("entries.jsonl", _entries(connection, agency, last, before, found.end if found else None))
    return before, last


def _of_range(connection: Connection, agency: str, days: Days, found: Reach) -> dict[str, Any]:
    """Return what the manifest says of a range: the days, its entries, and the entries about keys from before."""
    keys = [[seq, name, dict(facts)] for seq, name, facts in audit.key_events(connection, agency) if seq < found.begin]
    said = {"from": days.first.isoformat(), "to": days.last.isoformat(), "first": found.first, "last": found.last}
    return {"range": said, "keys": keys}


def _note(store: Store, agency: str, actor: Actor) -> bool:
    try:
        with store.write() as tx:
            tx.audit(Event("audit.exported", agency, actor, tx.now))
    except RolledBackError:
        return False
    return True


def _head_file(store: Store, agency: str) -> dict[str, Any] | str | None:
    try:
        head = store.heads.read(agency)
    except RolledBackError:
        return verifier.UNREADABLE_HEAD
    return {"seq": head.seq, "hash": head.hash} if head else None


def _entries(
    connection: Connection, agency: str, last: dict[str, Any], after_seq: int, end: int | None
) -> Iterator[bytes]:
    for entry in audit.entries(connection, agency, after_seq=after_seq):
        if end is not None and entry.seq > end:
            return
        last.update(seq=entry.seq, hash=entry.hash)
        yield orjson.dumps([entry.seq, entry.hash, entry.content]) + b"\n"


def _checkpoints(places: Places, agency: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of every checkpoint that was made here."""
    for name, content in Places(places.own).files(agency):
        yield name, content.decode("utf-8", errors="replace")


def _seq_of(one: tuple[str, str]) -> int:
    found = verifier.read_checkpoint(one[1])
    return found.seq if found else 0
