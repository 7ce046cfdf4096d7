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
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from sqlalchemy import Connection

from connector import __version__, verifier
from connector.core.model import Actor, Event
from connector.errors import RolledBackError
from connector.store import agreement, audit, pruned, receipts
from connector.store.db import Store, store_id
from connector.store.places import Places

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Exported:
    """What stands in an export. `noted`: whether the log itself says that it was made; a store that went back in time
    takes no entry."""

    entries: int
    head_hash: str
    noted: bool


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


def export(store: Store, agency: str, places: Places, environment: str, actor: Actor, file: BinaryIO) -> Exported:
    """Write the export of an agency's whole log into a new file. Raises OSError.

    That it is made is the last entry of it. If the process dies here, the log says more than there is: an auditor asks
    for the file, and gets the next one."""
    noted = _note(store, agency, actor)
    head_file = _head_file(store, agency)  # before the entries: what is written meanwhile only makes the chain longer
    with zipfile.ZipFile(file, "w") as archive, store.read() as connection:
        out = _Archive(archive, store.now())
        last: dict[str, Any] = {"seq": 0, "hash": verifier.GENESIS}
        out.add("entries.jsonl", _entries(connection, agency, last))
        out.add("ledger.jsonl", (orjson.dumps(row) + b"\n" for row in agreement.versions(connection, agency)))
        out.add("receipts.jsonl", (orjson.dumps(line) + b"\n" for line in receipts.lines(connection, agency)))
        before = pruned.first(connection, agency).seq
        if before:
            out.add("pruned.jsonl", pruned.lines(connection, agency))
        out.add("checkpoints.jsonl", _checkpoints(places, agency))
        out.add("verify.py", [Path(verifier.__file__).read_bytes()])
        manifest: dict[str, Any] = {
            "format": FORMAT, "agency": agency, "store": store_id(connection), "environment": environment,
            "program": __version__, "made_at": out.at.isoformat().replace("+00:00", "Z"), "made_by": actor.name,
            "entries": last["seq"] - before, "first": before + 1, "head": last["hash"], "head_file": head_file,
            "files": dict(out.files),
        }  # fmt: skip
        out.add("manifest.json", [orjson.dumps(manifest, option=orjson.OPT_INDENT_2)])
    return Exported(int(last["seq"]) - before, str(last["hash"]), noted)


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


def _entries(connection: Connection, agency: str, last: dict[str, Any]) -> Iterator[bytes]:
    for entry in audit.entries(connection, agency):
        last.update(seq=entry.seq, hash=entry.hash)
        yield orjson.dumps([entry.seq, entry.hash, entry.content]) + b"\n"


def _checkpoints(places: Places, agency: str) -> Iterator[bytes]:
    for name, content in Places(places.own).files(agency):
        yield orjson.dumps([name, content.decode("utf-8", errors="replace")]) + b"\n"
