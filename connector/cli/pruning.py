"""`kntc audit prune`: the oldest entries of the log go, once they lie in an export that was verified whole.

In a named person's name and with a reason; the entry that says so stays, and names the export.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.opening import (
    AgencyOption,
    Desk,
    DryRunOption,
    JsonOption,
    ReasonOption,
    desk_of,
    opened,
    person,
    reason_of,
)
from connector.errors import DataError

if TYPE_CHECKING:
    from connector.stages.prune import Plan


def prune(
    ctx: typer.Context,
    export: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    agency: AgencyOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take those entries out of the log that the export holds and that are old enough."""
    from connector import edges
    from connector.core.keeping import months_after
    from connector.stages import prune as stage

    desk = desk_of(ctx, as_json=as_json)
    code = desk.one_agency(agency)
    with opened(desk, look=dry_run) as app:
        older_than = months_after(app.now(), -desk.config.retention.log_months)
        plan = stage.plan(app.store, code, export, older_than, edges.places_of(desk.config))
        _tell(desk, code, plan)
        if dry_run:
            desk.screen.line(desk.say("dry.nothing_recorded"))
        done = bool(plan.prefix.entries) and not dry_run
        if done and not stage.prune(app.store, plan, person(), reason_of(reason)):
            raise DataError("E-PRUNE-OTHER", file=export.name, agency=code)
        if done:
            desk.screen.note(desk.say("prune.done", by=person().name, file=export.name))
    if as_json:
        desk.screen.json("audit prune", desk.environment, pruned=done, **_as_json(code, plan))


def _tell(desk: Desk, code: str, plan: Plan) -> None:
    prefix = plan.prefix
    desk.screen.heading(desk.name_of(code), desk.environment_label)
    if prefix.entries:
        first = prefix.begins.seq + 1
        desk.screen.line(desk.say("prune.goes", count=prefix.entries, first=first, last=prefix.through.seq))
    else:
        desk.screen.line(desk.say("prune.nothing"))
    if plan.kept:
        months = desk.config.retention.log_months
        desk.screen.line(desk.say("prune.young", seq=plan.kept, months=months))
    if plan.held:
        desk.screen.line(desk.say("prune.held", seq=plan.held))
    if plan.signed:
        desk.screen.line(desk.say("prune.signed", seq=plan.signed))


def _as_json(code: str, plan: Plan) -> dict[str, object]:
    prefix = plan.prefix
    return {
        "agency": code,
        "entries": prefix.entries,
        "first": prefix.begins.seq + 1,
        "through": prefix.through.seq,
        "through_hash": prefix.through.hash,
        "export_sha256": prefix.export_digest,
        "too_young_from": plan.kept or None,
        "held_from": plan.held or None,
        "newest_checkpoint": plan.signed or None,
    }
