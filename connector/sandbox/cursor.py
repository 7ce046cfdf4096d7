"""The feed's cursors: opaque, sealed per agency and per state, so that a foreign or rolled-back one is told apart."""

from __future__ import annotations

import base64
import hashlib
import hmac

from connector.sandbox.wire import Refusal, problem

_SEAL_BYTES = 12
_POSITION_BYTES = 6


class Cursors:
    """Makes and reads the cursors of one state; `identity` is that state's own name."""

    def __init__(self, identity: str) -> None:
        self._key = hashlib.sha256(f"cursor {identity}".encode()).digest()

    def make(self, agency: str, position: int) -> str:
        """Return the cursor of a place in this agency's feed."""
        seal = hmac.digest(self._key, f"{agency} {position}".encode(), "sha256")[:_SEAL_BYTES]
        return base64.urlsafe_b64encode(seal + position.to_bytes(_POSITION_BYTES, "big")).decode()

    def read(self, agency: str, cursor: str, feed_end: int) -> int:
        """Return the place; refuse 410 a cursor that was never handed out to this agency, or lies beyond the end.

        Beyond the end means that the national side went back in time since."""
        try:
            position = int.from_bytes(base64.urlsafe_b64decode(cursor)[_SEAL_BYTES:], "big")
        except ValueError:
            position = -1
        if not 0 <= position <= feed_end or self.make(agency, position) != cursor:
            raise Refusal(problem(410, "cursor-expired", "follow the feed from its beginning"))
        return position
