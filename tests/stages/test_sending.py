"""Defects of sending, looking and waiting that a reader found, each with its story. What is fixed stays fixed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.core.model import Kind, State
from connector.errors import ExitCode
from connector.national import transport
from connector.sandbox import FaultRule
from connector.stages.push import Effort, push
from connector.store import channel, jobs, marks, views, waits
from connector.store.requests import Selection
from connector.store.tables import Delivery, table_of
from connector.store.views import Line
from tests.machine.world import AGENCY, START, Clock, Nation, World, key_of

DAY_S = 86_400.0
PETITION = key_of(Kind.PETITION, 1)


@pytest.fixture
def nation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nation]:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    made = Nation(Clock(), idempotent=getattr(request, "param", True))
    yield made
    made.sandbox.close()


@pytest.fixture
def world(tmp_path: Path, nation: Nation) -> Iterator[World]:
    built = World(tmp_path, nation, workers=1)
    add_petition(built, 1)
    yield built
    built.close()


def add_petition(world: World, number: int) -> None:
    world.edit("INSERT INTO don VALUES (?, NULL, '2026-02-02', '1', 'Nội dung', NULL, 0, 0)", number)


def line(world: World, number: int = 1) -> Line:
    with world.app.store.read() as connection:
        return views.lines(connection, AGENCY, key=key_of(Kind.PETITION, number))[0]


def counted(world: World) -> dict[str, int]:
    with world.app.store.read() as connection:
        return views.counts(connection, AGENCY)[Kind.PETITION]


def listed(world: World, state: str) -> list[str]:
    with world.app.store.read() as connection:
        return [found.key.local_id for found in views.lines(connection, AGENCY, state=state)]


# --- when an ABSENT may be believed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("nation", [False], indirect=True)
def test_a_claim_that_has_grown_old_is_given_back_and_sent_another_time(world: World) -> None:
    """The last of a batch was sent when its lease was nearly over: whoever took it over looked before the last byte had
    left, found nothing, and sent it a second time."""
    for number in range(2, 8):
        add_petition(world, number)
    world.run("collect")
    effort = Effort(workers=1, rows=100, body_bytes=10**6, lease_s=0.04)  # every look at the clock takes a millisecond
    total: dict[str, int] = {}
    context = replace(world.app.context(AGENCY), monotonic=lambda: 0.0)  # the wall clock alone says it here
    for counts in push(context, world.app.agency(AGENCY).national, effort):
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    assert total[State.PENDING] > 0
    assert (total[State.DELIVERED], total["requests"]) == (7, 7)
    assert set(world.sandbox.effects().values()) == {1}


def test_a_fault_of_ours_where_answers_are_written_counts_like_a_death(world: World) -> None:
    """Else a record whose answer no run can write down would be claimed for ever, before all others."""
    world.nation.play([FaultRule("busy_503", retry_after_s=None)])
    world.run("collect")
    context = replace(world.app.context(AGENCY), jitter=lambda: float("a fault of ours"))
    with pytest.raises(ValueError, match="a fault of ours"):
        list(
            push(context, world.app.agency(AGENCY).national, Effort(workers=1, rows=100, body_bytes=10**6, lease_s=300))
        )
    delivery = table_of(Delivery)
    with world.app.store.read() as connection:
        row = connection.execute(select(delivery.c.state, delivery.c.crashes)).one()
    assert (row.state, row.crashes) == (State.UNKNOWN, 1)


# --- time that was wrong ---------------------------------------------------------------------------------------------


def test_what_was_taken_in_while_the_clock_was_ahead_is_sent_once_it_is_right_again(world: World) -> None:
    """A machine without a network started in the future. Its records waited, as nobody's business, until that day."""
    world.clock.advance(30 * DAY_S)
    world.run("collect")
    world.clock.reset()
    assert world.app.seconds_to_next(AGENCY) == 0
    world.run("push")
    assert line(world).state == State.DELIVERED


