"""The console cannot change a delivery: not by a page, not by a form, not by its own connections."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from connector.app import open_app, open_log
from connector.config import load_config
from connector.core.model import Actor, Event, Kind, RecordKey
from connector.errors import StoreError
from connector.store import views
from connector.store.db import REVISION, Right
from connector.web import reveal
from connector.web.notes import Notes
from connector.web.pages import PAGES
from connector.web.visit import Visit
from connector.web.visitor import Visitor
from tests.cli.conftest import CANARY
from tests.web.conftest import ACCOUNTS, PASSWORD, Console
from tests.web.test_guard import LINK, address_of, crawl, some_petition
from tests.world import AGENCY

GROWS = ("audit_entry", "reason")

CHANGES = [
    "UPDATE delivery SET state = 'delivered'",
    "UPDATE record SET version = version + 1",
    "DELETE FROM delivery",
    "DELETE FROM record",
    "DELETE FROM mark",
    "INSERT INTO mark (agency, name, value, at) VALUES ('H51.01', 'x', 'x', '2026-01-01T00:00:00.000000Z')",
    "INSERT OR REPLACE INTO mark (agency, name, value, at) SELECT agency, name, 'x', at FROM mark",
    "INSERT INTO pause (agency, kind, local_id, by, at, reason) VALUES ('H51.01', '', '', 'x', 'x', 'x')",
    "UPDATE audit_entry SET event = 'x'",
    "DELETE FROM audit_entry",
    "UPDATE reason SET text = 'x'",
    "DELETE FROM reason",
    "DROP TRIGGER audit_entry_is_never_changed",
    "DROP TABLE delivery",
    "CREATE TABLE x (y)",
    "CREATE TRIGGER x AFTER INSERT ON audit_entry BEGIN DELETE FROM delivery; END",
    "ALTER TABLE delivery ADD COLUMN x",
    "PRAGMA writable_schema = ON",
    "PRAGMA user_version = 7",
    "PRAGMA query_only = OFF",
    "PRAGMA recursive_triggers = OFF",
    "ATTACH DATABASE ':memory:' AS other",
    "VACUUM",
    "WITH gone AS (SELECT 1) DELETE FROM delivery",
]
HARMLESS_TO_A_READER = ("PRAGMA", "ATTACH")
"""A file that was opened for reading only stays so, whatever is set on the connection."""


def dump(console: Console) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but the two that may grow."""
    with console.hall.app.store.read() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
        return {
            name: sorted(map(tuple, connection.execute(text(f'SELECT * FROM "{name}"'))), key=repr)
            for name in names
            if name not in GROWS
        }


def log_of(console: Console) -> list[tuple[object, ...]]:
    with console.hall.app.store.read() as connection:
        return list(map(tuple, connection.execute(text("SELECT agency, seq, hash FROM audit_entry"))))


@pytest.mark.parametrize("statement", CHANGES)
def test_no_statement_changes_the_store_through_what_pages_read_with(console: Console, statement: str):
    before = dump(console), log_of(console)
    for engine in (console.hall.app.store._reader, console.hall.app.store._writer):
        connection = engine.raw_connection()
        try:
            if not statement.startswith(HARMLESS_TO_A_READER):
                with pytest.raises(Exception, match=r"readonly|read-only|query_only|not authorized"):
                    connection.execute(statement)
            else:
                with suppress(Exception):
                    connection.execute(statement)
                with pytest.raises(Exception, match="readonly"):
                    connection.execute("DELETE FROM delivery")
        finally:
            connection.invalidate()
    assert (dump(console), log_of(console)) == before


@pytest.mark.parametrize("statement", CHANGES)
def test_no_statement_changes_the_store_through_what_adds_to_the_log(console: Console, statement: str):
    before = dump(console), log_of(console)
    with open_log(console.config) as log:
        connection = log._writer.raw_connection()
        with pytest.raises(Exception, match=r"not authorized|authorization denied"):
            connection.execute(statement)
        connection.invalidate()
    assert (dump(console), log_of(console)) == before


