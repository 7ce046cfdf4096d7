"""The log, verified all the time: a thread follows each agency's chain to its end, and goes on as it grows.

Pages show how far it has come and when that was; none waits for it. Every few hours it begins anew, so that what is
tampered with behind it is found as well.
May import: app, edges, store, stages, core, errors, logs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from connector import edges
from connector.app import App
from connector.core import chain
from connector.core.chain import ChainFault, Head
from connector.errors import KntcError, RolledBackError
from connector.logs import get_logger
from connector.stages import anchor
from connector.stages.anchor import Anchored, Brought
from connector.store import audit, pruned

SLICE_ENTRIES = 2_000
"""So many entries are followed at a time: some hundredths of a second, between which pages are answered."""

QUIET_S = 15.0
"""How often a chain is looked at that was verified to its end."""

ANEW_S = 6 * 3_600.0


@dataclass(frozen=True, slots=True)
class Proven:
    """How far a log is verified: `verified` is the last good entry, `end` the newest one when that was looked at, `at`
    when. head_error: what is wrong between head file and chain, "" if nothing; anchored: None before the end was
    reached for the first time; signed: the place of the newest checkpoint and when it was made."""

    verified: Head
    end: int
    at: datetime
    fault: ChainFault | None = None
    head_error: str = ""
    anchored: Anchored | None = None
    signed: tuple[int, datetime] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all that there was is verified, and nothing contradicts it."""
        wrong = self.fault or self.head_error or (self.anchored and self.anchored.faults)
        return not wrong and self.verified.seq >= self.end

    @property
    def is_broken(self) -> bool:
        """Whether something contradicts the log."""
        return bool(self.fault or self.head_error or (self.anchored and self.anchored.faults))


class Proving:
    """Verifies the logs of an App's agencies beside the pages, until it is closed."""

    def __init__(self, app: App, now: Callable[[], datetime]) -> None:
        self._app = app
        self._now = now
        self._known: dict[str, Proven] = {}
        self._begun_s: dict[str, float] = {}
        self._stop = threading.Event()
        self._asked = threading.Event()
        self.came_to_an_end = threading.Event()
        """Set once every chain was followed to its end, or to what is wrong: for whoever waits for that."""
        self._thread = threading.Thread(target=self._run, name="proving", daemon=True)
        self._thread.start()

    def state(self, agency: str) -> Proven | None:
        """Return how far an agency's log is verified; None before its first entries were."""
        self._asked.set()
        return self._known.get(agency)

    def close(self) -> None:
        """Stop verifying."""
        self._stop.set()
        self._asked.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.is_set():
            begun_s = time.monotonic()
            if [code for code in self._app.agencies if self._advanced(code)]:
                self._stop.wait(time.monotonic() - begun_s)  # half of the time is for the pages
                continue
            self.came_to_an_end.set()
            self._asked.wait(QUIET_S)
            self._asked.clear()
            self._stop.wait(1.0)  # however often somebody asks

    def _advanced(self, code: str) -> bool:
        """Follow one agency's chain a little further; return whether there is more to follow."""
        try:
            return self._advance(code)
        except KntcError as error:  # the store is busy or closed: what was proven stays, with when that was
            get_logger().warning("console.stale", agency=code, error_id=error.id)
        except Exception as error:  # noqa: BLE001  its text may hold values; the next round tries again
            get_logger().error("console.stale", agency=code, error=type(error).__name__)
        return False

    def _advance(self, code: str) -> bool:
        with self._app.store.read() as connection:
            known = self._known_or_anew(code, pruned.beginning(connection, code))
            if known.fault is not None:
                return False
            following = chain.Following(known.verified)
            read = audit.links(connection, code, after_seq=known.verified.seq)
            for _ in following.through(islice(read, SLICE_ENTRIES)):
                pass
            end = audit.head_of(connection, code).seq
        head, fault = following.head, following.fault
        found = replace(known, verified=head, end=end, at=self._now(), fault=fault)
        if fault is None and head.seq >= end:
            found = self._against_others(code, found)
        self._known[code] = found
        return fault is None and head.seq < end

    def _known_or_anew(self, code: str, beginning: Head) -> Proven:
        known, begun_s = self._known.get(code), self._begun_s.get(code, 0.0)
        is_there = known is not None and known.verified.seq >= beginning.seq  # a prune may take what was reached
        if known is not None and is_there and time.monotonic() - begun_s < ANEW_S:
            return known
        self._begun_s[code] = time.monotonic()
        return replace(known, verified=beginning) if known else Proven(beginning, 0, self._now())

    def _against_others(self, code: str, found: Proven) -> Proven:
        """Compare a chain that was followed to its end with its head file and its checkpoints."""
        head_error = ""
        try:
            with self._app.store.read() as connection:
                self._app.store.heads.check(connection, code)
        except RolledBackError as error:
            head_error = error.id
        places = edges.places_of(self._app.config)
        with self._app.store.read() as connection:
            anchored = anchor.compare(connection, code, found.verified.seq, places, Brought())
            signed = anchor.newest_signed(connection, code)
        return replace(found, head_error=head_error, anchored=anchored, signed=signed)
