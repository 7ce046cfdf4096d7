"""What the national side lists: every record in the order in which it was first entered, by an agency or by hand.

A record keeps its number whatever becomes of it, so pages stay in step while records are added, changed or lost. One
without a local_id, entered by hand, is kept under its national id, which is no legal local_id.
May import: the standard library, `state.py`, `values.py`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from connector.sandbox.state import NationalState
from connector.sandbox.values import Key, Line, timestamp

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS entry (
  number INTEGER PRIMARY KEY AUTOINCREMENT, agency TEXT NOT NULL, kind TEXT NOT NULL, local_id TEXT NOT NULL,
  entered_by TEXT NOT NULL, UNIQUE (agency, kind, local_id))""",
    # WHEN, not ON CONFLICT: a trigger takes over the REPLACE of the statement that sets it off, and the number with it.
    """CREATE TRIGGER IF NOT EXISTS entered AFTER INSERT ON record
WHEN NOT EXISTS (SELECT 1 FROM entry
  WHERE agency = new.agency AND kind = new.kind AND local_id = new.local_id)
BEGIN INSERT INTO entry VALUES (NULL, new.agency, new.kind, new.local_id, 'api'); END""",
    """CREATE TRIGGER IF NOT EXISTS put_over AFTER INSERT ON effect
BEGIN UPDATE entry SET entered_by = 'api'
  WHERE agency = new.agency AND kind = new.kind AND local_id = new.local_id; END""",
    # Of a state that an older sandbox left.
    """INSERT INTO entry SELECT NULL, agency, kind, local_id, 'api' FROM record
WHERE NOT EXISTS (SELECT 1 FROM entry) ORDER BY received_at, agency, kind, local_id""",
)
_AFTER = """
SELECT number, IIF(local_id = national_id, '', local_id), national_id, version, digest, status, sequence, entered_by
FROM entry JOIN record USING (agency, kind, local_id)
WHERE agency = ? AND kind = ? AND number > ? ORDER BY number LIMIT ?"""

_BY_HAND = "INSERT INTO record VALUES (?, ?, ?, ?, 1, ?, ?, 'received', 1) ON CONFLICT DO NOTHING"
_IS_BY_HAND = "UPDATE entry SET entered_by = 'web' WHERE agency = ? AND kind = ? AND local_id = ?"
_LOSE = (
    "DELETE FROM record WHERE agency = ? AND kind = ? AND local_id = ?",
    "DELETE FROM entry WHERE agency = ? AND kind = ? AND local_id = ?",
    "DELETE FROM effect WHERE agency = ? AND kind = ? AND local_id = ?",
)


class Entries:
    """The list of all records of a state, and what happens to records behind the agencies' backs."""

    def __init__(self, state: NationalState, seed: int) -> None:
        self._state = state
        self._seed = seed
        with state.transaction() as connection:
            for statement in _SCHEMA:
                connection.execute(statement)

    def lines(self, agency: str, kind: str, after: int, limit: int) -> tuple[list[Line], bool]:
        """Return at most `limit` lines after this number, and whether there are more."""
        with self._state.transaction() as connection:
            rows = connection.execute(_AFTER, (agency, kind, after, limit + 1)).fetchall()
        return [Line(*row) for row in rows[:limit]], len(rows) > limit

    def end(self) -> int:
        """Return the last number ever given; a cursor beyond it comes from a future that was rolled back."""
        with self._state.transaction() as connection:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").fetchone()
        return int(row[0]) if row else 0

    def enter(self, agency: str, kind: str, local_id: str, content: str, now: datetime) -> str | None:
        """Enter a record by hand, "" for no local_id; return its national id, None when the key is taken."""
        drawn = hashlib.sha256(repr((self._seed, "web", self.end(), agency, kind, local_id)).encode()).hexdigest()
        national_id = f"NDB-{drawn[:16]}"
        key = Key(agency, kind, local_id or national_id)
        digest = hashlib.sha256(content.encode()).hexdigest()
        with self._state.transaction() as connection:
            entered = connection.execute(_BY_HAND, (*key, national_id, digest, timestamp(now))).rowcount
            if entered:
                connection.execute(_IS_BY_HAND, key)
        return national_id if entered else None

    def lose(self, key: Key) -> bool:
        """Let a record be gone, with its effects, as if it had never come; False when it is not held."""
        with self._state.transaction() as connection:
            lost, _, _ = (connection.execute(statement, key).rowcount for statement in _LOSE)
        return lost > 0
