"""`kntc quarantine workbook`, `kntc quarantine apply`: what is held back leaves as a workbook, and comes back decided.

The list shows keys, columns and what is wrong, never a value of a record. A decision is carried out as if it had been
given one by one: by the same functions, in one transaction, with who and why.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import workbook as book
from connector.cli.opening import (
    AgencyOption,
    Desk,
    DryRunOption,
    KindOption,
    ReasonOption,
    desk_of,
    holder_of_lock,
    opened,
    person,
)
from connector.core.decision_list import Decided, DecisionList, Row, by_reason
from connector.errors import DataError
from connector.telling import naming, records

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from connector.app import App
    from connector.core.model import Actor, Kind
    from connector.store.views import Line

MOST = 10_000
"""So many records fit into one workbook; more have one cause, which is mended at the source."""

FileArgument = Annotated[Path, typer.Argument()]


def workbook(ctx: typer.Context, file: FileArgument, agency: AgencyOption = None, kind: KindOption = None) -> None:
    """Write the records that are held back to a workbook, to be decided there."""
    desk = desk_of(ctx)
    wanted = naming.kind_named(desk.say, kind) if kind else None
    with opened(desk, look=True) as app:
        listed, layout = _listed(desk, app, desk.one_agency(agency), wanted)
        book.write(desk, file, listed, layout, lambda data: app.store.commitment(listed.agency, data))
        desk.screen.note(desk.say("workbook.written", count=len(listed.rows), file=str(file)))


def apply(
    ctx: typer.Context,
    file: FileArgument,
    agency: AgencyOption = None,
    kind: KindOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Carry out what a workbook of held records decides, if the list is still the same."""
    desk = desk_of(ctx)
    wanted = naming.kind_named(desk.say, kind) if kind else None
    with opened(desk, look=dry_run) as app:
        listed, layout = _listed(desk, app, desk.one_agency(agency), wanted)
        keyed = lambda data: app.store.commitment(listed.agency, data)  # noqa: E731  a name for it would say no more
        decided = book.read(desk, file, listed, layout, keyed, (reason or "").strip())
        print_decided(desk, listed, decided)
        if dry_run or not decided:
            desk.screen.line(desk.say("dry.nothing_recorded"))
            return
        if not _carry_out(app, listed.agency, wanted, decided, person()):
            raise DataError("E-WORKBOOK-CHANGED", file=file.name, list=layout.title)
        desk.screen.note(desk.say("workbook.applied", count=len(decided), by=person().name))
        desk.screen.note(desk.say("resume.by_daemon" if holder_of_lock(app) else "resume.by_sync"))


def print_decided(desk: Desk, listed: DecisionList, decided: list[Decided]) -> None:
    """Print how many rows are decided in which way."""
    for name in listed.decisions:
        count = sum(each.decision == name for each in decided)
        if count:
            words = desk.say(f"workbook.{listed.kind}.{name}")
            desk.screen.line(desk.say("workbook.decided", count=count, decision=words))


def _carry_out(app: App, agency: str, kind: Kind | None, decided: list[Decided], actor: Actor) -> bool:
    """Do what was decided and return True; False, and nothing done, where a row is another by now: while the file was
    read, the daemon may have read the record again."""
    from connector.store import requests

    with app.store.write() as tx:
        lines = {str(line.key): line for line in _lines(tx.connection, agency, kind)}
        if any(each.row.id not in lines or each.row.facts != _facts(lines[each.row.id]) for each in decided):
            return False
        for why, group in by_reason([each for each in decided if each.decision == "retry"]).items():
            requests.ask(tx, agency, [lines[each.row.id].key for each in group], actor, why)
        for each in decided:
            if each.decision == "acknowledge":
                requests.acknowledge(tx, lines[each.row.id].key, actor, each.reason)
    # If the process dies here, all rows are decided: the same workbook is refused where a note changed its list, and
    # asks for nothing new where it only asked.
    return True


def _listed(desk: Desk, app: App, agency: str, kind: Kind | None) -> tuple[DecisionList, book.Layout]:
    say = desk.say
    with app.store.read() as connection:
        found = _lines(connection, agency, kind)
    if len(found) > MOST:
        raise DataError("E-WORKBOOK-LONG", count=len(found), limit=MOST)
    target = app.target
    about = (target.environment, target.profile, target.base_url, str(kind or ""))
    rows = tuple(_row(desk, app, line) for line in sorted(found, key=lambda line: str(line.key)))
    decisions = {name: book.spelt("quarantine", name) for name in ("retry", "acknowledge", "leave")}
    listed = DecisionList("quarantine", agency, about, rows, decisions)
    headings = tuple(
        say(f"workbook.quarantine.head_{name}") for name in ("kind", "id", "since", "what", "where", "known")
    )
    title = say("workbook.quarantine.title", agency=desk.name_of(agency))
    return listed, book.Layout(f"{title} {desk.environment_label}", say("workbook.quarantine.how"), headings)


def _lines(connection: Connection, agency: str, kind: Kind | None) -> list[Line]:
    from connector.core.model import State
    from connector.store import views

    found = views.lines(connection, agency, state=State.QUARANTINED, kind=kind, limit=MOST + 1)
    return [line for line in found if line.state == State.QUARANTINED]


def _row(desk: Desk, app: App, line: Line) -> Row:
    say = desk.say
    columns = dict.fromkeys(
        problem.get("column") or records.column_of(app, line.key, problem.get("pointer", ""))
        for problem in line.problems
    )
    # The words of the national side are class C2, and who knows of it has a column of its own.
    bare = tuple({name: value for name, value in problem.items() if name != "text"} for problem in line.problems)
    shown = replace(line, problems=bare, acknowledged_by="")
    cells = (
        say.label("kind", line.key.kind),
        line.key.local_id,
        say.day_of(line.since),
        "\n".join(records.reasons(desk, app, shown)),
        "\n".join(column for column in columns if column),
        line.acknowledged_by,
    )
    return Row(str(line.key), _facts(line), cells)


def _facts(line: Line) -> tuple[str, ...]:
    """What a decision is made on: the record's version, what is wrong with it, and who knows."""
    wrong = [part for problem in line.problems for part in (problem.get("rule", ""), problem.get("pointer", ""))]
    return (str(line.version), line.state, line.cause, line.acknowledged_by, *wrong)
