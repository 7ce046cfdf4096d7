"""One sweep over a sample database with a mapping, and what came of it; changes to such a database."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector import sample as sample_package
from connector.core.codes import CodeList
from connector.core.mapping import CompiledMapping, compile_mapping
from connector.core.model import Kind, Problem
from connector.core.schema import Schemas
from connector.core.secrecy import SecrecyPolicy
from connector.resources import code_list_documents, schema_documents
from connector.sources.sql import SqlSource

AGENCY = "H99.01"


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep over a sample gave: documents, and problems by kind and key."""

    documents: dict[tuple[Kind, str], dict[str, Any]]
    parents: dict[tuple[Kind, str], tuple[Kind, str] | None]
    problems: dict[tuple[Kind, str], tuple[Problem, ...]]
    excluded: dict[Kind, dict[str, int]]
    secret: Counter[Kind]
    unexplained: int

    def of(self, kind: Kind) -> list[dict[str, Any]]:
        return [body for (kind_, _), body in self.documents.items() if kind_ is kind]


def compiled(root: Path) -> CompiledMapping:
    files = {path.relative_to(root).as_posix(): tomllib.loads(path.read_text("utf-8")) for path in root.rglob("*.toml")}
    lists = {name: CodeList.compile(document) for name, document in code_list_documents().items()}
    return compile_mapping(files, lists, Schemas.compile(schema_documents()))


def sweep(path: Path, mapping: CompiledMapping, agency: str = AGENCY) -> Swept:
    found = Swept({}, {}, {}, {}, Counter(), 0)
    unexplained = 0
    source = SqlSource(f"sqlite:///{path}", agency, mapping, evidence_key=b"e" * 32, page_rows=100)
    try:
        for kind in mapping.kinds:
            for page in source.pages(mapping.kind(kind)):
                assert page.problems == ()
                excluded = found.excluded.setdefault(kind, {})
                for reason, count in page.excluded.items():
                    excluded[reason] = excluded.get(reason, 0) + count
                found.secret[kind] += page.refused_secret
                unexplained += page.unexplained
                for row in page.rows:
                    mapped = mapping.kind(kind).apply(row, SecrecyPolicy())
                    if mapped.problems:
                        found.problems[kind, row.key.local_id] = mapped.problems
                    for document in mapped.documents:
                        found.documents[kind, document.key.local_id] = json.loads(document.body)
                        parent = document.parent
                        found.parents[kind, document.key.local_id] = (parent.kind, parent.local_id) if parent else None
    finally:
        source.close()
    return Swept(found.documents, found.parents, found.problems, found.excluded, found.secret, unexplained)


def opened(path: Path) -> sqlite3.Connection:
    """Open a database that nobody needs after the test: a commit does not wait for the disk."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def changed(path: Path, sql: str, *values: Any) -> None:
    connection = opened(path)
    with connection:
        connection.execute(sql, values)
    connection.close()


def shipped_sql(name: str) -> Path:
    return Path(str(sample_package.__file__)).parent / name
