"""A mapping tried on rows written for it: the same queries, the same source, the same rules as a run; no ledger.

    <mapping>/tests/rows.sql         the rows; or rows/<table>.csv
    <mapping>/tests/documents.json   what they must become

Floor 3, beside `app`. May import: core, errors, loading, sources, stages.reading, stages.judging, the standard library.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.core.expected import AGENCY, Compared, Made, compare, read_expected
from connector.core.mapping import CompiledMapping
from connector.core.model import Kind, RecordKey
from connector.core.secrecy import SecrecyPolicy
from connector.errors import DataError
from connector.sources.base import Page, Source
from connector.sources.written_rows import bytes_of, open_rows
from connector.stages.hidden import Hidden
from connector.stages.judging import children_of
from connector.stages.reading import map_row

FOLDER = "tests"
DOCUMENTS = "documents.json"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a mapping made of its test rows, held against what it should; by kind, parents first."""

    agency: str
    made: dict[Kind, Made]
    compared: dict[Kind, Compared]

    @property
    def is_equal(self) -> bool:
        """Whether every row ended as expected."""
        return not any(one.differences for one in self.compared.values())


def has_tests(folder: Path) -> bool:
    """Return whether a mapping's folder brings tests."""
    return (folder / FOLDER).is_dir()


def try_mapping(folder: Path, mapping: CompiledMapping) -> Tried:
    """Return how the test rows of a mapping's folder end. Needs no database and no network.

    Raises DataError for test files that are absent or cannot be used, MappingError where the rows' structure has not
    what the queries speak of."""
    agency, expected = _expected(folder)
    made = _made(folder, mapping, agency)
    kinds = [kind for kind in Kind if kind in made or kind in expected]
    return Tried(agency, made, {kind: compare(expected.get(kind, Made()), made.get(kind, Made())) for kind in kinds})


def write_expected(folder: Path, mapping: CompiledMapping, agency: str | None = None) -> Tried:
    """Write what the test rows become now to `documents.json`, and return it. The old file is replaced as a whole.

    agency: under whose code the rows are sent; None: as the old file says. Raises as `try_mapping`."""
    code = agency or _expected(folder)[0]
    made = _made(folder, mapping, code)
    path = folder / FOLDER / DOCUMENTS
    shape: dict[str, Any] = {AGENCY: code, **{kind: one.as_json() for kind, one in made.items()}}
    beside = path.with_suffix(".json.new")
    beside.write_text(json.dumps(shape, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)
    return Tried(code, made, {kind: compare(one, one) for kind, one in made.items()})


def _expected(folder: Path) -> tuple[str, dict[Kind, Made]]:
    path = folder / FOLDER / DOCUMENTS
    try:
        return read_expected(json.loads(bytes_of(path)), str(path))
    except (ValueError, RecursionError):  # also of what is no UTF-8, or nested without end
        raise DataError("E-MAPPING-TEST-FILE", file=str(path), place="/", expected="JSON") from None


def _made(folder: Path, mapping: CompiledMapping, agency: str) -> dict[Kind, Made]:
    source = open_rows(folder / FOLDER, mapping, agency)
    try:
        source.probe()
        return sweep(source, mapping, agency)
    finally:
        source.close()


def sweep(source: Source, mapping: CompiledMapping, agency: str) -> dict[Kind, Made]:
    """Return what all rows of a source become, kind by kind, as the first run of an agency would send it: what hangs on
    a concealed paper, or on one that is not there, is concealed; what hangs on a secret or a draft goes with it."""
    sight = _Sight(agency)
    return {kind: sight.kind(mapping, kind, source.pages(mapping.kind(kind))) for kind in mapping.kinds}


@dataclass(slots=True)
class _Sight:
    """What the kinds read so far let be seen of those that hang on them."""

    agency: str
    hidden: Hidden = field(default_factory=Hidden)

    def kind(self, mapping: CompiledMapping, kind: Kind, pages: Iterable[Page]) -> Made:
        made = Made()
        for page in pages:
            made.unexplained += page.unexplained
            made.excluded |= page.excluded_as
            for local_id, problem in page.problems:
                made.problems.setdefault(local_id, []).append(problem)
            self.hidden.secret |= {RecordKey(self.agency, kind, local_id) for local_id in page.secret_ids}
            self.hidden.excluded |= {RecordKey(self.agency, kind, local_id) for local_id in page.excluded_ids}
            made.secret += page.refused_secret
            self._rows(mapping, kind, page, made)
        return made

    def _rows(self, mapping: CompiledMapping, kind: Kind, page: Page, made: Made) -> None:
        kind_mapping = mapping.kind(kind)
        parents = {row.key.local_id: kind_mapping.parents_of(row) for row in page.rows}
        secret, excluded = children_of(parents, self.hidden)
        made.secret += len(secret)
        made.excluded |= dict.fromkeys(excluded, "parent")
        self.hidden.secret |= {RecordKey(self.agency, kind, local_id) for local_id in secret}
        self.hidden.excluded |= {RecordKey(self.agency, kind, local_id) for local_id in excluded}
        concealed = self.hidden.unseen(parents)
        for row in page.rows:
            if row.key.local_id in {*secret, *excluded}:
                continue
            reading = map_row(kind_mapping, row, SecrecyPolicy(), concealed)
            if reading.problems:
                made.problems.setdefault(row.key.local_id, []).extend(reading.problems)
            if reading.document is not None:
                made.documents[row.key.local_id] = json.loads(reading.document.body)
            if reading.concealed is False:
                self.hidden.open.add(row.key)
