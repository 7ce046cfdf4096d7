"""`kntc quarantine`: records that are held back, why, and how they get on.

A note or a retry is a short transaction, also while the daemon runs. Retrying means reading the record again: a row
that was mended goes by itself anyway.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import listing, resync
from connector.cli.opening import (
    AgencyOption,
    Desk,
    DryRunOption,
    JsonOption,
    KindOption,
    Misused,
    ReasonOption,
    desk_of,
    holder_of_lock,
    opened,
    person,
    reason_of,
)
from connector.errors import DataError, SourceError
from connector.telling import naming, records, tracing
from connector.telling.overview import ASK_A_PERSON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.app import App
    from connector.core.model import Kind, RecordKey
    from connector.store.views import Line

STUCK = ("exhausted", "crash", "guard")

RecordArgument = Annotated[list[str], typer.Argument()]


def list_(
    ctx: typer.Context,
    agency: AgencyOption = None,
    kind: KindOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 200,
    as_json: JsonOption = False,
) -> None:
    """List the records that are held back."""
    from connector.core.model import State
    from connector.store import views

    desk = desk_of(ctx, as_json=as_json)
    wanted = naming.kind_named(desk.say, kind) if kind else None
    found: list[dict[str, Any]] = []
    more = False
    with opened(desk) as app:
        for code in desk.agencies(agency):
            with app.store.read() as connection:
                lines = views.lines(connection, code, state=State.QUARANTINED, kind=wanted, limit=limit + 1)
            if as_json:
                shown = [listing.as_json(line) for line in lines[:limit]]
                found += shown
                more = more or len(lines) > limit
                continue
            title = naming.title(desk.say, naming.Wanted(State.QUARANTINED, wanted))
            desk.screen.heading(desk.name_of(code), desk.environment_label)
            desk.screen.line(title)
            listing.print_records(desk, app, lines[:limit])
            if len(lines) > limit:
                desk.screen.line(desk.say("list.more", limit=limit))
            elif lines:
                desk.screen.line(desk.say("quarantine.show_one", kind=lines[0].key.kind, id=lines[0].key.local_id))
        if as_json:
            desk.screen.json("quarantine list", desk.environment, at=app.now(), records=found, more=more)


def show(ctx: typer.Context, record: RecordArgument, agency: AgencyOption = None, as_json: JsonOption = False) -> None:
    """Show one record that is held back: what is wrong, where, why it is held, how to mend it."""
    desk = desk_of(ctx, as_json=as_json)
    with opened(desk) as app:
        key = naming.find(app, desk.agencies(agency), record)
        line = _line_of(app, key)
        if as_json:
            same = [_others(app, key, problem) for problem in line.problems]
            desk.screen.json(
                "quarantine show", desk.environment, record=listing.as_json(line), others_with_same_problem=same
            )
            return
        _print(desk, app, line)


def _line_of(app: App, key: RecordKey) -> Line:
    from connector.store import views

    with app.store.read() as connection:
        return views.lines(connection, key.agency, key=key, limit=1)[0]


def _others(app: App, key: RecordKey, problem: Mapping[str, str]) -> int:
    from connector.store import views

    with app.store.read() as connection:
        return views.others_with_problem(connection, key, problem.get("rule", ""), problem.get("column", ""))


def _print(desk: Desk, app: App, line: Line) -> None:
    say, screen = desk.say, desk.screen
    holder = holder_of_lock(app)
    span = say.span((app.now() - line.since).total_seconds())
    left = say("quarantine.head", record=naming.record(say, line.key), state=say.label("state", line.state))
    screen.heading(left, say("list.since", since=say.day_of(line.since), span=span))
    screen.line(f"{desk.name_of(line.key.agency)} {desk.environment_label}")
    if line.state != "quarantined":
        screen.line(say("quarantine.not_held", kind=line.key.kind, id=line.key.local_id))
        return
    reading = _read_again(app, line.key) if any(_is_of_code(problem) for problem in line.problems) else None
    for problem in line.problems:
        _print_problem(desk, app, line.key, problem, reading)
    if not line.problems:
        _print_cause(desk, line)
    if line.acknowledged_by:
        screen.pair(say("quarantine.known"), say("list.acknowledged", by=line.acknowledged_by), width=12)
    if line.cause in STUCK:
        screen.line(say("quarantine.goes_stuck"))
    else:
        screen.line(f"{say('quarantine.goes')} {records.goes_by_itself(desk, app, holder)}")
    rule = line.problems[0].get("rule", "") if line.problems else line.rule or records.id_of_cause(line.cause)
    if rule:
        screen.line(say("quarantine.more", id=rule))


def _is_of_code(problem: Mapping[str, str]) -> bool:
    return problem.get("rule") == "E-MAP-CODE"


def _read_again(app: App, key: RecordKey) -> tracing.Reading | None:
    """Return the record as the source shows it now; None where it cannot be read, for the rest still stands."""
    from connector.store import views

    with app.store.read() as connection:
        range_value = views.range_value_of(connection, key)
    try:
        return tracing.read_again(app, key, range_value or "")
    except SourceError:
        return None


def _print_problem(
    desk: Desk, app: App, key: RecordKey, problem: Mapping[str, str], reading: tracing.Reading | None
) -> None:
    say, screen = desk.say, desk.screen
    pointer, rule = problem.get("pointer", ""), problem.get("rule", "")
    field = records.field_label(desk, app, key, pointer)
    text = records.error_text(desk, key, problem, field)
    screen.pair(say("quarantine.what"), f"{text.what} ({rule})", width=12)
    column = problem.get("column") or records.column_of(app, key, pointer)
    where = say("quarantine.where_source", column=column) if column else say("quarantine.where_unknown")
    screen.pair(say("quarantine.where"), f"{where} -> {pointer or '/'} ({field})", width=12)
    if reading is not None and _is_of_code(problem):
        code = tracing.code_at_source(say, app, key, reading, pointer)
        screen.pair(say("quarantine.code"), code or say("quarantine.code_gone"), width=12)
    screen.pair(say("quarantine.why"), text.why, width=12)
    screen.pair(say("quarantine.mend"), text.next, width=12)
    if place := _where_the_code_map_is(desk, app, key, problem):
        screen.pair("", place, width=12)
    if others := _others(app, key, problem):
        screen.pair("", say("quarantine.others", count=others), width=12)


def _print_cause(desk: Desk, line: Line) -> None:
    say, screen = desk.say, desk.screen
    id_ = records.id_of_cause(line.cause)
    screen.pair(say("quarantine.what"), say.label("cause", line.cause) + (f" ({id_})" if id_ else ""), width=12)
    if line.parent:
        screen.pair(say("quarantine.where"), naming.record(say, line.parent), width=12)
    screen.pair(say("quarantine.why"), say.label("why", line.cause), width=12)
    ids = (f"next.quarantined.{line.cause}", "next.quarantined.other")
    text = say.first(*ids, id=line.key.local_id, kind=line.key.kind)
    screen.pair(say("quarantine.mend"), text, width=12)


def _where_the_code_map_is(desk: Desk, app: App, key: RecordKey, problem: Mapping[str, str]) -> str:
    """Return which file of the code map is to be mended. The one of the installation is not: an update replaces it, so
    that the mapping is copied beside the configuration first."""
    from connector.loading import mapping_folder
    from connector.resources import shipped

    if not _is_of_code(problem) or not problem.get("detail"):
        return ""
    agency = app.agency(key.agency)
    named = agency.configured(agency.mapping.part(app.mapping_of(key).source)).mapping
    folder = mapping_folder(desk.config.folder, named)
    name = f"codes/{problem['detail']}.toml"
    if folder is None or not (folder / name).is_file():
        return ""
    if folder == shipped("mappings", named):
        own = desk.config.folder / "mappings" / named
        return desk.say("quarantine.code_map_shipped", folder=str(folder), own=str(own), file=name)
    path = folder / name
    shown = path.relative_to(desk.config.folder) if path.is_relative_to(desk.config.folder) else path
    return desk.say("quarantine.code_map", file=str(shown))


# --- codes that no map has -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Missing:
    """One code at the source that a map does not have: of which kind and column. `code`: masked by its class, ""
    where the source could not be read or holds nothing now; `code_map`: the name of the map."""

    kind: str
    column: str
    code: str
    code_map: str


def codes(
    ctx: typer.Context,
    agency: AgencyOption = None,
    kind: KindOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 2_000,
    as_json: JsonOption = False,
) -> None:
    """List the codes that no map has, with how many records wait for each."""
    desk = desk_of(ctx, as_json=as_json)
    wanted = naming.kind_named(desk.say, kind) if kind else None
    found: list[dict[str, Any]] = []
    more = 0
    with opened(desk) as app:
        for code in desk.agencies(agency):
            lines = _without_code(app, code, wanted)
            more += max(len(lines) - limit, 0)
            groups = _by_code(desk, app, lines[:limit])
            if as_json:
                found += [{"agency": code, **asdict(one), "records": len(keys), "example": str(keys[0])}
                          for one, keys in groups]  # fmt: skip
                continue
            desk.screen.heading(desk.name_of(code), desk.environment_label)
            for one, keys in groups:
                _print_missing(desk, app, one, keys)
            if not groups:
                desk.screen.line(desk.say("quarantine.no_codes"))
            if len(lines) > limit:
                desk.screen.line(desk.say("quarantine.codes_unread", count=len(lines) - limit))
        if as_json:
            desk.screen.json("quarantine codes", desk.environment, at=app.now(), codes=found, unread=more)


def _without_code(app: App, agency: str, kind: Kind | None) -> list[Line]:
    from connector.core.model import State
    from connector.store import views

    with app.store.read() as connection:
        lines = views.lines(connection, agency, state=State.QUARANTINED, kind=kind, limit=sys.maxsize)
    return [line for line in lines if any(_is_of_code(problem) for problem in line.problems)]


def _by_code(desk: Desk, app: App, lines: Sequence[Line]) -> list[tuple[_Missing, list[RecordKey]]]:
    """Read each record again, for the ledger keeps no value; return the codes, those of most records first."""
    groups: dict[_Missing, list[RecordKey]] = {}
    for line in lines:
        reading = _read_again(app, line.key)
        for problem in filter(_is_of_code, line.problems):
            shown = reading and tracing.code_at_source(desk.say, app, line.key, reading, problem.get("pointer", ""))
            code_map = _code_map(app, line.key, problem)
            one = _Missing(str(line.key.kind), problem.get("column", ""), shown or "", code_map)
            keys = groups.setdefault(one, [])
            if line.key not in keys[-1:]:  # two items of one record may lack the same code
                keys.append(line.key)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _code_map(app: App, key: RecordKey, problem: Mapping[str, str]) -> str:
    from connector.core.joined import map_in

    mapping = app.agency(key.agency).mapping
    name = problem.get("detail", "")
    return map_in(mapping, app.mapping_of(key).source, name) if key.kind in mapping.kinds else name


def _print_missing(desk: Desk, app: App, one: _Missing, keys: Sequence[RecordKey]) -> None:
    say, screen = desk.say, desk.screen
    code, name = one.code or say("quarantine.code_gone"), one.code_map.partition("@")[0]
    screen.line(say("quarantine.missing", column=one.column, code=code, count=len(keys)), hang=2)
    if place := _where_the_code_map_is(desk, app, keys[0], {"rule": "E-MAP-CODE", "detail": name}):
        screen.line(place, indent=2, hang=4)
    screen.line(say("quarantine.show_one", kind=one.kind, id=keys[0].local_id), indent=2, hang=4)


# --- what people do about it ---------------------------------------------------------------------------------------


def retry(
    ctx: typer.Context,
    record: Annotated[list[str] | None, typer.Argument()] = None,
    all_: Annotated[bool, typer.Option("--all")] = False,
    agency: AgencyOption = None,
    kind: KindOption = None,
    reason: ReasonOption = None,
    yes: Annotated[bool, typer.Option("--yes")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Ask that records held back are read and tried again."""
    from connector.store.requests import Selection

    desk = desk_of(ctx)
    if not record and not (all_ or kind):
        raise Misused("E-CHOICE-RETRY")
    with opened(desk, look=dry_run) as app:
        code = desk.one_agency(agency) if len(app.agencies) == 1 or agency or not record else None
        wanted = naming.kind_named(desk.say, kind) if kind else None
        if record:
            key = naming.find(app, desk.agencies(agency), record, wanted)
            code, selection = key.agency, Selection(keys=(key,), state="quarantined")
        else:
            selection = Selection(kind=wanted, state="quarantined")
        resync.ask(desk, app, code or desk.one_agency(agency), selection, reason, yes=yes, dry_run=dry_run)


