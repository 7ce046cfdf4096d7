"""`kntc catalogue pull`, `kntc catalogue diff`: the national code lists, kept with their history, and what changed.

Nothing of it changes a mapping: a person reads what changed, and edits. A withdrawn code that a mapping still sends is
told by name.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import failing
from connector.cli.opening import AgencyOption, Desk, JsonOption, desk_of, opened
from connector.cli.working import stopped_by_signals
from connector.errors import DataError, ExitCode, KntcError, RemoteError
from connector.telling.catalogue import withdrawn_in_use
from connector.telling.words import HERE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.app import App
    from connector.core.catalogue import CatalogueEntry, Change
    from connector.stages.catalogues import Reading

SHOWN = 20
"""So many changes of one list are printed; JSON has all of them."""

NameOption = Annotated[list[str] | None, typer.Option("--list")]


@dataclass(slots=True)
class Told:
    """What is told of one agency: what changed list by list, and which codes in use are no more."""

    agency: str
    changed: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    withdrawn: Mapping[str, tuple[CatalogueEntry, ...]] = field(default_factory=dict)
    reading: Reading | None = None
    error: KntcError | None = None

    @property
    def exit_code(self) -> ExitCode:
        """69 where a list could not be read, 1 where a code in use is no more, else 0."""
        if self.error is not None:
            return self.error.exit_code
        if self.reading is not None and (self.reading.unfit or self.reading.why):
            return ExitCode.REMOTE_UNAVAILABLE
        return ExitCode.PARTIAL if self.withdrawn else ExitCode.DONE


def pull(ctx: typer.Context, agency: AgencyOption = None, name: NameOption = None, as_json: JsonOption = False) -> None:
    """Read the national code lists, keep them with their history, and say what changed."""
    desk = desk_of(ctx, as_json=as_json)
    stop = threading.Event()
    with opened(desk, create=True, stop=stop) as app, _bound(app), stopped_by_signals(stop):
        told = [_pulled(desk, app, code, name) for code in desk.agencies(agency)]
        _tell(desk, app, "pull", told)


@contextmanager
def _bound(app: App) -> Iterator[None]:
    """See that every agency has a ledger to keep its lists in. Where one has none yet, it is bound as by a first run;
    else no lock is needed: the daemon may be at work, and what is kept is one short transaction."""
    if all(app.generation(code) for code in app.agencies):
        yield
        return
    with app.stage_lock():
        yield


def diff(
    ctx: typer.Context,
    agency: AgencyOption = None,
    name: NameOption = None,
    since: Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"])] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changed in the national code lists since the last pull, or what pulls since a day have changed."""
    desk = desk_of(ctx, as_json=as_json)
    with opened(desk, look=True) as app:
        codes = desk.agencies(agency)
        told = [_since(app, code, name, since) if since else _compared(desk, app, code, name) for code in codes]
        _tell(desk, app, "diff", told)


def names_of(app: App, code: str, asked: list[str] | None) -> tuple[str, ...]:
    """Return the national lists that are meant: those asked for, else all. Raises DataError for an unknown one."""
    known = app.agency(code).national.catalogues
    for name in asked or ():
        if name not in known:
            raise DataError("E-CATALOGUE-UNKNOWN", catalogue=name[:64], known=", ".join(known))
    return tuple(dict.fromkeys(asked)) if asked else known


def title_of(desk: Desk, name: str) -> str:
    """Return a list as people speak of it: `13 (Hướng xử lý)`, `field (Lĩnh vực)`."""
    from connector.resources import code_list_documents

    known = code_list_documents().get(name, {}).get("title", {}).get(desk.say.language, "")
    title = known or (desk.say(f"catalogue.list.{name}") if desk.say.has(f"catalogue.list.{name}") else "")
    return f"{name} ({title})" if title else name


def _today(app: App) -> Any:
    return app.now().astimezone(HERE).date()


def _pulled(desk: Desk, app: App, code: str, name: list[str] | None) -> Told:
    from connector.stages import catalogues

    names = names_of(app, code, name)
    try:
        reading = catalogues.read(app.context(code), app.agency(code).national, names)
    except RemoteError as error:
        failing.show(error, desk.screen)
        return Told(code, error=error)
    return Told(code, catalogues.keep(app.context(code), reading), withdrawn_in_use(app, code), reading)


def _compared(desk: Desk, app: App, code: str, name: list[str] | None) -> Told:
    from connector.core.code_use import used_codes
    from connector.stages import catalogues

    names, agency = names_of(app, code, name), app.agency(code)
    try:
        reading = catalogues.read(app.context(code), agency.national, names)
    except RemoteError as error:
        failing.show(error, desk.screen)
        return Told(code, error=error)
    changed = catalogues.compared(app.context(code), reading)
    used = used_codes(agency.mapping, agency.national.translations, names)
    withdrawn = {catalogue: list(entries) for catalogue, entries in withdrawn_in_use(app, code).items()}
    for catalogue, each in changed.items():
        gone = [one.entry for one in each if one.what == "withdrawn" and one.entry.code in used.get(catalogue, ())]
        back = {one.entry.code for one in each if one.what == "added"}
        kept = [entry for entry in withdrawn.get(catalogue, ()) if entry.code not in back]
        withdrawn[catalogue] = [*kept, *gone]
    found = {catalogue: tuple(entries) for catalogue, entries in withdrawn.items() if entries}
    return Told(code, changed, found, reading)


