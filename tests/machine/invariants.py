"""What must be true after every step, and what must be true once all trouble is over.

I1 to I8 are the invariants of the fault catalogue. Each check looks from outside: at the agency's database, at the
tables of the store, at what the sandbox counted. None of them asks the connector how it is.
"""

from __future__ import annotations

import base64
from collections import Counter
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from connector.core.chain import Head, verify
from connector.core.model import Cause, Kind, RecordKey, State
from connector.sandbox import LogLine
from connector.store import audit, books, marks, retired, views, waits
from connector.store.tables import Delivery, MirrorEvent, MirrorStatus, Record, RetiredBody, Tombstone, table_of
from tests.machine.world import AGENCY, ATTEMPTS, KINDS, World, key_of

_record, _delivery = table_of(Record), table_of(Delivery)
_event, _status, _stone = table_of(MirrorEvent), table_of(MirrorStatus), table_of(Tombstone)
_retired = table_of(RetiredBody)

SECRET_TEXT = "BÍ MẬT NHÀ NƯỚC"
"""Stands in every row that is a state secret, and nowhere else."""

_REFUSED = (400, 413, 415, 422)
_GIVEN_BACK = (401, 403, 429, 503)  # the attempt does not count: certainly not accepted
_UNHEARD = frozenset(
    {"lose_after_commit", "lose_before_commit", "commit_then_500", "commit_then_html", "wrong_echo", "truncate"}
)