def acknowledge(
    ctx: typer.Context,
    record: RecordArgument,
    agency: AgencyOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Note that a person knows of a record that waits for people; close a returned one for what the nation has said so
    far; keep one that is gone from its source."""
    from connector.store import mirror, requests, tombstones, views

    desk = desk_of(ctx)
    with opened(desk, look=dry_run) as app:
        key = naming.find(app, desk.agencies(agency), record)
        line = _line_of(app, key)
        name = naming.record(desk.say, key)
        if not _is_listed(line):
            raise DataError("E-NOT-LISTED", record=name, state=desk.say.label("state", line.state))
        if dry_run:
            desk.screen.line(desk.say("dry.acknowledge", record=name, state=desk.say.label("state", line.state)))
            return
        why, actor = reason_of(reason), person()
        with app.store.write() as tx:
            if line.gone == "ask":
                tombstones.decide(tx, key, "keep", actor, why)
            else:
                if views.lines(tx.connection, key.agency, state=views.RETURNED, key=key):  # also behind a newer version
                    mirror.close_returned(tx, key, actor, why)
                if line.state != views.RETURNED:
                    requests.acknowledge(tx, key, actor, why)
        done = "kept" if line.gone == "ask" else "closed" if line.state == views.RETURNED else "noted"
        desk.screen.note(desk.say(f"acknowledged.{done}", record=name, by=actor.name))


_LISTED = ("quarantined", "rejected", "returned", "exposed")


def _is_listed(line: Line) -> bool:
    """Return whether a record stands in a list that waits for people: only there a note of theirs is seen."""
    cause_of = {"unknown": ASK_A_PERSON, "not_sent": ("became_secret",)}
    return line.gone == "ask" or line.state in _LISTED or line.cause in cause_of.get(line.state, ())
