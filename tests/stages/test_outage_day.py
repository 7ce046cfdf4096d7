"""A day without the national side: what is collected meanwhile waits whole, and goes at the rate that is allowed then.

The clock is ours. Every minute (`make soak`) or hour of the day the jobs run that the daemon would run, and the
other side counts what reaches it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core.model import State
from connector.national import transport
from connector.sandbox import FaultRule
from connector.store import audit, channel, views
from tests.crash.history import soaking
from tests.machine.world import AGENCY, START, Clock, Nation, World

PETITIONS = 300
DAY_S = 86_400
TICK_S = 60 if soaking() else 3_600
COLLECT_EVERY_S, PULL_EVERY_S = max(TICK_S, 600), max(TICK_S, 900)
LIMIT, WINDOW_S = 30, 60
"""What the national side allows when it is back."""

OUTAGES = {"closed": (), "busy": (FaultRule("busy_503", call="", retry_after_s=None),)}
"""Nobody listens; or everything is answered with 503, which says nothing of how long."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A connector with pages and batches of the usual size, and a national side that was there a moment ago."""
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    nation = Nation(Clock(), idempotent=True)
    built = World(tmp_path, nation, workers=4)
    config = tmp_path / "config.toml"
    text = config.read_text(encoding="utf-8")
    text = text.replace("page_rows = 2", "page_rows = 200").replace("batch_rows = 5", "batch_rows = 100")
    config.write_text(text, encoding="utf-8")
    built.reopen()
    built.sync()
    yield built
    built.close()
    nation.sandbox.close()


def live_through(world: World, seconds: int) -> int:
    """Do what the daemon does for so long, while clerks enter petitions the whole time; return how often the other side
    was asked for its feed, which is no attempt at a record."""
    entered = for_the_feed = 0
    for at in range(0, seconds, TICK_S):
        while entered < PETITIONS * (at + TICK_S) // seconds:
            entered += 1
            world.edit("INSERT INTO don VALUES (?, NULL, '2026-03-02', '1', 'Nội dung', NULL, 0, 0)", entered)
        if at % COLLECT_EVERY_S == 0 or at + TICK_S >= seconds:
            world.run("collect")
        for _ in world.app.deliver(AGENCY, longest_wait_s=0.0):
            pass
        if at % PULL_EVERY_S == 0:
            before = len(world.sandbox.log())
            world.run("pull")
            for_the_feed += len(world.sandbox.log()) - before
        world.clock.advance(TICK_S - (world.clock() - START).total_seconds() % TICK_S)
    return for_the_feed


@pytest.mark.parametrize("outage", OUTAGES)
def test_after_a_day_of_outage_every_record_goes_once_at_the_allowed_rate(world: World, outage: str) -> None:
    before = len(world.sandbox.log())
    if outage == "closed":
        world.nation.go_away()
    world.nation.play(OUTAGES[outage])
    for_the_feed = live_through(world, DAY_S)
    with world.app.store.read() as connection:
        waiting = views.lines(connection, AGENCY, limit=PETITIONS + 1)
        held = channel.state_of(connection, AGENCY, 1)
    assert Counter(line.state for line in waiting) == {State.PENDING: PETITIONS}
    assert {line.attempt for line in waiting} == {0}, "no record has lost an attempt"
    assert held.held_until is not None
    asked = len(world.sandbox.log()) - before - for_the_feed
    print(f"{outage}: outage: {asked} requests for records, {for_the_feed} for the feed; {held.holds} holds")  # noqa: T201 - with -s
    assert asked <= 2 * DAY_S / 3_600, "a channel on hold is asked about once an hour"

    world.nation.come_back()
    world.nation.play([])
    world.sandbox.limit_rate(LIMIT, WINDOW_S)
    world.clock.advance(max((held.held_until - world.clock()).total_seconds(), 0.0))
    began, back = world.clock(), len(world.sandbox.log())
    while (wait_s := world.app.seconds_to_next(AGENCY)) is not None:
        world.clock.advance(wait_s)
        for _ in world.app.deliver(AGENCY):
            pass
    took_s = (world.clock() - began).total_seconds()
    drained = Counter(f"{line.method} {line.status}" for line in world.sandbox.log()[back:])
    print(f"{outage}: drained in {took_s:.0f} s by {dict(drained)}")  # noqa: T201 - with -s
    with world.app.store.read() as connection:
        lines = views.lines(connection, AGENCY, limit=PETITIONS + 1)
        _, fault = audit.verify(connection, AGENCY)
    assert Counter(line.state for line in lines) == {State.DELIVERED: PETITIONS}
    assert {line.attempt for line in lines} == {1}
    assert Counter(world.sandbox.effects().values()) == {1: PETITIONS}
    assert fault is None
    assert not [answer for answer in drained if answer.endswith(" 429")], "the other side counted none too many"
    assert took_s <= 1.5 * PETITIONS / LIMIT * WINDOW_S, "and not much slower than that"
    assert asked + drained.total() < 1.2 * PETITIONS