class Watch:
    """The invariants of one world. Remembers how far chain and request log have been followed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._head = Head(AGENCY, 0, "0" * 64)

    def look(self) -> None:
        """Assert everything that must hold between any two steps."""
        with self.world.app.store.read() as connection:
            self._every_key_is_in_one_state(connection)
            self._the_books_balance(connection)
            self._delivered_means_received(connection)
            self._cursor_is_behind_what_is_applied(connection)
            self._mirror_shows_the_newest(connection)
            self._log_is_whole(connection)
            self._tries_are_bounded(connection)
            self._secrets_are_erased(connection)
            self._texts_are_here_or_said_to_be_gone(connection)
            if self.world.swept:
                self._ledger_shows_the_source(connection)
                self._nothing_that_is_there_is_gone(connection)
        log = self.world.sandbox.log()
        self._no_effect_is_doubled(log)
        self._nobody_sends_what_was_refused(log)
        self._nobody_sends_before_looking(log)
        assert not any(SECRET_TEXT.encode() in body for body in self.world.sandbox.bodies())

    # --- I1: every source record's newest version is in exactly one state, or counted ---

    def _every_key_is_in_one_state(self, connection: Connection) -> None:
        newest = {
            tuple(row[:2]): row[2]
            for row in connection.execute(
                select(_delivery.c.kind, _delivery.c.local_id, func.max(_delivery.c.version)).group_by(
                    _delivery.c.kind, _delivery.c.local_id
                )
            )
        }
        current = {
            (row.kind, row.local_id): row.version
            for row in connection.execute(select(_record.c.kind, _record.c.local_id, _record.c.version))
        }
        assert newest == current
        counted = sum(sum(states.values()) for states in views.counts(connection, AGENCY).values())
        assert counted == len(current)
        states = connection.execute(select(_delivery.c.state, func.count()).group_by(_delivery.c.state)).all()
        assert State.SENDING not in dict(states), "between two steps nothing is on its way"
        current_or_settled = {State.DELIVERED, State.RETRACTED, State.SUPERSEDED, State.UNKNOWN}
        for row in connection.execute(select(_delivery.c.kind, _delivery.c.local_id, _delivery.c.version,
                                             _delivery.c.state)):  # fmt: skip
            older = row.version < current[row.kind, row.local_id]
            assert not older or row.state in current_or_settled, (row, "an older version is history, or being settled")

    def _the_books_balance(self, connection: Connection) -> None:
        for kind in KINDS:
            sums = books.of(connection, AGENCY, kind)
            assert sums.balanced, sums

    def _ledger_shows_the_source(self, connection: Connection) -> None:
        """After a finished sweep, and before the next edit, the ledger and the source tell the same story."""
        current = _current(connection)
        for kind, number, expected in expectations(self.world):
            found = current.get(key_of(kind, number))
            place = (kind, number, expected, found and (found.state, found.cause))
            if expected in ("secret", "draft"):
                cause = Cause.BECAME_SECRET if expected == "secret" else Cause.EXCLUDED
                assert found is None or (found.state, found.cause) == (State.NOT_SENT, cause), place
            elif expected == "bad":
                assert found is not None, place
                assert (found.state, found.cause) == (State.QUARANTINED, Cause.MAPPING), place
                assert found.problems, place
            elif expected == "orphan":
                assert found is not None, place
                assert found.state is not None, place
            else:
                assert found is not None, place
                assert found.cause not in (Cause.MAPPING, Cause.PARENT_MISSING, *_SET_ASIDE), place
                assert said(found.body) in ("", expected.removeprefix("says ")), place

    def _nothing_that_is_there_is_gone(self, connection: Connection) -> None:
        there = {str(key_of(kind, number)) for kind, number, _ in expectations(self.world)}
        stones = connection.execute(select(_stone).where(_stone.c.closed_at.is_(None))).all()
        gone = {str(RecordKey(AGENCY, Kind(row.kind), row.local_id)) for row in stones}
        assert not gone & there

    # --- I2: at most one effect per version, and versions never go backwards ---

    def _no_effect_is_doubled(self, log: list[LogLine]) -> None:
        doubled = {key: count for key, count in self.world.sandbox.effects().items() if count > 1}
        assert not doubled
        for line in log:
            if line.method == "PUT" and not line.fault:
                assert line.status != 409, (line, "an older version, or another document under the same version")
        with self.world.app.store.read() as connection:
            sent = books.sent_versions(connection, AGENCY)
        unsent = {key for key in self.world.sandbox.effects() if (key.kind, key.local_id, key.version) not in sent}
        assert not unsent

    # --- I3: delivered means a stored receipt, and something happened nationally ---

    def _delivered_means_received(self, connection: Connection) -> None:
        effects = {(e.kind, e.local_id, e.version) for e in self.world.sandbox.effects()}
        rows = connection.execute(select(_delivery).where(_delivery.c.state == State.DELIVERED)).all()
        for row in rows:
            assert row.receipt_at is not None, row.local_id
            assert row.national_id, row.local_id
            assert (row.kind, row.local_id, row.version) in effects, (row.kind, row.local_id, row.version)
        received = connection.execute(select(_record).where(_record.c.receipt_version.is_not(None))).all()
        for row in received:
            assert (row.kind, row.local_id, row.receipt_version) in effects

    # --- I5: the cursor never passes an event that is not applied ---

    def _cursor_is_behind_what_is_applied(self, connection: Connection) -> None:
        mark = marks.mark_of(connection, AGENCY, "pull.cursor")
        if mark is None or not mark[0]:
            return
        position = int.from_bytes(base64.urlsafe_b64decode(mark[0])[12:], "big")
        handed_out = self.world.sandbox._state._items(AGENCY, 0, 1_000_000)
        passed = {item.event_id for item in handed_out if item.position <= position}
        applied = set(connection.execute(select(_event.c.event_id)).scalars())
        assert passed <= applied

    # --- I6: twice is once, and the highest sequence is shown ---

    def _mirror_shows_the_newest(self, connection: Connection) -> None:
        highest: dict[tuple[str, str], Any] = {}
        for row in connection.execute(select(_event).order_by(_event.c.sequence)):
            highest[row.kind, row.local_id] = row
        shown = {(row.kind, row.local_id): row for row in connection.execute(select(_status))}
        from_list = {key for key, row in shown.items() if not row.event_id}  # after a feed that had forgotten us
        assert shown.keys() - from_list <= highest.keys() <= shown.keys()
        for key, row in shown.items():
            if key in from_list:
                assert key not in highest or row.sequence > highest[key].sequence or row.status != highest[key].status
                continue
            expected = (highest[key].sequence, highest[key].status, highest[key].event_id)
            assert (row.sequence, row.status, row.event_id) == expected

    # --- I7: no gaps, the chain holds, the head file is not ahead of it ---

    def _log_is_whole(self, connection: Connection) -> None:
        self._head, fault = verify(audit.entries(connection, AGENCY, self._head.seq), self._head)
        assert fault is None
        assert audit.head_of(connection, AGENCY) == self._head
        on_file = self.world.app.store.heads.read(AGENCY)
        assert on_file is not None
        assert on_file.seq <= self._head.seq
        at_place = next(audit.entries(connection, AGENCY, on_file.seq - 1))
        assert at_place.hash == on_file.hash

    # --- I8: tries are bounded, and a refusal is final ---

    def _tries_are_bounded(self, connection: Connection) -> None:
        assert (connection.execute(select(func.max(_delivery.c.attempt))).scalar() or 0) <= ATTEMPTS

    def _nobody_sends_what_was_refused(self, log: list[LogLine]) -> None:
        refused: Counter[tuple[RecordKey, int]] = Counter()
        tries: Counter[tuple[RecordKey, int]] = Counter()
        for line in log:
            if line.method == "PUT":
                version = (_key_of_line(line), line.version)
                refused[version] += line.status in _REFUSED
                tries[version] += line.status not in _GIVEN_BACK
        for (key, version), count in refused.items():
            assert count <= 1 + self.world.asked[key], (key, version)
        for (key, version), count in tries.items():
            assert count <= ATTEMPTS * (1 + self.world.asked[key]), (key, version)

    def _nobody_sends_before_looking(self, log: list[LogLine]) -> None:
        """Where a repeated PUT is a second effect, a GET stands between a lost answer and the next PUT; or, of a kind
        that nobody can look for, a person's word."""
        if self.world.nation.idempotent:
            return
        words = iter(self.world.words)
        word = next(words, None)
        unheard: set[RecordKey] = set()
        for place, line in enumerate(log):
            while word is not None and word[0] <= place:
                unheard.discard(word[1])
                word = next(words, None)
            key = _key_of_line(line)
            assert line.method != "GET" or not line.local_id or self._may_look(Kind(line.kind)), line
            if line.method == "GET":
                unheard.discard(key)
            elif line.method == "PUT":
                assert key not in unheard, line
                if line.fault in _UNHEARD:
                    unheard.add(key)

    def _may_look(self, kind: Kind) -> bool:
        return kind in self.world.app.context(AGENCY).capabilities.findable

    def _secrets_are_erased(self, connection: Connection) -> None:
        for key, row in _current(connection).items():
            if row.cause == Cause.BECAME_SECRET:
                kept = connection.execute(
                    select(_delivery.c.version).where(
                        _delivery.c.kind == key.kind,
                        _delivery.c.local_id == key.local_id,
                        _delivery.c.body.is_not(None),
                    )
                ).all()
                assert not kept, (key, kept)

    def _texts_are_here_or_said_to_be_gone(self, connection: Connection) -> None:
        """A text that is not here was erased in time, and an entry names the commitment to it; never of what waits."""
        gone = {row.delivery_id: row.commitment for row in connection.execute(select(_retired))}
        entries = [orjson.loads(entry.content) for entry in audit.entries(connection, AGENCY)]
        told = retired.Gone()
        erased = {}
        for fields in entries:
            told.meet(fields[5], tuple(fields[9:12]), fields[12])
            if fields[5] == "body.erased":
                erased[tuple(fields[9:12])] = fields[12]["commitment"]
        assert not retired.disagreeing(connection, AGENCY, told, is_pruned=False)
        for row in connection.execute(select(_delivery)):
            assert row.id not in gone or row.body is None
            if row.body is None and row.body_bytes:
                assert row.state in (State.DELIVERED, State.RETRACTED, State.SUPERSEDED), row.state
                assert gone[row.id] == erased[row.kind, row.local_id, row.version]

    # --- once all trouble is over ---

    def at_rest(self) -> None:
        """Assert that nothing waits but what is in a named list, and that both sides show the same."""
        with self.world.app.store.read() as connection:
            head, fault = audit.verify(connection, AGENCY)
            assert (head, fault) == (self._head, None)
            assert self.world.app.store.heads.check(connection, AGENCY) == head
            self._nothing_waits(connection)
            self._both_sides_agree(connection)
            self._what_is_missing_is_gone(connection)

    def _nothing_waits(self, connection: Connection) -> None:
        context = self.world.app.context(AGENCY)
        current = _current(connection)
        blocked = {line.key for line in waits.blocked(connection, AGENCY, context.generation, context.capabilities)}
        assert not connection.execute(
            select(_delivery).where(_delivery.c.state.in_([State.UNKNOWN, State.SENDING]))
        ).all()
        waiting = {key for key, row in current.items() if row.state == State.PENDING}
        assert waiting == blocked
        for key in blocked:
            parent = current[RecordKey(AGENCY, Kind(current[key].parent_kind), current[key].parent_local_id)]
            assert parent.state != State.DELIVERED, key
        for kind, number, expected in expectations(self.world):
            row = current.get(key_of(kind, number))
            if expected.startswith("says "):
                assert row is not None
                listed = row.state in (State.DELIVERED, State.REJECTED) or row.key_blocked(blocked)
                exhausted = row.state == State.QUARANTINED and row.cause in (Cause.EXHAUSTED, Cause.CRASH)
                assert listed or exhausted, (kind, number, row.state, row.cause)

    def _what_is_missing_is_gone(self, connection: Connection) -> None:
        """Several sweeps have passed: whoever they did not find has a tombstone, unless the source looks wrong."""
        if marks.open_guards(connection, AGENCY):
            return
        there = {key_of(kind, number) for kind, number, _ in expectations(self.world)}
        stones = connection.execute(select(_stone).where(_stone.c.closed_at.is_(None))).all()
        gone = {RecordKey(AGENCY, Kind(row.kind), row.local_id) for row in stones}
        missing = {key for key, row in _current(connection).items() if key not in there and row.cause not in _SET_ASIDE}
        assert missing <= gone

    def _both_sides_agree(self, connection: Connection) -> None:
        held = {
            RecordKey(key.agency, Kind(key.kind), key.local_id): held
            for key, held in self.world.sandbox._state.records()
        }
        for key, row in _current(connection).items():
            if row.state == State.DELIVERED:
                assert (held[key].version, held[key].digest) == (row.version, row.digest)
        stands = {key: (each.sequence, each.status) for key, each in held.items()}
        shown = {
            RecordKey(AGENCY, Kind(row.kind), row.local_id): (row.sequence, row.status)
            for row in connection.execute(select(_status))
        }
        assert shown == {key: stands.get(key) for key in shown}
        unspoken = stands.keys() - shown.keys()  # what was only ever received is in the list, and not in the feed
        assert {stands[key] for key in unspoken} <= {(1, "received")}


