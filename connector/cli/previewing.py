"""`kntc mapping preview`: one record of the source beside the document that it would become, before any of it is sent.

Reads the record, and what it hangs on, live. Needs no ledger; where there is one, what it conceals stays concealed.
Values are masked as in `kntc explain`. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.opening import AgencyOption, Desk, JsonOption, desk_of, opened_to_look
from connector.errors import DataError, ExitCode
from connector.telling import naming, records, tracing
from connector.telling.words import plain

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import Body, Problem, RecordKey, SourceRow, TraceStep

WIDTHS = (28, 18, 28)
"""Of the three columns: where a value comes from, what stands there, what it becomes."""

BETWEEN = " | "

READ_AT_MOST = 10_000
"""So many records are gone through where the id does not say where the record lies."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """One record as it would be taken: its fields as `explain` shows them, its problems, what says nothing."""

    key: RecordKey
    place: str
    concealed: bool
    becomes_document: bool
    fields: tuple[tracing.FieldLine, ...]
    problems: tuple[Problem, ...]
    silent: tuple[str, ...]  # fields that have a rule, and nothing to say of this record
    unread: tuple[str, ...]  # columns of the query that no rule reads


def preview(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument()],
    id_: Annotated[str, typer.Argument(metavar="ID")],
    agency: AgencyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one source record beside what the mapping makes of it: column, value (masked), field, value or problem."""
    desk = desk_of(ctx, as_json=as_json)
    code = desk.one_agency(agency)
    named = naming.kind_named(desk.say, kind)
    with opened_to_look(desk) as (app, _):
        found = _previewed(desk, app, _key(app, code, named, id_))
        if as_json:
            desk.screen.json("mapping preview", desk.environment, **_as_json(found))
        else:
            _print(desk, app, found)
    raise typer.Exit(ExitCode.DONE if found.becomes_document else ExitCode.PARTIAL)


def _key(app: App, code: str, kind: Any, id_: str) -> RecordKey:
    from connector.core.aliases import is_taken
    from connector.core.model import RecordKey

    mapping = app.reading(code).mapping
    if kind not in mapping.kinds:
        raise DataError("E-KIND-UNKNOWN", kind=kind, known=", ".join(mapping.kinds))
    prefixes = [f"{each.source}:" for each in mapping.all_of(kind)]
    if not id_.startswith(tuple(prefixes)) and len(prefixes) > 1:
        raise DataError("E-SOURCE-WHICH", known=", ".join(f"{prefix}{id_}"[:64] for prefix in prefixes))
    local_id = id_ if id_.startswith(tuple(prefixes)) else f"{prefixes[0]}{id_}"
    key = mapping.kind(kind).aliases.key_of(kind, local_id)
    return RecordKey(code, kind, local_id if is_taken(key) else key)


# --- reading


def _previewed(desk: Desk, app: App, key: RecordKey) -> Previewed:
    row, problems = _row(app, key)
    if problems:
        return Previewed(key, "", True, False, (), problems, (), ())
    found = _read(app, row) if row else None
    if found is None:
        raise DataError("E-PREVIEW-NOT-SELECTED", key=f"{key.kind} {key.local_id}"[:150])
    reading, unfinished = found
    mapping = app.mapping_of(key)
    fields = tuple(tracing.fields(desk.say, app, key, reading, unfinished))
    spoken = {line.pointer for line in fields}
    return Previewed(
        key=key,
        place=reading.place,
        concealed=reading.concealed,
        becomes_document=bool(reading.mapped.documents),
        fields=fields,
        problems=reading.mapped.problems,
        # Of what is kept secret, not even that it is empty.
        silent=() if reading.concealed else tuple(_silent(mapping.trace, spoken)),
        unread=tuple(sorted(set(reading.row.columns) - mapping.needed.root)),
    )


def _silent(trace: Iterable[TraceStep], spoken: Collection[str]) -> Iterator[str]:
    """Yield the fields of which nothing is told; where that is all of a part of the document, the part."""
    silent: dict[str, list[str]] = {}
    for step in trace:
        if step.confidentiality != "C3" and not step.pointer.endswith("/*"):
            silent.setdefault(f"/{step.pointer.split('/')[1]}", []).append(step.pointer)
    for part, pointers in silent.items():
        left = [pointer for pointer in pointers if pointer not in spoken]
        yield from left if len(left) < len(pointers) else [part]


def _read(app: App, row: SourceRow) -> tuple[tracing.Reading, Body] | None:
    """The record as the first run would take it, and its body as far as it came; None if it hangs on what must not be
    seen."""
    from connector.core.model import Mapped
    from connector.stages.hidden import hidden_by
    from connector.stages.reading import map_row

    key, agency = row.key, app.reading(row.key.agency)
    mapping = agency.mapping.of(key)
    parents = mapping.parents_of(row)
    if hidden_by(app.context(key.agency), agency.source, agency.mapping, parents):
        return None
    closed = frozenset(parent for parent in parents if not _is_open(app, parent))
    taken = map_row(mapping, row, agency.policy, closed)
    documents = (taken.document,) if taken.document else ()
    mapped = Mapped(documents, taken.problems, mapping.trace, concealed=bool(taken.concealed))
    shown = mapping.decode(row)
    concealed = bool(closed) or tracing.is_concealed(mapping, shown, mapped) or _was_concealed(app, key)
    place = f"{mapping.select.table}.{mapping.range_column} = {mapping.range_of(row)}"
    return tracing.Reading(shown, mapped, place, concealed), mapping.unfinished(row)


