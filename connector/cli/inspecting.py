"""`kntc mapping inspect`: in which encodings the columns of a source look to be, as shares. Writes nothing.

Prints names of columns and numbers, never a value of the source. Only the columns that rules read are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import failing
from connector.cli.opening import AgencyOption, Desk, JsonOption, desk_of, opened_on_trial
from connector.errors import ExitCode, KntcError, MappingError, SourceError
from connector.telling import naming

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.kind_mapping import KindMapping
    from connector.core.looks import Looks
    from connector.core.selects import ChildSelect, Select

ROWS = 2_000
"""So many records of a kind are looked at. They are the first by key, mostly the oldest: there old text is."""

WORTH_DECLARING = 50
"""From this share on a declaration is proposed; below, the column is called mixed."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that some text beyond ASCII was found in. `key`: the table of the mapping that may declare it."""

    file: str
    key: str
    name: str
    origin: str
    declared: str
    looks: Looks

    @property
    def is_plain(self) -> bool:
        """Whether all of it is Unicode and nothing is odd: of such a column there is nothing to tell."""
        return not self.declared and not self.looks.odd and self.looks.percent("unicode") == 100  # noqa: PLR2004


@dataclass(slots=True)
class Inspected:
    """What was found at one agency, by kind; `error` where its source could not be read to the end."""

    agency: str
    rows: dict[str, int] = field(default_factory=dict)
    columns: dict[str, list[Column]] = field(default_factory=dict)
    error: KntcError | None = None


def inspect(
    ctx: typer.Context,
    agency: AgencyOption = None,
    rows: Annotated[int, typer.Option("--rows", min=1)] = ROWS,
    as_json: JsonOption = False,
) -> None:
    """Say of each column with text beyond ASCII in which encoding it looks to be, and what of it cannot be seen."""
    desk = desk_of(ctx, as_json=as_json)
    found = []
    with opened_on_trial(desk) as app:
        for code in desk.agencies(agency):
            inspected = _inspected(app, code, rows)
            found.append(inspected)
            _print(desk, inspected, rows)
            if inspected.error is not None:
                failing.show(inspected.error, desk.screen)
    if as_json:
        desk.screen.json("mapping inspect", desk.environment, agencies=[_as_json(one) for one in found])
    errors = [one.error.exit_code for one in found if one.error is not None]
    raise typer.Exit(max(errors, default=ExitCode.DONE))


def _inspected(app: App, code: str, rows: int) -> Inspected:
    found = Inspected(code)
    source, mapping = app.agency(code).source, app.agency(code).mapping
    try:
        for each in (each for kind in mapping.kinds for each in mapping.all_of(kind)):
            seen, name = _Seen(each), mapping.name_of(each)
            for page in source.pages(each):
                for row in page.rows[: rows - seen.rows]:
                    seen.add(row.columns, row.children)
                if seen.rows >= rows:
                    break
            folder = f"{mapping.part(each.source).system}/" if mapping.parts else ""
            found.rows[name] = seen.rows
            found.columns[name] = list(seen.columns(f"{folder}{each.kind}.toml"))
    except (SourceError, MappingError) as error:
        found.error = error
    return found


class _Seen:
    """The looks of every column of one kind, while its rows go by."""

    def __init__(self, mapping: KindMapping) -> None:
        from connector.core.looks import Looks

        self.rows = 0
        self._mapping = mapping
        self._root = {name: Looks() for name in sorted(mapping.needed.root)}
        self._children = {
            child.name: {name: Looks() for name in sorted(mapping.needed.children[child.name])}
            for child in mapping.children
        }

    def add(self, columns: Mapping[str, Any], children: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        self.rows += 1
        _look(self._root, columns, self._mapping.select)
        for child in self._mapping.children:
            for row in children.get(child.name, ()):
                _look(self._children[child.name], row, child)

    def columns(self, file: str) -> Iterator[Column]:
        """Yield the columns in which there was anything to tell."""
        queries: list[tuple[str, Select | ChildSelect, dict[str, Looks]]] = [
            ("select.encoding", self._mapping.select, self._root),
            *(("children.encoding", child, self._children[child.name]) for child in self._mapping.children),
        ]
        for key, query, seen in queries:
            for name, looks in seen.items():
                if looks.accented or looks.odd:
                    yield Column(file, key, name, query.origin(name), query.encodings.get(name, ""), looks)


def _look(seen: Mapping[str, Looks], row: Mapping[str, Any], query: Select | ChildSelect) -> None:
    for name, looks in seen.items():
        looks.add(row.get(name), query.encodings.get(name, ""))


def _print(desk: Desk, found: Inspected, rows: int) -> None:
    say, screen = desk.say, desk.screen
    screen.heading(desk.name_of(found.agency), desk.environment_label)
    screen.line(say("inspect.head", rows=rows))
    proposed = False
    for kind in found.rows:
        screen.line(naming.kind_of_source(say, kind))
        if not found.columns[kind]:
            screen.line(say("inspect.none", rows=found.rows[kind]), indent=2)
        plain = [column for column in found.columns[kind] if column.is_plain]
        for column in found.columns[kind]:
            if not column.is_plain:
                proposed = _print_column(desk, column) or proposed
        if plain:
            screen.line(say("inspect.rest", count=len(plain)), indent=2)
    if proposed:
        screen.line(say("inspect.next"))


def _print_column(desk: Desk, column: Column) -> bool:
    """Print one column; return whether a declaration was proposed."""
    from connector.core.looks import UNICODE

    say, screen, looks = desk.say, desk.screen, column.looks
    screen.line(
        say("inspect.column", column=column.origin, accented=looks.accented, texts=looks.texts), indent=2, hang=4
    )
    proposed = False
    if column.declared:
        screen.line(say("inspect.declared", encoding=column.declared, misfits=looks.misfits), indent=4, hang=6)
    for look, _ in looks.looks.most_common():
        percent = looks.percent(look)
        screen.line(say("inspect.looks", percent=percent, look=say(f"inspect.look.{look}")), indent=4, hang=6)
        if look not in (UNICODE, "other") and not column.declared and percent >= WORTH_DECLARING:
            place = {"file": column.file, "key": column.key, "column": column.name, "encoding": look}
            screen.line(say("inspect.declare", **place), indent=6, hang=8)
            proposed = True
    if len(looks.looks) > 1 and any(look not in (UNICODE, "other") for look in looks.looks) and not column.declared:
        screen.line(say("inspect.mixed"), indent=4, hang=6)
    for odd, count in sorted(looks.odd.items()):
        screen.line(say(f"inspect.odd.{odd}", count=count), indent=4, hang=6)
    return proposed


def _as_json(found: Inspected) -> dict[str, Any]:
    return {
        "agency": found.agency,
        "rows": found.rows,
        "columns": [
            {
                "kind": kind,
                "file": column.file,
                "key": column.key,
                "column": column.name,
                "origin": column.origin,
                "declared": column.declared,
                "texts": column.looks.texts,
                "accented": column.looks.accented,
                "looks": {look: column.looks.percent(look) for look in sorted(column.looks.looks)},
                "misfits": column.looks.misfits,
                "odd": dict(sorted(column.looks.odd.items())),
            }
            for kind, columns in found.columns.items()
            for column in columns
        ],
        "error": found.error.id if found.error else "",
    }
