"""`kntc places workbook`, `kntc places apply`: addresses of divided units, decided by the agency's own people.

The list says which address of which record, never where it is: people look it up in their own software. They choose
from all communes of today in the provinces concerned; one that the old unit did not become part of is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from connector.cli.quarantine_workbook import MOST, print_decided
from connector.core.decision_list import Decided, DecisionList, Row, by_reason
from connector.errors import DataError
from connector.telling import naming

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import Actor, Kind, RecordKey
    from connector.core.places import Undecided

FileArgument = Annotated[Path, typer.Argument()]


@dataclass(frozen=True, slots=True)
class Open:
    """One address that waits for a person, in the newest version of its record."""

    key: RecordKey
    digest: str
    address: Undecided

    @property
    def id(self) -> str:
        """What names it in its list."""
        return f"{self.key} {self.address.pointer}"


def workbook(ctx: typer.Context, file: FileArgument, agency: AgencyOption = None, kind: KindOption = None) -> None:
    """Write the addresses of divided units to a workbook, to be decided there."""
    desk = desk_of(ctx)
    wanted = naming.kind_named(desk.say, kind) if kind else None
    with opened(desk, look=True) as app:
        code = desk.one_agency(agency)
        listed, layout = _listed(desk, app, code, wanted, _open(app, code, wanted))
        book.write(desk, file, listed, layout, lambda data: app.store.commitment(code, data))
        desk.screen.note(desk.say("workbook.written", count=len(listed.rows), file=str(file)))


def apply(
    ctx: typer.Context,
    file: FileArgument,
    agency: AgencyOption = None,
    kind: KindOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Keep what a workbook decides about divided units, if the list is still the same; have the records read again."""
    desk = desk_of(ctx)
    wanted = naming.kind_named(desk.say, kind) if kind else None
    with opened(desk, look=dry_run) as app:
        code = desk.one_agency(agency)
        found = _open(app, code, wanted)
        listed, layout = _listed(desk, app, code, wanted, found)
        keyed = lambda data: app.store.commitment(code, data)  # noqa: E731  a name for it would say no more
        decided = book.read(desk, file, listed, layout, keyed, (reason or "").strip())
        print_decided(desk, listed, decided)
        if dry_run or not decided:
            desk.screen.line(desk.say("dry.nothing_recorded"))
            return
        _carry_out(app, code, decided, {one.id: one for one in found}, person())
        desk.screen.note(desk.say("workbook.applied", count=len(decided), by=person().name))
        desk.screen.note(desk.say("resume.by_daemon" if holder_of_lock(app) else "resume.by_sync"))


def _carry_out(app: App, agency: str, decided: list[Decided], found: Mapping[str, Open], actor: Actor) -> None:
    from connector.store import choices, requests

    with app.store.write() as tx:
        for each in decided:
            one = found[each.row.id]
            choices.choose(tx, one.key, one.address.pattern, one.address.address, each.choice, actor, each.reason)
        for why, group in by_reason(decided).items():
            requests.ask(tx, agency, list(dict.fromkeys(found[each.row.id].key for each in group)), actor, why)
    # If the process dies here, all choices stand and their records are asked for; even without that the next sweep
    # would map them again.


def _open(app: App, agency: str, kind: Kind | None) -> list[Open]:
    """Return the addresses that wait, by key and place in the document. Raises DataError where there are too many."""
    import orjson

    from connector.store import choices

    mapping = app.reading(agency).mapping
    found: list[Open] = []
    for each in mapping.kinds:
        if kind not in (None, each) or not any(one.places for one in mapping.all_of(each)):
            continue
        with app.store.read() as connection:
            for key, digest, body in choices.open_bodies(connection, agency, each):
                layer = mapping.of(key).places
                if layer is None:
                    continue
                found += [Open(key, digest, address) for address in layer.undecided(orjson.loads(body))]
                if len(found) > MOST:
                    raise DataError("E-WORKBOOK-LONG", count=len(found), limit=MOST)
    return sorted(found, key=lambda one: one.id)


def _listed(
    desk: Desk, app: App, agency: str, kind: Kind | None, found: list[Open]
) -> tuple[DecisionList, book.Layout]:
    say, target = desk.say, app.target
    rows = tuple(
        Row(one.id, (one.digest,), tuple(_cells(desk, app, one)), frozenset(one.address.candidates)) for one in found
    )
    listed = DecisionList(
        kind="places",
        agency=agency,
        about=(target.environment, target.profile, target.base_url, str(kind or "")),
        rows=rows,
        decisions={name: book.spelt("places", name) for name in ("choose", "leave")},
        needs_choice=frozenset({"choose"}),
    )
    return listed, book.Layout(
        title=f"{say('workbook.places.title', agency=desk.name_of(agency))} {desk.environment_label}",
        how=say("workbook.places.how"),
        headings=tuple(say(f"workbook.places.head_{name}") for name in ("kind", "id", "field", "several")),
        choice=say("workbook.places.head_choice"),
        other=tuple((name,) for name in _communes(app, agency, found)),
        other_sheet="Xã, phường",
    )


def _cells(desk: Desk, app: App, one: Open) -> Iterator[str]:
    yield desk.say.label("kind", one.key.kind)
    yield one.key.local_id
    first, _, rest = one.address.pointer[1:].partition("/")
    label = app.agency(one.key.agency).mapping.kind(one.key.kind).label
    number = rest.partition("/")[0]
    group = label(f"/{first}", desk.say.language)
    yield f"{group} {int(number) + 1}" if number.isdigit() else group
    yield str(len(one.address.candidates))


def _communes(app: App, agency: str, found: list[Open]) -> list[str]:
    """Return the communes of today in the provinces that any of these addresses may be in: public names, no address."""
    mapping = app.agency(agency).mapping
    layers = (each.places for kind in mapping.kinds for each in mapping.all_of(kind))
    layer = next((layer for layer in layers if layer is not None), None)
    if layer is None:
        return []
    units = layer.conversion.target.units
    provinces = {units["commune", code].parent for one in found for code in one.address.candidates}
    communes = [unit for unit in units.values() if unit.level == "commune" and unit.parent in provinces]
    return [f"{unit.code} {unit.name} ({units['province', unit.parent].name})" for unit in communes]
