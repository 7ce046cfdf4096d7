"""Places from the agency's table to the national side: old codes as entered, today's beside them, and a choice."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import python_calamine as calamine

from connector.core.model import Kind
from connector.core.units import Place
from connector.errors import ExitCode
from connector.loading import compiled_units
from connector.sandbox import Sandbox
from tests.e2e.small_agency import MAPPING, SmallAgency
from tests.sources.workbooks import filled
from tests.world import AGENCY, credentials

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = "vn-admin-2004", "vn-admin-2025"
TABLE = compiled_units().conversions[OLD, NEW]
DIVIDED = min(code for (level, code), became in TABLE.units.items() if level == "commune" and len(became) > 1)


@pytest.fixture
def agency(tmp_path: Path) -> Iterator[SmallAgency]:
    """An agency whose addresses are of the old list, with a column for the commune that a clerk has chosen."""
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        made = SmallAgency(tmp_path, sandbox, national="absent_after_s = 0")
        shutil.copytree(MAPPING, tmp_path / "so")
        head, petition = tmp_path / "so" / "mapping.toml", tmp_path / "so" / "petition.toml"
        head.write_text(head.read_text("utf-8") + f'\n[places]\ncurrent = "{NEW}"\n', "utf-8")
        choice = '"/petitioners/*/address/current/commune_code" = { column = "MaXaMoi" }\n'
        text = petition.read_text("utf-8").replace("MaXa, DiaChi,", "MaXa, MaXaMoi, DiaChi,").replace("ttcp-2018", OLD)
        petition.write_text(text + choice, "utf-8")
        made.config.write_text(made.config.read_text("utf-8").replace(str(MAPPING), str(tmp_path / "so")), "utf-8")
        made.petitions(range(1, 4))
        made.petition(4, kind="2")
        made.sql("ALTER TABLE nguoi ADD COLUMN MaXaMoi TEXT")
        yield made


def lives(agency: SmallAgency, number: int, commune: str, chosen: str = "") -> None:
    units = TABLE.source.chain(Place(OLD, commune=commune))
    assert units is not None
    codes = [unit.code for unit in units]
    agency.sql(
        "UPDATE nguoi SET MaTinh = ?, MaHuyen = ?, MaXa = ?, MaXaMoi = ? WHERE IdDon = ?", *codes, chosen, number
    )


def body(agency: SmallAgency, number: int) -> tuple[int, dict[str, Any]]:
    """The version that the national side holds of a petition, and the document that arrived as that."""
    held = agency.sandbox.held(AGENCY, "petition", f"so:{number}")
    assert held is not None
    (found,) = {body for body in agency.sandbox.bodies() if hashlib.sha256(body).hexdigest() == held.digest}
    return held.version, json.loads(found)


def sent(agency: SmallAgency, number: int) -> tuple[int, dict[str, str]]:
    """The version that the national side holds, and where its petitioner lives today."""
    version, document = body(agency, number)
    address = document["petitioners"][0]["address"]
    assert address["scheme"] == OLD
    return version, address["current"]


def test_places_go_with_the_petition_and_a_choice_makes_the_next_version(agency: SmallAgency) -> None:
    lives(agency, 1, "31507")
    lives(agency, 2, DIVIDED)
    lives(agency, 3, "31507", chosen="05983")
    became = TABLE.convert(Place(OLD, commune=DIVIDED))
    said = {"scheme": NEW, "table_version": TABLE.version}
    with agency.opened() as work:
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 3, "quarantined": 1}
        assert sent(agency, 1) == (1, {**said, "method": "exact", "province_code": "92", "commune_code": "31507"})
        assert sent(agency, 2) == (1, {**said, "method": "unresolved", "province_code": became.province})
        assert "address" not in json.dumps(body(agency, 4)[1])

        chosen = became.candidates[-1]
        lives(agency, 2, DIVIDED, chosen=chosen)
        lives(agency, 3, "31507", chosen="31507")
        work.sync()
        assert work.states(Kind.PETITION) == {"delivered": 4}
        divided = {**said, "method": "split_manual", "province_code": became.province, "commune_code": chosen}
        assert sent(agency, 2) == (2, divided)
        assert sent(agency, 3)[1]["method"] == "exact"
        assert sent(agency, 1)[0] == 1


def test_a_place_is_decided_in_a_workbook_that_shows_none(agency: SmallAgency, tmp_path: Path) -> None:
    for number, commune in ((1, "31507"), (2, DIVIDED), (3, DIVIDED), (4, DIVIDED)):  # 4 is a denunciation
        lives(agency, number, commune)
    became, file = TABLE.convert(Place(OLD, commune=DIVIDED)), tmp_path / "places.xlsx"
    agency("sync")
    assert agency("places", "workbook", str(file)).code == 0
    rows = calamine.load_workbook(str(file)).get_sheet_by_name("Quyết định").to_python()[5:]
    several = str(len(became.candidates))
    expected = [(number, "Người đứng đơn 1", several) for number in ("so:2", "so:3")]
    assert [(row[2], row[3], row[4]) for row in rows] == expected
    assert not {DIVIDED, *became.candidates} & {str(cell) for row in rows for cell in row}

    chosen, elsewhere = became.candidates[-1], "31507"
    empty = file.read_bytes()
    file.write_bytes(filled(empty, {"F6": "Chọn", "G6": elsewhere}))
    refused = agency("places", "apply", str(file), "--reason", "r")
    assert (refused.code, "Dòng 6: mã chọn không dùng được" in refused.out) == (65, True)
    file.write_bytes(filled(empty, {"F6": "Chọn", "G6": f"{chosen} Phường mẫu (Tỉnh mẫu)", "H6": "theo sổ hộ tịch"}))
    said = agency("places", "apply", str(file))
    assert said.code == 0, said.err
    agency("sync")
    assert sent(agency, 2)[0] == 2
    assert (sent(agency, 2)[1]["method"], sent(agency, 2)[1]["commune_code"]) == ("split_manual", chosen)
    assert sent(agency, 3)[1]["method"] == "unresolved"
    assert "E-WORKBOOK-CHANGED" in agency("places", "apply", str(file)).err
    log = agency("audit", "log", "petition", "2").out
    assert "chọn xã, phường mới cho một địa chỉ" in " ".join(log.split())
    assert chosen not in log

    agency("sync")
    assert sent(agency, 2)[0] == 2  # it stays, sweep after sweep
    agency.sql("UPDATE nguoi SET DiaChi = 'nơi khác' WHERE IdDon = 2")
    agency("sync")
    assert (sent(agency, 2)[0], sent(agency, 2)[1]["method"]) == (3, "unresolved")  # of that address nobody has decided


def test_explain_says_by_which_table_and_shows_no_place(agency: SmallAgency) -> None:
    lives(agency, 1, "31507")
    said = agency("sync", lang="en"), agency("explain", "petition", "1", lang="en")
    shown = said[1].out
    assert "by the table vietnamadminunits-1.0.4" in " ".join(shown.split())
    assert "31507" not in shown


def test_a_changed_table_stops_a_run_before_anything_is_read_or_sent(agency: SmallAgency, tmp_path: Path) -> None:
    """The table belongs to the installation, so the test has one of its own, and damages it."""
    program = tmp_path / "program"
    for folder in ("connector", "schemas"):
        shutil.copytree(ROOT / folder, program / folder, ignore=shutil.ignore_patterns("__pycache__"))
    table = program / "schemas" / "units" / "vn-admin-2004-to-2025.csv"
    table.write_bytes(table.read_bytes().replace(b"commune,31507,commune,31507", b"commune,31507,commune,05983"))
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from connector.cli import main; sys.exit(main())",
            "--config",
            agency.config,
            "collect",
        ],
        env={**os.environ, "PYTHONPATH": str(program)},
        cwd=program,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert said.returncode == ExitCode.CONFIGURATION, said.stderr
    assert "E-CFG-UNITS" in said.stderr
    assert "vn-admin-2004-to-2025.csv" in said.stderr
    assert agency.sandbox.log() == []
