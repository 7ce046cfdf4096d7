"""`kntc catalogue match --workbook`, `kntc catalogue apply`: a person decides which national code a local code means.

What is decided goes into the code maps beside the configuration, or, over an interface with codes of its own, into the
lists of `national.ttcp2018.codes`. Files that came with the program are never written to: an update replaces them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import catalogue, matching
from connector.cli import workbook as book
from connector.cli.matching import MapOption, SelectOption
from connector.cli.opening import AgencyOption, Desk, DryRunOption, ReasonOption, desk_of, opened, person
from connector.cli.quarantine_workbook import print_decided
from connector.core.chain import canonical, digest
from connector.core.decision_list import Decided, DecisionList, Row, by_reason
from connector.errors import DataError
from connector.telling.words import HERE

if TYPE_CHECKING:
    from connector.app import App
    from connector.cli.matching import Matched
    from connector.core.partners import Match


def write(desk: Desk, app: App, file: Path, agency: str, code_map: str | None, select: str | None) -> int:
    """Write everything that is open of one agency to a workbook; return how many rows."""
    listed, layout = _listed(desk, app, agency, code_map, select)
    book.write(desk, file, listed, layout, lambda data: app.store.commitment(agency, data))
    desk.screen.note(desk.say("workbook.written", count=len(listed.rows), file=str(file)))
    return len(listed.rows)


def apply(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument()],
    agency: AgencyOption = None,
    code_map: MapOption = None,
    select: SelectOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Write into the code maps what a workbook of matches decides, if nothing has changed since it was made."""
    from connector.cli import map_files

    desk = desk_of(ctx)
    code = desk.one_agency(agency)
    with opened(desk, look=dry_run) as app:
        listed, layout = _listed(desk, app, code, code_map, select)
        keyed = lambda data: app.store.commitment(code, data)  # noqa: E731  a name for it would say no more
        decided = book.read(desk, file, listed, layout, keyed, (reason or "").strip())
        print_decided(desk, listed, decided)
        remark = f"{person().name}, {app.now().astimezone(HERE).date().isoformat()}"
        edits = map_files.edits(app, code, _by_map(decided), remark)
        for edit in edits:
            desk.screen.line(desk.say("workbook.match.into", count=len(edit.entries), file=str(edit.path)), hang=2)
        if dry_run or not decided:
            desk.screen.line(desk.say("dry.nothing_recorded"))
            return
        _note(app, code, decided)
        # If the process dies here, the log says what was decided and no file says it yet: the same workbook is good for
        # it, since its list is still the same.
        for edit in edits:
            edit.write()
        desk.screen.note(desk.say("workbook.match.done", count=len(decided), by=person().name))


def _note(app: App, code: str, decided: list[Decided]) -> None:
    """Put a person's name under the matches, one entry for each reason."""
    from connector.core.model import Event

    actor = person()
    with app.store.write() as tx:
        for why, group in by_reason(decided).items():
            pairs = [[*_place(each.row), _code(each)] for each in group]
            maps = sorted({name for name, _, _ in pairs})
            # Local codes are whatever a SELECT brought: the entry commits to them, the code map shows them.
            facts = {"count": len(group), "maps": maps, "codes": tx.commitment(code, canonical(pairs))}
            tx.audit_with_reason(Event("catalogue.decided", code, actor, tx.now, facts=facts), why)


def _by_map(decided: list[Decided]) -> dict[str, dict[str, str]]:
    """Return what goes into which map or list: local code -> the code that is decided."""
    found: dict[str, dict[str, str]] = {}
    for each in decided:
        name, local = _place(each.row)
        found.setdefault(name, {})[local] = _code(each)
    return found


def _place(row: Row) -> tuple[str, str]:
    """The map, or list of ours, and the local code of a row: its own id, never a cell."""
    name, _, local = row.id.partition(" ")
    return name, local


def _code(decided: Decided) -> str:
    """The code that goes into the map: the proposed one, or the one chosen."""
    return decided.choice if decided.decision == "choose" else decided.row.facts[-1]


# --- the list ------------------------------------------------------------------------------------------------------


def _listed(
    desk: Desk, app: App, agency: str, code_map: str | None, select: str | None
) -> tuple[DecisionList, book.Layout]:
    say = desk.say
    found = matching.matched(app, agency, code_map, select)
    target = app.target
    today = app.now().astimezone(HERE).date()
    if not found:
        raise DataError("E-CATALOGUE-NONE-READ", agency=agency)
    if select and app.agency(agency).national.translations:
        raise DataError("E-MATCH-TRANSLATED", map=code_map or "")
    national = digest(canonical([[entry.code for entry in each.national] for each in found]))
    mapping = app.agency(agency).mapping.digest
    about = (target.environment, target.profile, target.base_url, mapping, national, code_map or "")
    rows = tuple(row for each in found for row in _rows(desk, each, today))
    decisions = {name: book.spelt("match", name) for name in ("accept", "choose", "leave")}
    listed = DecisionList("match", agency, about, rows, decisions, needs_choice=frozenset({"choose"}))
    names = ("map", "code", "title", "mapped", "national", "national_title", "why")
    other = dict.fromkeys(
        (entry.code, entry.title)
        for each in found
        if each.open
        for entry in each.national
        if not entry.is_over_on(today)
    )
    title = say("workbook.match.title", agency=desk.name_of(agency))
    return listed, book.Layout(
        title=f"{title} {desk.environment_label}",
        how=say("workbook.match.how"),
        headings=tuple(say(f"workbook.match.head_{name}") for name in names),
        choice=say("workbook.match.head_choice"),
        other=tuple(other),
        other_sheet="Danh mục",
    )


def _rows(desk: Desk, found: Matched, today: date) -> Iterator[Row]:
    choices = frozenset(entry.code for entry in found.national if not entry.is_over_on(today))
    for each in found.open:
        proposed = _proposed(each)
        local = each.local
        sure = desk.say("match.sure", percent=each.sure) if each.sure else ""
        cells = (
            f"{found.task.name} -> {catalogue.title_of(desk, found.task.catalogue)}",
            local.code,
            local.title,
            local.mapped,
            proposed,
            each.national.title if each.national and proposed else "",
            desk.say(f"match.reason.{each.reason}", codes=", ".join(each.candidates)) + sure,
        )
        facts = (local.title, local.mapped, str(each.reason), *each.candidates, proposed)
        cannot = frozenset() if proposed else frozenset({"accept"})
        yield Row(f"{found.task.name} {local.code}", facts, cells, choices, cannot)


def _proposed(match: Match) -> str:
    """The code that accepting means; "" where nothing is proposed, or what is there is no longer to be used."""
    return match.national.code if match.national is not None and match.sure else ""
