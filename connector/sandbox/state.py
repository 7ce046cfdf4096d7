"""What the national side holds: records, the effects of every PUT, the feed, and the request log. Stdlib SQLite.

One connection under one lock; each public method is one transaction. In memory, or in a file that outlives the
process (not a power cut: `synchronous` is OFF, this is a stand-in and not an archive).
May import: the standard library, `contents.py`, `values.py`.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from datetime import datetime
from pathlib import Path

from connector.sandbox.contents import SCHEMA as CONTENT_SCHEMA
from connector.sandbox.contents import Contents
from connector.sandbox.values import Effect, FeedItem, Held, Key, LogLine, Repeats, Stored, timestamp

_SCHEMA = """
CREATE TABLE IF NOT EXISTS identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS record (
  agency TEXT, kind TEXT, local_id TEXT, national_id TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL,
  received_at TEXT NOT NULL, status TEXT NOT NULL, sequence INTEGER NOT NULL,
  PRIMARY KEY (agency, kind, local_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS effect (
  agency TEXT, kind TEXT, local_id TEXT, version INTEGER, effects INTEGER NOT NULL,
  PRIMARY KEY (agency, kind, local_id, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, agency TEXT NOT NULL, kind TEXT NOT NULL, local_id TEXT NOT NULL,
  national_id TEXT NOT NULL, sequence INTEGER NOT NULL, status TEXT NOT NULL, occurred_at TEXT NOT NULL,
  note TEXT NOT NULL, held INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS event_held ON event (agency) WHERE held = 1;
CREATE TABLE IF NOT EXISTS feed (
  position INTEGER PRIMARY KEY AUTOINCREMENT, agency TEXT NOT NULL, event INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS feed_agency ON feed (agency, position);
CREATE TABLE IF NOT EXISTS ack (agency TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT, method TEXT, path TEXT, agency TEXT, kind TEXT, local_id TEXT,
  version INTEGER, digest TEXT, idempotency_key TEXT, status INTEGER, fault TEXT, body BLOB);
"""


_ALL_RECORDS = """
SELECT agency, kind, local_id, national_id, version, digest, received_at, status, sequence
FROM record WHERE local_id <> national_id ORDER BY agency, kind, local_id"""
_ONE_RECORD = """
SELECT national_id, version, digest, received_at, status, sequence
FROM record WHERE agency = ? AND kind = ? AND local_id = ?"""
_ADD_EFFECT = """
INSERT INTO effect VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET effects = effects + 1 RETURNING effects"""
_FEED_AFTER = """
SELECT position, event_id, sequence, kind, local_id, national_id, status, occurred_at, note
FROM feed JOIN event ON event.id = feed.event
WHERE feed.agency = ? AND position > ? ORDER BY position LIMIT ?"""
_HELD_BACK = """
SELECT id FROM event
WHERE held = 1 AND agency = ? AND (? = '' OR kind = ?) AND (? = '' OR local_id = ?) ORDER BY id"""
_LOG_INSERT = "INSERT INTO log VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # LogLine after seq, then the body
_LOG_AFTER = """
SELECT seq, at, method, path, agency, kind, local_id, version, digest, idempotency_key, status, fault
FROM log WHERE seq > ? ORDER BY seq LIMIT ?"""


WITHDRAWN = "withdrawn"


class NationalState:
    """The national side's memory. `seed` makes its national ids, so two runs of one seed hand out the same ones."""

    def __init__(self, file: Path | None, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        if file is not None:
            file.touch(mode=0o600)  # it will hold every document that is sent here, unencrypted
        self._db = sqlite3.connect(file or ":memory:", check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA + CONTENT_SCHEMA)
        with self._db:
            self._db.execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", (uuid.uuid4().hex,))
        self.contents = Contents(self.transaction)
        self.identity: str = self._db.execute("SELECT id FROM identity").fetchone()[0]

    def close(self) -> None:
        """Close the file. Waits for a running transaction."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for one transaction, to who keeps tables of another profile beside these."""
        with self._lock, self._db:
            yield self._db

    def put(self, key: Key, version: int, digest: str, now: datetime, *, idempotent: bool) -> tuple[Stored, Held]:
        """Create or replace a record; return what became of it and what is held now.

        A newer version of a record that had moved on brings it back to `received`, with an event. An older version,
        or the same with another digest, changes nothing."""
        with self._lock, self._db:
            held = self._held(key)
            if held is None:
                return Stored.CREATED, self._create(key, version, digest, now)
            if version < held.version:
                return Stored.OLDER, held
            if version > held.version:
                return Stored.REPLACED, self._replace(key, held, version, digest, now)
            if digest != held.digest:
                return Stored.OTHER, held
            if idempotent:
                return Stored.REPLAYED, held
            return Stored.REPEATED, self._repeat(key, held)

    def withdraw(
        self, key: Key, version: int, digest: str, now: datetime, *, idempotent: bool
    ) -> tuple[Stored, Held | None]:
        """Mark a record as withdrawn, with an event; return what became of that and what is held, None if nothing is.

        Nothing is deleted: the record stays, under the version and digest of its withdrawal, until a newer PUT."""
        with self._lock, self._db:
            held = self._held(key)
            if held is None:
                return Stored.OLDER, None
            if version < held.version:
                return Stored.OLDER, held
            if version == held.version and digest != held.digest:
                return Stored.OTHER, held
            if version == held.version and idempotent:
                return Stored.REPLAYED, held
            stored = Stored.REPEATED if version == held.version else Stored.REPLACED
            self._add_effect(key, version)
            held = replace(held, version=version, digest=digest, received_at=timestamp(now))
            return stored, self._change_status(key, held, WITHDRAWN, "", now, Repeats.ONCE)

    def get(self, key: Key) -> Held | None:
        """Return what is held of this record, or None."""
        with self._lock:
            return self._held(key)

    def records(self) -> list[tuple[Key, Held]]:
        """Return every record that has a local_id, in the order of its key."""
        with self._lock:
            rows = self._db.execute(_ALL_RECORDS).fetchall()
        return [(Key(*row[:3]), Held(*row[3:])) for row in rows]

    def effects(self) -> dict[Effect, int]:
        """Return how many national effects each version of each record had."""
        with self._lock:
            rows = self._db.execute("SELECT agency, kind, local_id, version, effects FROM effect").fetchall()
        return {Effect(*row[:4]): row[4] for row in rows}

    def move(self, key: Key, status: str, note: str, now: datetime, repeats: Repeats) -> bool:
        """Give a record a new status and write its event; False when no such record is held.

        A late event is kept back until the next event of its record is in the feed, or a reader has reached the end."""
        with self._lock, self._db:
            held = self._held(key)
            if held is None:
                return False
            self._change_status(key, held, status, note, now, repeats)
            return True

    def agencies_with(self, status: str) -> frozenset[str]:
        """Return the agencies of which a record ever had this status."""
        with self._lock:
            rows = self._db.execute("SELECT DISTINCT agency FROM event WHERE status = ?", (status,)).fetchall()
        return frozenset(row[0] for row in rows)

    def feed(self, agency: str, after: int, limit: int) -> tuple[list[FeedItem], bool]:
        """Return at most `limit` items after this position, and whether there are more."""
        with self._lock, self._db:
            items = self._items(agency, after, limit + 1)
            if not items and self._release(agency):
                items = self._items(agency, after, limit + 1)
        return items[:limit], len(items) > limit

    def feed_end(self) -> int:
        """Return the last position ever handed out; a cursor beyond it comes from a future that was rolled back."""
        with self._lock:
            row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'feed'").fetchone()
        return int(row[0]) if row else 0

    def acknowledge(self, agency: str, position: int) -> None:
        """Remember how far the agency has applied the feed. It never moves back."""
        with self._lock, self._db:
            self._db.execute(
                "INSERT INTO ack VALUES (?, ?) ON CONFLICT DO UPDATE SET position = MAX(position, excluded.position)",
                (agency, position),
            )

    def acknowledged(self, agency: str) -> int:
        """Return the newest acknowledged position, 0 when there is none."""
        with self._lock:
            row = self._db.execute("SELECT position FROM ack WHERE agency = ?", (agency,)).fetchone()
        return int(row[0]) if row else 0

    def append_log(self, line: LogLine, body: bytes) -> None:
        """Write one request down, with the body of a PUT; `line.seq` is given here."""
        with self._lock, self._db:
            self._db.execute(_LOG_INSERT, (*astuple(line)[1:], body))

    def log(self, after: int, limit: int) -> list[LogLine]:
        """Return at most `limit` lines after this sequence number, oldest first; -1 for all."""
        with self._lock:
            rows = self._db.execute(
                _LOG_AFTER,
                (after, limit),
            ).fetchall()
        return [LogLine(*row) for row in rows]

    def bodies(self) -> list[bytes]:
        """Return the body of every request that had one and arrived whole, accepted or not, in the order of the log."""
        with self._lock:
            rows = self._db.execute("SELECT body FROM log WHERE length(body) > 0 ORDER BY seq").fetchall()
        return [row[0] for row in rows]

    def snapshot(self) -> bytes:
        """Return the whole memory as bytes, for `restore`."""
        with self._lock:
            image = bytearray(self._db.serialize())
        image[18:20] = b"\x01\x01"  # not WAL (file format, section 1.3.3): a copy in memory cannot have a WAL
        return bytes(image)

    def restore(self, snapshot: bytes) -> None:
        """Go back in time to a snapshot, as a national side restored from yesterday's backup would.

        The request log goes back as well; the file, if any, is overwritten."""
        backup = sqlite3.connect(":memory:")
        backup.deserialize(snapshot)
        with self._lock:
            backup.backup(self._db)
        backup.close()

    def _held(self, key: Key) -> Held | None:
        row = self._db.execute(
            _ONE_RECORD,
            key,
        ).fetchone()
        return Held(*row) if row else None

    def _create(self, key: Key, version: int, digest: str, now: datetime) -> Held:
        national_id = self._new_national_id(key, version)
        held = Held(national_id, version, digest, timestamp(now), "received", 1)
        self._write(key, held)
        return held

    def _repeat(self, key: Key, held: Held) -> Held:
        """Make another national record of the same version; the one before stays behind, an orphan."""
        held = replace(held, national_id=self._new_national_id(key, held.version))
        self._write(key, held)
        return held

    def _new_national_id(self, key: Key, version: int) -> str:
        effects = self._add_effect(key, version)
        return f"NDB-{hashlib.sha256(repr((self._seed, *key, version, effects)).encode()).hexdigest()[:16]}"

    def _replace(self, key: Key, held: Held, version: int, digest: str, now: datetime) -> Held:
        self._add_effect(key, version)
        newer = Held(
            held.national_id,
            version,
            digest,
            timestamp(now),
            held.status,
            held.sequence,
        )
        if held.status == "received":
            self._write(key, newer)
            return newer
        return self._change_status(key, newer, "received", "", now, Repeats.ONCE)

    def _write(self, key: Key, held: Held) -> None:
        self._db.execute(
            "REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *key,
                held.national_id,
                held.version,
                held.digest,
                held.received_at,
                held.status,
                held.sequence,
            ),
        )

    def _add_effect(self, key: Key, version: int) -> int:
        row = self._db.execute(
            _ADD_EFFECT,
            (*key, version),
        ).fetchone()
        return int(row[0])

    def _change_status(
        self,
        key: Key,
        held: Held,
        status: str,
        note: str,
        now: datetime,
        repeats: Repeats,
    ) -> Held:
        sequence = held.sequence + 1
        moved = Held(
            held.national_id,
            held.version,
            held.digest,
            held.received_at,
            status,
            sequence,
        )
        self._write(key, moved)
        if key.local_id == held.national_id:  # entered by hand: the feed speaks of records by the agency's own key
            return moved
        drawn = hashlib.sha256(repr((self._seed, *key, sequence, status)).encode()).hexdigest()[:24]
        late = repeats is Repeats.LATE
        event = self._db.execute(
            "INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                f"EV-{drawn}",
                *key,
                held.national_id,
                sequence,
                status,
                timestamp(now),
                note,
                late,
            ),
        ).lastrowid
        if not late:
            self._hand_out(key.agency, event)
            self._release(*key)
        if repeats is Repeats.TWICE:
            self._hand_out(key.agency, event)
        return moved

    def _hand_out(self, agency: str, event: int | None) -> None:
        self._db.execute("INSERT INTO feed VALUES (NULL, ?, ?)", (agency, event))

    def _release(self, agency: str, kind: str = "", local_id: str = "") -> bool:
        """Put the events held back for this record, or for the whole agency, at the end of the feed."""
        held = self._db.execute(_HELD_BACK, (agency, kind, kind, local_id, local_id)).fetchall()
        for (event,) in held:
            self._hand_out(agency, event)
            self._db.execute("UPDATE event SET held = 0 WHERE id = ?", (event,))
        return bool(held)

    def _items(self, agency: str, after: int, limit: int) -> list[FeedItem]:
        return [FeedItem(*row) for row in self._db.execute(_FEED_AFTER, (agency, after, limit)).fetchall()]
