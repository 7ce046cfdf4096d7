"""`kntc resync`: ask that records are read, mapped and compared with the National Database again.

Nothing is read or sent here. The request is stored with who and why, in one short transaction that is always possible;
the daemon, or the next `kntc sync`, carries it out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.opening import (
    AgencyOption,
    Desk,
    DryRunOption,
    KindOption,
    Misused,
    ReasonOption,
    desk_of,
    holder_of_lock,
    opened,
    person,
    reason_of,
)
from connector.errors import DataError
from connector.telling import naming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app import App
    from connector.core.model import Kind, RecordKey
    from connector.store.requests import Selection

YES_ABOVE = 100
"""More records than this are touched only with --yes."""

SHOWN_IDS = 20
MAX_FILE_BYTES = 16 * 2**20


def resync(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument()] = None,
    from_file: Annotated[Path | None, typer.Option("--from-file", readable=False)] = None,
    kind: KindOption = None,
    state: Annotated[str | None, typer.Option("--state")] = None,
    since: Annotated[str | None, typer.Option("--since")] = None,
    until: Annotated[str | None, typer.Option("--until")] = None,
    all_: Annotated[bool, typer.Option("--all")] = False,
    agency: AgencyOption = None,
    reason: ReasonOption = None,
    yes: Annotated[bool, typer.Option("--yes")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Ask for records by id (with or without a kind before it), file of ids, kind, state, days of first reading, or
    all."""
    from connector.store.requests import Selection

    desk = desk_of(ctx)
    named = [*((id_, id_) for id_ in naming.one_by_one(ids or [])), *(ids_in(from_file) if from_file else [])]
    if not (named or from_file or kind or state or since or until or all_):
        raise Misused("E-CHOICE-NEEDED")
    wanted = naming.kind_named(desk.say, kind) if kind else None
    with opened(desk, look=dry_run) as app:
        code = desk.one_agency(agency)
        selection = Selection(
            keys=keys_named(app, code, named, wanted),
            kind=wanted,
            state=naming.state_named(desk.say, state) if state else None,
            since=naming.day_named(since) if since else None,
            until=naming.day_named(until) if until else None,
        )
        ask(desk, app, code, selection, reason, yes=yes, dry_run=dry_run, by_name=bool(named or from_file))


def ids_in(path: Path) -> list[tuple[str, str]]:
    """Return the ids of a file, one per line, each with its place (`ids.txt:12`): a wrong file may hold anything, so
    that no line of it is repeated. Blank lines and what follows a `#` are left out. Raises DataError."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise DataError("E-IDS-FILE", file=str(path))
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise DataError("E-IDS-FILE", file=str(path)) from None
    lines = ((f"{path.name}:{at}", line.partition("#")[0].strip()) for at, line in enumerate(text.splitlines(), 1))
    return [(place, line) for place, line in lines if line]


def keys_named(app: App, code: str, ids: Sequence[tuple[str, str]], kind: Kind | None) -> tuple[RecordKey, ...]:
    """Return the keys that these ids name, each once; every id comes with the words that stand for it in an error.

    Raises one DataError for all that name none or several."""
    found: dict[RecordKey, None] = {}
    wrong: list[str] = []
    for shown, id_ in ids:
        try:
            key = naming.find(app, [code], [id_], kind)
        except DataError as error:
            if error.id in ("E-KIND-CONTRADICTION", "E-KEY-NO-ID"):
                raise
            wrong.append(shown[:150])
            continue
        if key.agency == code:
            found[key] = None
        else:
            wrong.append(shown[:150])
    if wrong:
        told = ", ".join(wrong[:SHOWN_IDS]) + ("…" if len(wrong) > SHOWN_IDS else "")
        raise DataError("E-IDS-UNKNOWN", count=len(wrong), ids=told)
    return tuple(found)


def ask(
    desk: Desk,
    app: App,
    code: str,
    selection: Selection,
    reason: str | None,
    *,
    yes: bool,
    dry_run: bool,
    by_name: bool = False,
) -> None:
    """Show how many records are meant, then store the request with who and why. Raises Misused without a reason."""
    from connector.store import requests

    keys = [] if by_name and not selection.keys else _selected(app, code, selection)
    desk.screen.note(desk.say("resync.count", agency=desk.name_of(code), count=len(keys)))
    for key in keys[:SHOWN_IDS] if dry_run else ():
        desk.screen.line(naming.record(desk.say, key), indent=2)
    if dry_run and len(keys) > SHOWN_IDS:
        desk.screen.line(desk.say("resync.more", count=len(keys) - SHOWN_IDS), indent=2)
    if dry_run or not keys:
        desk.screen.line(desk.say("dry.nothing_recorded"))
        return
    why = reason_of(reason)
    if len(keys) > YES_ABOVE and not yes:
        raise Misused("E-YES-NEEDED", count=len(keys), limit=YES_ABOVE)
    actor = person()
    with app.store.write() as tx:
        new = requests.ask(tx, code, keys, actor, why)
    holder = holder_of_lock(app)
    desk.screen.note(desk.say("resync.asked", count=len(keys), new=new, by=actor.name))
    desk.screen.note(
        desk.say("resync.by_daemon", span=desk.say.span(app.config.schedule.push_every_s))
        if holder
        else desk.say("resync.by_sync")
    )


def _selected(app: App, code: str, selection: Selection) -> list[RecordKey]:
    """Return the keys of a selection; some names are lists, not states of a delivery."""
    from dataclasses import replace

    from connector.cli.status import records_of
    from connector.store import requests

    listed = selection.state in naming.LISTS
    with app.store.read() as connection:
        found = requests.select_keys(connection, code, replace(selection, state=None) if listed else selection)
    if not listed:
        return found
    keys = set(found)
    lines = records_of(app, code, naming.Wanted(state=selection.state), 1_000_000)
    return [line.key for line in lines if line.key in keys]
