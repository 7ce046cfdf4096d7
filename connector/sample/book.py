"""Writing rows into the sample: one INSERT per row, and the ink that marks what must never leave in a denunciation.

May import: people, the standard library.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from connector.sample.people import Person, person

Value = str | int | None


@dataclass(slots=True)
class Book:
    """The open database, its source of chance, and the canary if one is planted."""

    connection: sqlite3.Connection
    rng: Random
    canary: str | None
    people: int = 0

    def chance(self, share: float) -> bool:
        """Return true so often: 0.05 is one time in twenty."""
        return self.rng.random() < share

    def add(self, table: str, row: Mapping[str, Value]) -> int:
        """Insert one row and return its row id: the key of every table here that has an integer key."""
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608 - names are ours
        cursor = self.connection.execute(sql, tuple(row.values()))
        return int(cursor.lastrowid or 0)

    def text(self, text: str, *, concealed: bool) -> str:
        """Return the text, with the canary behind it where it belongs to a denunciation or is unclassified."""
        return f"{text} {self.canary}" if concealed and self.canary else text

    def token(self, value: str | None, *, concealed: bool) -> str | None:
        """Return a short value (number, phone), replaced by the canary where `text` would append it."""
        return self.canary if concealed and self.canary else value

    def add_person(self, *, concealed: bool) -> int:
        """Insert a new petitioner; return its id. `concealed`: a denouncer, who gets the canary in every own field."""
        self.people += 1
        who = person(self.rng, self.people)
        return self.add("don_thu_doi_tuong_di_kntc", self._person_row(who, concealed=concealed))

    def add_nobody(self) -> int:
        """Insert the person row that the product writes for an anonymous letter: no name, NacDanh = 1."""
        return self.add("don_thu_doi_tuong_di_kntc", {"HoTen": "", "SoDinhDanhCaNhan": "", "GioiTinh": 0, "NacDanh": 1})

    def add_lawyer(self) -> int:
        """Insert the person who acts for a complainant; return its id."""
        self.people += 1
        row = dict(self._person_row(person(self.rng, self.people), concealed=False))
        for absent in ("SoDienThoai", "NacDanh"):
            del row[absent]
        return self.add("don_thu_doi_tuong_uy_quyen", row)

    def _person_row(self, who: Person, *, concealed: bool) -> Mapping[str, Value]:
        return {
            "HoTen": self.text(who.full_name, concealed=concealed),
            "SoDinhDanhCaNhan": self.token(who.id_number, concealed=concealed),
            "GioiTinh": who.gender,
            "NgayCapSoDinhDanh": who.issued_on,
            "NoiCapSoDinhDanh": self.text("Công an tỉnh Mẫu", concealed=concealed),
            "MaTinh": "811",
            "MaHuyen": who.district,
            "MaXa": who.commune,
            "DiaChiChiTiet": self.text(who.address, concealed=concealed),
            "SoDienThoai": self.token(who.phone, concealed=concealed),
            "MaQuocTich": "VN",
            "MaDanToc": 1,
            "NacDanh": 0,
        }
