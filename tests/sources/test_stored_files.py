"""Files that the database holds itself: read a part at a time, by their row's word on size and version."""

from __future__ import annotations

import hashlib
import tomllib
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.core.attachments import stored_at
from connector.core.mapping import CompiledMapping
from connector.core.model import Fate, Kind, SourceFile
from connector.errors import ConfigError
from connector.sources.folder import PIECE_BYTES, ChangedError, Limits
from connector.sources.papers import Papers
from connector.sources.sql import SqlSource
from tests.mapping_files import compiled
from tests.servers import CODES, ENGINES, HEAD, MAPPING, Database, database

PDF = b"%PDF-1.7\n"
LARGE = PDF + bytes(3 * PIECE_BYTES + 5)
BYTES = {"sqlite": "BLOB", "postgresql": "BYTEA", "mariadb": "LONGBLOB"}
LENGTH = {"sqlite": "LENGTH", "postgresql": "OCTET_LENGTH", "mariadb": "LENGTH"}
PART = {"sqlite": "SUBSTR", "postgresql": "SUBSTRING", "mariadb": "SUBSTRING"}


def parsed(engine: str) -> dict[str, Any]:
    files = {"mapping.toml": HEAD, "petition.toml": MAPPING.format(source=""), "codes/loai.toml": CODES}
    found = {name: tomllib.loads(content) for name, content in files.items()}
    petition = found["petition.toml"]
    petition["children"].append(
        {
            "name": "tep",
            "table": "tep",
            "key": ["id_don"],
            "sql": f"SELECT id_don, id_tep, ten, sua, {LENGTH[engine]}(noi_dung) AS so_byte FROM tep "
            "WHERE id_don > :lo AND id_don <= :hi ORDER BY id_don, id_tep",
        }
    )
    petition["attachments"] = {
        "stored": {
            "key": "id_tep",
            "size": "so_byte",
            "version": "sua",
            "name": "ten",
            "sql": f"SELECT {PART[engine]}(noi_dung, :from, :count) AS phan FROM tep WHERE id_tep = :key",
        }
    }
    petition["fields"] |= {"/attachments/*": {"rows": "tep"}, "/attachments/*/file_name": {"column": "ten"}}
    return found


@pytest.fixture(params=ENGINES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with database(request.param, tmp_path) as made:
        made.make_tables()
        made.add(1)
        made.run(
            f"CREATE TABLE tep (id_tep INTEGER PRIMARY KEY, id_don INTEGER, ten VARCHAR(100), sua VARCHAR(20),"
            f" noi_dung {BYTES[request.param]})"
        )
        put(made, 1, LARGE)
        put(made, 2, b"MZ\x90\x00", "virus.pdf")
        put(made, 3, b"")
        put(made, 4, None)
        yield made


def put(server: Database, number: int, content: bytes | None, name: str = "đơn.pdf", version: str = "1") -> None:
    with server.open_transaction() as connection:
        connection.execute(text("DELETE FROM tep WHERE id_tep = :n"), {"n": number})
        row = {"n": number, "ten": name, "sua": version, "content": content}
        connection.execute(text("INSERT INTO tep VALUES (:n, 1, :ten, :sua, :content)"), row)


@pytest.fixture
def reading(server: Database) -> Iterator[tuple[Papers, CompiledMapping, SqlSource]]:
    mapping = compiled(parsed(server.kind))
    source = SqlSource(server.url, "H51.01", mapping, b"e" * 32)
    source.probe()
    yield Papers(None, source, mapping, Limits(max_bytes=10 * PIECE_BYTES)), mapping, source
    source.close()


def named(mapping: CompiledMapping, source: SqlSource) -> list[SourceFile]:
    kind = mapping.kind(Kind.PETITION)
    (page,) = source.pages(kind)
    return list(kind.files_of(page.rows[0]))


def test_bytes_of_a_column_are_read_part_by_part(reading: tuple[Papers, CompiledMapping, SqlSource]) -> None:
    papers, mapping, source = reading
    files = [papers.read(papers.look(file)) for file in named(mapping, source)]
    assert [file.fate for file in files] == [Fate.READY, Fate.TYPE, Fate.EMPTY, Fate.NONE]
    assert (files[0].sha256, files[0].size_bytes) == (hashlib.sha256(LARGE).hexdigest(), len(LARGE))
    assert files[0].media_type == "application/pdf"
    assert stored_at(files[0].path) == ("petition", "1")
    pieces = list(papers.pieces(files[0].path, len(LARGE), files[0].sha256))
    assert b"".join(pieces) == LARGE
    assert max(map(len, pieces)) <= PIECE_BYTES


def test_bytes_that_are_others_by_now_are_not_given_away_whole(
    server: Database, reading: tuple[Papers, CompiledMapping, SqlSource]
) -> None:
    papers, mapping, source = reading
    file = papers.read(papers.look(named(mapping, source)[0]))
    put(server, 1, LARGE[:-1] + b"x", version="2")
    given: list[bytes] = []
    with pytest.raises(ChangedError):
        given.extend(papers.pieces(file.path, file.size_bytes, file.sha256))
    assert len(b"".join(given)) < len(LARGE)
    again = named(mapping, source)[0]
    assert again.modified_ns != file.modified_ns  # so the row's fingerprint is another
    put(server, 1, LARGE + b"longer")
    assert papers.read(again).fate is Fate.LATER
    put(server, 1, None)
    with pytest.raises(ChangedError):
        list(papers.pieces(file.path, file.size_bytes, file.sha256))


def test_what_is_too_large_is_not_asked_for_and_what_is_asked_for_is_never_whole_in_memory(
    server: Database, reading: tuple[Papers, CompiledMapping, SqlSource]
) -> None:
    papers, mapping, source = reading
    file = named(mapping, source)[0]
    assert papers.look(replace(file, size_bytes=10 * PIECE_BYTES + 1)).fate is Fate.TOO_LARGE
    if server.kind == "sqlite":  # a local file: the driver of a server has buffers of its own
        put(server, 1, PDF + bytes(8 * PIECE_BYTES))
        file = named(mapping, source)[0]
        tracemalloc.start()
        try:
            found = papers.read(papers.look(file))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert found.fate is Fate.READY
        assert peak < 5 * PIECE_BYTES


@pytest.mark.parametrize(
    ("change", "id_"),
    [
        ({"sql": "SELECT noi_dung FROM tep WHERE id_tep = :key"}, "E-CFG-RANGE"),
        ({"sql": "SELECT SUBSTR(n, :from, :count) AS p FROM tep WHERE id_tep = :key AND x = :lo"}, "E-CFG-RANGE"),
        ({"sql": "DELETE FROM tep WHERE id_tep = :key AND :from = :count"}, "E-CFG-SQL"),
        ({"key": "la"}, "E-CFG-COLUMN"),
        ({"size": ""}, "E-CFG-TYPE"),
        ({"place": "x"}, "E-CFG-UNKNOWN-KEY"),
    ],
)
def test_a_mistake_in_the_query_for_a_part_is_named(change: dict[str, str], id_: str) -> None:
    files = parsed("sqlite")
    files["petition.toml"]["attachments"]["stored"] |= change
    with pytest.raises(ConfigError) as caught:
        compiled(files)
    assert id_ in [problem.id for problem in caught.value.problems]


def test_a_file_lies_at_one_place_only() -> None:
    files = parsed("sqlite")
    files["petition.toml"]["attachments"]["path"] = ["ten"]
    with pytest.raises(ConfigError) as caught:
        compiled(files)
    assert [problem.id for problem in caught.value.problems] == ["E-CFG-VALUE"]
