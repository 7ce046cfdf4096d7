"""Defects that the state machine or a reader found, each with its story. What is fixed stays fixed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.core import lifecycle
from connector.core.lifecycle import Absence, Limits, Recourse, Standing
from connector.core.model import Cause, Kind, SightingName, State
from connector.errors import RemoteError
from connector.national import transport
from connector.national.base import NationalSettings
from connector.national.decree55 import Decree55
from connector.sandbox import FaultRule
from connector.stages.pull import peek, pull
from connector.store import views
from connector.store.requests import Selection
from connector.store.views import Line
from tests.machine.world import AGENCY, Clock, Nation, World, key_of
from tests.national import fault_server
from tests.national.fault_server import FaultServer, answer

SECRET = "chuyện không ai được biết"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """One reception, one petition and one handling, not read yet. The handling's query forgets the petition's marks."""
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    nation = Nation(Clock(), idempotent=True)
    built = World(tmp_path, nation, workers=2)
    built.edit("INSERT INTO tiep VALUES (1, '2026-02-02', '1', 'A')")
    built.edit("INSERT INTO don VALUES (1, 1, '2026-02-02', '1', 'A', NULL, 0, 0)")
    built.edit("INSERT INTO xu_ly VALUES (1, 1, '2026-02-02', 'A')")
    yield built
    built.close()
    nation.sandbox.close()


def line(world: World, kind: Kind) -> Line:
    with world.app.store.read() as connection:
        return views.lines(connection, AGENCY, key=key_of(kind, 1))[0]


def make_secret(world: World) -> None:
    world.edit("UPDATE don SET Mat = 1, NoiDung = ?", SECRET)
    world.edit("UPDATE xu_ly SET TomTat = ?", SECRET)


def was_sent(world: World) -> bool:
    return any(SECRET.encode() in body for body in world.sandbox.bodies())


def test_a_child_that_cannot_be_mapped_goes_with_its_secret_petition_all_the_same(world: World) -> None:
    """Only a document knew its parent, so a handling with an unreadable date stayed in sight while its petition was a
    state secret: quarantined in one sweep, set aside in the next, and a new version with each of them for ever."""
    world.sync()
    make_secret(world)
    world.edit("UPDATE xu_ly SET Ngay = 'hôm qua'")
    world.run("collect")
    first = line(world, Kind.HANDLING)
    assert (first.state, first.cause) == (State.NOT_SENT, Cause.BECAME_SECRET)
    world.run("collect")
    world.run("collect")
    assert line(world, Kind.HANDLING).version == first.version


@pytest.mark.parametrize(("mark", "cause"), [("Nhap", Cause.EXCLUDED), ("Mat", Cause.BECAME_SECRET)])
def test_an_unchanged_child_that_never_was_a_document_goes_with_its_petition(
    world: World, mark: str, cause: Cause
) -> None:
    """The parent of an unchanged row was taken from the ledger, which keeps it of documents only. A handling that was
    bad from its first sight stayed in the list of bad rows when its petition became a draft, or a secret."""
    world.edit("UPDATE xu_ly SET Ngay = 'hôm qua'")
    world.sync()
    assert line(world, Kind.HANDLING).cause == Cause.MAPPING
    world.edit(f"UPDATE don SET {mark} = 1")
    world.run("collect")
    assert (line(world, Kind.HANDLING).state, line(world, Kind.HANDLING).cause) == (State.NOT_SENT, cause)


def test_a_child_asked_for_again_stays_here_if_its_petition_became_a_secret_since_the_last_sweep(world: World) -> None:
    """A resync read the child alone. Between the mark at the source and the next sweep, or for ever where the child had
    been set aside with its parent, a clerk's `resync` sent the secret's text to the national side."""
    world.sync()
    make_secret(world)
    world.ask(Selection(keys=(key_of(Kind.HANDLING, 1),)))
    world.run("resync")
    world.run("push")
    assert not was_sent(world)
    world.run("collect")
    world.ask(Selection(keys=(key_of(Kind.HANDLING, 1),)))
    world.run("resync")
    world.run("push")
    assert not was_sent(world)
    assert line(world, Kind.HANDLING).cause == Cause.BECAME_SECRET


def test_a_child_that_a_deleted_secret_petition_left_behind_stays_hidden(world: World) -> None:
    """The national side had a receipt of the petition from before it was a secret. Once the petition was deleted, no
    universe named it a secret any more, and its handling went out: concealed, for its type was gone too, but out."""
    world.sync()
    make_secret(world)
    world.run("collect")
    world.edit("DELETE FROM don")
    world.sync()
    assert not was_sent(world)
    world.ask(Selection(keys=(key_of(Kind.HANDLING, 1),)))
    world.sync()
    assert not was_sent(world)
    assert line(world, Kind.HANDLING).cause == Cause.BECAME_SECRET


def test_an_unknown_that_ran_out_of_attempts_is_looked_for_and_never_quarantined() -> None:
    """Where a repeated create is harmless, a look that cannot be read leads to another PUT. After the last attempt that
    ended in quarantine, although the nation may well hold the document."""
    worn_out = Standing(attempt=3, crashes=0, newer_exists=False, has_body=True)
    step = lifecycle.after_find(
        SightingName.UNREADABLE, worn_out, Limits(attempts=3), Recourse(create_idempotent=True), Absence(True)
    )
    assert step == lifecycle.AFTER_FIND[SightingName.UNREADABLE]


@pytest.mark.parametrize("pull_or_peek", [pull, peek])
def test_a_feed_that_leads_round_in_a_circle_ends_the_run(world: World, pull_or_peek: Callable[..., object]) -> None:
    """Only a page that named itself was seen as a loop. One that alternated between two places held the one thread of
    the daemon, and with it every agency, for ever."""
    turns = itertools.count()

    def script(talk: fault_server.Talk) -> None:
        while (received := talk.receive()) is not None:
            if received.target == "/oauth2/token":
                talk.send(answer(200, b'{"access_token":"t","token_type":"Bearer","expires_in":3600}'))
            elif received.target.endswith("/ack"):
                talk.send(answer(204, b"", ""))
            else:
                talk.send(answer(200, b'{"items":[],"next":"c%d","more":true}' % (next(turns) % 3)))

    with FaultServer((script,)) as server:
        settings = NationalSettings(environment="test", base_url=server.base_url, allow_plain_http=True)
        line = Decree55(settings, AGENCY, lambda: ("client", "secret"), threading.Event())
        pages = pull_or_peek(world.app.context(AGENCY), line, 10)
        with pytest.raises(RemoteError, match="E-FEED-LOOP"):
            list(pages)
        line.close()
    assert next(turns) <= 5


def test_a_lost_answer_after_the_last_attempt_is_found_once_the_trouble_is_over(world: World) -> None:
    world.nation.play([FaultRule("lose_after_commit"), FaultRule("bad_gateway", "get")])
    for _ in range(10):
        world.sync()
        world.clock.advance(3_600)
    assert line(world, Kind.RECEPTION).state == State.UNKNOWN
    world.nation.play([])
    world.clock.advance(3_600)
    world.sync()
    assert line(world, Kind.HANDLING).state == State.DELIVERED
    assert set(world.sandbox.effects().values()) == {1}
