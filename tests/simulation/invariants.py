"""What must hold after every death, and what must hold at the end: I1 to I8 and I10 of the fault catalogue.

From outside, and in a few plain statements: the store's own file, the agency's database, and what the national side
counted. Nothing here asks the connector how it is.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from connector.core.chain import GENESIS, Head, verify
from connector.core.model import Entry, Kind, RecordKey
from tests.simulation.wire import mark_of
from tests.simulation.world import AGENCY, ATTEMPTS, World

SETTLED = frozenset({"delivered", "retracted", "superseded", "unknown", "sending"})
REFUSED = (400, 413, 415, 422)

_NEWEST = """
SELECT d.kind, d.local_id, d.version, d.state, d.cause, d.digest, d.body, d.operation, d.parent_kind, d.parent_local_id,
       r.receipt_version
FROM delivery d JOIN record r USING (agency, kind, local_id, version)"""


class Watch:
    """The invariants of one world. Remembers how far the log was followed; a chain that is cut does not join on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._head = Head(AGENCY, 0, GENESIS)

    def look(self) -> None:
        """Assert what holds at any time, in whatever state a dead process left the file."""
        with closing(self._open()) as store:
            self._every_key_is_in_one_state(store)
            self._delivered_means_received(store)
            self._position_is_behind_what_is_recorded(store)
            self._cursor_is_behind_what_is_applied(store)
            self._mirror_shows_the_newest(store)
            self._log_is_whole(store)
        self._no_effect_is_doubled()

    def at_rest(self) -> None:
        """Assert that everything is where it should be, or stands in a list with its reason."""
        with closing(self._open()) as store:
            self._nothing_is_lost(store)
            self._both_sides_agree(store)
            assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert not store.execute("PRAGMA foreign_key_check").fetchall()

    def is_at_rest(self) -> bool:
        """Return whether nothing waits for time or for a word."""
        with closing(self._open()) as store:
            waits = "SELECT 1 FROM delivery WHERE state IN ('pending', 'sending', 'unknown') LIMIT 1"
            return store.execute(waits).fetchone() is None and self._unread(store) == []

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.world.data / "kntc.sqlite", isolation_level=None)

    # --- at any time ---

    def _every_key_is_in_one_state(self, store: sqlite3.Connection) -> None:
        """I1, I8."""
        found = store.execute("SELECT kind, local_id, version, state, attempt FROM delivery ORDER BY version")
        current = dict(_keyed(store.execute("SELECT kind, local_id, version FROM record")))
        newest: dict[RecordKey, int] = {}
        active: Counter[RecordKey] = Counter()
        for kind, local_id, version, state, attempt in found:
            key = RecordKey(AGENCY, Kind(kind), local_id)
            newest[key] = version
            active[key] += state in ("sending", "unknown")
            assert version == current[key] or state in SETTLED, (key, version, state, "an older version is history")
            assert attempt <= ATTEMPTS, (key, version, attempt)
        assert newest == current
        assert max(active.values(), default=0) <= 1, active

    def _delivered_means_received(self, store: sqlite3.Connection) -> None:
        """I3."""
        claims = store.execute(
            "SELECT kind, local_id, version, receipt_at, national_id FROM delivery WHERE state = 'delivered'"
        ).fetchall()
        assert all(receipt and national for *_, receipt, national in claims), claims
        if self._is_old:
            return
        effects = {(e.kind, e.local_id, e.version) for e in self.world.sandbox.effects()}
        assert {tuple(row[:3]) for row in claims} <= effects

    def _position_is_behind_what_is_recorded(self, store: sqlite3.Connection) -> None:
        """I4. What was committed late is the overlap's business, and the next sweep's."""
        position = store.execute("SELECT value FROM mark WHERE name LIKE 'source.changes.petition.%'").fetchone()
        if position is not None and position[0]:
            said = {mark_of(body or b"") for (body,) in store.execute("SELECT body FROM delivery")}
            passed = self.world.written_before(position[0])
            assert passed <= said, (position, passed - said)

    def _cursor_is_behind_what_is_applied(self, store: sqlite3.Connection) -> None:
        """I5."""
        mark = store.execute("SELECT value FROM mark WHERE name = 'pull.cursor'").fetchone()
        if self._is_old or mark is None or not mark[0]:
            return
        position = int.from_bytes(base64.urlsafe_b64decode(mark[0])[12:], "big")
        handed_out = self.world.sandbox._state._items(AGENCY, 0, 1_000_000)
        passed = {item.event_id for item in handed_out if item.position <= position}
        applied = {event_id for (event_id,) in store.execute("SELECT event_id FROM mirror_event")}
        assert passed <= applied

    def _mirror_shows_the_newest(self, store: sqlite3.Connection) -> None:
        """I6."""
        behind = store.execute(
            """SELECT s.local_id FROM mirror_status s WHERE s.sequence <
               (SELECT max(e.sequence) FROM mirror_event e WHERE (e.kind, e.local_id) = (s.kind, s.local_id))"""
        ).fetchall()
        assert not behind

    def _log_is_whole(self, store: sqlite3.Connection) -> None:
        """I7."""
        rows = store.execute(
            "SELECT seq, prev, hash, content FROM audit_entry WHERE seq > ? ORDER BY seq", (self._head.seq,)
        )
        self._head, fault = verify((Entry(AGENCY, *row) for row in rows), self._head)
        assert fault is None, fault
        on_file = json.loads((self.world.data / f"{AGENCY}.head.json").read_text(encoding="ascii"))
        at_place = store.execute("SELECT hash FROM audit_entry WHERE seq = ?", (on_file["seq"],)).fetchone()
        assert at_place == (on_file["hash"],)

    def _no_effect_is_doubled(self) -> None:
        """I2, I8."""
        sandbox = self.world.sandbox
        doubled = {key: count for key, count in sandbox.effects().items() if count > 1}
        assert not doubled
        assert max(sandbox.objects().values(), default=0) <= 1, sandbox.objects()
        assert max(self.world.nation.made.values(), default=0) <= 1, self.world.nation.made
        refused: Counter[tuple[str, str, int]] = Counter()
        for line in sandbox.log():
            if line.method == "PUT" and line.seq not in self.world.nation.late_lines and not line.fault:
                assert line.status != 409, (line, "an older version, or another document under the same version")
                refused[line.kind, line.local_id, line.version] += line.status in REFUSED
        assert max(refused.values(), default=0) <= 1 + self.world.asked, refused

    # --- at the end ---

    def _unread(self, store: sqlite3.Connection) -> list[RecordKey]:
        """Return the source rows of which the ledger's newest version says something else."""
        said = {RecordKey(AGENCY, Kind(row[0]), row[1]): mark_of(row[6] or b"") for row in store.execute(_NEWEST)}
        return [key for key, mark in self.world.rows().items() if said.get(key) != mark]

    def _nothing_is_lost(self, store: sqlite3.Connection) -> None:
        """I1, I10."""
        assert self._unread(store) == []
        newest = {RecordKey(AGENCY, Kind(row[0]), row[1]): row for row in store.execute(_NEWEST)}
        active = store.execute(
            "SELECT kind, local_id, state, cause FROM delivery WHERE state IN ('sending', 'unknown')"
        )
        assert active.fetchall() == []
        for key, row in newest.items():
            state, cause, parent = row[3], row[4], row[8] and newest[RecordKey(AGENCY, Kind(row[8]), row[9])]
            if key not in self.world.rows() and state in ("retracted", "not_sent"):
                continue  # gone there, and taken back here
            if state == "pending":
                assert parent, (key, "waits for nothing")
                assert parent[10] is None, (key, "its parent is received")
            elif state == "quarantined":
                assert cause in ("exhausted", "crash"), (key, state, cause)
            else:
                assert state == "delivered" or (state == "rejected" and self.world.refuses), (key, state, cause)

    def _both_sides_agree(self, store: sqlite3.Connection) -> None:
        newest = store.execute(_NEWEST).fetchall()
        if self._is_old:
            self._every_case_is_one_of_ours(newest)
            return
        held = {(key.kind, key.local_id): held for key, held in self.world.sandbox._state.records()}
        for kind, local_id, version, state, _, digest, *_ in newest:
            if state in ("delivered", "retracted"):
                there = held[kind, local_id]
                assert (there.version, there.digest) == (version, digest), (kind, local_id)
        shown = {
            tuple(row[:2]): row[2:]
            for row in store.execute("SELECT kind, local_id, sequence, status FROM mirror_status")
        }
        assert shown == {key: (held[key].sequence, held[key].status) for key in shown}
        assert {(held[key].sequence, held[key].status) for key in held.keys() - shown.keys()} <= {(1, "received")}

    def _every_case_is_one_of_ours(self, newest: list[Any]) -> None:
        there = [mark_of(case.content) for case in self.world.sandbox.cases()]
        sent = {mark_of(row[6] or b""): row for row in newest if row[0] == Kind.PETITION}
        delivered = [mark for mark, row in sent.items() if row[3] == "delivered"]
        assert set(delivered) <= set(there), (delivered, there)
        assert len(there) <= len(sent), "more cases than petitions"
        for row in newest:
            if row[0] == Kind.HANDLING and row[3] == "delivered":
                assert self.world.nation.made[mark_of(row[6])] == 1, row[:5]

    @property
    def _is_old(self) -> bool:
        return self.world.form.name == "ttcp2018"


def _keyed(rows: Iterable[tuple[str, str, int]]) -> Iterable[tuple[RecordKey, int]]:
    for kind, local_id, version in rows:
        yield RecordKey(AGENCY, Kind(kind), local_id), version
