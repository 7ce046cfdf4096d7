"""`kntc rekey`: the local software was replaced or gave new numbers, and every record keeps its first key.

`plan` reads everything as it would be taken under the first keys and writes nothing; `approve` computes the same again,
and writes the aliases only if it is still that very plan.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.opening import (
    AgencyOption,
    Desk,
    JsonOption,
    Misused,
    ReasonOption,
    desk_of,
    opened,
    person,
    reason_of,
)
from connector.errors import DataError, ExitCode
from connector.telling import naming

if TYPE_CHECKING:
    from connector.app import App
    from connector.stages.rekey import Comparison, Pair

SHOWN_LINES = 20
"""So many wrong or missing lines are printed one by one; --json has all of them."""

FileArgument = Annotated[Path | None, typer.Argument()]
ColumnOption = Annotated[bool, typer.Option("--column")]


def plan(
    ctx: typer.Context,
    file: FileArgument = None,
    agency: AgencyOption = None,
    column: ColumnOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say how many records of a list keep their first key, and what is wrong with it. Writes nothing."""
    desk = desk_of(ctx, as_json=as_json)
    code = desk.one_agency(agency)
    with opened(desk, look=True) as app:
        found = _compared(app, code, file, column=column)
        if as_json:
            desk.screen.json("rekey plan", desk.environment, **_as_json(code, found))
        desk.screen.heading(desk.name_of(code), desk.environment_label)
        _print(desk, found)
        if found.refused:
            desk.screen.line(desk.say("rekey.refused", count=found.refused), hang=2)
        else:
            desk.screen.line(desk.say("rekey.plan", plan=found.plan), hang=2)
    raise typer.Exit(ExitCode.PARTIAL if found.refused or _absent(found) else ExitCode.DONE)


def approve(
    ctx: typer.Context,
    plan: Annotated[str, typer.Argument()],
    file: FileArgument = None,
    agency: AgencyOption = None,
    column: ColumnOption = False,
    reason: ReasonOption = None,
) -> None:
    """Write the aliases of exactly this plan, if source, list and ledger still say the same."""
    from connector.store import aliases

    desk = desk_of(ctx)
    code = desk.one_agency(agency)
    why = reason_of(reason)
    with opened(desk) as app, app.stage_lock():
        found = _compared(app, code, file, column=column)
        if found.plan != plan:
            raise DataError("E-REKEY-OTHER", plan=plan[:40], now=found.plan)
        if found.refused:
            raise DataError("E-REKEY-REFUSED", count=found.refused)
        if not found.named:
            raise DataError("E-REKEY-EMPTY")
        with app.store.write() as tx:
            new = aliases.add(tx, code, found.named, plan, person(), why)
        # If the process dies here, all aliases are written, and the next sweep reads everything under the first keys.
        desk.screen.note(desk.say("rekey.done", count=len(found.named), new=new, by=person().name))
        desk.screen.note(desk.say("rekey.next"))


def _compared(app: App, code: str, file: Path | None, *, column: bool) -> Comparison:
    if (file is None) is not column:
        raise Misused("E-USAGE", detail="FILE | --column", usage="kntc rekey plan --help")
    listed = None if file is None else _listed(app, code, file)
    return app.compare_keys(code, listed)


def _listed(app: App, code: str, file: Path) -> list[Pair]:
    from connector.sources.key_list import read_key_list
    from connector.stages.rekey import Pair

    known = app.agency(code).mapping.kinds
    found = []
    for number, word, old, new in read_key_list(file):
        kind = naming.kind_or_none(word)
        if kind is None or kind not in known:
            raise DataError("E-REKEY-KIND", file=file.name, row=number, known=", ".join(known))
        found.append(Pair(kind, old, new))
    return found


def _absent(found: Comparison) -> int:
    return sum(found.counts.get(name, 0) for name in ("no_old", "no_new"))


# --- telling -------------------------------------------------------------------------------------------------------


def _print(desk: Desk, found: Comparison) -> None:
    from connector.stages.rekey import ABSENT, REFUSED

    say, screen = desk.say, desk.screen
    screen.line(say("rekey.head", count=len(found.findings)))
    for name, count in found.counts.items():
        screen.line(say(f"rekey.{name}", count=count), indent=2, hang=4)
    for name in ("created", "left", "taken"):
        if count := getattr(found, name):
            screen.line(say(f"rekey.rest_{name}", count=count), indent=2, hang=4)
    told = [(line, name) for line, name in found.findings.items() if name in (*REFUSED, *ABSENT)]
    for line, name in sorted(told, key=lambda each: each[1] not in REFUSED)[:SHOWN_LINES]:
        kind = say.label("kind", line.kind)
        text = say("rekey.line", kind=kind, old=line.old, new=line.new, what=say(f"rekey.word_{name}"))
        screen.line(text, indent=2, hang=4)
    if len(told) > SHOWN_LINES:
        screen.line(say("dry.more", count=len(told) - SHOWN_LINES), indent=2)
    screen.line(say("dry.nothing_recorded"))


def _as_json(code: str, found: Comparison) -> dict[str, Any]:
    from connector.stages.rekey import ABSENT, REFUSED

    return {
        "agency": code,
        "plan": found.plan,
        "refused": found.refused,
        "lines": len(found.findings),
        "counts": found.counts,
        "created": found.created,
        "left": found.left,
        "taken": found.taken,
        "open": [
            {"kind": str(line.kind), "old": line.old, "new": line.new, "finding": name}
            for line, name in found.findings.items()
            if name in (*REFUSED, *ABSENT)
        ],
    }
