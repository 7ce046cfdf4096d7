"""The status feed after anything that happens to feeds: what is published equals what the national side holds."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.app import MIRROR_FILE
from connector.core.model import KINDS, Kind
from connector.errors import CursorExpiredError, ExitCode, RemoteError
from connector.national import transport
from connector.national.base import NationalSettings
from connector.national.decree55 import Decree55
from connector.sandbox import FaultRule
from connector.stages import rebuild
from connector.stages.context import Counts
from connector.stages.pull import peek, pull
from connector.store import audit, mirrored, views
from connector.store.tables import MirrorEvent, MirrorStatus, table_of
from tests.machine.world import AGENCY, Clock, Nation, World, key_of
from tests.national import fault_server
from tests.national.fault_server import FaultServer, answer

DAY_S = 86_400.0
PETITIONS = 7
Shown = dict[tuple[str, str], tuple[int, str, str]]


@pytest.fixture
def nation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nation]:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    made = Nation(Clock(), idempotent=True)
    yield made
    made.sandbox.close()


@pytest.fixture
def world(tmp_path: Path, nation: Nation) -> Iterator[World]:
    """Seven petitions were delivered, and the feed has been followed to its end."""
    built = World(tmp_path, nation, workers=1)
    for number in range(1, PETITIONS + 1):
        values = (number, None, "02/03/2026", "1", f"Nội dung {number}", None)
        built.edit("REPLACE INTO don VALUES (?, ?, ?, ?, ?, ?, 0, 0)", *values)
    built.sync()
    move(built, 1, "validated")
    built.run("pull")
    yield built
    built.close()


def move(world: World, number: int, *statuses: str) -> None:
    for status in statuses:
        world.sandbox.move(AGENCY, Kind.PETITION, key_of(Kind.PETITION, number).local_id, status, "Ghi chú")


def published(world: World) -> Shown:
    connection = sqlite3.connect(world.folder / "data" / MIRROR_FILE)
    rows = connection.execute("SELECT kind, local_id, sequence, status, national_id FROM status").fetchall()
    connection.close()
    return {row[:2]: row[2:] for row in rows}


def held(world: World) -> Shown:
    """What the national side holds under a key. Of what has only ever been received, the feed never spoke."""
    return {
        (str(kind), line.local_id): (line.status_sequence, line.status, line.national_id)
        for kind in KINDS
        for line in world.sandbox.listed(AGENCY, kind)
        if line.local_id
    }


def moved(shown: Shown) -> Shown:
    return {key: value for key, value in shown.items() if value[0] > 1}


def pulled(world: World) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in world.stage("pull"):
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total


def told(world: World, event: str) -> int:
    with world.app.store.read() as connection:
        return sum(f'"{event}"' in entry.content for entry in audit.entries(connection, AGENCY))


def forget(world: World) -> None:
    """Something moves that the feed tells nobody any more, and something that it still tells."""
    move(world, 2, "validated", "settled")
    move(world, 3, "returned_for_correction")
    world.sandbox.forget_feed()
    move(world, 4, "validated")


# --- a cursor that the feed has forgotten


def test_a_forgotten_cursor_is_made_up_for_from_the_list_and_the_feed_goes_on(world: World) -> None:
    forget(world)
    counts = pulled(world)
    assert (counts["listed"], counts["moved"]) == (PETITIONS, PETITIONS - 1)
    assert "stopped" not in counts
    assert published(world) == held(world)
    assert (told(world, "pull.rebuild_begun"), told(world, "pull.rebuilt")) == (1, 1)
    with world.app.store.read() as connection:
        (line,) = views.lines(connection, AGENCY, state=views.RETURNED)
        last = rebuild.last(connection, AGENCY)
    assert line.key == key_of(Kind.PETITION, 3)
    assert last is not None
    assert last[1]["listed"] == PETITIONS
    move(world, 2, "closed")
    assert pulled(world)["new"] == 1
    assert published(world) == held(world)
    assert told(world, "pull.rebuilt") == 1


def test_a_status_from_the_list_has_no_time_until_its_event_comes(world: World) -> None:
    world.sandbox.play(FaultRule("late_events"))
    move(world, 2, "settled")
    world.sandbox.play()
    move(world, 3, "validated")
    world.sandbox.play(FaultRule("expired_cursor", in_all=1))
    status = table_of(MirrorStatus)
    second = select(status).where(status.c.local_id == key_of(Kind.PETITION, 2).local_id)
    for _ in world.stage("pull"):
        with world.app.store.read() as connection:
            row = connection.execute(second).first()
        if row is not None and not row.event_id:
            assert (row.status, row.occurred_at, row.note, row.acting_agency) == ("settled", None, "", "")
            break
    else:
        raise AssertionError("the list was not taken over")
    pulled(world)
    pulled(world)
    with world.app.store.read() as connection:
        row = connection.execute(second).one()
    assert (row.status, row.note, row.acting_agency, bool(row.event_id)) == ("settled", "Ghi chú", "TTCP", True)
    assert row.occurred_at is not None


def test_a_process_that_ends_after_any_page_goes_on_where_it_stood(world: World) -> None:
    forget(world)
    ends = 0
    while not told(world, "pull.rebuilt"):
        pages = world.stage("pull")
        next(pages)
        pages.close()
        world.reopen()
        ends += 1
    assert ends > len(KINDS)
    pulled(world)
    assert told(world, "pull.rebuilt") == 1
    assert published(world) == held(world)
    assert told(world, "pull.rebuild_begun") == 1


def test_what_moves_while_the_list_is_read_is_told_by_the_feed_afterwards(world: World) -> None:
    forget(world)
    turns = iter(range(1, PETITIONS + 1))
    for _ in world.stage("pull"):
        if number := next(turns, 0):
            move(world, number, "accepted_for_settlement", "settled")
    assert published(world) == held(world)


def test_a_list_that_forgets_our_place_is_read_from_its_beginning(world: World) -> None:
    forget(world)
    world.sandbox.play(FaultRule("expired_cursor", call="manifest", kind=Kind.PETITION, every=2, times=1))
    assert pulled(world)["listed"] > PETITIONS
    assert published(world) == held(world)


def test_a_list_that_forgets_our_place_again_and_again_is_an_error_and_the_next_pull_goes_on(world: World) -> None:
    forget(world)
    world.sandbox.play(FaultRule("expired_cursor", call="manifest", kind=Kind.PETITION, every=2))
    with pytest.raises(CursorExpiredError):
        pulled(world)
    world.sandbox.play()
    pulled(world)
    assert published(world) == held(world)


def test_a_list_that_does_not_answer_leaves_the_rebuild_to_the_next_pull(world: World) -> None:
    forget(world)
    world.sandbox.play(FaultRule("html", call="manifest", kind=Kind.DECISION))
    with pytest.raises(RemoteError):
        pulled(world)
    with world.app.store.read() as connection:
        assert rebuild.is_under_way(connection, AGENCY)
    world.sandbox.play()
    pulled(world)
    assert published(world) == held(world)
    assert told(world, "pull.rebuild_begun") == 1


def test_a_list_that_has_become_too_old_is_read_anew_before_the_feed_is_joined(world: World) -> None:
    """The feed was away after the list had been read, and forgot more: without a cursor, nobody would have said so."""
    forget(world)
    world.sandbox.play(FaultRule("expired_cursor"))
    assert pulled(world)["stopped"] == 1
    move(world, 5, "closed")
    world.sandbox.forget_feed()
    world.sandbox.play()
    world.clock.advance(2 * DAY_S)
    assert pulled(world)["listed"] == PETITIONS
    assert published(world) == held(world)
    assert "listed" not in pulled(world)


def test_a_feed_that_refuses_every_cursor_stops_after_one_rebuild(world: World) -> None:
    forget(world)
    world.sandbox.play(FaultRule("expired_cursor"))
    counts = pulled(world)
    assert (counts["listed"], counts["stopped"]) == (PETITIONS, 1)
    assert pulled(world) == {"stopped": 1}
    assert published(world) == held(world)
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL
    world.sandbox.play()
    pulled(world)
    assert told(world, "pull.stopped") == 1
    assert published(world) == held(world)


def test_a_feed_without_a_list_stops_as_before_and_nothing_is_skipped(world: World) -> None:
    forget(world)
    context = world.app.context(AGENCY)
    context = replace(context, capabilities=replace(context.capabilities, manifest=False))
    line = world.app.agency(AGENCY).national
    assert list(pull(context, line, 3)) == [{"stopped": 1}]
    with pytest.raises(CursorExpiredError):
        list(peek(context, line, 3))
    assert told(world, "pull.stopped") == 1
    assert told(world, "pull.rebuild_begun") == 0


def test_a_dry_run_says_what_the_feed_still_has_and_rebuilds_nothing(world: World) -> None:
    forget(world)
    before = published(world)
    assert sum(counts["updates"] for counts in world.app.peek(AGENCY)) == 1
    assert published(world) == before
    assert told(world, "pull.rebuild_begun") == 0


def test_the_mirror_never_goes_back_with_a_nation_that_was_restored_from_a_backup(world: World) -> None:
    yesterday = world.sandbox.snapshot()
    move(world, 1, "settled")
    move(world, 2, "validated")
    pulled(world)
    before = published(world)
    world.sandbox.restore(yesterday)
    counts = pulled(world)
    assert counts["ahead"] == 2
    assert {key: published(world)[key] for key in before} == before


def test_what_was_entered_by_hand_is_shown_under_its_key_or_counted(world: World) -> None:
    world.sandbox.enter(AGENCY, Kind.PETITION, "Nhập tay")
    world.sandbox.enter(AGENCY, Kind.PETITION, "Nhập tay", "so:9")
    forget(world)
    counts = pulled(world)
    assert (counts["listed"], counts["by_hand"]) == (PETITIONS + 2, 1)
    assert published(world) == held(world)
    assert ("petition", "so:9") in published(world)


def test_a_list_that_leads_round_in_a_circle_ends_the_run(world: World) -> None:
    forget(world)
    asked = []

    def script(talk: fault_server.Talk) -> None:
        while (received := talk.receive()) is not None:
            if received.target == "/oauth2/token":
                talk.send(answer(200, b'{"access_token":"t","token_type":"Bearer","expires_in":3600}'))
            elif "status-updates" in received.target:
                talk.send(answer(410, b"{}", "application/problem+json"))
            else:
                asked.append(received.target)
                talk.send(answer(200, b'{"items":[],"next":"c%d","more":true}' % (len(asked) % 3)))

    with FaultServer((script,)) as server:
        settings = NationalSettings(environment="test", base_url=server.base_url, allow_plain_http=True)
        line = Decree55(settings, AGENCY, lambda: ("client", "secret"), threading.Event())
        with pytest.raises(RemoteError, match="E-FEED-LOOP"):
            list(pull(world.app.context(AGENCY), line, 3))
        line.close()
    assert len(asked) <= 5


# --- forty days


@pytest.mark.parametrize("forgets", [False, True], ids=["the feed keeps all", "the feed forgets"])
def test_after_forty_days_of_downtime_the_mirror_equals_the_national_side(world: World, *, forgets: bool) -> None:
    """Duplicates, late events, events of petitions that nobody here knows, pages that shift, and a cursor that is
    forgotten or not: whatever the feed did in forty days, what is published is what the national side holds."""
    world.sandbox.enter(AGENCY, Kind.PETITION, "Nhập tay", "so:9")
    steps = ("validated", "accepted_for_settlement", "deadline_extended", "settled", "closed")
    world.sandbox.play(FaultRule("duplicate_events", share=0.4), FaultRule("late_events", share=0.4))
    for day in range(40):
        world.clock.advance(DAY_S)
        move(world, day % PETITIONS + 1, steps[day // 8])
        world.sandbox.move(AGENCY, Kind.PETITION, "so:9", steps[day // 8])
        if forgets and day == 20:
            world.sandbox.forget_feed()
    world.sandbox.play(FaultRule("shifted_pages", share=0.5))
    counts = pulled(world)
    counts_after = pulled(world)  # what was held back comes once a reader has reached the end
    assert ("listed" in counts) is forgets
    assert counts["new"] > 0
    assert counts["repeated"] > 0
    assert counts["late"] + counts_after["late"] > 0
    assert moved(published(world)) == moved(held(world))
    assert published(world).keys() <= held(world).keys()
    assert published(world)["petition", "so:9"][:2] == (41, "closed")
    assert pulled(world)["new"] == 0


def test_an_event_that_comes_months_late_is_kept_and_changes_nothing_that_is_newer(world: World) -> None:
    world.sandbox.play(FaultRule("late_events", times=1))
    move(world, 2, "validated")
    world.sandbox.play()
    world.clock.advance(120 * DAY_S)
    move(world, 2, "settled")
    assert pulled(world)["late"] == 1
    assert published(world) | held(world) == held(world)
    event = table_of(MirrorEvent)
    with world.app.store.read() as connection:
        rows = connection.execute(select(event.c.sequence, event.c.occurred_at, event.c.applied_at)).all()
    assert max(row.applied_at - row.occurred_at for row in rows).days >= 120


def test_an_event_of_a_petition_that_nobody_here_knows_is_kept_and_shown(world: World) -> None:
    world.sandbox.enter(AGENCY, Kind.PETITION, "Nhập tay", "so:9")
    world.sandbox.move(AGENCY, Kind.PETITION, "so:9", "validated")
    assert pulled(world)["new"] == 1
    assert published(world)["petition", "so:9"][:2] == (2, "validated")
    with world.app.store.read() as connection:
        assert mirrored.national_counts(connection, AGENCY)[Kind.PETITION]["validated"] == 2


def test_pages_that_shift_while_they_are_read_apply_every_event_once(world: World) -> None:
    for number in range(1, PETITIONS + 1):
        move(world, number, "validated", "settled")
    world.sandbox.play(FaultRule("shifted_pages"))
    counts = pulled(world)
    assert counts["new"] == 2 * PETITIONS
    assert counts["repeated"] > 0
    assert published(world) == held(world)


def test_a_cursor_that_was_set_to_zero_reads_everything_again_and_applies_nothing_twice(world: World) -> None:
    move(world, 2, "validated", "settled")
    pulled(world)
    before = published(world)
    with world.app.store.write() as tx:
        rebuild.marks.advance(tx, AGENCY, rebuild.CURSOR, "")
    counts: Counts = pulled(world)
    assert (counts["new"], counts["repeated"]) == (0, 3)
    assert published(world) == before
