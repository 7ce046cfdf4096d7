"""A small agency whose petitions name files in a folder of its own, several names in one column among them."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from connector.sandbox import Sandbox
from tests.e2e.small_agency import MAPPING, SmallAgency
from tests.world import AGENCY

FILES_TABLE = "CREATE TABLE tep (Id INTEGER PRIMARY KEY, IdDon INTEGER, Ten TEXT, Che INTEGER, TieuDe TEXT)"

CHILD = '''
[[children]]
name = "tep"
table = "tep"
key = ["IdDon"]
split = { column = "Ten", separator = "*" }
sql = """SELECT IdDon, 'don/' || IdDon AS ThuMuc, Ten, Che, TieuDe FROM tep
WHERE IdDon > :lo AND IdDon <= :hi ORDER BY IdDon, Id"""

[attachments]
path = ["ThuMuc", "Ten"]
FAILING
'''

FIELDS = """[fields]
"/attachments/*" = { rows = "tep" }
"/attachments/*/file_name" = { column = "Ten", transform = "line" }
"/attachments/*/title" = { column = "TieuDe", transform = "line" }
"/attachments/*/redacted" = { column = "Che" }
"""

PDF = b"%PDF-1.7\n"

STORED = """[attachments.stored]
key = "Id"
size = "SoByte"
sql = "SELECT SUBSTR(NoiDung, :from, :count) AS phan FROM tep WHERE Id = :key"
"""


class AttachingAgency(SmallAgency):
    """failing: the line of `[attachments]` that says so; lines: further lines of `[agency.attachments]`."""

    def __init__(
        self,
        folder: Path,
        sandbox: Sandbox,
        *,
        failing: str = "",
        lines: str = "",
        national: str = "\n",
        push: str = "",
    ) -> None:
        super().__init__(folder, sandbox, national=national, push=push)
        mapping = folder / "mappings" / "small"
        shutil.copytree(MAPPING, mapping)
        text = (mapping / "petition.toml").read_text(encoding="utf-8")
        text = text.replace("[fields]\n", CHILD.replace("FAILING", failing) + FIELDS)
        (mapping / "petition.toml").write_text(text, encoding="utf-8")
        config = self.config.read_text(encoding="utf-8").replace(f'mapping = "{MAPPING}"', f'mapping = "{mapping}"')
        self.config.write_text(config + f'\n[agency.attachments]\nroot = "files"\n{lines}\n', encoding="utf-8")
        self.root = folder / "files"
        self.root.mkdir()
        (self.root / "readme").write_bytes(b"a share that is mounted")
        self.sql(FILES_TABLE)

    def file(self, number: int, name: str, content: bytes = PDF) -> Path:
        """Put a file where petition `number` has its own; it has been at rest for an hour."""
        path = self.root / "don" / str(number) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        rest(path)
        return path

    def keeps_files_in_the_database(self) -> None:
        """From now on the bytes are looked for in a column, and there is no folder."""
        petition = self.folder / "mappings" / "small" / "petition.toml"
        text = petition.read_text(encoding="utf-8").replace('[attachments]\npath = ["ThuMuc", "Ten"]\n', STORED)
        text = text.replace("Ten, Che, TieuDe FROM tep", "Id, Ten, Che, TieuDe, LENGTH(NoiDung) AS SoByte FROM tep")
        petition.write_text(text.replace('split = { column = "Ten", separator = "*" }\n', ""), encoding="utf-8")
        config = self.config.read_text(encoding="utf-8").replace('root = "files"\n', "")
        self.config.write_text(config, encoding="utf-8")
        self.sql("ALTER TABLE tep ADD COLUMN NoiDung BLOB")

    def keeps_files_on_the_web(self, allowed: str) -> None:
        """From now on the column holds addresses, of which those below `allowed` are; there is no folder."""
        petition = self.folder / "mappings" / "small" / "petition.toml"
        text = petition.read_text(encoding="utf-8").replace('path = ["ThuMuc", "Ten"]', 'url = "Ten"')
        text = text.replace('"/attachments/*/file_name" = { column = "Ten", transform = "line" }\n', "")
        petition.write_text(text, encoding="utf-8")
        config = self.config.read_text(encoding="utf-8").replace('root = "files"', f'urls = ["{allowed}"]')
        self.config.write_text(config, encoding="utf-8")

    def names(self, number: int, names: str, *, redacted: bool = False, title: str = "Đơn đã ký") -> None:
        """Let the database say that the petition has these files."""
        self.sql("INSERT INTO tep (IdDon, Ten, Che, TieuDe) VALUES (?, ?, ?, ?)", number, names, int(redacted), title)


def rest(path: Path, seconds: float = 3_600) -> None:
    """Let a file have been written so long ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))


__all__ = ["AGENCY", "PDF", "AttachingAgency", "rest"]
