"""An agency whose records stand in several programs: an old one, a new one, and the reception book of a folder.

    at = Programs(folder, sandbox.base_url, OLD, NEW)
    at.old.add(1); at.new.add(1)

Both programs number their petitions from 1. The files are what an administrator would write.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.servers import CODES, HEAD, MAPPING
from tests.world import AGENCY, install

OLD = ("cu", "sqlite:///cu.sqlite", "./mappings/cu")
NEW = ("moi", "sqlite:///moi.sqlite", "./mappings/moi")
BOOK = ("so-tcd", "files:///so", "so-tiep-cong-dan")
"""Sources: the name in the keys, the address, the mapping."""

TABLES = """
CREATE TABLE don (id INTEGER PRIMARY KEY, ngay TEXT, loai INTEGER, noi_dung TEXT, luot TEXT, sua TEXT, bo INTEGER);
CREATE TABLE nguoi (id_don INTEGER, stt INTEGER, ho_ten TEXT);
"""

PARENT = """
[parent]
kind = "reception"
columns = ["luot"]
field = "/reception_ref"
source = "so-tcd"
"""

UNIVERSE = """
[universe]
sql = "SELECT id, CASE WHEN bo = 1 THEN 'nhap' END AS excluded FROM don WHERE id > :lo AND id <= :hi"
[universe.reasons]
nhap = { vi = "bản nháp", en = "draft" }
"""


class Program:
    """The database of one program, as that program writes to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sql(TABLES)

    def sql(self, statements: str) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.executescript(statements)
        connection.close()

    def add(self, *numbers: int, visit: str = "", content: str = "Việc", changed: str = "2026-03-02 08:00:00") -> None:
        luot = f"'{visit}'" if visit else "NULL"
        for number in numbers:
            self.sql(
                f"INSERT INTO don VALUES ({number}, '2026-02-02', 1, '{content} {number}', {luot}, '{changed}', 0);"
                f"INSERT INTO nguoi VALUES ({number}, 1, 'Người Mẫu {number}')"
            )

    def away(self) -> None:
        """Take the database away, as a server that is down."""
        self.path.rename(self.path.with_suffix(".away"))

    def back(self) -> None:
        self.path.with_suffix(".away").rename(self.path)


def write_mapping(folder: Path, name: str, *, settings: str = "", below_the_book: bool = False) -> None:
    """Write the mapping of one program; its petitions hang on visits of the book, or on nothing."""
    target = folder / "mappings" / name
    (target / "codes").mkdir(parents=True, exist_ok=True)
    head = HEAD.replace('system = "mau"', f'system = "{name}"').replace('source = "mau"', f'source = "{name}"')
    text = MAPPING.format(source=settings).replace(
        "noi_dung FROM don WHERE", "noi_dung, luot FROM don WHERE bo = 0 AND"
    )
    own = "nguoi WHERE id_don IN (SELECT id FROM don WHERE bo = 0 AND id > :lo AND id <= :hi) AND"
    text = text.replace("nguoi WHERE", own)
    parent = PARENT if below_the_book else ""
    (target / "mapping.toml").write_text(head, "utf-8")
    (target / "petition.toml").write_text(text.replace("[fields]", f"{parent}{UNIVERSE}[fields]"), "utf-8")
    (target / "codes" / "loai.toml").write_text(CODES, "utf-8")


def configure(
    folder: Path, base_url: str, *sources: tuple[str, str, str], code: str = AGENCY, collect: str = ""
) -> Path:
    """Write the configuration of one agency with these sources; with one of them, as an agency with one says it."""
    path = install(folder, base_url, agencies=(code,), collect=collect, system="./none")
    text = path.read_text("utf-8")
    one = f'[agency.source]\nurl = "sqlite:///{code}.sqlite"\n'
    assert one in text, "the configuration has one source to be replaced"
    if len(sources) == 1:
        ((_, url, mapping),) = sources
        text = text.replace(one, f'[agency.source]\nurl = "{url}"\n').replace('"./none"', f'"{mapping}"')
    else:
        blocks = "".join(f'[[agency.sources]]\nmapping = "{m}"\nurl = "{url}"\n' for _, url, m in sources)
        text = text.replace(one, blocks).replace('mapping = "./none"\n', "")
    path.write_text(text, "utf-8")
    return path
