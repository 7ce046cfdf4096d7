"""The national side is away for days: what is done meanwhile, what is told, and how the queue drains afterwards."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select

from connector import logs
from connector.core.model import Kind
from connector.national import transport
from connector.store import outbox, views
from connector.store.tables import AuditEntry, table_of
from connector.telling import overview
from tests.machine.world import AGENCY, START, Clock, Nation, World

AUDIT = table_of(AuditEntry)

HOUR_S = 3_600
HOURS = 72
A_ROUND_H = 6
FIRST = 5
"""As many as a batch: they are tried first, and so they stand in the order in which they were entered."""


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.set_up("warning", stream)
    yield stream
    structlog.reset_defaults()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    nation = Nation(Clock(), idempotent=True)
    built = World(tmp_path, nation, workers=1)
    yield built
    built.close()
    nation.sandbox.close()


def enter(world: World, numbers: range) -> None:
    for number in numbers:
        world.edit("INSERT INTO don VALUES (?, NULL, '2026-02-02', '1', 'Nội dung', NULL, 0, 0)", number)
    world.run("collect")


def test_an_outage_of_three_days_spends_no_attempt_is_told_once_and_drains_in_order(
    world: World, told: io.StringIO
) -> None:
    world.nation.go_away()
    enter(world, range(1, FIRST + 1))
    entered = FIRST
    for hour in range(HOURS):
        if hour and hour % A_ROUND_H == 0:
            enter(world, range(entered + 1, entered + 3))
            entered += 2
        world.run("push")
        world.run("resolve")
        world.clock.advance(HOUR_S)

    view = overview.overview(world.app, AGENCY)
    assert view.states[Kind.PETITION] == {"pending": entered}
    assert view.channel.held_since is not None
    assert (view.channel.held_since - START).total_seconds() < HOUR_S
    assert view.oldest_pending is not None
    assert (view.oldest_pending - START).total_seconds() < HOUR_S
    with world.app.store.read() as connection:
        assert {line.attempt for line in views.lines(connection, AGENCY)} == {0}
        entries = Counter(connection.execute(select(AUDIT.c.event)).scalars())
        assert outbox.unknowns_due(connection, AGENCY, 1, world.clock(), 100, farthest_s=HOUR_S) == []
    assert entries["channel.held"] <= HOURS  # a try an hour at the most
    assert entries["delivery.answered"] <= FIRST
    alarms = [json.loads(line)["event"] for line in told.getvalue().splitlines()]
    assert alarms.count("channel.held") == 1

    world.nation.come_back()
    world.clock.advance(HOUR_S)
    batches = [counts["requests"] for counts in world.stage("push") if "requests" in counts]
    assert batches[:3] == [1, 2, 4]
    sent = [line.local_id for line in world.sandbox.log() if line.method == "PUT"]
    assert sent == [f"nho:{number}" for number in range(1, entered + 1)]
    assert set(world.sandbox.effects().values()) == {1}
    view = overview.overview(world.app, AGENCY)
    assert view.states[Kind.PETITION] == {"delivered": entered}
    assert (view.oldest_pending, view.channel.held_since) == (None, None)
    with world.app.store.read() as connection:
        assert {line.attempt for line in views.lines(connection, AGENCY)} == {1}
