"""Foreign texts in files and on the terminal: shown whole, and never obeyed.

Every hostile text stands in the log as the name of who gave an order, as a reason, as the id of a record and as an item
of the feed, and in the ledger as what the national side said. Then everything is read back that tells of it.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from connector import logs
from connector.app import open_app
from connector.config import load_config
from connector.core.cells import unescaped
from connector.core.model import Actor, Event, Kind, RecordKey
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store.keys import of_key
from connector.store.tables import Delivery, table_of
from connector.telling.words import plain
from tests import hostile
from tests.cli.conftest import World
from tests.world import AGENCY, credentials, install, source_path

_delivery = table_of(Delivery)

TEXTS = {name: hostile.storable(text) for name, text in hostile.TEXTS.items()}
AT_ONCE = 6
"""So many refusals stand at one record."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("hostile")
    build(source_path(folder), 7, petitions=20)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        found = World(folder, sandbox, install(folder, sandbox.base_url, store='encryption = "none"'))
        assert found("sync").code == 0
        plant(found)
        yield found


def plant(world: World) -> None:
    """Put every text wherever a stranger, or a person at the agency, could have put it."""
    with open_app(load_config(world.config), Actor("test", "cli")) as app, app.store.write() as tx:
        for text in TEXTS.values():
            facts = {"item": text, "count": 1}
            tx.audit_with_reason(Event("feed.closed", AGENCY, Actor(text, text), tx.now, facts=facts), text)
            if text:
                tx.audit(Event(text, AGENCY, Actor("x", "cli"), tx.now, RecordKey(AGENCY, Kind.PETITION, text)))
        open_ones = select(_delivery.c.local_id, _delivery.c.version).where(
            _delivery.c.kind == Kind.PETITION, _delivery.c.concealed.is_(False), _delivery.c.state == "delivered"
        )
        rest = [{"pointer": "/content", "rule": text[:100], "text": text} for text in TEXTS.values()]
        for row in tx.connection.execute(open_ones).all():
            said, rest = rest[:AT_ONCE], rest[AT_ONCE:]
            key = RecordKey(AGENCY, Kind.PETITION, row.local_id)
            refused = {"state": "rejected", "rule": "refused", "problems": said}
            values = {**refused, "acknowledged_by": said[0]["text"] if said else "x"}
            tx.connection.execute(update(_delivery).where(*of_key(_delivery, key)).values(**values))
            tx.audit(
                Event("delivery.answered", AGENCY, Actor("x", "cli"), tx.now, key, row.version, {"state": "rejected"})
            )
        assert not rest


def taken(world: World, name: str) -> Path:
    path = world.folder / name
    if not path.exists():
        said = world("audit", "extract", path, "--unmask", "--reason", "Thử lời lạ")
        assert said.code == 0, said.err
    return path


def test_every_text_is_in_the_csv_and_none_of_it_is_a_formula_or_steers(world):
    raw = taken(world, "u.csv").read_text(encoding="utf-8-sig")
    assert hostile.steering(raw, allowed="\r\n") == set()
    rows = list(csv.DictReader(io.StringIO(raw, newline=""), delimiter=";"))
    assert raw.count("\n") == len(rows) + 1  # one line a row
    cells = {cell for row in rows for cell in row.values()}
    assert [cell[:30] for cell in cells if hostile.is_formula(cell)] == []
    told = {row["Lý do"].lstrip("'") for row in rows}
    for name, text in TEXTS.items():
        assert any(plain(text)[:1_000].strip().replace("'", "") in one.replace("'", "") for one in told), name


@pytest.mark.parametrize("separator", [",", "\t", "|"])
def test_a_program_that_parts_the_csv_elsewhere_finds_no_formula_either(world, separator):
    raw = taken(world, "u.csv").read_text(encoding="utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(raw, newline=""), delimiter=separator) for cell in row]
    assert [cell[:30] for cell in cells if hostile.is_formula(cell.lstrip('"'))] == []


def test_every_text_is_in_the_workbook_as_text_and_nothing_in_it_is_a_formula(world):
    path = taken(world, "u.xlsx")
    with zipfile.ZipFile(path) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
        parts = archive.namelist()
    for sheet in sheets:
        assert "<f" not in re.sub(r"<t[ >].*?</t>", "", sheet, flags=re.DOTALL)
        assert "<hyperlink" not in sheet
        assert hostile.steering(sheet) == set()
    assert not [part for part in parts if "externalLink" in part or "vba" in part]
    heads, *rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_name("Nhật ký 1").to_python()
    told = {str(row[heads.index("Lý do")]) for row in rows}
    for name, text in TEXTS.items():
        assert any(unescaped(plain(text))[:1_000] in one for one in told), name


def test_every_text_is_in_the_lines_one_object_a_line(world):
    raw = taken(world, "u.jsonl").read_text(encoding="utf-8")
    assert hostile.steering(raw) == set()
    lines = [json.loads(line) for line in raw.split("\n")[:-1]]
    told = {line["reason"] for line in lines}
    assert {plain(text) for text in TEXTS.values()} <= told
    assert {plain(text) for text in TEXTS.values()} <= {line["by"] for line in lines}
    refusals = "\n".join(line["refusal"] for line in lines)
    assert [name for name, text in TEXTS.items() if plain(text) not in refusals] == []


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_terminal_shows_the_log_and_obeys_nothing_in_it(world, lang):
    said = world("audit", "log", "--limit", "100000", lang=lang)
    assert (said.code, hostile.steering(said.out + said.err)) == (0, set())
    assert "mọi thứ đều tốt" in said.out
    assert not [line for line in said.out.splitlines() if line.startswith("2026-11-26 [info]")]


def test_the_terminal_shows_refusals_and_obeys_nothing_in_them(world):
    listed = world("list", "--state", "rejected", "--limit", "1000")
    assert (listed.code in (0, 1), hostile.steering(listed.out + listed.err)) == (True, set())
    shown = 0
    for key in {record["local_id"] for record in world("list", "--state", "rejected", "--json").json["records"]}:
        said = world("explain", "petition", key)
        assert (said.code, hostile.steering(said.out + said.err)) == (0, set()), key
        shown += "(đã che)" in said.out
    assert shown > 10


@pytest.mark.parametrize("text", hostile.params({**hostile.STEERING, **hostile.BROKEN, "no UTF-8": "a\udcff\udc9b"}))
def test_what_a_person_types_comes_back_in_errors_without_steering(world, text):
    asked = text.replace("\x00", "")[:20_000]  # a shell passes no NUL
    for command in (
        ("explain", asked),
        ("list", "--state", asked),
        ("audit", "extract", "--check", f"x{asked[:80]}.csv"),
    ):
        said = world(*command)
        assert said.code in (0, 1, 2, 11, 13, 65)
        assert hostile.steering(said.out + said.err) == set()


@pytest.mark.parametrize("text", hostile.params())
def test_a_log_line_stays_one_line_whatever_stands_in_it(text):
    stream = io.StringIO()
    logs.set_up("debug", stream)
    logs.get_logger().info("stage.finished", local_id=text, counts={text: text}, error=text, agency=text)
    written = stream.getvalue()
    assert (written.count("\n"), hostile.steering(written)) == (1, set())
    assert json.loads(written)["event"] == "stage.finished"
    assert len(written) < 20_000
