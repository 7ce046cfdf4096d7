"""The channel: when it is held, for how long, and when it is free again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.core.lifecycle import Limits
from connector.store import channel
from connector.store.channel import ChannelState, Signal
from tests.store.ledger import ACTOR, AGENCY, START, Ledger

LIMITS = Limits()
FINE = Signal(hold=False, unknown_key=None, rule="ok")


def hold(retry_after_s: float | None = None) -> Signal:
    return Signal(hold=True, unknown_key=None, rule="busy", retry_after_s=retry_after_s)


def unknown(key: str) -> Signal:
    return Signal(hold=False, unknown_key=key, rule="timeout")


def observe(ledger: Ledger, *signals: Signal, jitter: float = 0.0) -> ChannelState:
    with ledger.store.write() as tx:
        after = channel.observe(tx, AGENCY, 1, signals, LIMITS, jitter, ACTOR)
    with ledger.store.read() as connection:
        assert channel.state_of(connection, AGENCY, 1) == after
    return after


def wait_s(ledger: Ledger, state: ChannelState) -> float:
    assert state.held_until is not None
    return (state.held_until - ledger.clock.now).total_seconds()


def test_a_channel_nobody_has_used_is_free(ledger: Ledger) -> None:
    with ledger.store.read() as connection:
        assert channel.state_of(connection, AGENCY, 1) == ChannelState()


def test_good_answers_leave_no_trace(ledger: Ledger) -> None:
    assert observe(ledger, FINE, FINE) == ChannelState()
    assert ledger.told("channel.held") == []


def test_a_hold_lasts_as_long_as_it_asked_for(ledger: Ledger) -> None:
    state = observe(ledger, hold(120.0))
    assert (wait_s(ledger, state), state.held_since, state.rule, state.holds) == (120, START, "busy", 1)
    (told,) = ledger.told("channel.held")
    assert told["facts"] == {"rule": "busy", "until": (START + timedelta(seconds=120)).isoformat(), "holds": 1}


def test_jitter_comes_on_top_of_what_was_asked_for(ledger: Ledger) -> None:
    assert wait_s(ledger, observe(ledger, hold(120.0), jitter=0.75)) == 120.75


def test_a_hold_that_names_no_time_backs_off(ledger: Ledger) -> None:
    waits = []
    for _ in range(9):
        state = observe(ledger, hold())
        waits.append(wait_s(ledger, state))
        ledger.clock.forward(waits[-1])
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_answers_that_come_back_together_count_as_one_hold(ledger: Ledger) -> None:
    state = observe(ledger, *[hold()] * 16)
    assert (wait_s(ledger, state), state.holds) == (30, 1)


def test_a_later_hold_prolongs_and_never_shortens(ledger: Ledger) -> None:
    observe(ledger, hold(100.0))
    assert wait_s(ledger, observe(ledger, hold(10.0))) == 100
    state = observe(ledger, hold(300.0))
    assert (wait_s(ledger, state), state.held_since) == (300, START)


def test_a_good_answer_does_not_end_a_hold(ledger: Ledger) -> None:
    observe(ledger, hold(100.0))
    assert wait_s(ledger, observe(ledger, FINE)) == 100


@pytest.mark.parametrize(
    ("keys", "held"),
    [
        (["a", "b"], False),
        (["a", "b", "c"], True),
        (["a", "a", "a", "a"], False),
        (["a", "b", "a", "b", "a"], False),
        (["a", "b", "", "c", "d"], False),
        (["a", "", "b", "c", "d"], True),
    ],
)
def test_unknowns_of_three_different_keys_in_a_row_hold_the_channel(
    ledger: Ledger,
    keys: list[str],
    held: bool,
) -> None:
    signals = [unknown(key) if key else FINE for key in keys]
    for signal in signals:  # one commit each: the run is kept in the store
        observe(ledger, signal)
    with ledger.store.read() as connection:
        assert (channel.state_of(connection, AGENCY, 1).held_until is not None) is held


def test_a_run_of_unknowns_is_counted_within_a_batch_too(ledger: Ledger) -> None:
    state = observe(ledger, unknown("a"), unknown("b"), unknown("c"))
    assert (wait_s(ledger, state), state.rule, state.unknown_keys) == (30, "timeout", "")


def test_a_released_channel_is_free_and_remembers_how_often_it_was_held(ledger: Ledger) -> None:
    observe(ledger, hold())
    ledger.clock.forward(30)
    with ledger.store.write() as tx:
        channel.release(tx, AGENCY, 1, ACTOR)
    with ledger.store.read() as connection:
        assert channel.state_of(connection, AGENCY, 1) == ChannelState(holds=1, ramp=1)
    assert ledger.told("channel.released")[0]["facts"] == {"rule": "busy"}
    assert wait_s(ledger, observe(ledger, hold())) == 60


def test_the_first_good_answer_after_a_release_forgets_the_holds(ledger: Ledger) -> None:
    observe(ledger, hold())
    with ledger.store.write() as tx:
        channel.release(tx, AGENCY, 1, ACTOR)
    assert observe(ledger, FINE) == ChannelState(ramp=2)


def test_batches_double_after_a_hold_as_long_as_answers_are_good(ledger: Ledger) -> None:
    observe(ledger, hold())
    with ledger.store.write() as tx:
        channel.release(tx, AGENCY, 1, ACTOR)
    assert [observe(ledger, FINE).ramp for _ in range(3)] == [2, 4, 8]
    assert observe(ledger, FINE, unknown("a")).ramp == 8
    assert [observe(ledger, FINE).ramp for _ in range(7)] == [16, 32, 64, 128, 256, 512, 0]


def test_another_target_inherits_no_hold(ledger: Ledger) -> None:
    """An agency that is bound to another profile begins a new generation: what held the old way says nothing of it."""
    observe(ledger, hold(100.0))
    with ledger.store.read() as connection:
        assert channel.state_of(connection, AGENCY, 2) == ChannelState()


def test_a_hold_survives_a_restart(ledger: Ledger) -> None:
    held = observe(ledger, hold(100.0))
    ledger.store.close()  # the next use opens the file anew
    with ledger.store.read() as connection:
        assert channel.state_of(connection, AGENCY, 1) == held


def test_one_agencys_hold_is_not_anothers(ledger: Ledger) -> None:
    observe(ledger, hold(100.0))
    with ledger.store.read() as connection:
        assert channel.state_of(connection, "H51.02", 1) == ChannelState()
