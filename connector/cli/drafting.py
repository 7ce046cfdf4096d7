"""`kntc mapping draft`: look at a database that has no mapping yet, and write a first one with its doubts beside it.

Reads only, a bounded sample, within a time. Prints and writes names of tables and columns, shapes, counts and short
codes, never a value of a record.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.opening import AgencyOption, Asked, JsonOption, Misused, desk_of
from connector.cli.screen import Screen, standard
from connector.errors import DataError, ExitCode

if TYPE_CHECKING:
    from sqlalchemy import URL

    from connector.core.drafting import Drafted, KindGuess
    from connector.sources.structure import Found

ROWS = 1_000
"""So many rows of each table are looked at: half of them the first, half the last."""

SECONDS = 120

CONFIDENCES = ("sure", "likely", "weak")


def draft(
    ctx: typer.Context,
    source: Annotated[str | None, typer.Option("--source")] = None,
    agency: AgencyOption = None,
    out: Annotated[Path | None, typer.Option("--out")] = None,
    rows: Annotated[int, typer.Option("--rows", min=2, max=100_000)] = ROWS,
    seconds: Annotated[int, typer.Option("--seconds", min=1, max=3_600)] = SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Say which tables and columns look like which kinds and fields; with --out write the draft of a mapping."""
    screen, url = _meant(ctx, source, agency, as_json=as_json)
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError("E-DRAFT-FOLDER", folder=str(out))
    found, drafted = _looked(url, rows, seconds)
    if not found.tables:
        raise DataError("E-DRAFT-NOTHING")
    files = _texts(screen, found, drafted, (out or Path("draft")).name)
    if out is not None:
        _write(out, files)
    _print(screen, found, drafted, rows)
    if out is not None:
        screen.line(screen.say("draft.written", files=len(files), folder=str(out)))
        screen.line(screen.say("draft.next", folder=str(out)))
    else:
        screen.line(screen.say("draft.not_written"))
    if as_json:
        written = sorted(files) if out is not None else []
        screen.json("mapping draft", "", **_as_json(found, drafted), files=written, exit_code=int(ExitCode.DONE))


def _meant(ctx: typer.Context, source: str | None, agency: str | None, *, as_json: bool) -> tuple[Screen, URL]:
    """The screen, and the source: of --source, else the one that the configuration names for the agency."""
    from connector.sources.engines import source_url

    asked: Asked = ctx.obj
    if source is None:
        from connector.edges import source_address

        desk = desk_of(ctx, as_json=as_json)
        code = desk.one_agency(agency)
        section = next(one for one in desk.config.agency if one.code == code)
        if len(section.every_source) > 1:
            raise DataError("E-SOURCE-WHICH", known="--source URL")
        return desk.screen, source_address(desk.config, code, section.every_source[0])
    if agency is not None:
        raise Misused("E-USAGE", detail="--source --agency", usage="kntc mapping draft --help")
    url = source_url(source)
    if url.password is not None or any("pass" in name.lower() or name.lower() == "pwd" for name in url.query):
        raise Misused("E-DRAFT-PASSWORD")
    return standard(asked.words(), quiet=asked.quiet, as_json=as_json), url


def _looked(url: URL, rows: int, seconds: int) -> tuple[Found, Drafted]:
    from connector.core.drafting import draft as drafted_of
    from connector.core.vocabulary import Vocabulary
    from connector.loading import compiled_schemas
    from connector.resources import field_names
    from connector.sources.engines import FILES, open_engine
    from connector.sources.file_structure import look_at_files
    from connector.sources.structure import look

    vocabulary = Vocabulary.compile(field_names())
    if url.drivername == FILES:
        found = look_at_files(Path(url.database or ""), rows=rows, seconds=seconds, first=vocabulary.promise)
        return found, drafted_of(found.tables, vocabulary, compiled_schemas()[0])
    engine = open_engine(url)
    try:
        found = look(engine, rows=rows, seconds=seconds, first=vocabulary.promise)
    finally:
        engine.dispose()
    return found, drafted_of(found.tables, vocabulary, compiled_schemas()[0])


def _texts(screen: Screen, found: Found, drafted: Drafted, system: str) -> dict[str, str]:
    from connector.cli.draft_codes import CodeFiles
    from connector.cli.draft_files import Writing, files_of
    from connector.loading import compiled_schemas

    schemas, lists = compiled_schemas()
    codes = CodeFiles(screen.say, lists, found.tables)
    return files_of(Writing(drafted, screen.say, schemas, codes), system)


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write the files to a folder in which there is nothing yet."""
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError:
        raise DataError("E-DRAFT-FOLDER", folder=str(folder)) from None


def _print(screen: Screen, found: Found, drafted: Drafted, rows: int) -> None:
    say = screen.say
    screen.line(say("draft.head", tables=len(found.tables), rows=rows))
    for guess in drafted.kinds:
        _print_kind(screen, guess)
    absent = [say.label("kind", kind) for kind in _absent(drafted)]
    if absent:
        screen.line(say("draft.absent", kinds=", ".join(absent)))
    if found.unlooked:
        screen.line(say("draft.unlooked", count=found.unlooked))
    if found.is_cut:
        screen.line(say("draft.cut", count=len(found.tables)))


def _print_kind(screen: Screen, guess: KindGuess) -> None:
    say = screen.say
    counts = _counts(guess)
    text = say("draft.kind", table=guess.table.label, **counts)
    screen.pair(say.label("kind", guess.kind), text, width=14)
    if guess.twins:
        tables = ", ".join(twin.label for twin in guess.twins)
        screen.pair("", say("draft.twins", tables=tables), width=14)
    for child in guess.children:
        screen.pair("", say("draft.persons", table=child.table.label), width=14)
    for parent in guess.parents:
        column = f"{guess.table.name}.{parent.link.column}"
        screen.pair("", say("draft.parent", kind=say.label("kind", parent.kind), column=column), width=14)
    if guess.rivals:
        screen.pair("", say("draft.rivals", tables=", ".join(guess.rivals)), width=14)


def _counts(guess: KindGuess) -> dict[str, int]:
    confidences = [one.confidence for one in guess.all_fields]
    return {name: confidences.count(name) for name in CONFIDENCES}


def _absent(drafted: Drafted) -> list[str]:
    from connector.core.model import KINDS

    return [kind for kind in KINDS if drafted.kind(kind) is None]


def _as_json(found: Found, drafted: Drafted) -> dict[str, Any]:
    return {
        "tables": len(found.tables),
        "unlooked": found.unlooked,
        "cut": found.is_cut,
        "kinds": [_kind_as_json(guess) for guess in drafted.kinds],
        "unused": [{"table": table, "looks_like": role} for table, role in drafted.unused.items()],
    }


def _kind_as_json(guess: KindGuess) -> dict[str, Any]:
    fields = [
        {
            "pointer": one.pattern,
            "table": one.table.name,
            "column": one.column.name,
            "confidence": one.confidence,
            "shape": one.column.shape.name,
            "percent_filled": one.column.shape.percent_filled,
            "encoding": one.column.shape.encoding,
        }
        for one in guess.all_fields
    ]
    return {
        "kind": guess.kind,
        "table": guess.table.name,
        "key": list(guess.key),
        "rows": guess.table.rows,
        "fields": fields,
        "parents": [{"kind": parent.kind, "column": parent.link.column} for parent in guess.parents],
        "children": [{"array": child.array, "table": child.table.name} for child in guess.children],
        "marks": dict(guess.marks),
        "further": dict(guess.further),
        "twins": [twin.label for twin in guess.twins],
        "rivals": list(guess.rivals),
    }
