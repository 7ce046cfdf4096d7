"""The sample agency's database, built from a seed.

    build(path, seed)            the year 2023 with its exact counts, and on top the flaws, a draft, a state secret
    build(path, seed, petitions) the same shape at another size, good rows only
    write_mapping(folder)        the shipped mapping, completed by this agency's own codes


The same seed builds the same rows. May import: the other modules of sample/, core.model, resources, the standard
library.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from connector.core.model import Kind
from connector.resources import shipped
from connector.sample.book import Book
from connector.sample.flaws import Flaw, write_flaws, write_marked
from connector.sample.register import OFFICER, ORGANISATION, write_register
from connector.sample.shape import YEAR_2023, Shape, scaled
from connector.sample.steps import write_steps

AGENCY = "H51.01"
"""The code under which the sample agency sends, unless `build` is told another."""

TABLES: Mapping[Kind, str] = {
    Kind.RECEPTION: "so_tiep_cong_dan",
    Kind.PETITION: "don_thu",
    Kind.HANDLING: "don_thu_ket_qua_xu_ly",
    Kind.ACCEPTANCE: "don_thu_quyet_dinh_thu_ly",
    Kind.DECISION: "don_thu_quyet_dinh_giai_quyet",
    Kind.ENFORCEMENT: "don_thu_thi_hanh_giai_quyet",
}
"""Where the records of each kind lie."""


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """What was built. `records` counts all rows per kind; a good document comes of those that are in no other count."""

    seed: int
    shape: Shape
    records: Mapping[Kind, int]
    flaws: tuple[Flaw, ...]
    drafts: Mapping[Kind, int]
    secrets: Mapping[Kind, int]


def build(
    path: Path, seed: int, petitions: int | None = None, *, agency: str = AGENCY, canary: str | None = None
) -> SampleCounts:
    """Write the sample agency's database to a new file and return what is in it.

    `petitions`: None for the year 2023 with its flaws, else that many petitions without any. `agency`: the code under
    which it sends. `canary`: a text to plant in every field of a denouncer, every free text of a denunciation, and of
    what nobody classified.
    Raises FileExistsError if there is a file already: a sample never overwrites anything."""
    if path.exists():
        raise FileExistsError(path)
    shape = YEAR_2023 if petitions is None else scaled(petitions)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA synchronous = OFF")  # what a power cut leaves of a sample is built again
        with connection:
            for script in ("bentre.sql", "lists.sql"):
                text = (Path(__file__).parent / script).read_text(encoding="utf-8")
                connection.executescript(f"BEGIN;\n{text}\nCOMMIT;")  # else each statement is a commit of its own
            write_directory(connection, agency)
            book = Book(connection, Random(seed), canary)  # noqa: S311 - repeatable on purpose
            ends = write_steps(book, shape, write_register(book, shape))
            flaws: tuple[Flaw, ...] = ()
            if petitions is None:
                flaws = write_flaws(book, ends)
                write_marked(book)
        marked = {Kind.PETITION: 1, Kind.HANDLING: 1} if petitions is None else {}
        return SampleCounts(seed, shape, _records(connection), flaws, drafts=marked, secrets=marked)
    finally:
        connection.close()


def write_directory(connection: sqlite3.Connection, agency: str) -> None:
    """Write the user directory: the agency's organisation and officer, and two organisations that send nothing."""
    connection.executemany(
        "INSERT INTO danh_ba_to_chuc (OrganizationId, MaCoQuan, MaLienThong) VALUES (?, ?, ?)",
        ((ORGANISATION, agency, "H811"), (20105, None, "H811.05"), (20112, None, "H811.12")),
    )
    connection.execute("INSERT INTO danh_ba_can_bo (UserId, OrganizationId) VALUES (?, ?)", (OFFICER, ORGANISATION))


def write_mapping(folder: Path) -> Path:
    """Write the mapping of this agency to a new folder and return it: as any installation would, the shipped one with
    its code maps completed. Only here do the codes that the sample invents have a meaning. And it knows of its software
    that an edit is one transaction, so that one reading is enough."""
    # Its test rows say what becomes of codes that nobody has entered yet: here they are.
    shutil.copytree(shipped("mappings", "bentre"), folder, ignore=shutil.ignore_patterns("tests"))
    shutil.copytree(Path(__file__).parent / "codes", folder / "codes", dirs_exist_ok=True)
    for path in folder.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("\nsnapshot = false\n", "\nsnapshot = true\n"), encoding="utf-8")
    return folder


def _records(connection: sqlite3.Connection) -> Mapping[Kind, int]:
    return {
        kind: connection.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0]  # noqa: S608 - names are ours
        for kind, table in TABLES.items()
    }
