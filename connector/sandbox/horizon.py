"""How far back the feed remembers: what was handed out before is gone, and a cursor from before it has expired.

May import: the standard library, `state.py`.
"""

from __future__ import annotations

from connector.sandbox.state import NationalState

_SCHEMA = "CREATE TABLE IF NOT EXISTS horizon (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL)"
_FORGET = "REPLACE INTO horizon SELECT 1, COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'feed'"


class Horizon:
    """The place before which the feed of a state knows nothing any more."""

    def __init__(self, state: NationalState) -> None:
        self._state = state
        with state.transaction() as connection:
            connection.execute(_SCHEMA)

    def forget(self) -> None:
        """Forget everything that the feed has handed out, or holds ready, until now."""
        with self._state.transaction() as connection:
            connection.execute(_FORGET)
            connection.execute("DELETE FROM feed")

    def position(self) -> int:
        """Return the last forgotten place, 0 when there is none."""
        with self._state.transaction() as connection:
            row = connection.execute("SELECT position FROM horizon").fetchone()
        return int(row[0]) if row else 0