@pytest.mark.parametrize("nation", [False], indirect=True)
def test_what_was_lost_while_the_clock_was_ahead_is_looked_for_and_settles_from_now(world: World) -> None:
    world.clock.advance(30 * DAY_S)
    world.nation.play([FaultRule("lose_before_commit", times=1)])
    world.run("collect")
    world.run("push")
    world.clock.reset()
    world.nation.play([])
    world.run("resolve")
    found = line(world)
    assert found.state == State.UNKNOWN
    assert found.next_attempt_at is not None
    assert 0 < (found.next_attempt_at - START).total_seconds() < 120
    world.clock.advance(120)
    world.sync()
    assert line(world).state == State.DELIVERED
    assert set(world.sandbox.effects().values()) == {1}


@pytest.mark.parametrize("nation", [False], indirect=True)
@pytest.mark.parametrize("step_s", [3_600, -3_600, DAY_S, -DAY_S])
def test_a_clock_that_jumps_in_a_lease_doubles_and_strands_nothing(world: World, step_s: float) -> None:
    """Ahead: what was not sent yet is given back and goes with the next claim. Back: the lease does not grow longer by
    it, for the monotonic clock bounds it too."""
    for number in range(2, 8):
        add_petition(world, number)
    world.run("collect")
    began, jumps, ticks = world.clock(), [step_s], iter(range(10**6))

    def jump_after_the_third() -> bool:
        if jumps and len(world.sandbox.effects()) == 3:
            world.clock.advance(jumps.pop())
        return True

    context = replace(
        world.app.context(AGENCY),
        may_send=jump_after_the_third,
        monotonic=lambda: next(ticks) * (20.0 if not jumps else 0),
    )
    effort = Effort(workers=1, rows=100, body_bytes=10**6, lease_s=100)
    asked = sum(counts.get("requests", 0) for counts in push(context, world.app.agency(AGENCY).national, effort))
    assert asked == 7
    assert counted(world) == {State.DELIVERED: 7}
    assert set(world.sandbox.effects().values()) == {1}
    assert jumps == []
    assert abs((world.clock() - began).total_seconds() - step_s) < 60


# --- a channel on hold -----------------------------------------------------------------------------------------------


def test_a_feed_that_forgot_our_place_frees_a_held_channel_all_the_same(world: World) -> None:
    """The probe asks for one page of the feed, and the feed answered 410: one 429 stopped all sending for ever."""
    world.nation.play([FaultRule("busy_429", times=1), FaultRule("expired_cursor")])
    world.run("collect")
    world.run("push")
    assert line(world).state == State.PENDING
    world.clock.advance(1_000)
    world.run("push")
    assert line(world).state == State.DELIVERED


@pytest.mark.parametrize("nation", [False], indirect=True)
def test_a_run_is_cut_off_also_where_it_looks_before_it_sends(world: World) -> None:
    """The rule of such a hold is `looked-first:nothing_sent`, and was not known: each run waited two minutes more."""
    world.run("collect")
    world.nation.go_away()
    for _ in world.app.deliver(AGENCY):
        pass
    assert world.app.is_cut_off(AGENCY)
    with world.app.store.read() as connection:
        assert (channel.state_of(connection, AGENCY, 1).rule or "").startswith("looked-first:nothing_sent")


# --- a last success, and what is none --------------------------------------------------------------------------------


def successes(world: World) -> set[str]:
    """The jobs that succeeded within the last hour."""
    with world.app.store.read() as connection:
        found = {
            job: marks.mark_of(connection, AGENCY, jobs.success_mark(job)) for job in ("collect", "deliver", "pull")
        }
    return {job for job, mark in found.items() if mark and (world.clock() - mark[1]).total_seconds() < 3_600}


def test_nothing_sent_is_no_success(world: World) -> None:
    """`status` showed a delivery of just now while the national side had been away for a day."""
    world.sync()
    assert successes(world) == {"collect", "deliver", "pull"}
    world.clock.advance(DAY_S)
    add_petition(world, 2)
    world.nation.go_away()
    world.sync()
    assert successes(world) == {"collect"}


def test_a_feed_that_turned_us_away_is_no_success(world: World) -> None:
    world.nation.play([FaultRule("expired_cursor")])
    world.sync()
    assert successes(world) == {"collect", "deliver"}


def test_a_guard_is_no_success(world: World) -> None:
    config = world.folder / "config.toml"
    limit = "page_rows = 2\nfirst_run_limit = 1"
    config.write_text(config.read_text(encoding="utf-8").replace("page_rows = 2", limit), encoding="utf-8")
    add_petition(world, 2)
    world.reopen()
    world.sync()
    assert "collect" not in successes(world)