@pytest.mark.parametrize("table", ["audit_entry", "reason"])
def test_an_entry_of_the_log_or_the_words_of_a_reason_cannot_be_replaced_by_others(console: Console, table: str):
    console.command("pause", "--agency", AGENCY, "--reason", "there is at least one")
    with open_log(console.config) as log:
        connection = log._writer.raw_connection()
        with pytest.raises(Exception, match="append-only"):
            connection.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        connection.invalidate()


def test_the_store_itself_takes_no_write_from_the_console(console: Console):
    event = Event("store.opened", AGENCY, Actor("x", "x"), console.clock())
    with pytest.raises(DatabaseError), console.hall.app.store.write() as tx:
        tx.audit(event)


def test_after_all_pages_and_all_forms_nothing_but_the_log_has_grown(console: Console):
    before, entries = dump(console), log_of(console)
    for name in ACCOUNTS:
        browser, sent = console.visit(name), {"/sign-out"}
        for path, answer in crawl(browser):
            found = {link.partition("?")[0] for link in {*LINK.findall(answer.text), path}} - sent
            sent |= found  # a form is taken by what it is sent to, whatever stands behind the question mark
            for target in found:
                if target.startswith("/") and not target.startswith("/static"):
                    browser.post(target.replace("&amp;", "&"), {"what": "add", "name": "x", "reason": "y" * 20})
        for page in PAGES:
            address = address_of(page.name, console)
            browser.get(address)
            browser.post(address, {"kind": "petition", "id": some_petition(console), "reason": "z" * 30})
    assert dump(console) == before
    assert log_of(console)[: len(entries)] == entries
    assert len(log_of(console)) > len(entries)
    console.command("audit", "verify")


def test_names_and_free_text_of_people_stand_on_no_page(console: Console):
    for name in ACCOUNTS:
        for path, answer in crawl(console.visit(name)):
            assert CANARY not in answer.text, path
            assert "Canary" not in answer.text, path


def test_a_store_of_an_older_program_is_left_as_it_is(installed: Path, tmp_path: Path):
    import shutil  # noqa: PLC0415

    shutil.copytree(installed.parent, tmp_path / "copy")
    config = load_config(tmp_path / "copy" / "config.toml")
    with open_app(config, Actor("x", "x")) as app, app.store._writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    for right in (Right.READ, Right.APPEND):
        with pytest.raises(StoreError) as refused, open_app(config, Actor("x", "x"), right=right):
            pass
        assert (refused.value.id, refused.value.values["program"]) == ("E-STORE-OLDER", REVISION)


# --- unmasked, for a reason


def a_visit(console: Console, name: str, token: str) -> Visit:
    from connector.telling.voice import Voice  # noqa: PLC0415
    from connector.telling.words import Words  # noqa: PLC0415

    account = console.hall.accounts.find(name)
    who = Visitor(account, token, "vi", "127.0.0.1", is_new=False)
    return Visit(console.hall, who, AGENCY, Voice(console.config, Words("vi")))


@pytest.fixture
def petition(console: Console) -> RecordKey:
    with console.hall.app.store.read() as connection:
        return views.lines(connection, AGENCY, kind=Kind.PETITION, limit=1)[0].key


def test_an_auditor_sees_a_record_unmasked_for_a_quarter_of_an_hour_after_giving_a_reason(
    console: Console, petition: RecordKey
):
    from datetime import timedelta  # noqa: PLC0415

    browser = console.visit("minh")
    visit = a_visit(console, "minh", browser.token)
    assert not reveal.shown(visit, petition)
    form = {"kind": petition.kind, "id": petition.local_id, "back": f"/{AGENCY}/?x=1"}
    assert browser.post(f"/{AGENCY}/reveal", {**form, "reason": "too short"}).status_code == 422
    assert browser.post(f"/{AGENCY}/reveal", {**form, "reason": "x" * 501}).status_code == 422
    assert not reveal.shown(visit, petition)
    why = "Theo công văn giao kiểm tra số 12"
    answer = browser.post(f"/{AGENCY}/reveal", {**form, "reason": why})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/{AGENCY}/?x=1")
    assert reveal.shown(visit, petition, "versions")
    noted = console.entries("console.shown")[-1]
    assert (noted["by"], noted["known"], noted["id"], noted["what"]) == ("minh", True, petition.local_id, "versions")
    assert noted["reason"] == console.hall.notes.commitment(AGENCY, why)
    console.clock.ahead = timedelta(minutes=15, seconds=1)
    assert reveal.is_granted(visit, petition) is None


