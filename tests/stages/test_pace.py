"""The national side's rate limit, the way back after a hold, and shares: real requests, counted by the other side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core.model import Kind
from connector.core.pacing import Budget
from connector.national import transport
from connector.sandbox import FaultRule
from connector.sandbox.quota import Spelling
from connector.store import channel, marks, outbox, views
from connector.store.channel import ChannelState
from tests.machine.world import AGENCY, Clock, Nation, World, key_of

WINDOW_S = 20
LIMIT = 10


@pytest.fixture
def nation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nation]:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    made = Nation(Clock(), idempotent=getattr(request, "param", True))
    yield made
    made.sandbox.close()


@pytest.fixture
def world(tmp_path: Path, nation: Nation) -> Iterator[World]:
    built = World(tmp_path, nation, workers=4)
    yield built
    built.close()


def add_petitions(world: World, count: int) -> None:
    for number in range(1, count + 1):
        world.edit("INSERT INTO don VALUES (?, NULL, '2026-02-02', '1', 'Nội dung', NULL, 0, 0)", number)
    world.run("collect")


def pushed(world: World) -> Counter[str]:
    total: Counter[str] = Counter()
    for counts in world.stage("push"):
        total.update(counts)
    return total


def state(world: World) -> ChannelState:
    with world.app.store.read() as connection:
        return channel.state_of(connection, AGENCY, 1)


def counted(world: World) -> dict[str, int]:
    with world.app.store.read() as connection:
        return views.counts(connection, AGENCY)[Kind.PETITION]


def attempts(world: World) -> set[int]:
    with world.app.store.read() as connection:
        return {line.attempt for line in views.lines(connection, AGENCY)}


def statuses(world: World) -> Counter[int]:
    return Counter(line.status for line in world.sandbox.log() if line.method != "POST")


def deliver(world: World) -> None:
    for _ in world.app.deliver(AGENCY):
        pass


# --- the rate limit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nation", [True, False], indirect=True)
@pytest.mark.parametrize("spelling", ["fields", "three", "epoch"])
def test_no_request_goes_beyond_the_limit_and_everything_arrives(world: World, spelling: Spelling) -> None:
    world.sandbox.limit_rate(LIMIT, WINDOW_S, spelling)
    add_petitions(world, 33)
    deliver(world)
    assert counted(world) == {"delivered": 33}
    assert 429 not in statuses(world)
    assert attempts(world) == {1}
    assert state(world).holds == 0  # a wait, not a hold


def test_a_window_that_is_used_up_outlives_a_restart(world: World) -> None:
    world.sandbox.limit_rate(LIMIT, WINDOW_S)
    add_petitions(world, 15)
    assert pushed(world)["paced"] == 1
    asked = len(world.sandbox.log())
    world.reopen()
    assert pushed(world) == {"paced": 1}
    assert len(world.sandbox.log()) == asked
    assert 0 < (world.app.seconds_to_next(AGENCY) or 0) <= WINDOW_S + 1
    world.clock.advance(WINDOW_S + 1)
    assert pushed(world)["delivered"] == 5


def test_lost_answers_are_looked_for_within_the_limit_too(world: World) -> None:
    add_petitions(world, 15)
    world.nation.play([FaultRule("lose_after_commit", times=1)])
    for _ in range(20):  # three lost answers hold the channel each time: the clock goes on
        world.run("push")
        world.clock.advance(4_000)
    world.nation.play([])
    world.sandbox.limit_rate(LIMIT, WINDOW_S)
    deliver(world)
    deliver(world)
    assert counted(world) == {"delivered": 15}
    assert 429 not in statuses(world)
    assert set(world.sandbox.effects().values()) == {1}


def test_a_side_without_a_limit_is_not_waited_for(world: World) -> None:
    add_petitions(world, 40)
    assert pushed(world)["delivered"] == 40
    assert state(world).pace is None


# --- after a hold ----------------------------------------------------------------------------------------------------


def test_after_a_hold_batches_begin_with_one_and_double(world: World) -> None:
    add_petitions(world, 20)
    world.nation.play([FaultRule("busy_503", in_all=1, retry_after_s=60)])
    pushed(world)
    assert state(world).held_until is not None
    world.nation.play([])
    world.clock.advance(62)
    batches = [counts["requests"] for counts in world.stage("push") if "requests" in counts]
    assert batches[:3] == [1, 2, 4]
    assert max(batches) <= 5  # batch_rows
    assert counted(world) == {"delivered": 20}


# --- all traffic -----------------------------------------------------------------------------------------------------


def test_a_paused_channel_carries_nothing_at_all_until_it_is_resumed(world: World) -> None:
    add_petitions(world, 3)
    with world.app.store.write() as tx:
        marks.pause(tx, AGENCY, marks.CHANNEL, "", world.app.actor, "đang bảo trì")
    world.reopen()
    before = len(world.sandbox.log())
    world.sync()
    assert len(world.sandbox.log()) == before
    assert world.app.seconds_to_next(AGENCY) is None
    with world.app.store.write() as tx:
        marks.resume(tx, AGENCY, marks.CHANNEL, "", world.app.actor, "xong")
    world.sync()
    assert counted(world) == {"delivered": 3}


# --- the retry budget ------------------------------------------------------------------------------------------------


def test_a_sick_record_set_cannot_double_the_traffic(world: World) -> None:
    """Every record is answered "in progress", for ever: without a budget each fresh one would bring eleven more."""
    with world.app.store.write() as tx:
        spent = channel.state_of(tx.connection, AGENCY, 1)
        channel.spend(tx, AGENCY, 1, Budget(), 0, 10_000)
    assert spent.credit == 0
    add_petitions(world, 60)
    world.nation.play([FaultRule("in_progress")])
    pushed(world)
    firsts = len(world.sandbox.log())
    assert firsts >= 60
    world.clock.advance(60)
    pushed(world)
    repeated = len(world.sandbox.log()) - firsts
    assert 0 < repeated <= 60 * 0.2 + 20 + 1
    assert attempts(world) == {1, 2}  # who waits for credit loses no attempt
    assert 0 < (world.app.seconds_to_next(AGENCY) or 0) <= 60


# --- shares ----------------------------------------------------------------------------------------------------------


def test_what_a_person_asks_for_does_not_stand_behind_a_backlog(world: World) -> None:
    add_petitions(world, 30)
    wanted = key_of(Kind.PETITION, 30)
    context = world.app.context(AGENCY)
    with world.app.store.write() as tx:
        asked = outbox.ask_again(tx, wanted, 1, context.capabilities, world.app.actor, "người dân chờ")
    assert asked == "send"
    world.clock.advance(1)
    stage = world.stage("push")
    next(stage)
    stage.close()
    assert ("petition", wanted.local_id) in {(line.kind, line.local_id) for line in world.sandbox.log()}