# --- what must stay in sight -----------------------------------------------------------------------------------------


def test_a_lost_answer_stays_in_sight_when_its_record_is_set_aside(world: World) -> None:
    """The newest version was `not_sent`, and only that was counted: what the nation may hold of it, and nobody knew,
    was in no list, and the run was done."""
    world.run("collect")
    world.nation.play([FaultRule("lose_after_commit")])
    world.run("push")
    world.edit("UPDATE don SET Nhap = 1")
    world.run("collect")
    assert counted(world) == {State.UNKNOWN: 1}
    assert listed(world, State.UNKNOWN) == listed(world, State.NOT_SENT) == ["nho:1"]
    assert line(world).next_attempt_at is not None
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL
    world.run("resolve")
    assert counted(world) == {State.NOT_SENT: 1}


def send_back(world: World) -> None:
    world.sandbox.move(AGENCY, "petition", "nho:1", "returned_for_correction")
    world.run("pull")


def assert_returned(world: World) -> None:
    assert listed(world, views.RETURNED) == ["nho:1"]
    assert counted(world) == {views.RETURNED: 1}
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL


def test_a_returned_record_stays_listed_until_its_correction_is_delivered(world: World) -> None:
    """An edit was enough to take it off the list, though the correction could not go: a pause, a hold, a parent."""
    world.sync()
    send_back(world)
    assert_returned(world)
    world.pause("petition")
    world.edit("UPDATE don SET NoiDung = 'Đã sửa'")
    world.sync()
    assert_returned(world)
    world.resume("petition")
    world.run("push")
    assert counted(world) == {State.DELIVERED: 1}
    assert listed(world, views.RETURNED) == []


def test_a_returned_record_that_is_set_aside_stays_listed(world: World) -> None:
    world.sync()
    send_back(world)
    world.edit("UPDATE don SET Nhap = 1")
    world.sync()
    assert_returned(world)


def test_a_returned_record_that_is_asked_for_again_stays_listed(world: World) -> None:
    """The look renewed the time of receipt, and a return is told from a receipt by its time: it was gone."""
    world.sync()
    send_back(world)
    world.ask(Selection(keys=(PETITION,)))
    world.sync()
    assert_returned(world)


def test_what_was_returned_before_its_lost_answer_was_found_stays_listed(world: World) -> None:
    """Found, version 2 was new to us, yet the nation had had it long enough to send it back."""
    world.sync()
    world.edit("UPDATE don SET NoiDung = 'Đã sửa'")
    world.run("collect")
    world.nation.play([FaultRule("lose_after_commit", times=1)])
    world.run("push")
    send_back(world)
    world.run("resolve")
    assert_returned(world)


def test_a_return_in_the_very_second_of_the_receipt_is_listed(world: World) -> None:
    """Both are the nation's times, and one of them may have no fractions. Its own sequence alone orders."""
    world.run("collect")
    world.run("push")
    world.clock.reset()  # the nation's clock goes back: the return bears an earlier time than the receipt
    send_back(world)
    assert_returned(world)


# --- pauses ----------------------------------------------------------------------------------------------------------


def paused(world: World) -> int:
    context = world.app.context(AGENCY)
    with world.app.store.read() as connection:
        return waits.paused_count(connection, AGENCY, context.generation, context.capabilities)


def test_a_pause_excuses_only_what_it_covers(world: World) -> None:
    """Any pause at all, of a kind that had no records even, made a run with unsent records a done one."""
    world.run("collect")
    world.pause("enforcement")
    assert paused(world) == 0
    world.pause("petition")
    assert paused(world) == 1


def test_a_record_that_is_gone_is_listed_as_gone_and_told_in_its_own_state(world: World) -> None:
    """The list of the gone named every one of them "gone", as if that were a state, and not whether it was received."""
    add_petition(world, 2)
    world.sync()
    world.edit("DELETE FROM don WHERE Id = 1")
    world.run("collect")
    world.run("collect")
    with world.app.store.read() as connection:
        (found,) = views.lines(connection, AGENCY, state=views.GONE)
    assert (found.key.local_id, found.state) == ("nho:1", State.DELIVERED)