def _row(app: App, key: RecordKey) -> tuple[SourceRow | None, tuple[Problem, ...]]:
    """The record's row, None where there is none that may be seen; and why it could not be read whole."""
    agency = app.reading(key.agency)
    if key.kind not in agency.mapping.kinds:
        return None, ()
    mapping, read = agency.mapping.of(key), 0
    value = mapping.range_value(key.local_id)
    for page in agency.source.fetch(mapping, [value]) if value else agency.source.pages(mapping):
        for row in page.rows:
            if row.key == key:
                return row, ()
        if problems := tuple(problem for local_id, problem in page.problems if local_id == key.local_id):
            return None, problems
        read += len(page.rows)
        if read >= READ_AT_MOST:
            break
    return None, ()


def _is_open(app: App, key: RecordKey) -> bool:
    """Whether a paper, and all that it hangs on, need not be concealed; one that is not there may be a denunciation."""
    agency, (row, _) = app.reading(key.agency), _row(app, key)
    if row is None or _was_concealed(app, key):
        return False
    mapping = agency.mapping.of(key)
    if tracing.is_concealed(mapping, mapping.decode(row), mapping.apply(row, agency.policy)):
        return False
    return all(_is_open(app, parent) for parent in mapping.parents_of(row))


def _was_concealed(app: App, key: RecordKey) -> bool:
    """Whether the ledger knows the record, and as a concealed one: then it is shown to nobody in clear."""
    from connector.store.records import known

    with app.store.read() as connection:
        found = known(connection, key.agency, key.kind, [key.local_id]).get(key.local_id)
    return found is not None and found.concealed


# --- showing


def _print(desk: Desk, app: App, found: Previewed) -> None:
    say, screen = desk.say, desk.screen
    place = f" ({found.place})" if found.place else ""
    screen.heading(f"{naming.record(say, found.key)}{place}", desk.environment_label)
    if found.fields:
        screen.lines(_side_by_side(tuple(say(f"preview.{name}") for name in ("column", "value", "field"))))
    told: set[str] = set()
    for line in found.fields:
        problems = [problem for problem in found.problems if _pattern(problem.pointer) == line.pointer]
        told |= {problem.pointer for problem in problems}
        outcome = [_what(desk, found.key, problem, line.label) for problem in problems] or [_target(desk, line)]
        rule = f" ({line.rule})" if line.rule else ""
        screen.lines(
            _side_by_side((f"{line.column}{rule}".strip(), line.source, f"{line.pointer}: {'; '.join(outcome)}"))
        )
    for problem in found.problems:
        if problem.pointer not in told:
            screen.line(records.in_words(desk, app, found.key, asdict(problem)), hang=2)
    for name, names in (("silent", found.silent), ("unread", found.unread)):
        if names:
            screen.line(say(f"preview.{name}", names=", ".join(names)), hang=2)
    good = "preview.concealed" if found.concealed else "preview.good"
    screen.verdict(say(good if found.becomes_document else "preview.bad"), "good" if found.becomes_document else "bad")


def _target(desk: Desk, line: tracing.FieldLine) -> str:
    kept = (desk.say("explain.kept_secret"), desk.say("explain.identity_kept"))
    if line.target or not line.source:
        return line.target
    is_masked = line.confidentiality != "C1" or line.source in kept
    return line.source if is_masked else desk.say("preview.nothing")


def _what(desk: Desk, key: RecordKey, problem: Problem, label: str) -> str:
    return f"{problem.rule} {records.error_text(desk, key, asdict(problem), label).what}"


def _pattern(pointer: str) -> str:
    from connector.core.schema import pattern_of

    return pattern_of(pointer)


def _side_by_side(cells: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of one row of three columns."""
    broken = [_broken(plain(cell), width) for cell, width in zip(cells, WIDTHS, strict=True)]
    for parts in zip_longest(*broken, fillvalue=""):
        yield BETWEEN.join(f"{part:<{width}}" for part, width in zip(parts, WIDTHS, strict=True)).rstrip(" |")


def _broken(text: str, width: int) -> list[str]:
    """The text in lines of at most this width; a word that is longer is broken before a `/`, or behind a `.` or `_`."""
    lines = [""]
    for word in text.split():
        rest = word
        while len(rest) > width:
            at = max(rest.rfind("/", 1, width + 1), rest.rfind(".", 1, width) + 1)
            at = at if at > 0 else rest.rfind("_", 1, width) + 1
            at = at if at > 0 else width
            lines += [rest[:at]]
            rest = rest[at:]
        joined = f"{lines[-1]} {rest}".strip()
        if rest == word and len(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(rest)
    return lines[1:] if not lines[0] and len(lines) > 1 else lines


def _as_json(found: Previewed) -> dict[str, Any]:
    return {
        "key": str(found.key),
        "concealed": found.concealed,
        "becomes_document": found.becomes_document,
        "fields": [line.as_json() for line in found.fields],
        "problems": [{"pointer": p.pointer, "rule": p.rule, "column": p.column} for p in found.problems],
        "silent": found.silent,
        "unread": found.unread,
    }
