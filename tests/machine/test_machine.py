"""One state machine for the whole: anything may happen in any order, and the invariants hold after every step.

Hypothesis plays the clerks at the source, the administrator, the people at the command line, a national side that
loses answers, and the power failing. A failing example prints the steps that lead to it; `KNTC_SOAK=1` plays longer.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connector.core.model import KINDS as ALL_KINDS
from connector.core.model import Kind
from connector.errors import RemoteError
from connector.national import transport
from connector.national.decree55 import Decree55
from connector.sandbox import FaultRule
from connector.stages import push
from connector.store.requests import Selection
from connector.store.views import key_exists
from tests.machine.invariants import SECRET_TEXT, Watch
from tests.machine.world import ABSENT_AFTER_S, KINDS, TABLES, Clock, Nation, World, key_of
from tests.observed import Observed

SOAK = bool(os.environ.get("KNTC_SOAK"))
GOOD_DAY, BAD_DAY = "2026-02-02", "hôm qua"

numbers = st.integers(1, 3)
texts = st.sampled_from(["A", "B"])
types = st.sampled_from(["1", "1", "2", "3", "5"])  # complaint, denunciation, recommendation, and one without a meaning
kinds = st.sampled_from(KINDS)
stages = st.sampled_from(["collect", "push", "push", "resolve", "pull", "resync", "retire"])
statuses = st.sampled_from(["validated", "returned_for_correction", "duplicate_suspected", "closed", "under_review"])

LOSSES = ["lose_after_commit", "lose_before_commit", "commit_then_500", "commit_then_html", "wrong_echo", "truncate"]
PUT_FAULTS = [
    *LOSSES, "html", "bad_gateway", "in_progress", "conflict", "busy_429", "busy_503", "forbidden", "expire_token",
    "refuse_422", "too_large",
]  # fmt: skip
READ_FAULTS = ["lose_before_commit", "busy_429", "busy_503", "bad_gateway", "html", "forbidden", "expire_token"]
FEED_FAULTS = ["duplicate_events", "late_events", "expired_cursor"]

how_often = st.integers(1, 6)
put_faults = st.builds(
    FaultRule,
    st.one_of(st.sampled_from(LOSSES), st.sampled_from(PUT_FAULTS)),
    in_all=how_often,
    retry_after_s=st.sampled_from([1, 600]),
)
read_faults = st.builds(
    FaultRule,
    st.sampled_from(READ_FAULTS),
    st.sampled_from(["get", "feed", "ack", "token"]),
    in_all=how_often,
)
feed_faults = st.builds(FaultRule, st.sampled_from(FEED_FAULTS), in_all=how_often)
faults = st.lists(st.one_of(put_faults, read_faults, feed_faults), max_size=3)


class Machine(RuleBasedStateMachine):
    """The rules. Each is one thing that happens in an agency, in a network, or in a machine room."""

    nations: dict[str, Nation]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._deleted: dict[tuple[Kind, int], tuple[object, ...]] = {}

    @initialize(
        nation=st.sampled_from(["idempotent", "careful", "observed"]),
        gone=st.sampled_from(["keep", "withdraw", "ask"]),
    )
    def begin(self, nation: str, gone: str) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kntc-machine-")))
        line = Observed.begin() if nation == "observed" else Decree55
        self.world = World(folder, self.nations[nation], workers=4 if SOAK else 1, line=line, gone=gone)
        self._stack.callback(self.world.close)
        self.watch = Watch(self.world)
        for number in (1, 2):
            self.write_reception(number, "1", "A")
            self.write_petition(number, number, "1", "A", None)
            self.write_handling(number, number, "A")

    # --- clerks ---

    @rule(number=numbers, type_=types, text=texts)
    def write_reception(self, number: int, type_: str, text: str) -> None:
        self._deleted.pop((Kind.RECEPTION, number), None)
        self.world.edit("REPLACE INTO tiep VALUES (?, ?, ?, ?)", number, GOOD_DAY, type_, text)

    @rule(
        number=numbers,
        reception=st.one_of(st.none(), numbers),
        type_=types,
        text=texts,
        remark=st.sampled_from([None, "*"]),
    )
    def write_petition(self, number: int, reception: int | None, type_: str, text: str, remark: str | None) -> None:
        """Insert or edit; what was a draft or a secret is none any more."""
        self._deleted.pop((Kind.PETITION, number), None)
        values = (number, reception, GOOD_DAY, type_, text, remark)
        self.world.edit("REPLACE INTO don VALUES (?, ?, ?, ?, ?, ?, 0, 0)", *values)
        self.world.edit("UPDATE xu_ly SET TomTat = ? WHERE IdDon = ?", text, number)

    @rule(number=numbers, petition=numbers, text=texts)
    def write_handling(self, number: int, petition: int, text: str) -> None:
        self._deleted.pop((Kind.HANDLING, number), None)
        row = self.world.row(Kind.PETITION, petition)
        gone = self._deleted.get((Kind.PETITION, petition))
        secret = row["Mat"] if row else gone and SECRET_TEXT in gone
        said = SECRET_TEXT if secret else text
        self.world.edit("REPLACE INTO xu_ly VALUES (?, ?, ?, ?)", number, petition, GOOD_DAY, said)

    @rule(number=numbers, names=st.lists(st.sampled_from(["Người Mẫu Một", "Người Mẫu Hai"]), max_size=2))
    def write_persons(self, number: int, names: list[str]) -> None:
        """As the real programs do it: all deleted and inserted again."""
        self.world.edit("DELETE FROM nguoi WHERE IdDon = ?", number)
        for place, name in enumerate(names):
            self.world.edit("INSERT INTO nguoi VALUES (?, ?, ?)", number, place, name)

    @rule(kind=kinds, number=numbers, first=st.sampled_from(["collect", "push", "nothing"]))
    def change_and_change_back(self, kind: Kind, number: int, first: str) -> None:
        column = "TomTat" if kind is Kind.HANDLING else "NoiDung"
        row = self.world.row(kind, number)
        if row is None or SECRET_TEXT in tuple(row):
            return
        for text in ("C", row[column]):
            self.world.edit(f"UPDATE {TABLES[kind]} SET {column} = ? WHERE Id = ?", text, number)
            if first != "nothing":
                self.world.run("collect")
            if first == "push":
                self.world.run("push")

    @rule(kind=kinds, number=numbers)
    def delete(self, kind: Kind, number: int) -> None:
        row = self.world.row(kind, number)
        if row is not None:
            self._deleted[kind, number] = tuple(row)
            self.world.edit(f"DELETE FROM {TABLES[kind]} WHERE Id = ?", number)

    @precondition(lambda self: self._deleted)
    @rule(data=st.data())
    def undelete(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(sorted(self._deleted)))
        row = self._deleted.pop(place)
        marks = ", ".join("?" * len(row))
        self.world.edit(f"INSERT INTO {TABLES[place[0]]} VALUES ({marks})", *row)

    @rule(kind=kinds, number=numbers, day=st.sampled_from([BAD_DAY, GOOD_DAY]))
    def spoil_or_mend(self, kind: Kind, number: int, day: str) -> None:
        self.world.edit(f"UPDATE {TABLES[kind]} SET Ngay = ? WHERE Id = ?", day, number)

    @rule(number=numbers, draft=st.booleans())
    def mark_draft(self, number: int, *, draft: bool) -> None:
        self.world.edit("UPDATE don SET Nhap = ? WHERE Id = ?", draft, number)

    @rule(number=numbers)
    def mark_secret(self, number: int) -> None:
        """From here on the petition and what hangs on it say the words that must be seen nowhere."""
        if self.world.row(Kind.PETITION, number) is not None:
            self.world.edit("UPDATE don SET Mat = 1, NoiDung = ? WHERE Id = ?", SECRET_TEXT, number)
            self.world.edit("UPDATE xu_ly SET TomTat = ? WHERE IdDon = ?", SECRET_TEXT, number)

    @rule(number=numbers, text=texts)
    def unmark_secret(self, number: int, text: str) -> None:
        row = self.world.row(Kind.PETITION, number)
        if row is not None and row["Mat"]:
            self.world.edit("UPDATE don SET Mat = 0, NoiDung = ? WHERE Id = ?", text, number)
            self.world.edit("UPDATE xu_ly SET TomTat = ? WHERE IdDon = ?", text, number)

    # --- the connector ---

    @rule(stage=stages)
    def run(self, stage: str) -> None:
        self.world.run(stage)

    @rule(names=st.sampled_from(["collect", "collect push", "push resolve", "push pull", "resync push resolve"]))
    def run_some(self, names: str) -> None:
        for name in names.split():
            self.world.run(name)

    @rule()
    def sync(self) -> None:
        self.world.sync()

    @rule()
    def texts_go(self) -> None:
        """Two days later what was received and superseded until now is erased, and all goes on without it."""
        self.world.clock.advance(2 * 86_400)
        self.world.run("retire")

    @rule(stage=stages, commits=st.integers(0, 3))
    def die_in_the_middle(self, stage: str, commits: int) -> None:
        """The process is gone right after a commit; another one starts."""
        running = self.world.stage(stage)
        with suppress(RemoteError):
            for _ in islice(running, commits):
                pass
        running.close()
        self.world.reopen()

    @rule()
    def die_after_claiming(self) -> None:
        self.world.claim_and_die()

    @rule()
    def edit_mapping(self) -> None:
        self.world.edit_mapping()

    # --- people at the command line ---

    @rule(kind=st.one_of(st.none(), kinds), number=numbers)
    def ask_again(self, kind: Kind | None, number: int) -> None:
        key = key_of(kind, number) if kind else None
        with self.world.app.store.read() as connection:
            known = key is None or key_exists(connection, key)
        if known:
            self.world.ask(Selection(keys=(key,) if key else ()))

    @rule(stage=stages)
    def ask_while_running(self, stage: str) -> None:
        with suppress(RemoteError):
            for place, _ in enumerate(self.world.stage(stage)):
                if not place:
                    self.world.ask(Selection())
        self.world.run("resync")

    @rule(kind=st.sampled_from(["", *map(str, KINDS)]), end=st.booleans())
    def pause_or_resume(self, kind: str, *, end: bool) -> None:
        (self.world.resume if end else self.world.pause)(kind)

    @rule()
    def decide(self) -> None:
        self.world.decide()

    # --- the national side, and the time ---

    @rule(what=faults)
    def trouble(self, what: list[FaultRule]) -> None:
        """From now on this trouble, and no other; none at all, if the list is empty."""
        self.world.nation.play(what)

    @rule(kind=kinds, text=st.sampled_from(["D", "E"]), put=put_faults, others=faults)
    def a_bad_day(self, kind: Kind, text: str, put: FaultRule, others: list[FaultRule]) -> None:
        """Much is written, and while it is on its way the trouble comes."""
        column = "TomTat" if kind is Kind.HANDLING else "NoiDung"
        self.world.edit(f"UPDATE {TABLES[kind]} SET {column} = ? WHERE {column} <> ?", text, SECRET_TEXT)
        self.world.nation.play([put, *others])
        self.world.sync()

    @rule(long=st.booleans())
    def outage(self, *, long: bool) -> None:
        """Nobody listens: for one push, or until somebody notices."""
        if self.world.nation.listens:
            self.world.nation.go_away()
            self.world.run("push")
        if not long:
            self.world.nation.come_back()

    @rule()
    def tokens_expire(self) -> None:
        self.world.sandbox.expire_tokens()

    @rule(status=statuses, data=st.data())
    def nation_decides(self, status: str, data: st.DataObject) -> None:
        held = sorted(key for key, _ in self.world.sandbox._state.records())
        if held:
            self.world.sandbox.move(*data.draw(st.sampled_from(held)), status)

    @rule()
    def the_feed_forgets(self) -> None:
        self.world.sandbox.forget_feed()

    @rule(seconds=st.sampled_from([1, ABSENT_AFTER_S, 1_000, 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    # --- what must hold ---

    @invariant()
    def everything_holds(self) -> None:
        if hasattr(self, "watch"):
            self.watch.look()

    def teardown(self) -> None:
        """The trouble ends: everything drains, without a person, or lies in a list with its reason."""
        try:
            if hasattr(self, "watch"):
                self._come_to_rest()
                self.watch.look()
                self.watch.at_rest()
        finally:
            self._stack.close()

    def _come_to_rest(self) -> None:
        self.world.nation.come_back()
        self.world.nation.play(())
        for kind in ("", *ALL_KINDS):
            self.world.resume(str(kind))
        for _ in range(3):
            self.world.decide()
            self.world.clock.advance(86_400)
            self.world.sync()


@contextmanager
def three_nations() -> Iterator[dict[str, Nation]]:
    """Give a national side that knows a repeated create again, one for which it is a second one, and one that besides
    can be asked about few kinds only."""
    clock = Clock()
    with ExitStack() as stack:
        names = ("idempotent", "careful", "observed")
        nations = {name: Nation(clock, idempotent=name == "idempotent") for name in names}
        for nation in nations.values():
            stack.callback(nation.sandbox.close)
        yield nations


def test_whatever_happens_in_whatever_order_the_invariants_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "FINISH_ROWS", 2)  # more commits, so more places to die at
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)  # a read is tried once, so that faults strike one by one
    bounds = settings(
        max_examples=1_000 if SOAK else 12,
        stateful_step_count=60 if SOAK else 25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with three_nations() as nations:
        Machine.nations = nations
        run_state_machine_as_test(Machine, settings=bounds)  # type: ignore[no-untyped-call]
