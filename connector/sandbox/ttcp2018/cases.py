"""What this national side holds: cases with their papers and people, and the steps taken in them. Stdlib SQLite.

Tables of its own beside those of `state.py`, in the same file, so that a backup holds both. Nothing here asks whether
it saw a request before: every create makes a further object, as the real one did.
May import: the standard library, `state.py`, and beside it `values.py`.

Nouns: a *case* (vụ việc) has one or more *papers* (đơn); a *step* is a handling, an acceptance, a decision or an
enforcement. Each case and each step is an *object* with an Id that is made here. A *record* is what a request itself
shows of the thing that it is about (`record_of`): objects are counted by it.
"""

from __future__ import annotations

import hashlib
import sqlite3
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.sandbox.state import NationalState
from connector.sandbox.ttcp2018.values import Asked, Case, Created, Petitioner, RefusedRequest, Step

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vu_viec (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, agency TEXT NOT NULL, entered_by TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS vu_viec_paper (
  seq INTEGER PRIMARY KEY, case_id TEXT NOT NULL, content TEXT NOT NULL, folded TEXT NOT NULL, types TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS vu_viec_paper_case ON vu_viec_paper (case_id);
CREATE TABLE IF NOT EXISTS vu_viec_petitioner (
  paper INTEGER NOT NULL, name TEXT NOT NULL, number TEXT NOT NULL, province TEXT NOT NULL, district TEXT NOT NULL,
  commune TEXT NOT NULL, address TEXT NOT NULL, folded TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS vu_viec_petitioner_paper ON vu_viec_petitioner (paper);
CREATE TABLE IF NOT EXISTS vu_viec_step (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, case_id TEXT NOT NULL,
  decision_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS vu_viec_step_case ON vu_viec_step (case_id);
CREATE TABLE IF NOT EXISTS vu_viec_object (
  agency TEXT, kind TEXT, record TEXT, objects INTEGER NOT NULL, PRIMARY KEY (agency, kind, record)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vu_viec_refused (
  seq INTEGER PRIMARY KEY, operation TEXT, agency TEXT, kind TEXT, record TEXT, message TEXT);
"""
_ADD_OBJECT = """
INSERT INTO vu_viec_object VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET objects = objects + 1 RETURNING objects"""
_SEARCH = """
SELECT vu_viec.id, coalesce(name, ''), coalesce(address, ''), coalesce(number, ''), content
FROM vu_viec_paper JOIN vu_viec ON vu_viec.id = case_id
LEFT JOIN vu_viec_petitioner ON paper = vu_viec_paper.seq
WHERE (:case_id = '' OR case_id = :case_id) AND (:content = '' OR instr(vu_viec_paper.folded, :content))
  AND (:name = '' OR vu_viec_petitioner.folded = :name) AND (:number = '' OR number = :number)
  AND (:province = '' OR province = :province) AND (:district = '' OR district = :district)
  AND (:commune = '' OR commune = :commune)
ORDER BY vu_viec.seq, vu_viec_paper.seq, vu_viec_petitioner.rowid"""
_OF_AGENCY = "SELECT id, agency, entered_by FROM vu_viec WHERE ? IN ('', agency) ORDER BY seq"
_PAPERS = "SELECT seq, content, types FROM vu_viec_paper WHERE case_id = ? ORDER BY seq"
_PEOPLE = """
SELECT name, number, province, district, commune, address FROM vu_viec_petitioner WHERE paper = ? ORDER BY rowid"""


@dataclass(frozen=True, slots=True)
class Paper:
    """One petition as it was sent: its content, its people, its types (KN, TC, …)."""

    content: str
    petitioners: Sequence[Petitioner]
    types: Sequence[str]


class Cases:
    """The cases in a state. `seed` makes their Ids, so two runs of one seed hand out the same ones."""

    def __init__(self, state: NationalState, seed: int) -> None:
        self._state = state
        self._seed = seed
        with state.transaction() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    def create(self, asked: Asked, paper: Paper) -> str:
        """Make a case, whether or not there is one like it; return its Id."""
        with self._state.transaction() as db:
            case_id = self._new_id(db, asked)
            db.execute("INSERT INTO vu_viec VALUES (NULL, ?, ?, 'api')", (case_id, asked.agency))
            _add_paper(db, case_id, paper)
        return case_id

    def add(self, agency: str, paper: Paper) -> str:
        """Make a case as a person at another desk would; it is nobody's effect. Return its Id."""
        with self._state.transaction() as db:
            last = db.execute("SELECT coalesce(max(seq), 0) FROM vu_viec").fetchone()[0]
            case_id = self._guid("by hand", agency, last)
            db.execute("INSERT INTO vu_viec VALUES (NULL, ?, ?, 'web')", (case_id, agency))
            _add_paper(db, case_id, paper)
        return case_id

    def attach(self, asked: Asked, case_id: str, paper: Paper) -> bool:
        """Add a paper to a case; a repeat adds another. False when there is no such case."""
        with self._state.transaction() as db:
            if not _is_case(db, case_id):
                return False
            self._new_id(db, asked)  # counted; the paper has no Id that anybody gets to see
            _add_paper(db, case_id, paper)
            return True

    def update(self, case_id: str, agency: str, paper: Paper) -> bool:
        """Replace the first paper of a case. False when there is no such case."""
        with self._state.transaction() as db:
            if not _is_case(db, case_id):
                return False
            first = db.execute(_PAPERS, (case_id,)).fetchone()[0]
            db.execute("UPDATE vu_viec SET agency = ? WHERE id = ?", (agency, case_id))
            db.execute("DELETE FROM vu_viec_petitioner WHERE paper = ?", (first,))
            _write_paper(db, first, case_id, paper)
            return True

    def add_step(self, asked: Asked, case_id: str, decision_id: str = "") -> str:
        """Add a step of the kind asked for; return its Id. The case, and the decision if any, must be known."""
        with self._state.transaction() as db:
            step_id = self._new_id(db, asked)
            db.execute(
                "INSERT INTO vu_viec_step VALUES (NULL, ?, ?, ?, ?)", (step_id, asked.kind, case_id, decision_id)
            )
        return step_id

    def find(self, case_id: str) -> Case | None:
        """Return the case with this Id, or None."""
        with self._state.transaction() as db:
            row = db.execute("SELECT id, agency, entered_by FROM vu_viec WHERE id = ?", (case_id,)).fetchone()
            return _read_case(db, row) if row else None

    def all_of(self, agency: str) -> list[Case]:
        """Return the cases of an agency ("" for all), oldest first."""
        with self._state.transaction() as db:
            return [_read_case(db, row) for row in db.execute(_OF_AGENCY, (agency,)).fetchall()]

    def steps_of(self, case_id: str) -> list[Step]:
        """Return the steps of a case ("" for all cases), in the order in which they were taken."""
        with self._state.transaction() as db:
            rows = db.execute(
                "SELECT id, kind, case_id, decision_id FROM vu_viec_step WHERE ? IN ('', case_id) ORDER BY seq",
                (case_id,),
            ).fetchall()
        return [Step(*row) for row in rows]

    def search(self, wanted: Mapping[str, str]) -> list[tuple[str, ...]]:
        """Return (Id, name, address, number, content) of each case of which one paper and one person match it all.

        wanted: case_id, name, number, province, district, commune, content; "" asks for nothing. Names are compared
        whole, contents by part, both without regard to case and spacing. Oldest first, all of them: no paging."""
        asked = {**wanted, "name": folded(wanted["name"]), "content": folded(wanted["content"])}
        with self._state.transaction() as db:
            rows = db.execute(_SEARCH, asked).fetchall()
        return list({row[0]: tuple(row) for row in reversed(rows)}.values())[::-1]

    def objects(self) -> dict[Created, int]:
        """Return how many objects were made of each record."""
        with self._state.transaction() as db:
            rows = db.execute("SELECT agency, kind, record, objects FROM vu_viec_object").fetchall()
        return {Created(*row[:3]): row[3] for row in rows}

    def note_refusal(self, asked: Asked, message: str) -> None:
        """Remember that this was refused inside 200, and with which words."""
        with self._state.transaction() as db:
            db.execute(
                "INSERT INTO vu_viec_refused VALUES (NULL, ?, ?, ?, ?, ?)",
                (asked.operation, asked.agency, asked.kind, asked.record, message),
            )

    def refusals(self) -> list[RefusedRequest]:
        """Return what was refused inside 200, oldest first."""
        with self._state.transaction() as db:
            rows = db.execute(
                "SELECT operation, agency, kind, record, message FROM vu_viec_refused ORDER BY seq"
            ).fetchall()
        return [RefusedRequest(*row) for row in rows]

    def _new_id(self, db: sqlite3.Connection, asked: Asked) -> str:
        """Count one more object of this record and return an Id for it."""
        nth = db.execute(_ADD_OBJECT, (asked.agency, asked.kind, asked.record)).fetchone()[0]
        return self._guid(asked.agency, asked.kind, asked.record, nth)

    def _guid(self, *parts: str | int) -> str:
        drawn = hashlib.sha256(repr((self._seed, *parts)).encode()).digest()
        return str(uuid.UUID(bytes=drawn[:16], version=4))


def folded(written: str) -> str:
    """Return a text as the search compares it: NFC, without case, single spaces."""
    return " ".join(unicodedata.normalize("NFC", written).casefold().split())


def _is_case(db: sqlite3.Connection, case_id: str) -> bool:
    return db.execute("SELECT 1 FROM vu_viec WHERE id = ?", (case_id,)).fetchone() is not None


def _add_paper(db: sqlite3.Connection, case_id: str, paper: Paper) -> None:
    _write_paper(db, None, case_id, paper)


def _write_paper(db: sqlite3.Connection, seq: int | None, case_id: str, paper: Paper) -> None:
    written = db.execute(
        "REPLACE INTO vu_viec_paper VALUES (?, ?, ?, ?, ?)",
        (seq, case_id, paper.content, folded(paper.content), " ".join(paper.types)),
    ).lastrowid
    db.executemany(
        "INSERT INTO vu_viec_petitioner VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (written, each.name, each.number, each.province, each.district, each.commune, each.address,
             folded(each.name))
            for each in paper.petitioners
        ],
    )  # fmt: skip


def _read_case(db: sqlite3.Connection, row: tuple[str, str, str]) -> Case:
    papers = db.execute(_PAPERS, (row[0],)).fetchall()
    people = [Petitioner(*each) for each in db.execute(_PEOPLE, (papers[0][0],)).fetchall()]
    types = sorted({each for paper in papers for each in paper[2].split()})
    return Case(*row, tuple(paper[1] for paper in papers), tuple(people), tuple(types))
