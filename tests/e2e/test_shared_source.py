"""One database of a province feeds many agencies: each sends its own records, and none is sent in two names."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core.model import Kind
from connector.sandbox import Sandbox
from tests.cli.conftest import Said, kntc
from tests.servers import CODES, HEAD, MAPPING
from tests.world import AGENCY, OTHER, credentials, install

THIRD = "H51.03"
AGENCIES = (AGENCY, OTHER, THIRD)
MINE = "co_quan = :agency_code AND"
SCHEMA = """
CREATE TABLE don (id INTEGER PRIMARY KEY, ngay TEXT, loai INTEGER, noi_dung TEXT, co_quan TEXT);
CREATE TABLE nguoi (id_don INTEGER, stt INTEGER, ho_ten TEXT);
"""


class Province:
    """The database, the connector over it, and the national side."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder, self.sandbox = folder, sandbox
        self.config = install(
            folder, sandbox.base_url, agencies=AGENCIES, system="./mapping", source="sqlite:///chung.sqlite"
        )
        mapping = folder / "mapping"
        (mapping / "codes").mkdir(parents=True)
        (mapping / "mapping.toml").write_text(HEAD, "utf-8")
        (mapping / "codes" / "loai.toml").write_text(CODES, "utf-8")
        self.select(MINE)
        self.sql(SCHEMA)
        for number in range(1, 10):
            self.register(number, AGENCIES[number % 3])

    def select(self, condition: str, source: str = "") -> None:
        """Let each agency have the rows for which this holds."""
        text = MAPPING.format(source=source).replace("FROM don WHERE", f"FROM don WHERE {condition}")
        own = f"id_don IN (SELECT id FROM don WHERE {condition} id > :lo AND id <= :hi) AND"
        text = text.replace("FROM nguoi WHERE", f"FROM nguoi WHERE {own}")
        (self.folder / "mapping" / "petition.toml").write_text(text, "utf-8")

    def sql(self, statements: str) -> None:
        with sqlite3.connect(self.folder / "chung.sqlite") as connection:
            connection.executescript(statements)
        connection.close()

    def register(self, number: int, agency: str) -> None:
        self.sql(
            f"INSERT INTO don VALUES ({number}, '2026-02-02', 1, 'Việc {number}', '{agency}');"
            f"INSERT INTO nguoi VALUES ({number}, 1, 'Người Mẫu {number}')"
        )

    def __call__(self, *args: str) -> Said:
        return kntc("--config", self.config, "--lang", "en", *args)

    def held(self) -> dict[str, set[str]]:
        """What the national side holds, by the agency that sent it."""
        return {code: {one.local_id for one in self.sandbox.listed(code, Kind.PETITION)} for code in AGENCIES}


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Province]:
    with Sandbox(credentials=credentials(*AGENCIES), seed=11) as sandbox:
        yield Province(tmp_path, sandbox)


def test_each_agency_sends_the_records_that_bear_its_code(province: Province) -> None:
    assert province("sync").code == 0
    assert province.held() == {
        AGENCY: {"mau:3", "mau:6", "mau:9"},
        OTHER: {"mau:1", "mau:4", "mau:7"},
        THIRD: {"mau:2", "mau:5", "mau:8"},
    }
    province.register(10, OTHER)
    assert province("sync").code == 0
    assert province.held()[OTHER] == {"mau:1", "mau:4", "mau:7", "mau:10"}
    assert set(province.sandbox.effects().values()) == {1}


def test_a_record_that_two_agencies_select_is_refused_by_name_and_never_sent_twice(province: Province) -> None:
    province.select("(co_quan = :agency_code OR co_quan = 'chung') AND")
    province.register(10, "chung")
    said = province("sync")
    assert said.code == 78
    assert "E-CFG-OVERLAP" in said.err
    assert f"The agencies {OTHER} and {AGENCY} both select one record" in " ".join(said.err.split())
    assert sum("mau:10" in held for held in province.held().values()) == 1
    province.select(MINE)
    assert province("sync", "--agency", OTHER).code == 0
    assert province.held()[OTHER] == {"mau:1", "mau:4", "mau:7"}


def test_a_record_that_is_handed_over_goes_on_under_its_new_agency(province: Province) -> None:
    """The other agency's ledger still has it, and two readings will pass before it counts as gone: no overlap."""
    assert province("sync").code == 0
    province.sql(f"UPDATE don SET co_quan = '{OTHER}' WHERE id = 3")
    said = province("sync", "--agency", OTHER)
    assert said.code == 0, said.err
    assert "mau:3" in province.held()[OTHER]


def test_a_paper_that_was_handed_on_is_a_fact_of_each_where_the_mapping_says_so(province: Province) -> None:
    province.select("(co_quan = :agency_code OR co_quan = 'chung') AND", "handed_on = true")
    province.register(10, "chung")
    assert province("sync").code == 0
    assert sum("mau:10" in held for held in province.held().values()) == 3
