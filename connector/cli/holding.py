"""`kntc hold`: nothing of a record's whole case is erased or pruned until a named person releases it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.opening import (
    AgencyOption,
    Desk,
    DryRunOption,
    JsonOption,
    KindOption,
    Misused,
    ReasonOption,
    desk_of,
    opened,
    person,
    reason_of,
)
from connector.errors import DataError
from connector.telling import naming, timeline

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import RecordKey


def hold(
    ctx: typer.Context,
    record: Annotated[list[str] | None, typer.Argument()] = None,
    agency: AgencyOption = None,
    kind: KindOption = None,
    listed: Annotated[bool, typer.Option("--list")] = False,
    release: Annotated[bool, typer.Option("--release")] = False,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Hold a case, release it, or list what is held."""
    desk = desk_of(ctx, as_json=as_json)
    if listed == bool(record) or (listed and release):
        raise Misused("E-USAGE", detail="--list", usage="kntc hold --help")
    with opened(desk, look=listed or dry_run) as app:
        codes = desk.agencies(agency)
        if listed:
            _list(desk, app, codes, as_json=as_json)
            return
        key = naming.find(app, codes, record or [], naming.kind_named(desk.say, kind) if kind else None)
        _order(desk, app, key, reason, release=release, dry_run=dry_run)


def _order(desk: Desk, app: App, key: RecordKey, reason: str | None, *, release: bool, dry_run: bool) -> None:
    from connector.store import holds

    say, name = desk.say, naming.record(desk.say, key)
    with app.store.read() as connection:
        count = len(holds.case_of(connection, key))
    desk.screen.line(say("hold.case", record=name, count=count))
    if dry_run:
        desk.screen.line(say("dry.nothing_recorded"))
        return
    why, change = reason_of(reason), holds.release if release else holds.hold
    with app.store.write() as tx:
        done = change(tx, key, person(), why)
    if release and not done:
        raise DataError("E-HOLD-NONE", record=name)
    words = "hold.released" if release else "hold.done" if done else "hold.already"
    desk.screen.note(say(words, record=name, by=person().name))


def _list(desk: Desk, app: App, codes: list[str], *, as_json: bool) -> None:
    from connector.store import holds, reasons

    shown = []
    for code in codes:
        with app.store.read() as connection:
            found = holds.standing(connection, code)
            about = [(str(one.key.kind), one.key.local_id) for one in found]
            given = reasons.newest(connection, code, holds.HELD, about, app.store.commitment)
        shown += [
            {"agency": code, "kind": one.key.kind, "local_id": one.key.local_id, "by": one.by, "at": one.at}
            for one in found
        ]
        if as_json:
            continue
        desk.screen.heading(desk.name_of(code), desk.environment_label)
        for one in found:
            since = desk.say("hold.since", by=one.by, at=one.at)
            told = given.get((str(one.key.kind), one.key.local_id))
            text = f"{since} {timeline.reason(desk, told)}" if told else since
            desk.screen.pair(naming.record(desk.say, one.key), text, width=31)
        if not found:
            desk.screen.line(desk.say("hold.none"))
    if as_json:
        desk.screen.json("hold", desk.environment, holds=shown)