def _since(app: App, code: str, name: list[str] | None, since: datetime) -> Told:
    from connector.store import catalogues

    wanted = names_of(app, code, name)
    begin = since.replace(tzinfo=HERE).astimezone(UTC)
    with app.store.read() as connection:
        changed = catalogues.changed_since(connection, code, app.generation(code), begin)
    return Told(code, {name: each for name, each in changed.items() if name in wanted}, withdrawn_in_use(app, code))


# --- telling -------------------------------------------------------------------------------------------------------


def _tell(desk: Desk, app: App, command: str, told: list[Told]) -> None:
    code = max((one.exit_code for one in told), default=ExitCode.DONE)
    if desk.screen.as_json:
        shown = [_as_json(app, one) for one in told]
        desk.screen.json(f"catalogue {command}", desk.environment, at=app.now(), agencies=shown, exit_code=int(code))
    for one in told:
        desk.screen.heading(desk.name_of(one.agency), desk.environment_label)
        if one.error is None:
            _print(desk, app, command, one)
    raise typer.Exit(code)


def _print(desk: Desk, app: App, command: str, told: Told) -> None:
    say, screen = desk.say, desk.screen
    if told.reading is not None:
        if told.reading.why:
            screen.line(say(f"catalogue.{told.reading.why}"))
        else:
            entries = sum(len(each.entries) for each in told.reading.read)
            screen.line(say("catalogue.read", lists=len(told.reading.read), entries=entries))
        for error in told.reading.unfit:
            failing.show(error, screen)
        if told.reading.absent:
            screen.line(say("catalogue.absent", names=", ".join(told.reading.absent)), hang=2)
    firsts = _firsts(app, told) if command == "pull" else set()
    for name, changed in told.changed.items():
        if name not in firsts:
            _print_changes(desk, name, changed)
    if firsts:
        screen.line(say("catalogue.first", count=len(firsts)))
    if not any(told.changed.values()) and (told.reading is None or told.reading.read):
        screen.line(say("catalogue.same"))
    print_withdrawn(desk, told.withdrawn)


def _firsts(app: App, told: Told) -> set[str]:
    """Return the lists that this reading was the first of: all of their codes are new, and none is news."""
    sizes = {each.name: len(each.entries) for each in told.reading.read} if told.reading else {}
    found = {name for name, each in told.changed.items() if [c.what for c in each] == ["added"] * sizes.get(name, 0)}
    from connector.store import catalogues

    with app.store.read() as connection:
        return {n for n in found if not catalogues.past(connection, told.agency, app.generation(told.agency), n)}


def _print_changes(desk: Desk, name: str, changed: tuple[Change, ...]) -> None:
    if not changed:
        return
    desk.screen.line(title_of(desk, name))
    for change in changed[:SHOWN]:
        before = change.before.title if change.before else ""
        days = change.entry.valid_to.isoformat() if change.entry.valid_to else ""
        values = {"code": change.entry.code, "title": change.entry.title, "before": before, "day": days}
        desk.screen.line(desk.say(f"catalogue.change.{change.what}", **values), indent=2, hang=4)
    if len(changed) > SHOWN:
        desk.screen.line(desk.say("catalogue.more", count=len(changed) - SHOWN), indent=2)


def print_withdrawn(desk: Desk, withdrawn: Mapping[str, tuple[CatalogueEntry, ...]]) -> None:
    """Print which codes in use the national lists have no more; nothing where there is none."""
    if not withdrawn:
        return
    desk.screen.verdict(desk.say("catalogue.used", count=sum(map(len, withdrawn.values()))), "care")
    for name, entries in withdrawn.items():
        for entry in entries:
            words = {"list": title_of(desk, name), "code": entry.code, "title": entry.title}
            desk.screen.line(desk.say("catalogue.used_code", **words), indent=2, hang=4)
    desk.screen.line(desk.say("catalogue.used_next"), hang=2)


def _as_json(app: App, told: Told) -> dict[str, Any]:
    firsts = _firsts(app, told)
    return {
        "agency": told.agency,
        "lists": {each.name: len(each.entries) for each in told.reading.read} if told.reading else {},
        "absent": told.reading.absent if told.reading else [],
        "unfit": {str(e.values["catalogue"]): e.values["unfit"] for e in told.reading.unfit} if told.reading else {},
        "why": told.reading.why if told.reading else "",
        "first": sorted(firsts),
        "changes": [
            {
                "list": name,
                "what": change.what,
                "code": change.entry.code,
                "title": change.entry.title,
                "before": change.before.title if change.before else "",
            }
            for name, changed in told.changed.items()
            if name not in firsts
            for change in changed
        ],
        "withdrawn_in_use": [
            {"list": name, "code": entry.code, "title": entry.title}
            for name, entries in told.withdrawn.items()
            for entry in entries
        ],
        "error": told.error.id if told.error else "",
    }
