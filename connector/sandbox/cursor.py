"""Cursors: opaque, sealed per list and per state, so that a foreign or rolled-back one is told apart."""

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

    def make(self, list_: str, position: int) -> str:
        """Return the cursor of a place in this list: an agency's feed, or its records of one kind."""
        seal = hmac.digest(self._key, f"{list_} {position}".encode(), "sha256")[:_SEAL_BYTES]
        return base64.urlsafe_b64encode(seal + position.to_bytes(_POSITION_BYTES, "big")).decode()

    def read(self, list_: str, cursor: str, end: int, begin: int = 0) -> int:
        """Return the place; refuse 410 a cursor that was never handed out for this list, or lies outside of it.

        Beyond the end means that the national side went back in time since."""
        try:
            position = int.from_bytes(base64.urlsafe_b64decode(cursor)[_SEAL_BYTES:], "big")
        except ValueError:
            position = -1  # before every beginning
        if not begin <= position <= end or self.make(list_, position) != cursor:
            raise Refusal(problem(410, "cursor-expired", "begin again without a cursor"))
        return position