_SET_ASIDE = (Cause.EXCLUDED, Cause.BECAME_SECRET)


class _Row:
    """The newest version of a key, by the names of its columns."""

    def __init__(self, key: RecordKey, row: Any) -> None:
        self.key = key
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)

    def key_blocked(self, blocked: set[RecordKey]) -> bool:
        return self.key in blocked


def _current(connection: Connection) -> dict[RecordKey, _Row]:
    rows = connection.execute(
        select(_delivery).join(
            _record,
            (_record.c.kind == _delivery.c.kind)
            & (_record.c.local_id == _delivery.c.local_id)
            & (_record.c.version == _delivery.c.version),
        )
    )
    found = {}
    for row in rows:
        key = RecordKey(AGENCY, Kind(row.kind), row.local_id)
        found[key] = _Row(key, row)
    return found


def _key_of_line(line: LogLine) -> RecordKey | None:
    return RecordKey(line.agency, Kind(line.kind), line.local_id) if line.kind else None


def said(body: bytes | None) -> str:
    """Return the text that a document says, "" if it is concealed."""
    document = orjson.loads(body or b"{}")
    return str(document.get("content") or document.get("summary") or "")


def expectations(world: World) -> list[tuple[Kind, int, str]]:
    """Return, by source row, what a sweep must make of it: secret, draft, bad, orphan, or `says <its text>`.

    Written down here a second time, in plain words, for what the mapping says in its own."""
    petitions = {row["Id"]: row for row in world.rows(Kind.PETITION)}
    found = [
        (Kind.RECEPTION, int(row["Id"]), _readable(row, row["Loai"], row["NoiDung"]))
        for row in world.rows(Kind.RECEPTION)
    ]
    receptions = {number for _, number, _ in found}
    for row in petitions.values():
        expected = _hidden(row) or _readable(row, row["Loai"], row["NoiDung"])
        lost = row["IdTiep"] is not None and row["IdTiep"] not in receptions
        found.append((Kind.PETITION, row["Id"], "orphan" if lost and expected.startswith("says") else expected))
    for row in world.rows(Kind.HANDLING):
        petition = petitions.get(row["IdDon"])
        if petition is None:
            found.append((Kind.HANDLING, row["Id"], "orphan"))
        else:
            expected = _hidden(petition) or _readable(row, petition["Loai"], row["TomTat"])
            found.append((Kind.HANDLING, row["Id"], expected))
    return found


def _hidden(petition: Any) -> str:
    return "secret" if petition["Mat"] else "draft" if petition["Nhap"] else ""


def _readable(row: Any, type_: str, text: str) -> str:
    return f"says {text}" if row["Ngay"] == "2026-02-02" and type_ in ("1", "2", "3") else "bad"
