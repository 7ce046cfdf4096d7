"""I4: the position of short readings never passes a row that is not in the ledger, whatever interrupts them."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from connector.errors import MappingError
from connector.store import views
from tests.servers import Database
from tests.stages.agency import AGENCY, Agency

SOAK = bool(os.environ.get("KNTC_SOAK"))
BEGIN = datetime.fromisoformat("2026-03-02 09:00:00")
OVERLAP_S, SETTLE_S = 900, 5
FULL_EVERY_S = 4_000

numbers = st.integers(1, 9)
texts = st.sampled_from(["A", "B", "C"])


class Machine(RuleBasedStateMachine):
    """Clerks, some of whom commit late and some of whose programs forget the time; and a connector that is cut off."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._rows: dict[int, tuple[str, datetime]] = {}
        self._forgot: set[int] = set()
        self._late: set[int] = (
            set()
        )  # seen for the first time when the position had passed them: the overlap's business
        self._must: dict[int, str] = {}

    @initialize(snapshot=st.booleans())
    def begin(self, *, snapshot: bool) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kntc-watermark-")))
        source = Database(f"sqlite:///{folder / 'nguon.sqlite'}", "sqlite")
        self._stack.callback(source.engine.dispose)
        source.make_tables()
        lines = f'changed_at = "sua"\noverlap_s = {OVERLAP_S}\nsettle_s = {SETTLE_S}\nfull_every_s = {FULL_EVERY_S}'
        self._snapshot = snapshot
        self.agency = Agency(folder, source, lines + ("" if snapshot else "\nsnapshot = false"))
        self._stack.callback(self.agency.close)
        self.clock = BEGIN
        self._tell_time()

    def _tell_time(self) -> None:
        self.agency.source_clock(str(self.clock))

    def _write(self, number: int, text: str, at: datetime) -> None:
        self._rows[number] = (text, at)
        self.agency.database.run(f"REPLACE INTO don VALUES ({number}, '2026-02-02', 1, '{text}', '{at}')")

    # --- clerks ---

    @rule(number=numbers, text=texts)
    def write(self, number: int, text: str) -> None:
        self._forgot.discard(number)
        self._late.discard(number)
        self._write(number, text, self.clock)

    @rule(several=st.lists(numbers, min_size=4, max_size=9, unique=True), text=texts)
    def write_many_at_once(self, several: list[int], text: str) -> None:
        for number in several:
            self.write(number, text)

    @rule(number=numbers, text=texts, late_s=st.integers(1, 600))
    def commit_late(self, number: int, text: str, late_s: int) -> None:
        at, position = self.clock - timedelta(seconds=late_s), self.agency.position()
        self._forgot.discard(number)
        (self._late.add if position is not None and at < position else self._late.discard)(number)
        self._write(number, text, at)

    @rule(number=numbers, text=texts)
    def forget_the_time(self, number: int, text: str) -> None:
        if number in self._rows and self._rows[number][0] != text:
            self._forgot.add(number)
            self._write(number, text, self._rows[number][1])

    @rule(seconds=st.sampled_from([1, 6, 60, 300, 1_000]))
    def time_passes(self, seconds: int) -> None:
        self.clock += timedelta(seconds=seconds)
        self.agency.wait(seconds)
        self._tell_time()

    # --- the connector ---

    @rule(commits=st.integers(0, 2))
    def collect_and_die(self, commits: int) -> None:
        self._note()
        running = self.agency.app.collect(AGENCY)
        list(islice(running, commits))
        running.close()
        self.agency.reopen()

    @rule()
    def collect(self) -> None:
        self._note()
        self.agency.collect()
        self._late.clear()

    @rule()
    def dry_run(self) -> None:
        before = self.agency.position()
        list(self.agency.app.plan(AGENCY))
        assert self.agency.position() == before

    @rule()
    def collect_while_a_table_is_away(self) -> None:
        self._note()
        self.agency.database.run("ALTER TABLE nguoi RENAME TO xa")
        with suppress(MappingError):
            for _ in self.agency.app.collect(AGENCY):
                pass
        self.agency.database.run("ALTER TABLE xa RENAME TO nguoi")

    def _note(self) -> None:
        """What is there when a reading begins is what its position may speak of."""
        self._must = {number: text for number, (text, _) in self._rows.items() if number not in self._forgot}

    # --- what must hold ---

    @invariant()
    def the_position_passes_nothing_that_is_not_recorded(self) -> None:
        position = self.agency.position() if hasattr(self, "agency") else None
        if position is None:
            return
        said = self._said()
        for number, text in self._must.items():
            if number not in self._late and self._rows[number][0] == text and self._rows[number][1] < position:
                assert text in said.get(number, ()), (number, text, position)

    def _said(self) -> dict[int, set[str]]:
        """What the ledger has recorded of each row, and what waits there to be read a second time."""
        found: dict[int, set[str]] = {}
        with self.agency.app.store.read() as connection:
            for line in views.lines(connection, AGENCY):
                body = views.newest_body(connection, line.key)
                found[int(line.key.local_id.split(":")[1])] = {str(orjson.loads(body or b"{}").get("content", ""))}
            waiting = connection.exec_driver_sql("SELECT local_id FROM unsettled").scalars().all()
        for local_id in waiting:
            found[int(local_id.split(":")[1])] = {"A", "B", "C"}
        return found

    def teardown(self) -> None:
        """The trouble ends: after a full sweep, and one more where readings must agree, the ledger shows the source."""
        try:
            if hasattr(self, "agency"):
                for _ in range(3):
                    self.time_passes(FULL_EVERY_S)
                    self.collect()
                assert self._said() == {number: {text} for number, (text, _) in self._rows.items()}
        finally:
            self._stack.close()


def test_a_position_never_passes_a_row_that_is_not_in_the_ledger() -> None:
    bounds = settings(
        max_examples=500 if SOAK else 15,
        stateful_step_count=40 if SOAK else 20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=bounds)  # type: ignore[no-untyped-call]