def test_leave_to_see_one_record_is_leave_for_no_other_and_for_no_other_visit(console: Console, petition: RecordKey):
    browser, other = console.visit("minh"), console.visit("minh")
    form = {"kind": petition.kind, "id": petition.local_id, "reason": "y" * 30}
    assert browser.post(f"/{AGENCY}/reveal", form).status_code == 303
    assert reveal.is_granted(a_visit(console, "minh", browser.token), petition)
    other_key = RecordKey(AGENCY, petition.kind, petition.local_id + "0")
    assert reveal.is_granted(a_visit(console, "minh", browser.token), other_key) is None
    assert reveal.is_granted(a_visit(console, "minh", other.token), petition) is None
    assert reveal.is_granted(a_visit(console, "lan", browser.token), petition) is None, "an operator never"
    browser.post("/sign-out")
    assert reveal.is_granted(a_visit(console, "minh", browser.token), petition) is None


def test_what_the_log_cannot_take_down_is_not_shown(console: Console, petition: RecordKey):
    """A store that went back in time takes no entry: whoever looks is let in, and sees nothing unmasked."""
    browser = console.visit("minh")
    visit = a_visit(console, "minh", browser.token)
    reveal.grant(visit, petition, "Theo công văn số 12")
    head = console.hall.app.store.heads.path(AGENCY)
    said = head.read_text(encoding="ascii")
    try:
        head.write_text('{"agency": "H51.01", "seq": 999999, "hash": "' + "0" * 64 + '"}', encoding="ascii")
        with pytest.raises(StoreError):
            reveal.shown(visit, petition)
        assert console.browser().sign_in("minh").status_code == 303
    finally:
        head.write_text(said, encoding="ascii")
    assert reveal.shown(visit, petition)


def test_a_console_that_dies_in_the_middle_of_an_entry_leaves_a_whole_log(installed: Path, tmp_path: Path):
    """Killed before the entry is committed, or after it and before the head file: the log verifies, and goes on."""
    import shutil  # noqa: PLC0415
    from multiprocessing import get_context  # noqa: PLC0415

    shutil.copytree(installed.parent, tmp_path / "copy")
    config = tmp_path / "copy" / "config.toml"
    before, counts = len(entries_of(config)), []
    for moment in ("before", "after", "never"):
        process = get_context("fork").Process(target=_note_and_die, args=(config, moment))
        process.start()
        process.join(30)
        assert process.exitcode == (0 if moment == "never" else -9), moment
        with open_app(load_config(config), Actor("x", "x"), right=Right.READ) as app, app.store.read() as connection:
            app.store.heads.check(connection, AGENCY)
        counts.append(len(entries_of(config)))
    assert [count - before for count in counts] == [0, 1, 2]
    from tests.cli.conftest import kntc  # noqa: PLC0415

    assert kntc("--config", config, "audit", "verify").code == 0


def entries_of(config: Path) -> list[object]:
    with open_app(load_config(config), Actor("x", "x"), right=Right.READ) as app, app.store.read() as connection:
        return list(connection.execute(text("SELECT seq FROM audit_entry WHERE event = 'console.shown'")))


def _note_and_die(config: Path, moment: str) -> None:
    from connector.store import audit, reasons  # noqa: PLC0415

    def die(*_: object) -> Iterator[None]:
        os.kill(os.getpid(), 9)
        yield

    if moment == "before":
        reasons.keep = lambda *_: list(die())
    elif moment == "after":
        audit.HeadFiles.write = lambda *_: list(die())
    with open_log(load_config(config)) as log:
        key = RecordKey(AGENCY, Kind.PETITION, "x:1")
        Notes(log).of_record("console.shown", "minh", key, "Theo công văn số 12", what="record")


def test_passwords_are_asked_for_and_never_an_argument(console: Console):
    from tests.cli.conftest import kntc  # noqa: PLC0415

    said = kntc("--config", console.config.path, "console", "users", "add", "x", PASSWORD)
    assert said.code == 2
