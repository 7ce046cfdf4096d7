"""`kntc catalogue match`: which local code may mean which national one, for a person to decide. Writes nothing.

Compared is with the lists as last pulled. Local codes are those of the code maps; with `--select`, those of the
agency's own table of codes, names and all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import catalogue
from connector.cli.opening import AgencyOption, Desk, JsonOption, Misused, desk_of, opened
from connector.errors import ConfigError, DataError, ExitCode
from connector.telling.words import HERE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.app import App
    from connector.core.catalogue import CatalogueEntry
    from connector.core.code_use import Task
    from connector.core.partners import Match

SHOWN_UNUSED = 12
"""So many national codes that nothing local means are named of one list; JSON has all of them."""

MapOption = Annotated[str | None, typer.Option("--map")]
SelectOption = Annotated[str | None, typer.Option("--select")]


@dataclass(frozen=True, slots=True)
class Matched:
    """One code map, or list of ours, beside its national list. `unused`: national codes that nothing here means."""

    agency: str
    task: Task
    matches: tuple[Match, ...]
    unused: tuple[CatalogueEntry, ...]
    national: tuple[CatalogueEntry, ...]

    @property
    def open(self) -> tuple[Match, ...]:
        """The codes of which a person has something to decide."""
        from connector.core.partners import GOOD

        return tuple(each for each in self.matches if each.reason not in GOOD)


def match(
    ctx: typer.Context,
    agency: AgencyOption = None,
    code_map: MapOption = None,
    select: SelectOption = None,
    workbook: Annotated[Path | None, typer.Option("--workbook")] = None,
    as_json: JsonOption = False,
) -> None:
    """Propose which national code each local code means, and list those without a partner."""
    desk = desk_of(ctx, as_json=as_json)
    with opened(desk, look=True) as app:
        if workbook is not None:
            from connector.cli import match_workbook

            rows = match_workbook.write(desk, app, workbook, desk.one_agency(agency), code_map, select)
            if as_json:
                desk.screen.json("catalogue match", desk.environment, at=app.now(), rows=rows)
            return
        found = [each for code in desk.agencies(agency) for each in matched(app, code, code_map, select)]
        exit_code = ExitCode.PARTIAL if any(each.open for each in found) else ExitCode.DONE
        if as_json:
            shown = [_as_json(each) for each in found]
            desk.screen.json("catalogue match", desk.environment, at=app.now(), maps=shown, exit_code=int(exit_code))
        for code in desk.agencies(agency):
            desk.screen.heading(desk.name_of(code), desk.environment_label)
            for each in found:
                if each.agency == code:
                    _print(desk, each)
            if not any(each.agency == code for each in found):
                desk.screen.line(desk.say("match.nothing"))
        raise typer.Exit(exit_code)


def matched(app: App, code: str, code_map: str | None, select: str | None) -> list[Matched]:
    """Return everything of one agency that can be compared with a national list that was pulled.

    Raises Misused for a SELECT without a map, ConfigError for one that is no plain query, DataError for an unknown map
    and where the list of a map that was asked for was never pulled, SourceError where the table cannot be read."""
    from connector.core.partners import match as propose
    from connector.core.partners import without_partner
    from connector.store import catalogues

    found = []
    today = app.now().astimezone(HERE).date()
    for task in _tasks(app, code, code_map, select):
        with app.store.read() as connection:
            known = catalogues.known(connection, code, app.generation(code), task.catalogue)
            past = catalogues.past(connection, code, app.generation(code), task.catalogue)
        if known.read_at is None:
            if code_map is not None:
                raise DataError("E-CATALOGUE-NEVER", catalogue=task.catalogue)
            continue
        matches = tuple(propose(task.local, known.entries, (each.entry for each in reversed(past)), today))
        unused = without_partner(matches, known.entries, today)
        found.append(Matched(code, task, matches, unused, known.entries))
    return found


def _tasks(app: App, code: str, code_map: str | None, select: str | None) -> Sequence[Task]:
    from connector.core.code_use import task_of_rows, tasks
    from connector.core.joined import home_of
    from connector.loading import compiled_schemas

    agency = app.agency(code)
    national = agency.national
    if select is None:
        every = tasks(agency.mapping, national.translations, compiled_schemas()[1], national.catalogues)
        wanted = [task for task in every if code_map in (None, task.name)]
        if code_map is not None and not wanted:
            raise DataError("E-CATALOGUE-MAP", map=code_map[:64], known=", ".join(task.name for task in every))
        return wanted
    if code_map is None:
        raise Misused("E-SELECT-NEEDS-MAP")
    if code_map not in agency.mapping.code_maps:
        raise DataError("E-CATALOGUE-MAP", map=code_map[:64], known=", ".join(agency.mapping.code_maps))
    from connector.core.selects import code_query_problems

    if problems := code_query_problems(select):
        raise ConfigError(problems=problems)
    part, _ = home_of(agency.mapping, code_map)
    rows = agency.source.codes(part.kind(part.kinds[0]), select)
    return [task_of_rows(agency.mapping.code_maps[code_map], national.translations, rows)]


# --- telling -------------------------------------------------------------------------------------------------------


def _print(desk: Desk, found: Matched) -> None:
    say, screen = desk.say, desk.screen
    good = len(found.matches) - len(found.open)
    head = "match.head_map" if found.task.of_map else "match.head_list"
    screen.line(say(head, name=found.task.name, list=catalogue.title_of(desk, found.task.catalogue)), hang=2)
    screen.line(say("match.good", count=good, of=len(found.matches)), indent=2, hang=4)
    for each in found.open:
        screen.line(line_of(desk, each), indent=2, hang=4)
    if found.unused:
        named = ", ".join(entry.code for entry in found.unused[:SHOWN_UNUSED])
        more = ", …" if len(found.unused) > SHOWN_UNUSED else ""
        screen.line(say("match.unused", count=len(found.unused), codes=named + more), indent=2, hang=4)


def line_of(desk: Desk, match: Match) -> str:
    """Return `7 (Trả đơn) -> 7 (Trả lại đơn): cùng tên (85 %)`."""
    say = desk.say
    local = say("match.code", code=match.local.code, title=match.local.title) if match.local.title else match.local.code
    local += f" = {match.local.mapped}" if match.local.mapped else ""
    national = say("match.code", code=match.national.code, title=match.national.title) if match.national else "?"
    reason = say(f"match.reason.{match.reason}", codes=", ".join(match.candidates))
    sure = say("match.sure", percent=match.sure) if match.sure else ""
    return f"{local} -> {national}: {reason}{sure}"


def _as_json(found: Matched) -> dict[str, Any]:
    return {
        "agency": found.agency,
        "name": found.task.name,
        "of": "map" if found.task.of_map else "list",
        "list": found.task.catalogue,
        "matches": [
            {
                "code": each.local.code,
                "title": each.local.title,
                "mapped": each.local.mapped,
                "national": each.national.code if each.national else "",
                "national_title": each.national.title if each.national else "",
                "reason": str(each.reason),
                "sure": each.sure,
                "candidates": list(each.candidates),
            }
            for each in found.matches
        ],
        "unused": [{"code": entry.code, "title": entry.title} for entry in found.unused],
    }
